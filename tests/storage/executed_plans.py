"""Plans of statements that were executed.

In: a connection, a statement. Out: the nodes of its plan, with the rows that each touched. Never here: tests.
"""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg


async def nodes(connection: asyncpg.Connection, sql: str, *values: object) -> list[dict[str, Any]]:
    """Execute a statement and return the nodes of its plan."""
    (row,) = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
    return list(_below(json.loads(row[0])[0]["Plan"]))


def _below(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _below(part)
