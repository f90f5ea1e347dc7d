"""The events that name a buyer: an index finds all of them, and nothing else is read.

In: mixed logs by SQL. Out: the statement's rows and its plan, beside a loop over the whole log. Never here: what is renamed.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from hypothesis import given, strategies as st

from app.storage.queries import queries
from tests.databases import plain_only
from tests.properties import examples
from tests.storage.executed_plans import nodes

pytestmark = plain_only("the plan of a distributed table is that of each shard")

EVENTS = queries("backoffice/forgetting")["events"]
START = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = ("a", "b", "A", "a ", "é")
FILL = """
INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data)
SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[], $10::json[])
"""
_TYPES = ("placed", "paid", "paid", "cancelled", "refunded", "shipped")


def _named(person: str | None, fields: dict[str, Any]) -> dict[str, Any]:
    return fields if person is None else {**fields, "buyer": person}


_ORDERS = st.builds(
    lambda kind, person, order, more: (f"live.order.{kind}", _named(person, {"order": order, **more})),
    st.sampled_from(_TYPES), st.sampled_from((*PEOPLE, None)), st.sampled_from(("1", "2", "3")),
    st.sampled_from(({}, {"lines": [{"product": "knit-01", "quantity": 1}]}, {"shop_user": "a"})),
)  # fmt: skip
_ACTS = st.builds(
    lambda kind, field, person: (f"live.{kind}", {field: person, "text": person}),
    st.sampled_from(("like.sent", "comment.posted", "viewer.entered")), st.sampled_from(("viewer", "buyer")), st.sampled_from(PEOPLE),
)  # fmt: skip
_LOGS = st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.one_of(_ORDERS, _ACTS)), max_size=40)
"""Of each event: whether it belongs to the session, its second, and its type with its data."""


_OTHERS = """
INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data)
SELECT $1, decode(md5(n::text), 'hex'), n::text, '/others', CASE n % 2 WHEN 0 THEN 'live.order.paid' ELSE 'live.like.sent' END, 'wechat',
       'r', $2, $2, json_build_object('order', n::text, 'buyer', 'other ' || n / 4)
FROM generate_series(1, 1200) AS n
"""
"""So many that to read them costs more than to look into the index."""


async def _insert(connection: asyncpg.Connection, session: UUID, log: list[tuple[bool, int, tuple[str, dict[str, Any]]]]) -> None:
    other = uuid4()
    rows = [
        (session if own else other, uuid4().bytes, str(n), "/s", kind, "wechat", "r", at := START + timedelta(seconds=second), at,
         json.dumps(data))
        for n, (own, second, (kind, data)) in enumerate(log)
    ]  # fmt: skip
    if rows:
        await connection.execute(FILL, *map(list, zip(*rows, strict=True)))


@examples(12)
@given(log=_LOGS)
async def test_it_finds_what_a_loop_over_the_log_finds(
    connection: asyncpg.Connection, log: list[tuple[bool, int, tuple[str, dict[str, Any]]]]
) -> None:
    """Placed and paid, by every source, in their order, and it reads no other event: likes, comments, orders of others."""
    session = uuid4()
    await connection.execute(_OTHERS, session, START)
    await _insert(connection, session, log)
    await connection.execute("ANALYZE events")
    stored = await connection.fetch(
        "SELECT event_key, type, occurred_at, data::text FROM events WHERE session_id = $1 ORDER BY occurred_at, event_key",
        session,
    )
    for person in (*PEOPLE, "other 7"):
        found = await connection.fetch(EVENTS, session, person)
        assert [
            (row["event_key"], data["order"], row["type"] == "live.order.paid", row["occurred_at"])
            for row in stored
            if row["type"] in {"live.order.placed", "live.order.paid"}
            and (data := json.loads(row["data"])).get("buyer") == person
        ] == [(row["event_key"], row["order_id"], row["paid"], row["occurred_at"]) for row in found]
        read = [node for node in await nodes(connection, EVENTS, session, person) if node.get("Relation Name")]
        assert [] == [node for node in read if "buyer" not in node.get("Index Cond", node.get("Recheck Cond", ""))]
        assert len(found) == sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in read)
