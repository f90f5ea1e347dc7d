"""Citus takes every statement that has a name: it refuses some that PostgreSQL carries out, whatever the rows are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

import app.storage
from app.storage.queries import queries, statement
from tests.databases import CITUS

pytestmark = pytest.mark.skipif(not CITUS, reason="TALLYLIGHT_TEST_CITUS_URL names no Citus")

STORAGE = Path(app.storage.__file__).parent
VALUES: dict[str, Any] = {
    "uuid": UUID(int=1), "int2": 1, "int4": 1, "int8": 1, "numeric": 1, "float8": 1.0, "bool": True, "bytea": b"1" * 16, "oid": 1,
    "timestamptz": datetime(2026, 1, 1, tzinfo=UTC), "interval": timedelta(days=1), "date": datetime(2026, 1, 1, tzinfo=UTC).date(),
}  # fmt: skip
TEXTS = ("1", "{}", str(UUID(int=1)), "1/1", "sessions", "Asia/Tokyo", "2026-01")
"""What a text may have to be: a number, JSON, an id, a place in the log, a table, a zone, a month."""

ANOTHER_WAY = {"ingest/fold merge_orders"}
"""What `DistributedWrites` does by other statements."""


def arguments(statement: Any, text: str) -> list[Any]:
    """Return a value for each parameter."""
    names = [parameter.name for parameter in statement.get_parameters()]
    return [[VALUES.get(name[:-2], text)] if name.endswith("[]") else VALUES.get(name, text) for name in names]


async def answer(connection: asyncpg.Connection, sql: str, text: str) -> asyncpg.PostgresError | None:
    """Carry a statement out and roll it back; return its error."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        prepared = await connection.prepare(sql)
        await prepared.fetch(*arguments(prepared, text))
    except asyncpg.PostgresError as error:
        return error
    finally:
        await transaction.rollback()
    return None


async def test_citus_refuses_no_statement(database_url: str) -> None:
    """What a rebuild reads from tables of its own transaction is left to the tests of rebuilds; all others are carried out."""
    connection = await asyncpg.connect(database_url, server_settings={"citus.multi_shard_modify_mode": "sequential"})
    refused, tried = {}, 0
    for path in sorted(STORAGE.rglob("*.sql")):
        file = path.relative_to(STORAGE).with_suffix("").as_posix()
        for name in [] if file.startswith("schema/") else queries(file):
            for text in TEXTS:
                error = await answer(connection, statement(file, name).sql, text)
                if not isinstance(error, asyncpg.DataError):
                    break
            tried += not isinstance(error, (asyncpg.DataError, asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError))
            if isinstance(error, (asyncpg.FeatureNotSupportedError, asyncpg.InternalServerError)):
                refused[f"{file} {name}"] = str(error)
    await connection.close()
    assert ANOTHER_WAY == set(refused), refused
    assert tried > 420
