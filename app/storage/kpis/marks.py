"""The queries of marks: hosts who begin, and what happened.

In: rows of the fold, a session's id. Out: frozen rows. Never here: commits, who may read them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from app.events.contributions import Mark
from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("kpis/marks")


class MarkRow(NamedTuple):
    """A mark of a session."""

    at: datetime
    kind: Literal["host", "mark"]
    name: str
    """The host's name, or the mark's label."""
    text: str | None
    until: datetime | None
    platform: str


async def add(connection: Connection, rows: Sequence[tuple[UUID, int, bytes, str, Mark]]) -> None:
    """Add marks: (session, microseconds since 1970, event, platform, mark), sorted by key."""
    sessions, moments, events, platforms, found = zip(*rows, strict=True)
    kinds, names, texts, untils = zip(*found, strict=True)
    await connection.execute(_SQL["add"], sessions, moments, events, platforms, kinds, names, texts, untils)


async def delete(connection: Connection, keys: Sequence[tuple[UUID, int, bytes]]) -> None:
    """Delete marks: (session, microseconds since 1970, event)."""
    await connection.fetch(_SQL["delete"], *zip(*keys, strict=True))


async def of_session(
    connection: Connection, session: UUID, begin: datetime, end: datetime, limit: int
) -> tuple[list[MarkRow], int]:
    """Return the first hosts and marks of a time range in order of time, and how many there are."""
    rows = await connection.fetch(_SQL["of_session"], session, begin, end, limit)
    return [MarkRow(*row[:-1]) for row in rows], rows[0]["total"] if rows else 0


async def latest(connection: Connection, session: UUID, labels: Sequence[str], limit: int) -> list[MarkRow]:
    """Return, in order of time, the latest hosts and marks, the latest of them with these labels, and the latest host."""
    return [MarkRow(*row[:-1]) for row in await connection.fetch(_SQL["latest"], session, list(labels), limit)]
