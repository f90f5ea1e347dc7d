"""Queries of rebuilds: requests, progress, the events that arrive meanwhile.

In: sessions. Out: frozen rows. Never here: the fold, commits.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from app.storage.database import Connection
from app.storage.ingest.writes import LoggedEvent
from app.storage.queries import queries
from app.storage.session_locks import exclude_flushes

_SQL = queries("ingest/rebuilds")
JOB = "rebuild"
"""The queue's name of a job that rebuilds one session; its payload is the session's id."""


class SessionRow(NamedTuple):
    """What a rebuild must know of its session."""

    id: UUID
    brand_id: UUID
    currency: str
    rebuild: UUID | None
    """The rebuild that is under way."""


class RebuildRow(NamedTuple):
    """A session's last rebuild."""

    session_id: UUID
    requested: int
    """The number of requests for a rebuild of this session."""
    done: int
    """How many of them the figures include."""
    reason: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    events_read: int
    events_total: int | None
    failures: int
    """Failures in a row."""

    @property
    def state(self) -> str:
        """Return `waiting`, `running` or `done`."""
        if self.done >= self.requested:
            return "done"
        return "waiting" if self.started_at is None or self.finished_at is not None else "running"


async def request(connection: Connection, sessions: Collection[UUID], reason: str) -> dict[UUID, int]:
    """Request rebuilds in the caller's transaction; return session → number of the request."""
    return {row[0]: row[1] for row in await connection.fetch(_SQL["request"], sorted(sessions), reason)}


async def request_again(connection: Connection, sessions: Collection[UUID]) -> dict[UUID, int]:
    """Do the same for those of the sessions whose rebuild is pending already."""
    return {row[0]: row[1] for row in await connection.fetch(_SQL["request_again"], sorted(sessions))}


async def count_up_to(connection: Connection, session: UUID, most: int) -> int:
    """Return the number of a session's events, but no more than `most`."""
    return int(await connection.fetchval(_SQL["count_up_to"], session, most))


async def enqueue(connection: Connection, sessions: Collection[UUID]) -> None:
    """Enqueue the jobs of pending rebuilds; a session that has a job gets no second one."""
    await connection.execute(_SQL["enqueue"], sorted(sessions), JOB)


async def due(connection: Connection, limit: int) -> list[UUID]:
    """Return sessions whose rebuild may start, the oldest request first."""
    return [row[0] for row in await connection.fetch(_SQL["due"], limit)]


async def forget(connection: Connection, session: UUID) -> None:
    """Remove the rebuild of a session that was deleted, or whose log was dropped."""
    await connection.execute(_SQL["forget"], session)


async def rebuild(connection: Connection, session: UUID, brand: UUID | None) -> RebuildRow | None:
    """Return the last rebuild of a session that this brand may see."""
    row = await connection.fetchrow(_SQL["rebuild"], session, brand)
    return None if row is None else RebuildRow(*row)


async def pending(connection: Connection, brand: UUID | None, after: UUID | None, limit: int) -> list[RebuildRow]:
    """Return rebuilds that are not done, by session."""
    return [RebuildRow(*row) for row in await connection.fetch(_SQL["pending_rebuilds"], brand, after, limit)]


async def take_turn(connection: asyncpg.Connection, session: UUID, *, wait: bool) -> bool:
    """Become the only rebuild of a session until the connection ends; return False if another runs and `wait` is false.

    Raises:
        asyncpg.LockNotAvailableError: another rebuild runs for too long.
    """
    if wait:
        await connection.execute(_SQL["wait_for_turn"], str(session))
        return True
    return bool(await connection.fetchval(_SQL["try_turn"], str(session)))


async def requested(connection: Connection, session: UUID) -> int | None:
    """Return the number of the last request if the rebuild is pending."""
    found: int | None = await connection.fetchval(_SQL["requested"], session)
    return found


async def lock_session(connection: Connection, session: UUID) -> SessionRow | None:
    """Lock a session against flushes, voids and deletion until the commit."""
    await exclude_flushes(connection, [session])
    row = await connection.fetchrow(_SQL["lock_session"], session)
    return None if row is None else SessionRow(*row)


async def count_events(connection: Connection, session: UUID) -> int:
    """Return how many events a session has."""
    return int(await connection.fetchval(_SQL["count_events"], session))


async def count_valid_events(connection: Connection, session: UUID) -> int:
    """Return how many events a session has, without voided ones."""
    return int(await connection.fetchval(_SQL["count_valid_events"], session))


async def start(connection: Connection, session: UUID, mark: UUID, events: int) -> None:
    """Record that a rebuild of a locked session starts; from the commit on, flushes note the session's events."""
    await connection.execute(_SQL["forget_arrived"], session)
    await connection.execute(_SQL["mark_session"], session, mark)
    await connection.execute(_SQL["start"], session, events)


async def interrupt(connection: Connection, session: UUID) -> None:
    """Let a rebuild that is under way give its fold up: events that it may have read left the log. The session is locked."""
    await connection.execute(_SQL["mark_session"], session, None)


async def progress(connection: Connection, session: UUID, events_read: int) -> None:
    """Record how many events a rebuild has read."""
    await connection.execute(_SQL["progress"], session, events_read)


async def finish(connection: Connection, session: UUID, request: int, events_read: int) -> None:
    """Record that the figures include this request and all before it."""
    await connection.execute(_SQL["forget_arrived"], session)
    await connection.execute(_SQL["finish"], session, request, events_read)


async def fail(connection: Connection, session: UUID) -> None:
    """Record a failure; the next attempt is made after a pause."""
    await connection.execute(_SQL["fail"], session)


async def take_arrived(connection: Connection, session: UUID, limit: int) -> list[bytes]:
    """Remove events that were logged meanwhile from the list, and return their keys."""
    return [row[0] for row in await connection.fetch(_SQL["arrived"], session, limit)]


async def valid_events(connection: Connection, session: UUID, keys: Sequence[bytes]) -> list[LoggedEvent]:
    """Return events of the log by their keys, without voided ones."""
    return [LoggedEvent(*row) for row in await connection.fetch(_SQL["valid_events"], session, keys)]


async def note_events(connection: Connection, events: Sequence[tuple[UUID, bytes]]) -> None:
    """Note (session, key) of events that are logged while their session is being rebuilt."""
    sessions, keys = zip(*sorted(events), strict=True)
    await connection.execute(_SQL["note_events"], sessions, keys)
