"""Statements whose work must not grow with what they are not asked for: rows that they touch are counted, not seconds.

In: rows by SQL. Out: counts of rows and loops of executed plans. Never here: figures, which the tests of each document compare.
"""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from app.storage.backoffice.brand_orders import BEFORE_ALL, BrandOrderFilter, brand_orders
from app.storage.queries import queries
from tests.databases import plain_only
from tests.storage.executed_plans import nodes

pytestmark = plain_only("the plan of a distributed table is that of each shard")
BRAND, SESSION, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


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


async def _sell(connection: asyncpg.Connection) -> None:
    """Have 1,500 customers buy twice each, in rows as wide as those of real orders."""
    await connection.execute(
        "INSERT INTO orders (session_id, platform, order_id, told_rank, told_at, told_key, buyer, lines, refunded_amount, paid_at) "
        "SELECT $1, 'wechat', n::text, 0, now(), '', md5((n % 1500)::text), "
        """json_build_array(json_build_object('product', repeat('p', 400), 'quantity', 1)), 0, now() - n * interval '1 minute' """
        "FROM generate_series(1, 3000) AS n", SESSION,
    )  # fmt: skip
    await connection.execute("VACUUM ANALYZE orders")
    # VACUUM leaves out what an open transaction may not see yet.
    await connection.execute("UPDATE pg_class SET relallvisible = relpages WHERE oid = 'orders'::regclass")


@pytest.mark.parametrize(
    ("file", "name", "values"),
    [
        ("backoffice/customers", "page", (None, None, None, None, 51)),
        ("backoffice/customers", "cohorts", ()),
        ("reports/months", "customers", (["2021-09"],)),
    ],
)
async def test_customers_are_counted_in_an_index(
    connection: asyncpg.Connection, file: str, name: str, values: tuple[object, ...]
) -> None:
    """All orders of a brand are passed, none of them is read."""
    await _sell(connection)
    # Of a table as small as this one the planner prefers to read all.
    await connection.execute("SET enable_seqscan = off")
    await connection.execute("SET enable_bitmapscan = off")
    plan = await nodes(connection, queries(file)[name], BRAND, *values)
    (orders,) = [node for node in plan if node.get("Relation Name") == "orders"]
    assert ("Index Only Scan", "orders_buyer_session_id") == (orders["Node Type"], orders["Index Name"])


async def test_a_page_of_customers_computes_the_pseudonyms_of_its_rows(connection: asyncpg.Connection) -> None:
    """Not those of all customers: of 1,500 the 51 who can be on the page are named."""
    await _sell(connection)
    plan = await nodes(connection, queries("backoffice/customers")["page"], BRAND, None, None, None, None, 51)
    (sort,) = [node for node in plan if node["Node Type"] == "Sort" and any("sha256" in key for key in node["Sort Key"])]
    assert 51 == sum(part["Actual Rows"] for part in sort["Plans"])


@pytest.mark.parametrize(
    ("file", "name", "values"),
    [
        ("backoffice/customers", "amounts", ([f"{1:032}"],)),
        ("backoffice/customers", "orders", ([f"{1:032}"], None, None, None, 51)),
        ("backoffice/forgetting", "sessions", (f"{1:032}",)),
    ],
)
async def test_the_orders_of_a_customer_are_found_by_the_buyer(
    connection: asyncpg.Connection, file: str, name: str, values: tuple[object, ...]
) -> None:
    """No order of another customer is read."""
    await _sell(connection)
    plan = await nodes(connection, queries(file)[name], BRAND, *values)
    (orders,) = [node for node in plan if node.get("Relation Name") == "orders"]
    (index,) = [node for node in plan if node.get("Index Name") == "orders_buyer_session_id"]
    assert "buyer" in index["Index Cond"]
    assert 0 == orders["Actual Rows"] + orders.get("Rows Removed by Filter", 0)


async def test_orders_of_a_brand_are_found_without_those_of_others(
    connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose sessions are older, and have thirty times as many: of the 100 orders of its own the brand's page reads 100.

    Its pages are the same if a statement looks into fewer sessions than the brand has.
    """
    await _sell(connection)
    await connection.execute("INSERT INTO brands (id, slug, name) VALUES ($1, 'other', 'Other')", OTHER)
    await connection.execute(
        "INSERT INTO sessions (id, brand_id, title, kind, currency, time_zone) "
        "SELECT gen_random_uuid(), $1, 's', 'live', 'CNY', 'Asia/Tokyo' FROM generate_series(1, 10)", OTHER,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO orders (session_id, platform, order_id, told_rank, told_at, told_key, refunded_amount, paid_at) "
        "SELECT s.id, 'wechat', n::text, 0, now(), '', 0, now() FROM sessions s, generate_series(1, 10) AS n WHERE s.brand_id = $1",
        OTHER,
    )  # fmt: skip
    await connection.execute("VACUUM ANALYZE orders, sessions")
    read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'orders'"
    # A process counts for itself until it is asked to hand over.
    await connection.execute("SELECT pg_stat_force_next_flush()")
    before = await connection.fetchval(read)
    found = await brand_orders(connection, OTHER, BrandOrderFilter(), BEFORE_ALL, 201)
    await connection.execute("SELECT pg_stat_force_next_flush()")
    assert (100, 100) == (len(found), await connection.fetchval(read) - before)
    monkeypatch.setattr("app.storage.backoffice.brand_orders._LOOKED_INTO", 3)
    pages, after = [], BEFORE_ALL
    while page := await brand_orders(connection, OTHER, BrandOrderFilter(), after, 7):
        pages += page
        after = page[-1].session, page[-1].row.platform, page[-1].row.order_id
    assert found == pages
