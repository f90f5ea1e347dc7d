"""Queries that write what is not in the log: parked events and dead letters.

In: rows in columns. Out: the rows that were new. Never here: what the rows mean, commits.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.joined import columns
from app.storage.queries import queries, statement

_UNPROCESSED = queries("ingest/unprocessed")
_STORE_DEAD_LETTERS = statement("ingest/unprocessed", "store_dead_letters")


class ParkedEvent(NamedTuple):
    """A parked event's digest, and whether it was parked just now."""

    digest: bytes | None
    new: bool


class UnprocessedQueries:
    """Writes parked events and dead letters, inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        """Write on this connection."""
        self.connection = connection

    async def lock_rooms(self, rooms: list[str]) -> None:
        """Lock `platform:room` names against a registration until the commit."""
        await self.connection.execute(_UNPROCESSED["lock_rooms"], rooms)

    async def rooms_parked_by(self, origins: Collection[str], rooms: Collection[str]) -> dict[str, tuple[int, set[str]]]:
        """Return for each sender its number of rooms with parked events, and those of these `platform:room` among them."""
        rows = await self.connection.fetch(_UNPROCESSED["rooms_parked_by"], sorted(origins), sorted(rooms))
        return {origin: (count, set(known or ())) for origin, count, known in rows}

    async def park_events(
        self, rows: list[tuple[str, str, str, bytes, str, str, bytes | None]], received_at: datetime
    ) -> dict[tuple[str, str, str, bytes], ParkedEvent]:
        """Park (platform, room, owner, key, origin, event JSON, digest); return what is stored, by the first four."""
        platform, room, owner, key, origin, event, digest = columns(rows, 7)
        found = await self.connection.fetch(
            _UNPROCESSED["park_events"], platform, room, owner, key, origin, received_at, event, digest
        )
        counts = Counter((row[0], row[1], row[2], row[4]) for row in found)
        if counts:
            await self.count_parked([(*place, counts[place]) for place in sorted(counts)], received_at)
        stored = {(row[0], row[1], row[2], row[3]): ParkedEvent(row["digest"], new=True) for row in found}
        if known := [row[:4] for row in rows if row[:4] not in stored]:
            present = await self.connection.fetch(_UNPROCESSED["parked_digests"], *columns(known, 4))
            stored |= {(row[0], row[1], row[2], row[3]): ParkedEvent(row["digest"], new=False) for row in present}
        return stored

    async def repeat_parked(self, keys: list[tuple[str, str, str, bytes]], import_id: UUID) -> None:
        """Note that an import brought parked events, (platform, room, owner, key), again."""
        await self.connection.execute(_UNPROCESSED["repeat_parked"], *columns(keys, 4), import_id)

    async def count_parked(self, rows: list[tuple[str, str, str, str, int]], received_at: datetime) -> None:
        """Add to the numbers of parked events: (platform, room, owner, origin, events)."""
        await self.connection.execute(_UNPROCESSED["count_parked"], *columns(rows, 5), received_at)

    async def store_dead_letters(self, rows: list[tuple[Any, ...]], received_at: datetime) -> None:
        """Keep (id, digest, brand, origin, type, subject, errors JSON, encrypted body)."""
        ids, digests, brands, origins, types, subjects, errors, bodies = columns(rows, 8)
        stored = _STORE_DEAD_LETTERS(
            ids=ids, digests=digests, brands=brands, origins=origins, types=types, subjects=subjects, errors=errors,
            bodies=bodies, received_at=received_at,
        )  # fmt: skip
        await self.connection.execute(*stored)
