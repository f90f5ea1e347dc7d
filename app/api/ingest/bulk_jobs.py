"""Routes of bulk jobs: decisions about all dead letters of a cause, and about all parked events of a room.

In: filters. Out: groups, jobs with their progress. Never here: the work, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService, Operator
from app.api.conventions.paging import Paging, encode
from app.platforms.deliveries import bulk_jobs, dead_letter_causes
from app.platforms.deliveries.bulk_jobs import BulkDeadLetters, BulkRoom, Job
from app.platforms.deliveries.dead_letter_causes import DeadLetterGroup
from app.problems import not_found, responses

router = APIRouter(prefix="/v1", tags=["ingest"])


class DeadLetterGroups(BaseModel):
    """Dead letters by cause."""

    model_config = ConfigDict(json_schema_extra={"example": {"groups": [dead_letter_causes.EXAMPLE], "complete": True}})

    groups: list[DeadLetterGroup]
    complete: bool = Field(description="false: there are more than 100,000 dead letters or 500 causes, and the newest are here")


class JobList(BaseModel):
    """A page of jobs, the newest first."""

    jobs: list[Job]
    next_cursor: str | None


async def _job_id(job: Annotated[str, Path(examples=["0192f1a0-b3c4-7d08-8000-5f5e1a2b3c4d"])]) -> UUID:
    try:
        return UUID(job)
    except ValueError:
        raise not_found("job") from None


JobId = Annotated[UUID, Depends(_job_id)]
_SAME: dict[int | str, dict[str, Any]] = {200: {"model": Job, "description": "The same job is not finished"}}
_REQUESTED = _SAME | responses(401, 403, 422)


@router.get(
    "/dead-letters/groups",
    operation_id="list_dead_letter_groups",
    summary="List causes of dead letters",
    responses=responses(401, 403),
)
async def list_groups(service: AppService, caller: Operator) -> DeadLetterGroups:
    """Return the dead letters by cause: sender, event type, and the rule that the first error names."""
    groups, complete = await dead_letter_causes.listing(service.database, caller)
    return DeadLetterGroups(groups=groups, complete=complete)


def _answer(response: Response, found: tuple[Job, bool]) -> Job:
    job, new = found
    response.status_code = 202 if new else 200
    return job


@router.post(
    "/dead-letters/replay",
    status_code=202,
    operation_id="replay_dead_letters",
    summary="Replay dead letters",
    responses=_REQUESTED,
)
async def replay_dead_letters(service: AppService, caller: Operator, form: BulkDeadLetters, response: Response) -> Job:
    """Replay all dead letters of a filter by a job; those that are rejected again remain."""
    now = datetime.now(UTC)
    return _answer(
        response, await bulk_jobs.request_dead_letters(service.database, caller, "dead_letters.replay", form.filter, now)
    )


@router.post(
    "/dead-letters/discard",
    status_code=202,
    operation_id="discard_dead_letters",
    summary="Discard dead letters",
    responses=_REQUESTED,
)
async def discard_dead_letters(service: AppService, caller: Operator, form: BulkDeadLetters, response: Response) -> Job:
    """Delete all dead letters of a filter by a job."""
    now = datetime.now(UTC)
    return _answer(
        response, await bulk_jobs.request_dead_letters(service.database, caller, "dead_letters.discard", form.filter, now)
    )


@router.post(
    "/parked/replay",
    status_code=202,
    operation_id="replay_parked_events",
    summary="Replay parked events",
    responses=_REQUESTED,
)
async def replay_parked(service: AppService, caller: Operator, form: BulkRoom, response: Response) -> Job:
    """Replay the parked events of a registered room by a job. The registration of a room does so too."""
    now = datetime.now(UTC)
    return _answer(response, await bulk_jobs.request_parked(service.database, caller, "parked.replay", form.filter, now))


@router.post(
    "/parked/discard",
    status_code=202,
    operation_id="discard_parked_events",
    summary="Discard parked events",
    responses=_REQUESTED,
)
async def discard_parked(service: AppService, caller: Operator, form: BulkRoom, response: Response) -> Job:
    """Delete the parked events of a room by a job."""
    now = datetime.now(UTC)
    return _answer(response, await bulk_jobs.request_parked(service.database, caller, "parked.discard", form.filter, now))


@router.get("/jobs", operation_id="list_jobs", summary="List bulk jobs", responses=responses(401, 403, 422))
async def list_jobs(service: AppService, caller: Operator, paging: Paging) -> JobList:
    """Return the jobs of the last days, the newest first. A bound principal sees those of its brand."""
    page = await bulk_jobs.listing(service.database, caller, after=paging.after(datetime, UUID), limit=paging.limit)
    return JobList(jobs=page.items, next_cursor=encode(page.next))


@router.get("/jobs/{job}", operation_id="get_job", summary="Get a bulk job", responses=responses(401, 403, 404))
async def get_job(service: AppService, caller: Operator, job: JobId) -> Job:
    """Return a job and how far it is."""
    return await bulk_jobs.get(service.database, caller, job)


@router.post("/jobs/{job}/cancel", operation_id="cancel_job", summary="Cancel a bulk job", responses=responses(401, 403, 404))
async def cancel_job(service: AppService, caller: Operator, job: JobId) -> Job:
    """Cancel a job within a few seconds. What it has done stays done; a finished job stays as it is."""
    return await bulk_jobs.cancel(service.database, caller, job)
