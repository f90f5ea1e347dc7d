"""Readiness of the database: write a row and roll it back.

In: a database. Out: its version and revision, or the reason why it takes no writes. Never here: the writer, the worker.

A server that answers `SELECT` may still refuse every event: its disk is full, it is read-only, a table is locked. The result is
cached for a second, so that frequent probes cost one write a second.
"""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from app.storage.database import Connection, Database
from app.storage.queries import queries
from app.storage.transient_errors import UNREACHABLE

_SQL = queries("operations/readiness")
_CACHE_SECONDS = 1.0
_PROBE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What a probe found."""

    version: str | None = None
    revision: str | None = None
    note: str | None = None
    """What the last migration noted of the versions that may go on."""
    fault: str | None = None
    """Why the database takes no writes; None where it does."""


class WriteProbe:
    """Probes one database; concurrent callers share a probe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._probe: asyncio.Task[DatabaseState] | None = None
        self._ended = 0.0

    async def state(self) -> DatabaseState:
        """Return a state that is at most a second old; within about three seconds."""
        if self._probe is None or (self._probe.done() and time.monotonic() - self._ended > _CACHE_SECONDS):
            self._probe = asyncio.create_task(self._run(), name="readiness")
        # Shielded: a caller that leaves must not end the probe of the others.
        return await asyncio.shield(self._probe)

    async def _run(self) -> DatabaseState:
        try:
            async with asyncio.timeout(_PROBE_SECONDS), self._database.acquire() as connection:
                return await _written(connection)
        except UNREACHABLE:
            return DatabaseState(fault="the database is unreachable")
        except asyncpg.PostgresError as error:
            return DatabaseState(fault=f"the database refuses to write ({type(error).__name__})")
        finally:
            self._ended = time.monotonic()


async def _written(connection: Connection) -> DatabaseState:
    transaction = connection.transaction()
    await transaction.start()
    try:
        found = await connection.fetchrow(_SQL["state"])
        await connection.execute(_SQL["limit_waits"])
        await connection.execute(_SQL["lock_tables"])
        await connection.fetch(_SQL["write"])
    finally:
        await transaction.rollback()
    return (
        DatabaseState(found["version"], found["revision"], found["note"])
        if found
        else DatabaseState(fault="the database has no schema")
    )
