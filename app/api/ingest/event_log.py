"""Route of the event log.

In: a session and a page. Out: CloudEvents as JSON, with pseudonyms for people. Never here: SQL.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.access.authorization import AppService, Viewer, session_uuid
from app.api.conventions.documents import UNCHANGED, answer
from app.api.conventions.language import AnswerLanguage
from app.api.conventions.paging import Paging, encode
from app.api.models.report import LogPage
from app.events.registry import PAYLOADS
from app.kpis.reading.session_reader import SessionQuery
from app.kpis.timeline.orders_and_events import read_log
from app.problems import invalid, responses

router = APIRouter(prefix="/v1/events", tags=["ingest"], responses=UNCHANGED | responses(401, 403, 404, 410, 422))


@router.get("", summary="List the events of a session", operation_id="list_events", response_model=LogPage)
async def log(
    service: AppService,
    principal: Viewer,
    language: AnswerLanguage,
    paging: Paging,
    session: Annotated[str, Query(max_length=64, description="the session's id")],
    event_type: Annotated[str | None, Query(alias="type", max_length=64, json_schema_extra={"enum": list(PAYLOADS)})] = None,
) -> Response:
    """Return the session's events as they were stored, in order of time."""
    if event_type is not None and event_type not in PAYLOADS:
        raise invalid("/type", "unknown event type", "event_type")
    asked = SessionQuery(await session_uuid(session), principal.brand_id, datetime.now(UTC), language, client=principal.is_client)
    document, more = await read_log(service.database, asked, event_type, paging.after_event(), paging.limit)
    return answer({**document, "next_cursor": encode(more and (more[0], more[1].hex()))}, asked)
