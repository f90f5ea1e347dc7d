"""Routes of sessions.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from app.api.access.authorization import AppService, Operator, SessionId, Viewer
from app.api.catalogue.streams import ParkedReplayer
from app.api.conventions.paging import Paging, encode
from app.api.conventions.query_times import Instant
from app.catalogue.models import SessionKind, Slug, Text
from app.catalogue.sessions import session_deletion, session_list, sessions
from app.catalogue.sessions.session_list import ListedSession, SessionFilter
from app.catalogue.sessions.sessions import NewSession, Session, SessionPatch
from app.problems import responses
from app.storage.kpis.session_status import SessionStatus

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])


class SessionList(BaseModel):
    """A page of sessions."""

    sessions: list[ListedSession]
    next_cursor: str | None


@router.get("", operation_id="list_sessions", summary="List sessions", responses=responses(401, 403, 422))
async def list_sessions(
    service: AppService,
    caller: Viewer,
    paging: Paging,
    brand: Annotated[Slug | None, Query(description="of this brand")] = None,
    status: Annotated[SessionStatus | None, Query(description="how settled the figures are")] = None,
    kind: Annotated[SessionKind | None, Query()] = None,
    platform: Annotated[Slug | None, Query(description="with a stream on this platform")] = None,
    from_: Annotated[
        Instant | None, Query(alias="from", description="started at or after; the planned start if the session has not started")
    ] = None,
    to: Annotated[Instant | None, Query(description="started before")] = None,
    q: Annotated[Text | None, Query(description="part of the title or of the host's name")] = None,
) -> SessionList:
    """Return sessions, the newest first, each with its status and main KPIs."""
    wanted = SessionFilter(brand, status, kind, platform, from_, to, q)
    after = paging.after(datetime, UUID)
    page = await session_list.listing(service.database, caller, wanted, after=after, limit=paging.limit)
    return SessionList(sessions=page.items, next_cursor=encode(page.next))


@router.post(
    "",
    status_code=201,
    operation_id="create_session",
    summary="Create a session",
    responses=responses(400, 401, 403, 404, 409, 422)
    | {201: {"headers": {"Location": {"description": "the session's path", "schema": {"type": "string"}}}}},
)
async def create_session(
    service: AppService, caller: Operator, replay_parked: ParkedReplayer, form: NewSession, response: Response
) -> Session:
    """Create a session with its streams, line-up and promotions. Parked events of its rooms join the session."""
    session = await sessions.create(service.database, caller, form, replay_parked, service.settings.max_rooms)
    response.headers["Location"] = f"/v1/sessions/{session.id}"
    return session


@router.get("/{session}", operation_id="get_session", summary="Get a session", responses=responses(401, 403, 404))
async def get_session(service: AppService, caller: Viewer, session: SessionId) -> Session:
    """Return a session with its streams, line-up and promotions."""
    return await sessions.get(service.database, caller, session)


@router.patch(
    "/{session}",
    operation_id="update_session",
    summary="Change a session",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def update_session(service: AppService, caller: Operator, session: SessionId, form: SessionPatch) -> Session:
    """Change a session. The currency cannot change once the session has events or prices."""
    return await sessions.patch(service.database, caller, session, form)


@router.delete(
    "/{session}",
    status_code=204,
    operation_id="delete_session",
    summary="Delete a session",
    responses=responses(401, 403, 404, 409),
)
async def delete_session(service: AppService, caller: Operator, session: SessionId) -> None:
    """Delete a session and its data. The first purchases of its buyers are reassigned to their next session.

    Only an admin can delete a session that has been released.
    """
    await session_deletion.delete(service.database, caller, session)
