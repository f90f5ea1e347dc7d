"""Ingest against the oracle: whatever the order, the duplicates, the batches and the senders, the figures are the same."""

import asyncio
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
from hypothesis import given

from app.ingest.flushing import flush
from app.storage.database import Connection
from app.storage.ingest.writes import WriteQueries
from tests.pipeline.assertions import assert_told
from tests.pipeline.conftest import Stage
from tests.pipeline.reference_records import Show
from tests.pipeline.strategies import ALIASES, START, Event, event, split, stirred, stirs, telemetry
from tests.properties import examples

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # A whole log is a long repr; it is printed only where it failed.
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]

_HERE = "session"
"""Placeholder of the session's id in generated subjects."""
_EXAMPLES = examples(6)


async def _post(client: httpx.AsyncClient, batch: list[Event]) -> dict[str, int]:
    answer = await client.post("/v1/events", json=batch, headers={"Content-Type": "application/cloudevents-batch+json"})
    assert 200 == answer.status_code, answer.text
    receipt = answer.json()
    assert [] == receipt["rejected"]
    return {name: receipt[name] for name in ("accepted", "duplicates", "parked")}


async def _new_show(stage: Stage, *rooms: str, brand: str | None = None) -> tuple[Show, dict[str, str]]:
    """Create a show whose rooms are named after these, and return it with what each generated subject becomes."""
    suffix = uuid4().hex[:8]
    show = await stage.show(*(f"{room}-{suffix}" for room in rooms), brand=brand)
    if brand is None:
        for alias, code in ALIASES.items():
            await stage.post("/v1/products", {"brand": show.brand, "code": code, "aliases": [alias]})
    subjects = {room: f"{room}-{suffix}" for room in rooms} | {_HERE: show.id}
    return replace(show, aliases=ALIASES), subjects


def _addressed(events: list[Event], subjects: dict[str, str]) -> list[Event]:
    return [one | {"subject": subjects[one["subject"]]} for one in events]


@_EXAMPLES
@given(events=telemetry("wechat:a", "weibo:c", _HERE), random=stirs)
async def test_any_order_any_duplicates_any_batches_give_the_oracles_figures(
    stage: Stage, events: list[Event], random: Random
) -> None:
    """A shuffled, duplicated, split log gives the oracle's KPIs, products, timeline and orders, and equals a rebuild."""
    show, subjects = await _new_show(stage, "wechat:a", "weibo:c")
    events = _addressed(events, subjects)
    receipts = [await _post(stage.client, batch) for batch in split(stirred(events, random), random)]
    assert len(events) == sum(receipt["accepted"] for receipt in receipts)
    await assert_told(stage.service, [show], events)


@_EXAMPLES
@given(events=telemetry("wechat:a", "wechat:b", _HERE, max_size=120), random=stirs)
async def test_concurrent_senders_to_two_services_give_the_oracles_figures(
    stage: Stage, events: list[Event], random: Random
) -> None:
    """Several senders who send all of it at once, to two services on one database, change no figure."""
    show, subjects = await _new_show(stage, "wechat:a", "wechat:b")
    events = _addressed(events, subjects)
    senders = [(client, split(stirred(events, random), random)) for client in (*stage.clients, *stage.clients)]
    receipts = await asyncio.gather(*(_post(client, batch) for client, batches in senders for batch in batches))
    assert len(events) == sum(receipt["accepted"] for receipt in receipts)
    await assert_told(stage.services[1], [show], events)


@_EXAMPLES
@given(events=telemetry("wechat:a", "weibo:c", max_size=80), random=stirs)
async def test_a_brands_customers_are_new_once_over_its_sessions(stage: Stage, events: list[Event], random: Random) -> None:
    """Two sessions of one brand share their customers: a buyer is new in exactly one of them."""
    first, one = await _new_show(stage, "wechat:a")
    second, two = await _new_show(stage, "weibo:c", brand=first.brand)
    # The platforms differ, the people do not: a buyer is a customer per platform, so both rooms get both platforms' names.
    third, three = await _new_show(stage, "wechat:a", brand=first.brand)
    rooms = one | two
    events = _addressed(events, rooms)
    retry_conflicts = [
        event | {"id": f"again-{event['id']}", "subject": three["wechat:a"]}
        for event in events
        if event["subject"] == one["wechat:a"] and random.random() < 0.7
    ]
    everything = events + retry_conflicts
    batches = split(stirred(everything, random), random)
    await asyncio.gather(*(_post(stage.clients[number % 2], batch) for number, batch in enumerate(batches)))
    await assert_told(stage.service, [first, second, third], everything)


@_EXAMPLES
@given(events=telemetry("wechat:a", max_size=40), random=stirs)
async def test_what_was_parked_joins_whenever_the_stream_is_registered(stage: Stage, events: list[Event], random: Random) -> None:
    """Events that come before, while and after their room is registered are all counted once."""
    show, _ = await _new_show(stage)
    room = f"wechat:late-{uuid4().hex[:8]}"
    events = _addressed(events, {"wechat:a": room})
    batches = split(stirred(events, random), random)
    early = len(batches) // 3
    for batch in batches[:early]:
        await _post(stage.client, batch)
    register = stage.post(f"/v1/sessions/{show.id}/streams", {"platform": "wechat", "room": room.split(":")[1]})
    await asyncio.gather(register, *(_post(stage.clients[1], batch) for batch in batches[early:]))
    await assert_told(stage.service, [replace(show, rooms={room: "wechat"})], events)


async def test_stock_told_of_a_session_of_two_platforms_is_shown(stage: Stage) -> None:
    """Told of the session itself, a product's stock belongs to neither platform, and is not lost for it."""
    show, subjects = await _new_show(stage, "wechat:a", "weibo:c")
    told = event(1, "stock.changed", subjects[_HERE], START.isoformat(), {"product": "bag-03", "stock": 7})
    await _post(stage.client, [told])
    await assert_told(stage.service, [show], [told])


async def test_after_a_duplicate_the_next_flushes_expect_more_of_them(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush without duplicates writes once; one with duplicates is repeated once, and the flushes after it are not."""
    show, _ = await _new_show(stage, "wechat:a")
    clock = 0.0
    monkeypatch.setattr(flush, "time", SimpleNamespace(monotonic=lambda: clock))
    monkeypatch.setattr(stage.service.writer._flusher, "_duplicate_at", -60.0)
    tries: list[bool] = []
    prepare = WriteQueries.__init__

    def counted(self: WriteQueries, connection: Connection, *, expect_new: bool = False) -> None:
        tries.append(expect_new)
        prepare(self, connection, expect_new=expect_new)

    monkeypatch.setattr(WriteQueries, "__init__", counted)
    likes = [event(number, "like.sent", show.id, START.isoformat(), {"count": 1}) for number in range(7)]
    outcomes = []
    for batch in (likes[:2], likes[:4], likes[2:5], likes[3:6]):
        receipt = await _post(stage.client, batch)
        outcomes.append((receipt["accepted"], receipt["duplicates"], *tries))
        tries.clear()
    assert [(2, 0, True), (2, 2, True, False), (1, 2, False), (1, 2, False)] == outcomes
    clock = 11.0
    await _post(stage.client, likes[6:])
    assert [True] == tries
