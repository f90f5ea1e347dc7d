"""What is read from sums and from the text of the log is what single orders, entries and exits say."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count, pairwise
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import httpx
from hypothesis import given, strategies as st
from pydantic_core import from_json

from app.ingest.rebuilding import rebuild
from app.kpis.windows.stays import StaysOfMinute, stays_by_minute
from app.service import Service
from app.storage.database import Connection
from app.storage.kpis import windows
from app.storage.kpis.reads import AFTER_ALL, BEFORE_ALL
from app.storage.kpis.windows import Sold
from tests.kpis.event_builders import START, Event, NewSession, Send, paid
from tests.properties import examples

_rooms = count()
_seconds = st.integers(-70, 400).map(lambda half: half / 2)
_orders = st.integers(0, 5).map(str)
_cents = st.integers(1, 900)


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


_payments = st.builds(
    lambda second, order, cents: paid(second, order, "ann", ("knit", 1, _amount(cents))), _seconds, _orders, _cents
)
_refunds = st.builds(
    lambda second, order, name, cents: ("order.refunded", second, {"order": order, name: _amount(cents)}),
    _seconds, _orders, st.sampled_from(("amount", "refunded_total")), _cents,
)  # fmt: skip
_shipped = st.builds(lambda second, order: ("order.shipped", second, {"order": order}), _seconds, _orders)


def _sold(rows: Sequence[Any], begin: datetime, end: datetime) -> Sold:
    inside = [row for row in rows if row["paid_at"] is not None and begin <= row["paid_at"] < end]
    return Sold(len(inside), sum(row["amount"] for row in inside), sum(int(row["refunded_amount"]) for row in inside))


@examples(10)
@given(
    sold=st.lists(_payments | _payments | _refunds | _shipped, max_size=14),
    edges=st.lists(_seconds, max_size=5),
    random=st.randoms(use_true_random=False),
)
async def test_sales_of_windows_are_those_of_the_orders(
    client: httpx.AsyncClient,
    service: Service,
    new_session: NewSession,
    send: Send,
    sold: list[Event],
    edges: list[float],
    random: Random,
) -> None:
    """Also where windows begin within a minute, payments are stated twice, money goes back before it is paid, an event is void."""
    room = f"sales-{next(_rooms)}"
    session = UUID(await new_session(streams=[{"platform": "wechat", "room": room}]))
    half = random.randrange(len(sold) + 1)
    for batch in (sold[half:], sold[:half]):
        if batch:
            await send(f"wechat:{room}", *batch)
    if sold and random.random() < 0.3:
        events = (await client.get("/v1/events", params={"session": str(session)})).json()["events"]
        void = {"source": "/tests", "event": random.choice(events)["id"], "reason": "a test"}
        assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    moments = sorted(
        {BEFORE_ALL, AFTER_ALL, START, START + timedelta(minutes=2), *(START + timedelta(seconds=one) for one in edges)}
    )
    async with service.database.acquire_for_figures() as connection:
        sales = await windows.sales(connection, session, moments)
        rows = await connection.fetch("SELECT paid_at, amount, refunded_amount FROM orders WHERE session_id = $1", session)
        without_edges = await windows.sales(connection, session, [])
    assert [_sold(rows, *pair) for pair in pairwise(moments)] == [sales.between(*pair) for pair in pairwise(moments)]
    refunds = sum(int(row["refunded_amount"]) for row in rows)
    assert Sold(sales.total.orders, sales.total.gmv, refunds) == sales.total == without_edges.total
    assert [] == await rebuild.compare(service.database, service.settings, session)


class Move(NamedTuple):
    """An entry or an exit."""

    second: float
    viewer: str
    entered: bool
    watched: float | None
    more: dict[str, Any]


_WORDS = ('a "quoted" word', "back\\slash", "観客", '{"viewer":"other"}')
_moves = st.builds(
    Move, st.integers(0, 40).map(lambda part: part * 7.5), st.sampled_from("abcd"), st.booleans(),
    st.none() | st.integers(0, 4000).map(lambda tenth: tenth / 10),
    st.just({}) | st.builds(lambda word: {"source": "fans", "note": word}, st.sampled_from(_WORDS)),
)  # fmt: skip


def _event(move: Move) -> Event:
    data = {"viewer": move.viewer, **move.more}
    if move.entered:
        return ("viewer.entered", move.second, data)
    watched = {} if move.watched is None else {"watched_seconds": move.watched}
    return ("viewer.left", move.second, data | watched)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _in_turn(rows: Sequence[Any]) -> dict[str, list[tuple[datetime, bool, float | None]]]:
    """Return what each viewer did in order of time; of an exit and an entry at one moment the exit is first."""
    found: dict[str, list[tuple[datetime, bool, float | None]]] = {}
    for row in rows:
        data = from_json(row["data"])
        found.setdefault(data["viewer"], []).append((row["occurred_at"], "entered" in row["type"], data.get("watched_seconds")))
    for moves in found.values():
        moves.sort(key=lambda one: (one[0], one[1], one[2] is None, one[2] or 0))
    return found


def _told(rows: Sequence[Any], limits: Sequence[int]) -> dict[datetime, Counter[str]]:
    """Return the figures of each minute by going through the moves of each viewer."""
    found: dict[datetime, Counter[str]] = {}

    def add(moment: datetime, **values: int) -> None:
        found.setdefault(_minute(moment), Counter()).update(values)

    for moves in _in_turn(rows).values():
        entries = [at for at, entered, _ in moves if entered]
        for at in entries:
            add(at, entries=1)
        if entries:
            add(entries[0], first_entries=1)
        if len(entries) > 1:
            add(entries[0], came_back=1)
        before: tuple[datetime, bool, float | None] | None = None
        for at, entered, watched in moves:
            if not entered:
                add(at, exits=1)
                began = before[0] if before is not None and before[1] else None
                stayed = at - began if began is not None and watched is None else timedelta(seconds=watched or 0)
                if began is not None or watched is not None:
                    ms = round(stayed / timedelta(milliseconds=1))
                    began = began or at - stayed
                    add(began, stays=1, ms=ms, **{f"stayed_{number}": 1 for number, limit in enumerate(limits) if ms >= limit})
            before = (at, entered, watched)
    return found


_LIMITS = [1000, 60_000, 120_000, 200_000, 300_000]


async def _stays(service: Service, session: UUID) -> list[StaysOfMinute]:
    async with service.database.acquire_for_figures() as connection, connection.transaction():
        return await stays_by_minute(connection, session, _LIMITS, START - timedelta(hours=1), START + timedelta(hours=1))


@examples(10)
@given(moves=st.lists(_moves, max_size=24), seed=st.integers(0, 9999))
async def test_stays_are_those_of_single_entries_and_exits(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, moves: list[Move], seed: int
) -> None:
    """As the flushes packed them, and read from the log.

    However the data are written there: with members of the sender's own, in another order, with spaces; some events came twice and
    one is void.
    """
    random = Random(seed)
    room = f"stays-{next(_rooms)}"
    session = UUID(await new_session(streams=[{"platform": "wechat", "room": room}]))
    order = random.sample(moves, len(moves))
    half = random.randrange(len(order) + 1)
    for some in (order[:half], order[half:]):
        if some:
            await send(f"wechat:{room}", *map(_event, some))
    log = "SELECT event_key, id, type, occurred_at, data::text AS data FROM events WHERE session_id = $1"
    async with service.database.acquire() as connection:
        rows = list(await connection.fetch(log, session))
        if rows:
            # Of a batch with a known event only the others are packed.
            await _send_again(client, f"wechat:{room}", random.choice(rows), random.choice(order))
            rows = list(await connection.fetch(log, session))
        number = await connection.fetchval(
            "SELECT coalesce(sum(length(entries) / 16 + length(exits) / 24), 0) FROM movements WHERE session_id = $1", session
        )
        assert len(rows) == number
        for row in random.sample(rows, len(rows) // 3):
            await _write_otherwise(connection, session, row, random)
    told = _told(rows, _LIMITS)
    expected = [_row(minute, told[minute]) for minute in sorted(told)]
    assert expected == await _stays(service, session)
    async with service.database.acquire() as connection:
        # What an older server takes in is not packed.
        packed = await connection.fetchrow("SELECT event_key, part FROM movements WHERE session_id = $1 LIMIT 1", session)
        if packed is not None:
            await connection.execute(
                "DELETE FROM movements WHERE session_id = $1 AND event_key = $2 AND part = $3", session, *packed
            )
    assert expected == await _stays(service, session)
    if rows:
        void = {"source": "/tests", "event": rows.pop(random.randrange(len(rows)))["id"], "reason": "a test"}
        assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
        told = _told(rows, _LIMITS)
        assert [_row(minute, told[minute]) for minute in sorted(told)] == await _stays(service, session)


async def _send_again(client: httpx.AsyncClient, subject: str, row: Any, move: Move) -> None:
    """Send an event of the log once more, and in the same batch a new one."""
    batch = [
        {
            "specversion": "1.0",
            "id": id,
            "source": "/tests",
            "type": f"live.{kind}",
            "subject": subject,
            "time": (START + timedelta(seconds=second)).isoformat(),
            "data": data,
        }
        for id, (kind, second, data) in ((row["id"], _event(move)), (f"new-{next(_rooms)}", _event(move)))
    ]
    answer = await client.post("/v1/events", json=batch, headers={"Content-Type": "application/cloudevents-batch+json"})
    receipt = answer.json()
    assert (1, 1) == (receipt["accepted"], receipt["duplicates"] + receipt["conflicts"])


async def _write_otherwise(connection: Connection, session: UUID, row: Any, random: Random) -> None:
    """Write the data of an event of the log in another way that means the same."""
    change = random.choice(
        (
            "data::jsonb::json",
            "json_build_object('more', 1, 'viewer', data ->> 'viewer', 'watched_seconds', data -> 'watched_seconds')",
        )
    )
    place = "WHERE session_id = $1 AND event_key = $2"
    # In two statements: Citus computes no member of a row where it is changed.
    data = await connection.fetchval(f"SELECT ({change})::text FROM events {place}", session, row["event_key"])
    await connection.execute(f"UPDATE events SET data = $3::text::json {place}", session, row["event_key"], data)


def _row(minute: datetime, told: Counter[str]) -> StaysOfMinute:
    names = ("entries", "first_entries", "came_back", "exits", "stays", "ms")
    return StaysOfMinute._make((minute, *(told[name] for name in names), tuple(told[f"stayed_{number}"] for number in range(5))))
