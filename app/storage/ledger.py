"""The write side's queries, one method each, on a connection inside its transaction.

In: rows in columns. Out: the rows that were new. Never here: what the rows mean, commits.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_FOLD = queries("fold")
_ASIDE = queries("setaside")


class SessionRow(NamedTuple):
    """What the fold needs of a session."""

    id: UUID
    brand_id: UUID
    currency: str
    catalogue_version: int
    platforms: list[str]
    rooms: list[str]


class LoggedEvent(NamedTuple):
    """An event as the log holds it; `data` is JSON text."""

    session_id: UUID
    event_key: bytes
    id: str
    source: str
    type: str
    platform: str
    room: str
    occurred_at: datetime
    data: str


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Turn rows into columns, for unnest."""
    turned = [list(column) for column in zip(*rows, strict=True)]
    return turned or [[] for _ in range(width)]


class Ledger:
    """Writes what a batch contributes. Rows come sorted by key, so that two writers lock them in the same order."""

    def __init__(self, connection: Connection) -> None:
        """Write on this connection."""
        self._connection = connection

    async def lock_sessions(self, ids: list[UUID], platforms: list[str], rooms: list[str]) -> list[SessionRow]:
        """Return the sessions named by id or by stream, held until the commit."""
        rows = await self._connection.fetch(_FOLD["lock_sessions"], ids, platforms, rooms)
        return [SessionRow(*row) for row in rows]

    async def brand_aliases(self, brand_id: UUID) -> dict[str, str]:
        """Return alias → code."""
        return {row[0]: row[1] for row in await self._connection.fetch(_FOLD["brand_aliases"], brand_id)}

    async def insert_events(self, rows: list[LoggedEvent], received_at: datetime) -> set[bytes]:
        """Append to the log; return key and session, as bytes, of the rows that were new."""
        *first, data = columns(rows, 9)
        found = await self._connection.fetch(_FOLD["insert_events"], *first, received_at, data)
        return {event_key + session.bytes for session, event_key in found}

    async def claim_members(
        self, rows: list[tuple[UUID, str, bytes, datetime, bytes]]
    ) -> list[tuple[UUID, str, bytes, bytes | None]]:
        """Return (session, set, member, superseded event or None) of the claims that succeeded."""
        return [tuple(row) for row in await self._connection.fetch(_FOLD["claim_members"], *columns(rows, 5))]

    async def claim_customers(
        self, rows: list[tuple[UUID, bytes, UUID, datetime, bytes]]
    ) -> list[tuple[bytes, UUID, UUID | None, bytes | None]]:
        """Return (member, session, superseded session, superseded event) of the claims that succeeded."""
        return [tuple(row) for row in await self._connection.fetch(_FOLD["claim_customers"], *columns(rows, 5))]

    async def logged_events(self, keys: list[tuple[UUID, bytes]]) -> list[LoggedEvent]:
        """Return events of the log by (session, key)."""
        rows = await self._connection.fetch(_FOLD["logged_events"], *columns(keys, 2))
        return [LoggedEvent(*row) for row in rows]

    async def add_counters(self, rows: list[tuple[Any, ...]]) -> None:
        """Add to sums: (session, grain, key, bucket, platform, metric, value)."""
        await self._connection.execute(_FOLD["add_counters"], *columns(rows, 7))

    async def drop_zeros(self, keys: list[tuple[Any, ...]]) -> None:
        """Remove those of these sums that came down to zero: (session, grain, key, bucket, platform, metric)."""
        await self._connection.fetch(_FOLD["drop_zeros"], *columns(keys, 6))

    async def take_samples(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge samples: (session, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest)."""
        await self._connection.execute(_FOLD["take_samples"], *columns(rows, 11))

    async def patch_orders(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge orders; 19 columns, as in fold.sql."""
        await self._connection.execute(_FOLD["patch_orders"], *columns(rows, 19))

    async def stretch_spans(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge spans; return them with their values after and before."""
        return [tuple(row) for row in await self._connection.fetch(_FOLD["stretch_spans"], *columns(rows, 8))]

    async def set_session_clocks(self, rows: list[tuple[UUID, datetime | None, datetime | None]]) -> None:
        """Widen the sessions' begin and end."""
        await self._connection.execute(_FOLD["set_session_clock"], *columns(rows, 3))

    async def lock_rooms(self, rooms: list[str]) -> None:
        """Hold `platform:room` names against a registration until the commit."""
        await self._connection.execute(_ASIDE["lock_rooms"], rooms)

    async def park(self, rows: list[tuple[str, str, str, bytes, str]], received_at: datetime) -> set[tuple[str, str, bytes]]:
        """Keep (platform, room, owner, key, event JSON); return (platform, room, key) of the new ones."""
        platform, room, owner, key, event = columns(rows, 5)
        found = await self._connection.fetch(_ASIDE["park"], platform, room, owner, key, received_at, event)
        return {(row[0], row[1], row[3]) for row in found}

    async def keep_letters(self, rows: list[tuple[Any, ...]], received_at: datetime) -> None:
        """Keep (id, digest, brand, origin, type, subject, errors JSON, sealed body)."""
        await self._connection.execute(_ASIDE["keep_letters"], *columns(rows, 8)[:8], received_at)
