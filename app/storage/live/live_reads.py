"""The queries of the live stream: what changed among the watched sessions, and what only alerts need.

In: sessions' ids. Out: fingerprints to compare, frozen rows. Never here: formulas, writes, JSON.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_READS = queries("live/live_reads")

Fingerprint = frozenset[tuple[str, int]]
"""Two equal fingerprints: nothing changed between them."""


class OpenRequests(NamedTuple):
    """Support requests without an answer."""

    waiting: int
    since: datetime | None
    """When the first of them came."""


async def fingerprints(connection: Connection, sessions: Sequence[UUID]) -> dict[UUID, Fingerprint]:
    """Return the fingerprint of each session that exists, in one query however many they are."""
    found: dict[UUID, set[tuple[str, int]]] = {}
    for session, part, mark in await connection.fetch(_READS["fingerprints"], list(sessions)):
        found.setdefault(session, set()).add((part, int(mark)))
    return {session: frozenset(parts) for session, parts in found.items() if any(part == "session" for part, _ in parts)}


async def open_requests(connection: Connection, session: UUID, begin: datetime, end: datetime) -> OpenRequests:
    """Return the requests between two moments, both left out, that wait for their answer."""
    row = await connection.fetchrow(_READS["open_requests"], session, begin, end)
    assert row is not None
    return OpenRequests(*row)
