"""Queries of voids, one function each.

In: a session's id, event keys, who voids and why. Out: frozen rows, keys. Never here: figures, commits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.ingest.writes import LoggedEvent
from app.storage.queries import queries
from app.storage.session_locks import exclude_flushes

_SQL = queries("ingest/voids")


class SessionRow(NamedTuple):
    """What a void must know of its session."""

    id: UUID
    brand_id: UUID
    currency: str


class VoidReason(NamedTuple):
    """Why, by whom and when."""

    reason: str
    by: str
    at: datetime


class VoidRow(NamedTuple):
    """A void: of one event (`source`, `event`), or of one import."""

    id: UUID
    source: str | None
    event: str | None
    import_id: UUID | None
    reason: str
    by: str
    at: datetime
    events: int
    """Events that it takes out."""


async def lock_session(connection: Connection, session: UUID, brand: UUID | None) -> SessionRow | None:
    """Lock a session against flushes, rebuilds and other voids; None if it does not exist for this brand."""
    await exclude_flushes(connection, [session])
    row = await connection.fetchrow(_SQL["lock_session"], session, brand)
    return None if row is None else SessionRow(*row)


async def exists(connection: Connection, session: UUID, brand: UUID | None) -> bool:
    """Tell whether the session exists for this brand."""
    return await connection.fetchval(_SQL["find_session"], session, brand) is not None


async def event_void(connection: Connection, session: UUID, source: str, event: str) -> UUID | None:
    """Return the void of one event."""
    found: UUID | None = await connection.fetchval(_SQL["event_void"], session, source, event)
    return found


async def import_void(connection: Connection, session: UUID, import_id: UUID) -> UUID | None:
    """Return the void of an import."""
    found: UUID | None = await connection.fetchval(_SQL["import_void"], session, import_id)
    return found


async def is_logged(connection: Connection, session: UUID, key: bytes) -> bool:
    """Tell whether the session's log holds an event."""
    return await connection.fetchval(_SQL["logged_key"], session, key) is not None


async def has_import(connection: Connection, session: UUID, import_id: UUID) -> bool:
    """Tell whether an import brought events to the session."""
    return bool(await connection.fetchval(_SQL["has_import"], session, import_id))


async def import_keys(connection: Connection, session: UUID, import_id: UUID) -> list[bytes]:
    """Return the events that no other valid import brought."""
    return [row[0] for row in await connection.fetch(_SQL["import_keys"], session, import_id)]


async def add_void(
    connection: Connection, session: UUID, void: UUID, what: tuple[str | None, str | None, UUID | None], reason: VoidReason
) -> None:
    """Record a void of `what`: the source and id of an event, or the id of an import."""
    await connection.execute(_SQL["add_void"], session, void, *what, *reason)


async def mark_events(connection: Connection, session: UUID, keys: Sequence[bytes], void: UUID) -> list[bytes]:
    """Mark events as void; return those that were valid until now."""
    known = {row[0] for row in await connection.fetch(_SQL["already_void"], session, keys, void)}
    marked = await connection.fetch(_SQL["mark_events"], session, keys, void)
    return sorted(row[0] for row in marked if row[0] not in known)


async def remove_void(connection: Connection, session: UUID, void: UUID) -> list[bytes] | None:
    """Remove a void; return the events that are valid again, None if there is no such void."""
    row = await connection.fetchrow(_SQL["void"], session, void)
    if row is None:
        return None
    import_id = VoidRow(*row).import_id
    if import_id is None:
        freed = await connection.fetch(_SQL["unmark_events"], session, void)
    else:
        freed = await connection.fetch(_SQL["unmark_import"], session, import_id)
    await connection.fetch(_SQL["remove_void"], session, void)
    keys = sorted({row[0] for row in freed})
    still = {row[1] for row in await connection.fetch(_SQL["still_void"], [session] * len(keys), keys)}
    return [key for key in keys if key not in still]


async def page(connection: Connection, session: UUID, after: tuple[datetime, UUID] | None, limit: int) -> list[VoidRow]:
    """Return voids after (at, id), the newest first."""
    at, void = after or (None, None)
    return [VoidRow(*row) for row in await connection.fetch(_SQL["page"], session, at, void, limit)]


async def void(connection: Connection, session: UUID, void: UUID) -> VoidRow | None:
    """Return one void."""
    row = await connection.fetchrow(_SQL["void"], session, void)
    return None if row is None else VoidRow(*row)


async def owned_members(connection: Connection, session: UUID, claims: Sequence[tuple[str, bytes]], keys: Sequence[bytes]) -> int:
    """Return how many of the claims, as (set, member), one of these events owns."""
    sets, members = zip(*claims, strict=True)
    return int(await connection.fetchval(_SQL["owned_members"], session, sets, members, keys))


async def sampling_events(
    connection: Connection, session: UUID, other_types: Sequence[str], after: bytes, limit: int
) -> list[LoggedEvent]:
    """Return valid events that are not of these types, after a key, in the order of their keys."""
    rows = await connection.fetch(_SQL["sampling_events"], session, other_types, after, limit)
    return [LoggedEvent(*row) for row in rows]


async def delete_samples(connection: Connection, keys: Sequence[tuple[UUID, int, str, datetime, str, str, str]]) -> None:
    """Delete gauges: (session, grain, key, bucket, platform, room, metric)."""
    if keys:
        await connection.fetch(_SQL["delete_samples"], *zip(*keys, strict=True))


async def set_clock(connection: Connection, session: UUID, started_at: datetime | None, ended_at: datetime | None) -> None:
    """Set the start and the end of a session."""
    await connection.execute(_SQL["set_clock"], session, started_at, ended_at)
