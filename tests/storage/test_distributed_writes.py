"""What a flush writes on Citus is what it writes on one PostgreSQL; the statements are valid on both."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from app.catalogue.ids import new_id
from app.storage.ingest.claim_writes import Claim, Claims, Ranks
from app.storage.ingest.distributed_writes import DistributedWrites, merging
from app.storage.ingest.new_events import NewEvents
from app.storage.ingest.writes import WriteQueries
from tests.databases import plain_only

AT = 1_632_546_000_000_000
"""Microseconds since 1970: an afternoon in September 2021."""
DAY = datetime(2021, 9, 25, 5, tzinfo=UTC)
HUGE = 10**25


def key(number: int) -> bytes:
    """Return a key of 16 bytes."""
    return number.to_bytes(16, "big")


def samples(one: UUID, at: int, value: int) -> tuple[Any, ...]:
    """Return a sample's row."""
    return (one, 60, "", DAY, "wechat", "r", "likes", value, DAY + timedelta(seconds=at), key(at), value)


def order(one: UUID, number: str, rank: int, amount: int | None, lines: str | None, **times: int) -> tuple[Any, ...]:
    """Return an order's row."""
    moments = [times.get(name) for name in ("placed", "paid", "cancelled", "refunded", "shipped")]
    shipped = key(9)[:4] if "shipped" in times else None
    told = (rank, AT + rank, b"" if rank else key(1))
    buyer = (None, False) if rank else (key(1), True)
    return (one, "wechat", number, *told, "ab", amount, lines, 5, *moments, shipped, None, "t", None, *buyer)


APPENDED: list[tuple[tuple[int, ...], list[tuple[int, int]], int]] = [
    ((3, 1, 2), [(50, 5), (51, 5)], 2),  # all new, each statement the first
    ((2, 4), [(50, 4)], 1),  # a duplicate: nothing is ranked
    ((5,), [(50, 4)], 1),  # a newer statement
    ((6,), [(51, 9)], 1),  # an older one
    ((7,), [(52, 5)], 2),  # several of one batch
]
"""Events, the newest statements (what it is about, and its rank), and how many statements the events are."""

BATCHES: dict[str, list[Callable[[UUID], list[tuple[Any, ...]]]]] = {
    "add_counters": [
        lambda one: [
            (one, 0, "", AT, "wechat", "gmv", 5, 1, None), (one, 0, "A\x1eB", AT, "weibo", "gmv", HUGE, 2, None),
            (one, 60, "A", AT, "wechat", "gmv", 5, 1, "59:5:1"), (one, 60, "B", AT, "wechat", "gmv", 500, 500, ",".join(["3:1:1"] * 500)),
        ],
        lambda one: [
            (one, 0, "", AT, "wechat", "gmv", -7, -1, None), (one, 60, "", AT, "wechat", "gmv", 0, 1, None),
            (one, 60, "A", AT, "wechat", "gmv", 7, 1, "2:7:1"), (one, 60, "B", AT, "wechat", "gmv", -1, 0, "3:-2:-1,0:1:1"),
        ],
    ],
    "claim_members": [
        lambda one: [(one, "buyer", key(1), AT, key(5)), (one, "viewer", key(1), AT + 1, key(6))],
        lambda one: [(one, "buyer", key(1), AT - 1, key(7)), (one, "viewer", key(1), AT + 2, key(4)), (one, "viewer", key(2), AT, key(8))],
    ],
    "claim_customers": [
        lambda one: [(one, key(1), UUID(int=1), AT, key(5)), (one, key(2), UUID(int=2), AT, key(6))],
        lambda one: [(one, key(1), UUID(int=2), AT - 1, key(7)), (one, key(2), UUID(int=1), AT, key(9))],
    ],
    "merge_samples": [
        lambda one: [samples(one, 1, 5), (*samples(one, 1, 3)[:5], "other", *samples(one, 1, 3)[6:])],
        lambda one: [samples(one, 0, 7)],
    ],
    "merge_orders": [
        lambda one: [
            order(one, "o,1", 0, 1234, '[{"product":"é","quantity":1}]', placed=AT, paid=AT + 1), order(one, "o2", 1, None, None),
        ],
        lambda one: [order(one, "o,1", 1, 9, "[]", paid=AT, shipped=AT + 5), order(one, "o2", 0, 3, "[]", cancelled=AT)],
    ],
    "merge_spans": [
        lambda one: [(one, "response", key(1), "wechat", AT, None, None, None), (one, "stay", key(1), "wechat", None, AT, key(2), 5)],
        lambda one: [(one, "response", key(1), "wechat", None, AT + 1, key(3), None), (one, "stay", key(1), "wechat", AT, AT - 1, key(4), 7)],
    ],
    "add_refunds": [
        lambda one: [(one, "wechat", "o", "", 1, 500, None, "", b"", None, DAY), (one, "wechat", "p", "A", 0, 0, 9, "2", key(1), DAY, DAY)],
        lambda one: [(one, "wechat", "o", "", 1, -500, None, "", b"", None, None), (one, "wechat", "p", "A", 0, 0, 7, "3", key(0), DAY, DAY)],
    ],
    "add_parcels": [
        lambda one: [(one, "wechat", "o", key(1), "sf", "1", DAY, None), (one, "wechat", "o", key(2), None, None, DAY, DAY)],
        lambda one: [(one, "wechat", "o", key(1), "sf", "1", DAY - timedelta(1), DAY)],
    ],
    "add_session_values": [
        lambda one: [(one, "minute", "1"), (one, "product", "A")],
        lambda one: [(one, "minute", "1"), (one, "minute", "2")],
    ],
}  # fmt: skip
TABLES = {
    "add_counters": "counters", "claim_members": "members", "claim_customers": "customers", "merge_samples": "gauges",
    "merge_orders": "orders", "merge_spans": "spans", "add_refunds": "refunds", "add_parcels": "parcels",
    "add_session_values": "session_values",
}  # fmt: skip


