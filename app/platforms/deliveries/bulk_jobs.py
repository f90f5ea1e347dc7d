"""Bulk jobs: one decision for all dead letters of a cause, or for all parked events of a room.

In: a filter. Out: a job with its progress. Never here: the work (`bulk_runner`).

A job concerns what had been received when it was requested. The same request while it is not finished is the same job.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic_core import from_json, to_json

from app.catalogue.access import Principal
from app.catalogue.ids import new_id
from app.catalogue.models import RequestModel, ResponseModel, Text
from app.catalogue.pages import Page, page_of
from app.problems import invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.platforms import bulk_jobs
from app.storage.platforms.bulk_jobs import DeadLetterMatch, JobRow, NewJob

JobKind = Literal["dead_letters.replay", "dead_letters.discard", "parked.replay", "parked.discard"]
_GROUP = "3f1c0a9d2b7e4c5d6e8f9a0b"


class DeadLetterFilter(RequestModel):
    """Which dead letters: those that match all that is given. At least one is required."""

    model_config = ConfigDict(json_schema_extra={"example": {"group": _GROUP}})

    group: Annotated[str, StringConstraints(pattern="^[0-9a-f]{24}$")] | None = Field(
        default=None, description="of `GET /v1/dead-letters/groups`"
    )
    origin: Text | None = Field(default=None, description="`key:<id>` or `connection:<id>`")
    type: Text | None = Field(default=None, description="event type")
    code: Text | None = Field(default=None, description="rule that the first error names")

    def of(self, brand: UUID | None) -> DeadLetterMatch:
        """Return the filter of a principal."""
        return DeadLetterMatch(brand, self.group, self.origin, self.type, self.code)


class RoomFilter(RequestModel):
    """The parked events of one room."""

    model_config = ConfigDict(json_schema_extra={"example": {"platform": "wechat", "room": "export/UzFf"}})

    platform: Text
    room: Text


class BulkDeadLetters(RequestModel):
    """A decision about dead letters."""

    model_config = ConfigDict(json_schema_extra={"example": {"filter": {"group": _GROUP}}})

    filter: DeadLetterFilter


class BulkRoom(RequestModel):
    """A decision about parked events."""

    model_config = ConfigDict(json_schema_extra={"example": {"filter": {"platform": "wechat", "room": "export/UzFf"}}})

    filter: RoomFilter


class Job(ResponseModel):
    """A bulk job and how far it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-7d08-8000-5f5e1a2b3c4d",
                "kind": "dead_letters.replay",
                "filter": {"group": _GROUP},
                "state": "running",
                "total": 120,
                "done": 50,
                "succeeded": 49,
                "failed": 1,
                "requested_at": "2021-09-25T05:31:07Z",
                "started_at": "2021-09-25T05:31:08Z",
                "finished_at": None,
                "error": None,
            }
        }
    )

    id: UUID
    kind: JobKind
    filter: dict[str, Any]
    state: Literal["waiting", "running", "done", "cancelled", "failed"]
    total: int = Field(description="dead letters or events when the job was requested")
    done: int
    succeeded: int = Field(description="of these, those that were accepted, or discarded")
    failed: int = Field(description="of these, those that were rejected again or cannot be replayed; they remain dead letters")
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None = Field(description="why the job ended early; stable code")


def _record(row: JobRow) -> Job:
    state = "waiting" if row.started_at is None else "running"
    if row.cancelled:
        state = "cancelled"
    elif row.finished_at is not None:
        state = "done" if row.error is None else "failed"
    return Job(**{**row._asdict(), "filter": from_json(row.filter), "state": state})


async def request_dead_letters(
    database: Database, principal: Principal, kind: JobKind, wanted: DeadLetterFilter, now: datetime
) -> tuple[Job, bool]:
    """Request a job for the dead letters of a filter; return it, and whether it is new.

    Raises:
        ProblemError: 422 for a filter that names nothing.
    """
    given = wanted.model_dump(exclude_none=True)
    if not given:
        raise invalid("/filter", "names at least one of group, origin, type and code", "missing")
    async with database.transaction() as connection:
        total = await bulk_jobs.count_dead_letters(connection, wanted.of(principal.brand_id), now)
        return await _request(connection, principal, kind, given, total, now)


async def request_parked(
    database: Database, principal: Principal, kind: JobKind, wanted: RoomFilter, now: datetime
) -> tuple[Job, bool]:
    """Request a job for the parked events of a room; return it, and whether it is new."""
    owner = None if principal.brand_id is None else str(principal.brand_id)
    async with database.transaction() as connection:
        total = await bulk_jobs.count_parked(connection, wanted.platform, wanted.room, owner, now)
        return await _request(connection, principal, kind, wanted.model_dump(), total, now)


async def _request(
    connection: Any, principal: Principal, kind: JobKind, given: dict[str, Any], total: int, now: datetime
) -> tuple[Job, bool]:
    text = to_json(given).decode()
    same = f"{kind} {principal.brand_id or ''} {text}"
    wanted = NewJob(new_id(), kind, principal.brand_id, text, principal.reference, same, now, total)
    job, new = await bulk_jobs.create(connection, wanted)
    audit.about(job, brand=principal.brand_id)
    await bulk_jobs.enqueue(connection, [job])
    (row,) = await bulk_jobs.page(connection, principal.brand_id, job, None, 1)
    return _record(row), new


async def get(database: Database, principal: Principal, job: UUID) -> Job:
    """Return a job.

    Raises:
        ProblemError: 404.
    """
    async with database.acquire() as connection:
        rows = await bulk_jobs.page(connection, principal.brand_id, job, None, 1)
    if not rows:
        raise not_found("job")
    return _record(rows[0])


async def listing(database: Database, principal: Principal, *, after: tuple[datetime, UUID] | None, limit: int) -> Page[Job]:
    """Return jobs, the newest first; a bound principal sees those of its brand."""
    async with database.acquire() as connection:
        rows = await bulk_jobs.page(connection, principal.brand_id, None, after, limit + 1)
    return page_of([_record(row) for row in rows], limit, lambda job: (job.requested_at, job.id))


async def cancel(database: Database, principal: Principal, job: UUID) -> Job:
    """Cancel a job: what is done stays done. A job that is finished stays as it is.

    Raises:
        ProblemError: 404.
    """
    async with database.transaction() as connection:
        if not await bulk_jobs.page(connection, principal.brand_id, job, None, 1):
            raise not_found("job")
        await bulk_jobs.cancel(connection, job, principal.brand_id)
    return await get(database, principal, job)
