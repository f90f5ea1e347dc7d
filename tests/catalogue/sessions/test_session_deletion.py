"""Deleting a session: nothing of it is left, and the others stand as if it had never been."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.ingest.rebuilding import rebuild
from app.service import Service
from tests.databases import WRITES, plain_only
from tests.deletions import deletions_noted

NewSession = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Coroutine[Any, Any, None]]
Event = tuple[str, str, dict[str, Any]]


def paid(order: str, buyer: str, minute: int) -> Event:
    """Return an event."""
    lines = [{"product": f"p{minute % 3}", "quantity": 1 + minute % 2, "amount": "10.00"}]
    data = {"order": order, "buyer": buyer, "currency": "CNY", "amount": "10.00", "lines": lines}
    return ("order.paid", f"2021-09-25T05:{minute:02}:30Z", data)


def show(random_: random.Random, name: str) -> list[Event]:
    """Return the orders of a show: a dozen, of a handful of buyers that other shows have too."""
    return [paid(f"{name}-{n}", f"b{random_.randrange(8)}", random_.randrange(60)) for n in range(12)]


async def rollups(service: Service, session: str) -> list[tuple[Any, ...]]:
    """Return a session's counters that are not zero."""
    sql = "SELECT grain, key, bucket, platform, metric, value FROM counters WHERE session_id = $1 AND value <> 0 ORDER BY 1, 2, 3, 4, 5"
    async with service.database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, session)]


async def customers(service: Service, brand: str) -> list[tuple[Any, ...]]:
    """Return a brand's customers: who, since when, in the show of which title."""
    sql = """
        SELECT c.member, c.at, s.title FROM customers c
        JOIN brands b ON b.id = c.brand_id LEFT JOIN sessions s ON s.id = c.session_id
        WHERE b.slug = $1 ORDER BY 1
    """
    async with service.database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch(sql, brand)]


async def tables_holding(service: Service, session: str) -> list[str]:
    """Return every table of the database with a row that names the session."""
    columns = """
        SELECT c.table_name, c.column_name FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND c.data_type = 'uuid'
          AND (c.column_name = 'session_id' OR (table_name = 'sessions' AND c.column_name = 'id'))
    """
    async with service.database.acquire() as connection:
        return [
            table
            for table, column in await connection.fetch(columns)
            if await connection.fetchval(f'SELECT count(*) FROM "{table}" WHERE "{column}" = $1', session)
        ]


async def test_nothing_of_a_deleted_session_is_left(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send
) -> None:
    """In no table that knows sessions, whichever tables there are; its room is free and its events count again."""
    plan = {
        "streams": [{"platform": "wechat", "room": "1"}],
        "lineup": [{"product": "p0"}],
        "promotions": [{"kind": "video"}],
    }
    made = await new_session(**plan)
    await client.post(f"/v1/sessions/{made['id']}/notes", json={"section": "ec", "kind": "summary", "text": "x"})
    at = "2021-09-25T05:00:00Z"
    events: list[Event] = [
        ("session.started", at, {}),
        ("viewer.entered", at, {"viewer": "a"}),
        ("stock.changed", at, {"product": "p0", "stock": 1}),
        ("order.shipped", at, {"order": "1"}),
        paid("1", "a", 1),
    ]
    await send("wechat:1", *events)
    everywhere = {"sessions", "events", "members", "counters", "gauges", "orders", "spans", "customers", "movements",
                  "streams", "lineup", "promotions", "notes"}  # fmt: skip
    assert everywhere <= set(await tables_holding(service, made["id"]))
    assert 204 == (await client.delete(f"/v1/sessions/{made['id']}")).status_code
    # The audit log says who deleted it.
    assert ["audit_log"] == await tables_holding(service, made["id"])
    assert [] == await customers(service, "maison-k")
    assert 404 == (await client.get(f"/v1/sessions/{made['id']}")).status_code
    again = await new_session(**plan)
    await send("wechat:1", *events)
    (shown,) = (await client.get("/v1/sessions")).json()["sessions"]
    assert (again["id"], 1, "10.00") == (shown["id"], shown["kpis"]["viewers"], shown["kpis"]["gmv"])


