"""Voids of imports: all that an import brought goes in one void, unless another import brought it too."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.events.envelope import EVENT, event_key
from app.ingest.rebuilding.rebuild import compare
from app.ingest.receiving.submission import Submission, SubmittedEvent
from tests.databases import WRITES
from tests.pipeline.conftest import Stage
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import body, like, likes
from tests.pipeline.strategies import Event
from tests.pipeline.voiding import new_show, take_back, void_event

pytestmark = pytest.mark.asyncio(loop_scope="module")


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
    show = await new_show(stage)
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
    show = await new_show(stage)
    first, second = await _import(stage, show, [("A-1", 1), ("A-2", 2)]), await _import(stage, show, [("A-2", 2), ("A-3", 3)])
    assert (2, 1, 1) == (first["accepted"], second["accepted"], second["duplicates"])
    voids = [await _void_import(stage, show, first)]
    assert "50.00" == await _gmv(stage, show)
    voids.append(await _void_import(stage, show, second))
    assert await _gmv(stage, show) is None
    await take_back(stage.client, show, voids[0]["id"])
    assert "30.00" == await _gmv(stage, show)
    await take_back(stage.client, show, voids[1]["id"])
    assert "60.00" == await _gmv(stage, show)


async def test_an_event_voided_by_itself_stays_void_with_its_import_valid(stage: Stage) -> None:
    """The void of the import and the void of the event are two; both must be taken back."""
    show = await new_show(stage)
    report = await _import(stage, show, [("A-1", 1), ("A-2", 2)])
    logged = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    [one] = [event for event in logged if event["data"]["order"] == "A-2"]
    single, whole = await void_event(stage.client, show, one), await _void_import(stage, show, report)
    await take_back(stage.client, show, whole["id"])
    assert "10.00" == await _gmv(stage, show)
    await _import(stage, show, [("A-2", 2)])
    assert "10.00" == await _gmv(stage, show)
    await take_back(stage.client, show, single["id"])
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
    show = await new_show(stage)
    report = await _import(stage, show, [("A-1", 1)])
    await _void_import(stage, show, report)
    await _assert_refused(stage, show, report)


async def test_an_import_that_is_voided_during_its_flush_brings_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The void commits after the flush has asked for voids, and before the flush holds the session."""
    show = await new_show(stage)
    report = await _import(stage, show, [("A-1", 1)])
    append = WRITES.append_events
    calls = 0

    async def late(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            await _void_import(stage, show, report)
        return await append(*arguments)

    monkeypatch.setattr(WRITES, "append_events", late)
    await _assert_refused(stage, show, report)
    assert 1 == calls
    assert await _gmv(stage, show) is None


async def test_a_row_that_its_session_rejected_was_not_brought(stage: Stage) -> None:
    """The void of the import that brought it later takes it out, also if other events were stored beside the rejected one."""
    show, other = await new_show(stage), await new_show(stage)
    order = {"order": "A-1", "currency": "JPY", "amount": "30", "lines": [], "revision": "1"}
    row = like(show.id, type="live.order.paid", data=order)
    rejected = await _bring(stage, uuid4(), like(other.id), row)
    assert (1, 1) == (rejected.accepted, len(rejected.rejected))
    answer = await stage.client.patch(f"/v1/sessions/{show.id}", json={"currency": "JPY"})
    assert 200 == answer.status_code, answer.text
    import_id = uuid4()
    assert 1 == (await _bring(stage, import_id, row)).accepted
    assert "30" == await _gmv(stage, show)
    assert 1 == (await _void_import(stage, show, {"id": str(import_id)}))["events"]
    assert await _gmv(stage, show) is None


async def test_an_event_that_comes_back_to_a_session_counts_once(stage: Stage) -> None:
    """It left by a decision about its room; the void of its import does not reach it, and a later import brings it back."""
    room = f"wechat:moved-{uuid4().hex[:8]}"
    first, second = await stage.show(room), await stage.show()
    bound = await stage.key("operator", second.brand)
    platform, name = room.split(":")
    form = {"platform": platform, "room": name}
    answer = await stage.client.post(f"/v1/sessions/{second.id}/streams", json=form, headers=bound)
    assert 201 == answer.status_code, answer.text
    voided, one = uuid4(), like(room)
    assert 2 == (await _bring(stage, voided, one, like(first.id))).accepted
    await _decide(stage, form, second)
    assert 1 == (await _void_import(stage, first, {"id": str(voided)}))["events"]
    assert 1 == (await _bring(stage, uuid4(), one)).duplicates
    await _decide(stage, form, first)
    assert 1 == await likes(stage.client, first.id)
    assert await _gmv(stage, first) is None


async def _decide(stage: Stage, room: dict[str, str], show: Show) -> None:
    answer = await stage.client.post("/v1/stream-claims/decisions", json={**room, "session": show.id})
    assert 200 == answer.status_code, answer.text


async def _bring(stage: Stage, import_id: UUID, *events: Event) -> Submission:
    """Send events of an import in one transaction, and return their outcome."""
    submission = Submission(None, "import:test", datetime.now(UTC), import_id=import_id)
    for index, one in enumerate(events):
        event = EVENT.validate_json(body(one))
        submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), index, submission))
    await stage.service.writer.submit(submission)
    return submission


async def _assert_refused(stage: Stage, show: Show, report: dict[str, Any]) -> None:
    """Send one more event of the import."""
    submission = await _bring(stage, UUID(report["id"]), like(show.id))
    assert (0, ["the import that brings this event is void"]) == (
        submission.accepted,
        [error.detail for rejection in submission.rejected for error in rejection.errors],
    )
    assert await likes(stage.client, show.id) is None
