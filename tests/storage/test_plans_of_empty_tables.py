"""Plans that are made while the tables are empty: PostgreSQL uses them until it has counted the rows.

Of empty tables each row costs the same to find: a join of the log by session and event was one by the session alone, with all
events of the session read for each order of a flush, until statistics of a running show made it plan again.
"""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import app.storage
from app.storage.database import ONE_PLAN
from app.storage.pool.connector import SERVER_SETTINGS
from app.storage.queries import queries, statement
from tests.databases import plain_only

pytestmark = plain_only("Citus plans on its nodes")

STORAGE = Path(app.storage.__file__).parent
LEFT_OUT = {
    "expire_comment_text",  # takes events of the whole log by their number, once a night, when its rows were counted long ago
    "first_entries",  # for Citus alone
}
_KEYS = ("event_key", "ended_key")
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


async def _plans(connection: asyncpg.Connection) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the nodes of each statement that can be planned without tables of its own transaction."""
    for path in sorted(STORAGE.rglob("*.sql")):
        file = str(path.relative_to(STORAGE).with_suffix(""))
        for name in queries(file):
            try:
                plan = await connection.fetchval("SELECT * FROM pg_temp.plan($1)", statement(file, name).sql)
            except asyncpg.SyntaxOrAccessError:
                continue
            yield name, list(_nodes(json.loads(plan)[0]["Plan"]))


async def test_no_statement_compares_keys_of_all_events(connection: asyncpg.Connection) -> None:
    """An event is looked up by its key, in the index of each part of the log, and not by a filter of what a session has."""
    looked_up, compared = 0, []
    async for name, nodes in _plans(connection):
        looked_up += sum(
            one.get("Relation Name", "").startswith("events_") and "event_key =" in one.get("Index Cond", "") for one in nodes
        )
        if name not in LEFT_OUT and any(f"{key} =" in one.get("Join Filter", "") for one in nodes for key in _KEYS):
            compared.append(name)
    assert [] == compared
    assert looked_up > 20
