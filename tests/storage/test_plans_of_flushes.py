"""Plans that flushes keep: PostgreSQL makes them while the tables are empty, and uses them until it has counted the rows.

Of empty tables each row costs the same to find: a join of the log by two columns was one by the session alone, with all events of
the session read for each order, until statistics of a running show made it plan again.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from app.storage.database import ONE_PLAN
from app.storage.pool.connector import SERVER_SETTINGS
from app.storage.queries import statement
from tests.databases import plain_only

pytestmark = plain_only("Citus plans on its nodes")
_PLAN = """
CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF json LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'EXPLAIN (GENERIC_PLAN, FORMAT JSON) ' || statement;
END $$
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to an empty database, with the settings of a flush's."""
    opened = await asyncpg.connect(database_url, server_settings=SERVER_SETTINGS | ONE_PLAN)
    await opened.execute(_PLAN)
    yield opened
    await opened.close()


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _nodes(part)


async def test_an_order_looks_up_one_event(connection: asyncpg.Connection) -> None:
    """The arrival of its buyer is found by the key of the event, in each part of the log."""
    plan = await connection.fetchval("SELECT * FROM pg_temp.plan($1)", statement("ingest/fold", "merge_orders").sql)
    found = [node for node in _nodes(json.loads(plan)[0]["Plan"]) if node.get("Relation Name", "").startswith("events_")]
    assert found
    for node in found:
        assert "event_key = " in node.get("Index Cond", ""), node
