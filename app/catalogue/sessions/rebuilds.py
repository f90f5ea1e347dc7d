"""Rebuilds of sessions, as operators see them.

In: a session, or a page. Out: which rebuilds are pending and how far they are. Never here: the rebuild itself.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.catalogue.access import Principal
from app.catalogue.models import ResponseModel
from app.catalogue.pages import Page, page_of
from app.problems import not_found
from app.storage.database import Database
from app.storage.ingest import rebuilds
from app.storage.ingest.rebuilds import RebuildRow

REBUILD_EXAMPLE: dict[str, Any] = {
    "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
    "state": "running",
    "reason": "alias",
    "events_read": 120_500,
    "events": 880_000,
    "requested_at": "2021-09-25T05:31:07Z",
    "started_at": "2021-09-25T05:31:07Z",
    "finished_at": None,
    "failures": 0,
}


class SessionRebuild(ResponseModel):
    """The rebuild of a session. Until it is done, the figures are those before the change that requested it."""

    model_config = ConfigDict(json_schema_extra={"example": REBUILD_EXAMPLE})

    session: UUID
    state: Literal["waiting", "running", "done"]
    reason: Literal["alias", "void", "decision", "statement", "command"] = Field(description="the last change that requested it")
    events_read: int = Field(description="events that it has read")
    events: int | None = Field(description="events of the session; null before the first start")
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    failures: int = Field(description="failed attempts in a row; the next one is made after a pause")


def record_of(row: RebuildRow) -> SessionRebuild:
    """Return a rebuild as a record."""
    return SessionRebuild.model_validate(
        {
            **{name: value for name, value in row._asdict().items() if name in SessionRebuild.model_fields},
            "session": row.session_id,
            "state": row.state,
            "events": None if row.events_total is None else max(row.events_total, row.events_read),
        }
    )


async def get(database: Database, principal: Principal, session: UUID) -> SessionRebuild:
    """Return the last rebuild of a session.

    Raises:
        ProblemError: 404 without such a session, or if it was never rebuilt.
    """
    async with database.acquire() as connection:
        row = await rebuilds.rebuild(connection, session, principal.brand_id)
    if row is None:
        raise not_found("rebuild")
    return record_of(row)


async def listing(database: Database, principal: Principal, *, after: tuple[UUID] | None, limit: int) -> Page[SessionRebuild]:
    """Return the pending rebuilds by session; a bound principal sees those of its brand."""
    async with database.acquire() as connection:
        rows = await rebuilds.pending(connection, principal.brand_id, None if after is None else after[0], limit + 1)
    return page_of([record_of(row) for row in rows], limit, lambda record: (record.session,))
