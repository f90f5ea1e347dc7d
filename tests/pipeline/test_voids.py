"""Voids: the figures are as if the voided events had never been sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given

from app.events.envelope import EVENT, event_key
from app.ingest.rebuild import compare
from app.ingest.submission import Submission, SubmittedEvent
from app.storage.writes import WriteQueries
from tests.pipeline.assertions import assert_told
from tests.pipeline.conftest import Stage
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import assert_problem, body, like, likes, post
from tests.pipeline.strategies import ALIASES, START, Event, event, split, stirred, stirs, telemetry
from tests.properties import examples

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]

_REASON = "tapped the wrong product"


async def _send(client: httpx.AsyncClient, events: Sequence[Event]) -> dict[str, Any]:
    answer = await post(client, body(list(events)))
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _void(client: httpx.AsyncClient, show: Show, one: Event) -> dict[str, Any]:
    form = {"source": one["source"], "event": one["id"], "reason": _REASON}
    answer = await client.post(f"/v1/sessions/{show.id}/voids", json=form)
    assert 200 == answer.status_code, answer.text
    assert answer.json()["voided"] is True
    return dict(answer.json())


async def _take_back(client: httpx.AsyncClient, show: Show, void: str) -> None:
    answer = await client.delete(f"/v1/sessions/{show.id}/voids/{void}")
    assert 204 == answer.status_code, answer.text


async def _show(stage: Stage, *rooms: str, brand: str | None = None) -> Show:
    suffix = uuid4().hex[:8]
    show = await stage.show(*(f"{room}-{suffix}" for room in rooms), brand=brand)
    if brand is None:
        for alias, code in ALIASES.items():
            await stage.post("/v1/products", {"brand": show.brand, "code": code, "aliases": [alias]})
    return replace(show, aliases=ALIASES)


@examples(6)
@given(events=telemetry("wechat:a", "weibo:c", "session", max_size=40), random=stirs)
async def test_a_void_equals_never_having_sent_the_event(stage: Stage, events: list[Event], random: Random) -> None:
    """In any order, with duplicates before and after, for every event type; a void that is taken back leaves no trace."""
    show = await _show(stage, "wechat:a", "weibo:c")
    wechat, weibo = show.rooms
    subjects = {"wechat:a": wechat, "weibo:c": weibo, "session": show.id}
    events = [one | {"subject": subjects[one["subject"]]} for one in events]
    # A void costs as much as many events.
    wrong = random.sample(events, random.randrange(min(len(events), 10) + 1))
    waiting = list(wrong)
    arrived: set[str] = set()
    valid = {one["id"]: one for one in events}
    voids: dict[str, str] = {}
    for batch in split(stirred(events, random), random):
        await _send(stage.client, batch)
        arrived |= {one["id"] for one in batch}
        for one in [one for one in waiting if one["id"] in arrived and random.random() < 0.5]:
            voids[one["id"]] = (await _void(random.choice(stage.clients), show, one))["id"]
            waiting.remove(one)
    for one in waiting:
        voids[one["id"]] = (await _void(stage.client, show, one))["id"]
    for one in wrong:
        if random.random() < 0.3:
            await _take_back(stage.client, show, voids[one["id"]])
        else:
            del valid[one["id"]]
    if events:
        receipt = await _send(stage.client, events)
        assert (0, len(events)) == (receipt["accepted"], receipt["duplicates"])
    await assert_told(stage.service, [show], list(valid.values()))


@examples(6)
@given(events=telemetry("wechat:a", max_size=40), random=stirs)
async def test_a_void_passes_first_purchases_on_to_the_brands_other_sessions(
    stage: Stage, events: list[Event], random: Random
) -> None:
    """Whose first purchase is void is a new buyer where they bought next, and in no second session."""
    first = await _show(stage, "wechat:a")
    second = await _show(stage, "wechat:a", brand=first.brand)
    shows = [replace(show, aliases=ALIASES) for show in (first, second)]
    everything = [
        one | {"subject": next(iter(show.rooms)), "id": f"{number}-{one['id']}"}
        for one in events
        for number, show in enumerate(shows)
        if random.random() < 0.7
    ]
    await _send(stage.client, everything) if everything else None
    valid = list(everything)
    for one in everything:
        if random.random() < 0.2:
            show = next(show for show in shows if one["subject"] in show.rooms)
            void = await _void(stage.client, show, one)
            if random.random() < 0.3:
                await _take_back(stage.client, show, void["id"])
            else:
                valid.remove(one)
    await assert_told(stage.service, shows, valid)


async def test_the_log_keeps_a_voided_event_marked(stage: Stage) -> None:
    """With who, when and why; taken back, the mark is gone."""
    show = await _show(stage, "wechat:a")
    [room] = show.rooms
    one = like(room, data={"count": 5})
    await _send(stage.client, [one, like(room, data={"count": 2})])
    void = await _void(stage.client, show, one)
    assert 2 == await likes(stage.client, show.id)
    logged = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    [marked] = [found for found in logged if "voided" in found]
    assert one["id"] == marked["id"]
    assert (True, void["id"], void["by"], _REASON) == tuple(
        marked[name] for name in ("voided", "voidid", "voidedby", "voidreason")
    )
    assert void["by"].startswith("key:")
    listed = (await stage.client.get(f"/v1/sessions/{show.id}/voids")).json()
    assert [void["id"]] == [found["id"] for found in listed["voids"]]
    assert 1 == listed["voids"][0]["events"]
    await _take_back(stage.client, show, void["id"])
    assert 7 == await likes(stage.client, show.id)
    logged = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    assert not [found for found in logged if "voided" in found]


async def test_the_same_void_again_is_the_same_void(stage: Stage) -> None:
    """A retry changes nothing and returns the void that stands."""
    show = await _show(stage, "wechat:a")
    one = like(next(iter(show.rooms)))
    await _send(stage.client, [one])
    first, second = await _void(stage.client, show, one), await _void(stage.clients[1], show, one)
    assert first == second
    assert await likes(stage.client, show.id) is None


async def test_what_does_not_exist_cannot_be_voided(stage: Stage) -> None:
    """An unknown event is named, an unknown session and another brand's are 404, a sender's key is 403."""
    show, other = await _show(stage, "wechat:a"), await _show(stage, "wechat:b")
    one = like(next(iter(other.rooms)))
    await _send(stage.client, [one])
    form = {"source": one["source"], "event": one["id"], "reason": _REASON}
    assert_problem(await stage.client.post(f"/v1/sessions/{show.id}/voids", json=form), 422, "/event")
    assert_problem(await stage.client.post(f"/v1/sessions/{uuid4()}/voids", json=form), 404)
    assert_problem(await stage.client.delete(f"/v1/sessions/{show.id}/voids/{uuid4()}"), 404)
    for role, brand, status in (("operator", show.brand, 404), ("ingest", None, 403), ("viewer", None, 403)):
        headers = await stage.key(role, brand)
        answer = await stage.client.post(f"/v1/sessions/{other.id}/voids", json=form, headers=headers)
        assert_problem(answer, status)
        assert_problem(await stage.client.get(f"/v1/sessions/{other.id}/voids", headers=headers), status)
    assert 1 == await likes(stage.client, other.id)


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"source": "/s", "event": "1"}, "/reason"),
        ({"source": "/s", "event": "1", "reason": " "}, "/reason"),
        ({"source": "/s", "reason": "why"}, "/event"),
        ({"reason": "why"}, "/source"),
        ({"source": "/s", "event": "1", "import": str(UUID(int=1)), "reason": "why"}, "/import"),
        ({"import": str(UUID(int=1)), "reason": "why"}, "/import"),
    ],
)
async def test_a_void_names_one_thing_and_a_reason(stage: Stage, form: dict[str, str], pointer: str) -> None:
    """Anything else is refused, and the field named."""
    show = await _show(stage)
    assert_problem(await stage.client.post(f"/v1/sessions/{show.id}/voids", json=form), 422, pointer)


async def test_a_void_and_the_flushes_beside_it_lose_nothing(stage: Stage) -> None:
    """Events that arrive while a void folds the session again are all counted."""
    show = await _show(stage, "wechat:a")
    [room] = show.rooms
    wrong = event(0, "session.ended", room, START.replace(year=2022).isoformat(), {})
    before = [like(room) for _ in range(50)]
    await _send(stage.client, [wrong, *before])

    async def load() -> None:
        for _ in range(20):
            await _send(stage.clients[1], [like(room) for _ in range(10)])

    await asyncio.gather(load(), _void(stage.client, show, wrong), load())
    assert 450 == await likes(stage.client, show.id)
    document = (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()
    assert ("scheduled", None) == (document["status"], document["duration_seconds"])
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))


async def _import(stage: Stage, show: Show, rows: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Import an export of orders: (order, quantity) at ten each."""
    lines = [f"{order},b-{order},knit-01,{quantity},{quantity * 10}.00,2021-09-25 14:10:00" for order, quantity in rows]
    columns = {"order": "o", "buyer": "b", "product": "p", "quantity": "q", "line_amount": "a", "paid_at": "t"}
    options = {"kind": "orders", "subject": show.id, "columns": columns, "currency": "CNY", "timezone": "Asia/Tokyo"}
    file = "\n".join(("o,b,p,q,a,t", *lines)).encode()
    answer = await stage.client.post("/v1/imports", data={"options": body(options).decode()}, files={"file": ("o.csv", file)})
    assert 200 == answer.status_code, answer.text
    report = dict(answer.json())
    assert 0 == report["failed_rows"], report
    return report