async def rows_of(connection: asyncpg.Connection, table: str, one: UUID) -> list[tuple[Any, ...]]:
    """Return the rows of a key without it, in any order."""
    first = "brand_id" if table == "customers" else "session_id"
    found = await connection.fetch(f"SELECT * FROM {table} WHERE {first} = $1", one)
    return sorted((tuple(value for name, value in row.items() if name != first) for row in found), key=repr)


async def enter(connection: asyncpg.Connection, one: UUID, viewer: bytes) -> None:
    """Let a viewer enter a session from a paid source."""
    await connection.execute(
        "INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data) "
        "VALUES ($1, $2, 'entry', '//s', 'live.viewer.entered', 'wechat', 'r', $3, $3, $4)",
        one, key(99), DAY, '{"source": "fans", "paid": true}',
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO members (session_id, set, member, at, event_key) VALUES ($1, 'viewer', $2, $3, $4)",
        one,
        viewer,
        DAY,
        key(99),
    )


_WITH_ORDERS = plain_only("it refuses the other way, whose rows of orders look up their buyers")


@pytest.mark.parametrize("name", [pytest.param(name, marks=_WITH_ORDERS if name == "merge_orders" else ()) for name in BATCHES])
async def test_rows_merge_as_they_do_elsewhere(connection: asyncpg.Connection, name: str) -> None:
    """The same batches by either way, two keys in one call: the same answers, the same rows."""
    pairs = [(new_id(), new_id()), (new_id(), new_id())]
    assert "unnest" in merging(name).sql
    for one in (one for pair in pairs for one in pair):
        await enter(connection, one, key(1))
    for batch in BATCHES[name]:
        answers = []
        for writes, keys in zip((WriteQueries, DistributedWrites), zip(*pairs, strict=True), strict=True):
            write = cast("Callable[[Any], Awaitable[Any]]", getattr(writes(connection), name))
            found = await write([row for one in sorted(keys) for row in batch(one)])
            places = {one: place for place, one in enumerate(sorted(keys))}
            answers.append(sorted((tuple(places.get(value, value) for value in row) for row in found or ()), key=repr))
        assert answers[0] == answers[1]
    for here, there in zip(*(sorted(keys) for keys in zip(*pairs, strict=True)), strict=True):
        rows = await rows_of(connection, TABLES[name], here)
        assert rows
        assert rows == await rows_of(connection, TABLES[name], there)


@_WITH_ORDERS
async def test_rows_of_several_tables_merge_as_they_do_one_table_at_a_time(connection: asyncpg.Connection) -> None:
    """Orders, samples and sums in any combination, in one statement and in three."""
    rows = [list(BATCHES[name]) for name in ("merge_orders", "merge_samples", "add_counters")]
    for chosen in product((0, 1), repeat=3):
        keys = new_id(), new_id()
        for one, writes in zip(keys, (WriteQueries, DistributedWrites), strict=True):
            await enter(connection, one, key(1))
            for number in (0, 1):
                parts = [table[number](one) if taken else [] for table, taken in zip(rows, chosen, strict=True)]
                await writes(connection).merge(*parts)
        for table, taken in zip(("orders", "gauges", "counters"), chosen, strict=True):
            here, there = [await rows_of(connection, table, one) for one in keys]
            assert here == there
            assert bool(here) == bool(taken)
        if chosen[0]:
            assert "fans||1" in {
                row["buyer_arrival"]
                for row in await connection.fetch("SELECT buyer_arrival FROM orders WHERE session_id = $1", keys[0])
            }


