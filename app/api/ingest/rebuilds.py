"""Routes of rebuilds: which are pending, and how far they are.

In: requests. Out: records. Never here: rules, SQL.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.api.access.authorization import AppService, SessionId, Viewer
from app.api.conventions.paging import Paging, encode
from app.catalogue.sessions import rebuilds
from app.catalogue.sessions.rebuilds import SessionRebuild
from app.problems import responses

router = APIRouter(prefix="/v1", tags=["sessions"], responses=responses(401, 403, 422))


class RebuildList(BaseModel):
    """A page of pending rebuilds."""

    rebuilds: list[SessionRebuild]
    next_cursor: str | None


class PendingRebuilds(BaseModel):
    """The rebuilds that a change waits for."""

    rebuilds: list[SessionRebuild]


def left_to_jobs() -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI `responses` of a deletion whose figures a job changes."""
    return {202: {"model": PendingRebuilds, "description": "Deleted; a job rebuilds large sessions"}}


def deleted(pending: Sequence[SessionRebuild]) -> Response:
    """Return the answer to a deletion: 204, or 202 if figures do not include it yet."""
    if not pending:
        return Response(status_code=204)
    return Response(PendingRebuilds(rebuilds=list(pending)).model_dump_json(), 202, media_type="application/json")


@router.get("/rebuilds", operation_id="list_rebuilds", summary="List pending rebuilds")
async def list_rebuilds(service: AppService, caller: Viewer, paging: Paging) -> RebuildList:
    """Return the rebuilds that are not done. A bound key sees those of its brand."""
    page = await rebuilds.listing(service.database, caller, after=paging.after(UUID), limit=paging.limit)
    return RebuildList(rebuilds=page.items, next_cursor=encode(page.next))


@router.get(
    "/sessions/{session}/rebuild",
    operation_id="get_rebuild",
    summary="Get a session's last rebuild",
    responses=responses(404),
)
async def get_rebuild(service: AppService, caller: Viewer, session: SessionId) -> SessionRebuild:
    """Return the last rebuild of a session: its state, and how many events it has read."""
    return await rebuilds.get(service.database, caller, session)
