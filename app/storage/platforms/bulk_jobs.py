"""Queries of bulk jobs: work on all dead letters of a filter, or all parked events of a room.

In: filters, progress. Out: frozen rows. Never here: the work.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries, statement

_SQL = queries("platforms/jobs")
EXPIRE = _SQL["expire"]
"""Deletes at most `$2` jobs that ended before `$1`; returns their number."""
_GROUPS = queries("platforms/dead_letter_groups")
_MATCHING = statement("platforms/dead_letter_groups", "matching")
_COUNT_MATCHING = statement("platforms/dead_letter_groups", "count_matching")
JOB = "bulk"
"""The queue's name of a bulk job."""


class DeadLetterMatch(NamedTuple):
    """Which dead letters; None lets everything through."""

    brand: UUID | None = None
    group: str | None = None
    origin: str | None = None
    type: str | None = None
    code: str | None = None


class DeadLetterGroup(NamedTuple):
    """Dead letters of one cause."""

    group: str
    origin: str
    type: str | None
    code: str
    pointer: str
    detail: str
    number: int
    first_at: datetime
    last_at: datetime
    newest: UUID


class NewJob(NamedTuple):
    """A job to create."""

    id: UUID
    kind: str
    brand: UUID | None
    filter: str
    """JSON."""
    requested_by: str
    same: str
    """The same of two jobs that do the same."""
    requested_at: datetime
    total: int


class WorkRow(NamedTuple):
    """A job as its worker needs it."""

    id: UUID
    kind: str
    brand: UUID | None
    filter: str
    """JSON."""
    until: datetime
    """What was received later is left alone: a dead letter that is rejected again is received again."""
    cursor_at: datetime | None
    cursor_id: UUID | None
    cancelled: bool
    finished_at: datetime | None


class JobRow(NamedTuple):
    """A job as its requester sees it."""

    id: UUID
    kind: str
    filter: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    total: int
    done: int
    succeeded: int
    failed: int
    cancelled: bool
    error: str | None


async def groups(connection: Connection, brand: UUID | None, read: int, limit: int) -> list[DeadLetterGroup]:
    """Return dead letters by cause, the cause of the newest one first; no more than `read` dead letters are looked at."""
    return [DeadLetterGroup(*row) for row in await connection.fetch(_GROUPS["groups"], brand, read, limit)]


async def count_dead_letters(connection: Connection, wanted: DeadLetterMatch, until: datetime) -> int:
    """Return how many dead letters a filter names."""
    return int(await connection.fetchval(*_COUNT_MATCHING(**wanted._asdict(), until=until)))


async def dead_letters(
    connection: Connection, wanted: DeadLetterMatch, until: datetime, after: tuple[datetime | None, UUID | None], limit: int
) -> list[tuple[UUID, datetime]]:
    """Return a page of the dead letters that a filter names, the oldest first: id and arrival."""
    page = _MATCHING(**wanted._asdict(), until=until, after_at=after[0], after_id=after[1], limit=limit)
    return [(row[0], row[1]) for row in await connection.fetch(*page)]


async def discard_dead_letters(connection: Connection, ids: Sequence[UUID]) -> int:
    """Delete dead letters; return their number."""
    return int(await connection.fetchval(_GROUPS["discard"], ids))


async def count_parked(connection: Connection, platform: str, room: str, owner: str | None, until: datetime) -> int:
    """Return how many events of a room are parked; `owner` is their senders' brand, empty if unbound, None for all."""
    return int(await connection.fetchval(_SQL["count_parked"], platform, room, owner, until))


async def parked_keys(
    connection: Connection, platform: str, room: str, owner: str | None, until: datetime, limit: int
) -> list[tuple[str, bytes]]:
    """Return owner and key of some of these events."""
    rows = await connection.fetch(_SQL["parked_keys"], platform, room, owner, until, limit)
    return [(row[0], row[1]) for row in rows]


async def create(connection: Connection, job: NewJob) -> tuple[UUID, bool]:
    """Create a job, or return the same one if it is not finished: its id, and whether it is new."""
    row = await connection.fetchrow(_SQL["create"], *job)
    if row is None:
        # Another request created it at this moment; its row is visible to the next statement.
        row = await connection.fetchrow(_SQL["create"], *job)
    assert row is not None, "a job that is not finished has the key, or this one got it"
    return row["id"], row["new"]


async def enqueue(connection: Connection, jobs: Sequence[UUID]) -> None:
    """Enqueue jobs; one that is in the queue already is not enqueued again."""
    await connection.execute(_SQL["enqueue"], jobs, JOB)


async def due(connection: Connection) -> list[UUID]:
    """Return jobs that are not finished."""
    return [row[0] for row in await connection.fetch(_SQL["due"])]


async def work_row(connection: Connection, job: UUID) -> WorkRow | None:
    """Return a job."""
    row = await connection.fetchrow(_SQL["job"], job)
    return None if row is None else WorkRow(*row)


async def start(connection: Connection, job: UUID) -> None:
    """Note that a job runs."""
    await connection.execute(_SQL["start"], job)


async def progress(
    connection: Connection, job: UUID, done: int, succeeded: int, failed: int, cursor: tuple[datetime | None, UUID | None]
) -> bool:
    """Add to what was done, and note how far the job is; return whether it was cancelled."""
    return bool(await connection.fetchval(_SQL["progress"], job, done, succeeded, failed, *cursor))


async def finish(connection: Connection, job: UUID, error: str | None = None) -> None:
    """End a job."""
    await connection.execute(_SQL["finish"], job, error)


async def cancel(connection: Connection, job: UUID, brand: UUID | None) -> bool:
    """Cancel a job that is not finished; return whether there is one."""
    return await connection.fetchval(_SQL["cancel"], job, brand) is not None


async def page(
    connection: Connection, brand: UUID | None, job: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[JobRow]:
    """Return jobs that a principal may see, the newest first; one job if it is named."""
    return [JobRow(*row) for row in await connection.fetch(_SQL["page"], brand, job, *(after or (None, None)), limit)]