async def _void_import(stage: Stage, show: Show, report: dict[str, Any]) -> dict[str, Any]:
    form = {"import": report["id"], "reason": "wrong file"}
    answer = await stage.client.post(f"/v1/sessions/{show.id}/voids", json=form)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _gmv(stage: Stage, show: Show) -> str | None:
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))
    figures = (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"]
    return figures["gmv"]["value"]  # type: ignore[no-any-return]  # JSON


async def test_a_voided_import_is_as_if_it_had_never_been_sent(stage: Stage) -> None:
    """All that it brought goes, in one void; the same rows of a later import count again."""
    show = await _show(stage)
    wrong = await _import(stage, show, [("A-1", 1), ("A-2", 99)])
    assert "1000.00" == await _gmv(stage, show)
    void = await _void_import(stage, show, wrong)
    assert 2 == void["events"]
    assert void == await _void_import(stage, show, wrong)
    assert await _gmv(stage, show) is None
    right = await _import(stage, show, [("A-1", 1), ("A-2", 9)])
    assert 2 == right["accepted"]
    assert "100.00" == await _gmv(stage, show)


async def test_a_row_that_two_imports_brought_goes_with_the_second(stage: Stage) -> None:
    """While one of the two is valid, its rows count; taken back, so do the other's."""
    show = await _show(stage)
    first, second = await _import(stage, show, [("A-1", 1), ("A-2", 2)]), await _import(stage, show, [("A-2", 2), ("A-3", 3)])
    assert (2, 1, 1) == (first["accepted"], second["accepted"], second["duplicates"])
    voids = [await _void_import(stage, show, first)]
    assert "50.00" == await _gmv(stage, show)
    voids.append(await _void_import(stage, show, second))
    assert await _gmv(stage, show) is None
    await _take_back(stage.client, show, voids[0]["id"])
    assert "30.00" == await _gmv(stage, show)
    await _take_back(stage.client, show, voids[1]["id"])
    assert "60.00" == await _gmv(stage, show)


async def test_an_event_voided_by_itself_stays_void_with_its_import_valid(stage: Stage) -> None:
    """The void of the import and the void of the event are two; both must be taken back."""
    show = await _show(stage)
    report = await _import(stage, show, [("A-1", 1), ("A-2", 2)])
    logged = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    [one] = [event for event in logged if event["data"]["order"] == "A-2"]
    single, whole = await _void(stage.client, show, one), await _void_import(stage, show, report)
    await _take_back(stage.client, show, whole["id"])
    assert "10.00" == await _gmv(stage, show)
    await _import(stage, show, [("A-2", 2)])
    assert "10.00" == await _gmv(stage, show)
    await _take_back(stage.client, show, single["id"])
    assert "30.00" == await _gmv(stage, show)


async def test_a_parked_import_can_be_voided_once_its_room_is_registered(stage: Stage) -> None:
    """The import is known however late its events join the session."""
    room = f"wechat:late-{uuid4().hex[:8]}"
    parked = await _import(stage, Show(room), [("A-1", 1)])
    assert 1 == parked["parked"]
    show = await stage.show(room)
    assert "10.00" == await _gmv(stage, show)
    assert 1 == (await _void_import(stage, show, parked))["events"]
    assert await _gmv(stage, show) is None


async def test_what_two_imports_parked_goes_with_the_second_void(stage: Stage) -> None:
    """Also if the room changes its session meanwhile, and if one file names a row twice."""
    room = f"wechat:late-{uuid4().hex[:8]}"
    first = await _import(stage, Show(room), [("A-1", 1), ("A-2", 2)])
    second = await _import(stage, Show(room), [("A-2", 2), ("A-3", 3)])
    third = await _import(stage, Show(room), [("A-2", 2)])
    assert [(2, 0), (1, 1), (0, 1)] == [(one["parked"], one["duplicates"]) for one in (first, second, third)]
    show = await stage.show(room)
    assert "60.00" == await _gmv(stage, show)
    left = []
    for report in (first, third, second):
        await _void_import(stage, show, report)
        left.append(await _gmv(stage, show))
    assert ["50.00", "50.00", None] == left


async def test_rows_of_an_import_that_is_void_are_refused(stage: Stage) -> None:
    """An import that is voided while it is in progress takes in no more."""
    show = await _show(stage)
    report = await _import(stage, show, [("A-1", 1)])
    await _void_import(stage, show, report)
    await _assert_refused(stage, show, report)


async def test_an_import_that_is_voided_during_its_flush_brings_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The void commits after the flush has asked for voids, and before the flush holds the session."""
    show = await _show(stage)
    report = await _import(stage, show, [("A-1", 1)])
    append = WriteQueries.append_events
    calls = 0

    async def late(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            await _void_import(stage, show, report)
        return await append(*arguments)

    monkeypatch.setattr(WriteQueries, "append_events", late)
    await _assert_refused(stage, show, report)
    assert 1 == calls
    assert await _gmv(stage, show) is None


async def _assert_refused(stage: Stage, show: Show, report: dict[str, Any]) -> None:
    """Send one more event of the import."""
    submission = Submission(None, "import:test", datetime.now(UTC), import_id=UUID(report["id"]))
    event = EVENT.validate_json(body(like(show.id)))
    submission.items = [SubmittedEvent(event, event_key(event.source, event.id), 0, submission)]
    await stage.service.writer.submit(submission)
    assert (0, ["the import that brings this event is void"]) == (
        submission.accepted,
        [error.detail for rejection in submission.rejected for error in rejection.errors],
    )
    assert await likes(stage.client, show.id) is None
