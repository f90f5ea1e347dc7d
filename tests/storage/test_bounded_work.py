"""Statements whose work must not grow with what they are not asked for: rows that they touch are counted, not seconds.

In: rows by SQL. Out: counts of rows and loops of executed plans. Never here: figures, which the tests of each document compare.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest_asyncio

from app.storage.queries import queries
from tests.databases import plain_only

pytestmark = plain_only("the plan of a distributed table is that of each shard")
BRAND, SESSION = UUID(int=1), UUID(int=2)


@pytest_asyncio.fixture
async def connection(emptied_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect to a database that holds a brand and a session."""
    opened = await asyncpg.connect(emptied_url)
    await opened.execute("INSERT INTO brands (id, slug, name) VALUES ($1, 'b', 'B')", BRAND)
    await opened.execute(
        "INSERT INTO sessions (id, brand_id, title, kind, currency, time_zone) VALUES ($1, $2, 's', 'live', 'CNY', 'Asia/Tokyo')",
        SESSION, BRAND,
    )  # fmt: skip
    yield opened
    await opened.close()


async def nodes(connection: asyncpg.Connection, sql: str, *values: object) -> list[dict[str, Any]]:
    """Execute a statement and return the nodes of its plan."""
    (row,) = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
    return list(_below(json.loads(row[0])[0]["Plan"]))


def _below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _below(part)


async def test_lead_times_read_the_aliases_of_a_brand_once(connection: asyncpg.Connection) -> None:
    """Of 300 orders and 200 aliases 200 rows are read, not 60,000."""
    await connection.execute(
        "INSERT INTO products (id, brand_id, code) SELECT gen_random_uuid(), $1, 'p-' || n FROM generate_series(1, 200) AS n",
        BRAND,
    )
    await connection.execute(
        "INSERT INTO product_aliases (brand_id, alias, product_id) SELECT brand_id, 'alias of ' || code, id FROM products"
    )
    await connection.execute(
        "INSERT INTO orders (session_id, platform, order_id, told_rank, told_at, told_key, lines, refunded_amount, paid_at) "
        """SELECT $1, 'wechat', n::text, 0, now(), '', '[{"product": "alias of p-1", "quantity": 1}]', 0, now() """
        "FROM generate_series(1, 300) AS n", SESSION,
    )  # fmt: skip
    await connection.execute("ANALYZE")
    plan = await nodes(connection, queries("backoffice/lead_times")["lead_times"], SESSION, BRAND, 100)
    (aliases,) = [node for node in plan if node.get("CTE Name") == "codes" and node["Node Type"] == "CTE Scan"]
    assert (1, 200) == (aliases["Actual Loops"], aliases["Actual Rows"])
