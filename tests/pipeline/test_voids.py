"""Voids: the figures are as if the voided events had never been sent."""

import asyncio
from dataclasses import replace
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given

from app.ingest.rebuilding.rebuild import compare
from tests.pipeline.assertions import assert_told
from tests.pipeline.conftest import Stage
from tests.pipeline.request_bodies import assert_problem, like, likes
from tests.pipeline.strategies import ALIASES, START, Event, event, split, stirred, stirs, telemetry
from tests.pipeline.voiding import REASON, new_show, send_events, take_back, void_event
from tests.properties import examples

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]


@examples(6)
@given(events=telemetry("wechat:a", "weibo:c", "session", max_size=40), random=stirs)
async def test_a_void_equals_never_having_sent_the_event(stage: Stage, events: list[Event], random: Random) -> None:
    """In any order, with duplicates before and after, for every event type; a void that is taken back leaves no trace."""
    show = await new_show(stage, "wechat:a", "weibo:c")
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
        await send_events(stage.client, batch)
        arrived |= {one["id"] for one in batch}
        for one in [one for one in waiting if one["id"] in arrived and random.random() < 0.5]:
            voids[one["id"]] = (await void_event(random.choice(stage.clients), show, one))["id"]
            waiting.remove(one)
    for one in waiting:
        voids[one["id"]] = (await void_event(stage.client, show, one))["id"]
    for one in wrong:
        if random.random() < 0.3:
            await take_back(stage.client, show, voids[one["id"]])
        else:
            del valid[one["id"]]
    if events:
        receipt = await send_events(stage.client, events)
        assert (0, len(events)) == (receipt["accepted"], receipt["duplicates"])
    await assert_told(stage.service, [show], list(valid.values()))


@examples(6)
@given(events=telemetry("wechat:a", max_size=40), random=stirs)
async def test_a_void_passes_first_purchases_on_to_the_brands_other_sessions(
    stage: Stage, events: list[Event], random: Random
) -> None:
    """Whose first purchase is void is a new buyer where they bought next, and in no second session."""
    first = await new_show(stage, "wechat:a")
    second = await new_show(stage, "wechat:a", brand=first.brand)
    shows = [replace(show, aliases=ALIASES) for show in (first, second)]
    everything = [
        one | {"subject": next(iter(show.rooms)), "id": f"{number}-{one['id']}"}
        for one in events
        for number, show in enumerate(shows)
        if random.random() < 0.7
    ]
    await send_events(stage.client, everything) if everything else None
    valid = list(everything)
    for one in everything:
        if random.random() < 0.2:
            show = next(show for show in shows if one["subject"] in show.rooms)
            void = await void_event(stage.client, show, one)
            if random.random() < 0.3:
                await take_back(stage.client, show, void["id"])
            else:
                valid.remove(one)
    await assert_told(stage.service, shows, valid)


async def test_the_log_keeps_a_voided_event_marked(stage: Stage) -> None:
    """With who, when and why; taken back, the mark is gone."""
    show = await new_show(stage, "wechat:a")
    [room] = show.rooms
    one = like(room, data={"count": 5})
    await send_events(stage.client, [one, like(room, data={"count": 2})])
    void = await void_event(stage.client, show, one)
    assert 2 == await likes(stage.client, show.id)
    logged = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    [marked] = [found for found in logged if "voided" in found]
    assert one["id"] == marked["id"]
    assert (True, void["id"], void["by"], REASON) == tuple(
        marked[name] for name in ("voided", "voidid", "voidedby", "voidreason")
    )
    assert void["by"].startswith("key:")
    listed = (await stage.client.get(f"/v1/sessions/{show.id}/voids")).json()
    assert [void["id"]] == [found["id"] for found in listed["voids"]]
    assert 1 == listed["voids"][0]["events"]
    await take_back(stage.client, show, void["id"])
    assert 7 == await likes(stage.client, show.id)
    logged = (await stage.client.get("/v1/events", params={"session": show.id})).json()["events"]
    assert not [found for found in logged if "voided" in found]


async def test_the_same_void_again_is_the_same_void(stage: Stage) -> None:
    """A retry changes nothing and returns the void that stands."""
    show = await new_show(stage, "wechat:a")
    one = like(next(iter(show.rooms)))
    await send_events(stage.client, [one])
    first, second = await void_event(stage.client, show, one), await void_event(stage.clients[1], show, one)
    assert first == second
    assert await likes(stage.client, show.id) is None


async def test_what_does_not_exist_cannot_be_voided(stage: Stage) -> None:
    """An unknown event is named, an unknown session and another brand's are 404, a sender's key is 403."""
    show, other = await new_show(stage, "wechat:a"), await new_show(stage, "wechat:b")
    one = like(next(iter(other.rooms)))
    await send_events(stage.client, [one])
    form = {"source": one["source"], "event": one["id"], "reason": REASON}
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
    show = await new_show(stage)
    assert_problem(await stage.client.post(f"/v1/sessions/{show.id}/voids", json=form), 422, pointer)


async def test_a_void_and_the_flushes_beside_it_lose_nothing(stage: Stage) -> None:
    """Events that arrive while a void folds the session again are all counted."""
    show = await new_show(stage, "wechat:a")
    [room] = show.rooms
    wrong = event(0, "session.ended", room, START.replace(year=2022).isoformat(), {})
    before = [like(room) for _ in range(50)]
    await send_events(stage.client, [wrong, *before])

    async def load() -> None:
        for _ in range(20):
            await send_events(stage.clients[1], [like(room) for _ in range(10)])

    await asyncio.gather(load(), void_event(stage.client, show, wrong), load())
    assert 450 == await likes(stage.client, show.id)
    document = (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()
    assert ("scheduled", None) == (document["status"], document["duration_seconds"])
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))