@plain_only("Citus has no such triggers")
async def test_a_session_goes_in_parts(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No statement deletes more than a part of the log or of the sets: a session has millions of events, a statement seconds."""
    monkeypatch.setattr("app.catalogue.sessions.session_deletion._PART", 3)
    made, other = await new_session(title="gone"), await new_session(title="kept")
    at = "2021-09-25T05:00:00Z"
    for session in (made["id"], other["id"]):
        await send(session, *(("viewer.entered", at, {"viewer": f"v{n}"}) for n in range(7)))
    async with service.database.acquire() as connection:
        async with deletions_noted(connection, "events", "members") as noted:
            assert 204 == (await client.delete(f"/v1/sessions/{made['id']}")).status_code
        left = await connection.fetchval("SELECT array_agg(DISTINCT session_id::text) FROM events")
        members = await connection.fetchval("SELECT count(*) FROM members WHERE session_id = $1", other["id"])
    assert {"events": [3, 3, 1], "members": [3, 3, 1]} == noted
    assert ([other["id"]], 7) == (left, members)


@pytest.mark.parametrize("seed", range(4))
async def test_the_other_sessions_stand_as_if_it_had_never_been(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, seed: int
) -> None:
    """Its first-time buyers become those of their next purchase: equal, row by row, to a brand without the session."""
    random_ = random.Random(seed)
    shows = {name: show(random_, name) for name in ("gone", "kept-1", "kept-2")}
    sessions: dict[tuple[str, str], str] = {}
    for brand, names in (("with", ["gone", "kept-1", "kept-2"]), ("without", ["kept-1", "kept-2"])):
        for name in names:
            streams = [{"platform": "wechat", "room": f"{brand}-{name}"}]
            sessions[brand, name] = (await new_session(brand, title=name, streams=streams))["id"]
        batches = [(name, event) for name in names for event in shows[name]]
        random_.shuffle(batches)
        for name, event in batches:
            await send(f"wechat:{brand}-{name}", event)
    assert 204 == (await client.delete(f"/v1/sessions/{sessions['with', 'gone']}")).status_code
    for name in ("kept-1", "kept-2"):
        expected = await rollups(service, sessions["without", name])
        assert expected == await rollups(service, sessions["with", name])
        rebuilt = await rebuild.compare(service.database, service.settings, UUID(sessions["with", name]))
        assert [] == rebuilt
    assert await customers(service, "without") == await customers(service, "with")


async def test_sessions_that_are_deleted_while_their_brand_sells_leave_exact_figures(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send
) -> None:
    """Deletions at once, with orders of the same buyers coming in: each buyer is new exactly once, in one session."""
    random_ = random.Random(7)
    ids = [(await new_session(title=f"s{n}"))["id"] for n in range(4)]
    for n, session in enumerate(ids):
        await send(session, *show(random_, f"before-{n}"))

    async def sell(n: int) -> None:
        for event in show(random_, f"during-{n}"):
            await send(ids[n], event)

    deletions = [asyncio.create_task(client.delete(f"/v1/sessions/{session}")) for session in ids[:2]]
    await asyncio.gather(sell(2), sell(3), *deletions)
    assert [204, 204] == [deletion.result().status_code for deletion in deletions]
    sql = """
        SELECT (SELECT count(DISTINCT member) FROM members WHERE set = 'buyer') AS buyers,
               (SELECT count(*) FROM customers) AS customers,
               (SELECT sum(value) FROM counters WHERE grain = 0 AND metric = 'new_buyers') AS counted,
               (SELECT sum(value) FROM counters WHERE grain = 60 AND metric = 'new_buyers') AS by_minute
    """
    first = "SELECT DISTINCT ON (member) member, at, session_id FROM members WHERE set = 'buyer' ORDER BY 1, 2, event_key, 3"
    async with service.database.acquire() as connection:
        row = await connection.fetchrow(sql)
        expected = await connection.fetch(first)
        held = await connection.fetch("SELECT member, at, session_id FROM customers ORDER BY 1")
    assert row is not None
    assert {row["buyers"]} == set(row.values())
    assert expected == held


async def test_a_purchase_that_is_being_committed_can_inherit(
    client: httpx.AsyncClient,
    service: Service,
    new_session: NewSession,
    send: Send,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next purchase may be one that no other transaction can see yet: the deletion waits for it."""
    first, late, between = [(await new_session(title=title))["id"] for title in ("first", "late", "between")]
    await send(first, paid("1", "a", 1))
    await send(late, paid("2", "a", 50))
    claimed, go_on, append = asyncio.Event(), asyncio.Event(), WRITES.append_events

    async def slow_claim(*args: Any) -> Any:
        appended = await append(*args)
        claimed.set()
        await go_on.wait()
        return appended

    monkeypatch.setattr(WRITES, "append_events", slow_claim)
    sending = asyncio.create_task(send(between, paid("3", "a", 20)))
    await claimed.wait()
    deleting = asyncio.create_task(client.delete(f"/v1/sessions/{first}"))
    await asyncio.wait([deleting], timeout=0.3)
    go_on.set()
    await sending
    assert 204 == (await deleting).status_code
    assert ["between"] == [title for _, _, title in await customers(service, "maison-k")]
    new = [
        [row[5] for row in await rollups(service, session) if row[4] == "new_buyers" and row[0] == 0]
        for session in (late, between)
    ]
    assert [[], [1]] == new


async def test_a_session_that_is_deleted_twice_at_once_is_gone_once(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """The second request finds nothing."""
    made = await new_session()
    answers = await asyncio.gather(*(client.delete(f"/v1/sessions/{made['id']}") for _ in range(3)))
    assert [204, 404, 404] == sorted(answer.status_code for answer in answers)
