"""Locks of sessions between flushes and what excludes them: deletion, rebuilds, voids, changes of what the fold reads.

In: a connection inside its transaction, sessions. Out: locks until the commit. Never here: locks between two of those that
exclude flushes, which are the rows' own.

On one PostgreSQL a flush locks the rows of its sessions (`append.sql`). Citus has a copy of the catalogue on every node, and to
lock one row of it is to lock the table: a rebuild would hold up the events of all sessions. There a flush takes an advisory lock
for each session instead, on the coordinator, which every statement passes.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("session_locks")


async def exclude_flushes(connection: Connection, sessions: Sequence[UUID]) -> None:
    """Wait for the running flushes of sessions, and exclude further ones, where the lock of their rows does not."""
    await connection.execute(_SQL["exclude"], sorted(map(str, sessions)))


async def exclude_flushes_of_brand(connection: Connection, brand: UUID) -> None:
    """The same for all sessions of a brand."""
    await exclude_flushes(connection, [row["id"] for row in await connection.fetch(_SQL["sessions_of_brand"], brand)])


async def exclude_flushes_between(connection: Connection, first: UUID, until: UUID) -> None:
    """The same for all sessions with ids in a half-open range."""
    await exclude_flushes(connection, [row["id"] for row in await connection.fetch(_SQL["sessions_between"], first, until)])


async def exclude_flushes_of(connection: AsyncConnection, session: UUID) -> None:
    """The same on a connection of the catalogue."""
    await connection.execute(
        text(_SQL["exclude"].replace("$1::text[]", "CAST(:sessions AS text[])")), {"sessions": [str(session)]}
    )


async def try_hold(connection: Connection, sessions: Sequence[UUID]) -> set[UUID]:
    """Hold sessions for a flush until the commit, without waiting; return those that nothing excludes."""
    return {row["id"] for row in await connection.fetch(_SQL["try_hold"], sorted(map(str, sessions)))}


async def hold(connection: Connection, sessions: Sequence[UUID]) -> None:
    """Hold sessions for a flush until the commit."""
    await connection.execute(_SQL["hold"], sorted(map(str, sessions)))