async def test_entries_and_exits_are_added_as_they_are_elsewhere(connection: asyncpg.Connection) -> None:
    """Alone and beside other rows."""
    keys = new_id(), new_id()
    for one, writes in zip(keys, (WriteQueries, DistributedWrites), strict=True):
        await writes(connection).add_movements([(one, 0, key(1), b"entry", b""), (one, 7, key(1), b"", b"exit")])
        await writes(connection).merge([], [], [(one, 0, "", AT, "wechat", "exits", 1, 1, None)], [(one, 0, key(2), b"", b"x")])
    here, there = [await rows_of(connection, "movements", one) for one in keys]
    assert here == there
    assert [(key(1), 0, b"entry", b""), (key(1), 7, b"", b"exit"), (key(2), 0, b"", b"x")] == here
    assert await rows_of(connection, "counters", keys[0]) == await rows_of(connection, "counters", keys[1]) != []


async def test_statements_are_ranked_as_they_are_elsewhere(connection: asyncpg.Connection) -> None:
    """The lower rank wins, whatever its length."""
    here, there = new_id(), new_id()
    for member, rank in ((1, b"\x05"), (2, b"\x07"), (1, b"\x04\x01"), (1, b"\x06")):
        answers = [
            await writes(connection).claim_statements([(one, key(member), rank)])
            for writes, one in ((WriteQueries, here), (DistributedWrites, there))
        ]
        assert list(answers[0].values()) == list(answers[1].values())
    assert await rows_of(connection, "members", here) == await rows_of(connection, "members", there) != []


async def test_the_log_and_its_claims_are_written_as_they_are_elsewhere(connection: asyncpg.Connection) -> None:
    """New events, then some of them again, with and without attributes, digests and times that the sender had wrong.

    Their statements are the first about something, newer or older.
    """
    brand = new_id()
    await connection.execute("INSERT INTO brands (id, slug, name) VALUES ($1, 'b', 'B')", brand)
    found = []
    for writes in (WriteQueries, DistributedWrites):
        session = new_id()
        await connection.execute(
            "INSERT INTO sessions (id, brand_id, title, kind, currency, time_zone) VALUES ($1, $2, 't', 'live', 'CNY', 'Asia/Tokyo')",
            session, brand,
        )  # fmt: skip
        queries = writes(connection)
        (row,) = await queries.find_sessions([session], [], [])
        answers: list[Any] = []
        for numbers, stated, count in APPENDED:
            new = NewEvents()
            for number in numbers:
                kind = new.kind_of(session, "//s", "live.like.sent", "wechat", f"r{number % 2}", "")
                attributes = {"x": 'a"b'} if number == 2 else None
                new.add(kind, key(number), f"id,{number}", AT + number, b'{"text":"\xe2\x80\xa8{}"}', key(number)[8:] if number > 1 else None,
                        attributes, AT if number == 3 else None)  # fmt: skip
            members: list[Claim] = [(session, "viewer", key(number), AT, key(number)) for number in numbers]
            claims = Claims(
                members,
                [(brand, key(number), session, AT - number, key(number)) for number in numbers],
                [
                    (session, "response", key(7), "wechat", AT - numbers[0], AT + numbers[0], key(numbers[0]), None),
                    (session, "response", key(8), "wechat", AT, None, None, None),
                ],
            )
            ranks = Ranks([(session, key(about), bytes([rank])) for about, rank in stated], count)
            appended = await queries.append_events([(session, row.version)], new, ranks, claims, DAY)
            assert appended is not None
            claimed: Any = None
            if (outcome := appended.claimed) is not None:
                claimed = [
                    sorted(claim[1:] for claim in outcome.members),
                    sorted((row[0], row[3]) for row in outcome.customers),
                    [tuple(row)[1:] for row in outcome.spans if row[4]],
                ]
            fresh = appended.new and {one.removesuffix(session.bytes) for one in appended.new}
            ranked = {member: rank for (_, member), rank in (appended.ranked or {}).items()}
            answers.append((claimed, fresh, ranked if claimed is None else None))
        assert await queries.append_events([(session, "another version")], new, Ranks(), claims, DAY) is None
        bought = [row[0] for row in await rows_of(connection, "customers", brand)]
        await connection.execute("DELETE FROM customers WHERE brand_id = $1", brand)
        tables = [await rows_of(connection, table, session) for table in ("events", "members", "spans")]
        found.append((answers, bought, *tables))
    assert found[0] == found[1]
    answers, bought, events, members, spans = found[0]
    assert [7, 6, 3, 2] == [len(events), len(members), len(bought), len(spans)]
    assert [
        ((3, 3, 1), None, None),
        (None, {key(4)}, {}),
        (None, None, {key(50): bytes([5])}),
        (None, None, {}),
        (None, None, {key(52): None}),
    ] == [(claimed and tuple(map(len, claimed)), *others) for claimed, *others in answers]
