"""Routes of the event stream: server-sent events, tickets.

In: a session's id, an API key or a ticket. Out: server-sent events as the hub composed them. Never here: figures, SQL, timing.
"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from app.api.access.authorization import HOT, READERS, AppService, SessionId, Viewer, caller_of
from app.api.conventions.language import AnswerLanguage
from app.catalogue.access import Principal
from app.kpis.reading.session_reader import SessionQuery, read_head
from app.labels.catalogue import Language
from app.live.subscriber import StreamAccess, Subscriber
from app.live.tickets import Ticket
from app.observability.requests import METHOD
from app.problems import ProblemError, responses
from app.service import Service

router = APIRouter(prefix="/v1/sessions/{session}", tags=["live"], responses=responses(401, 403, 404, 422))

ABORT = "tallylight.abort"
"""The ASGI extension by which a route aborts its connection."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would buffer the events
    "Connection": "close",
    "Vary": "Accept-Language, Authorization, Cookie",
}
_EXAMPLE = """retry: 2140
id: 5f0c8b1f2a9d4e67-
event: kpis
data: {"session": "…", "status": "live", "kpis": {"viewers": {"value": 18052, …}, …}, …}

id: 5f0c8b1f2a9d4e67-
event: products
data: {"session": "…", "products": […], …}

id: 5f0c8b1f2a9d4e67-
event: audience
data: {"session": "…", "arrivals": 18052, "by_source": […], …}

id: 5f0c8b1f2a9d4e67-
event: marks
data: {"session": "…", "host": "小林", "since": null, "marks": [], "more": false}

id: 5f0c8b1f2a9d4e67-
event: targets
data: {"session": "…", "targets": []}

id: 5f0c8b1f2a9d4e67
event: alerts
data: {"session": "…", "as_of": "…", "alerts": []}

:

"""


class StreamTicket(BaseModel):
    """A credential for a browser's EventSource, which cannot send headers."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "ticket": "tlt_AAAA…",
                "expires_at": "2021-09-25T05:01:00Z",
                "url": "/v1/sessions/0192f1a0-5f0c-7b1f-8a9d-4e6700000000/stream?ticket=tlt_AAAA…",
            }
        }
    )

    ticket: str
    expires_at: datetime = Field(description="the ticket opens a stream until then; an open stream continues")
    url: str = Field(description="the stream, with the ticket")


@router.post("/stream-tickets", status_code=201, operation_id="create_stream_ticket", summary="Issue a stream ticket")
async def issue(service: AppService, caller: Viewer, session: SessionId, response: Response) -> StreamTicket:
    """Return a short-lived ticket for this session's event stream. Revoking the API key also revokes its tickets."""
    now = datetime.now(UTC)
    async with service.database.acquire() as connection:
        await read_head(connection, SessionQuery(session, caller.brand_id, now, "en"))
    text, expires_at = service.tickets.issue(Ticket(session, caller.credential), now)
    response.headers["Cache-Control"] = "no-store"
    return StreamTicket(
        ticket=text, expires_at=expires_at, url=f"{service.settings.root_path}/v1/sessions/{session}/stream?ticket={text}"
    )


@router.get(
    "/stream",
    operation_id="stream_session",
    summary="Stream a session's figures",
    response_class=Response,
    responses={200: {"description": "Server-sent events", "content": {"text/event-stream": {"example": _EXAMPLE}}}},
    openapi_extra=HOT,
)
async def stream(
    request: Request,
    session: SessionId,
    language: AnswerLanguage,
    ticket: Annotated[
        str | None, Query(description="a stream ticket, for clients that cannot send a key", max_length=600)
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="id of the last event that the client received", max_length=100)
    ] = None,
) -> Response:
    """Send the session's state, then changes, at most once a second, until the stream's maximum duration.

    Events `kpis`, `products`, `audience`, `marks`, `targets` and `alerts` hold the documents of the routes of the same names.
    The first update is a full snapshot. It is omitted if `Last-Event-ID` names the current state.
    """
    service: Service = request.app.state.service
    if ticket is not None and "authorization" not in request.headers:
        caller = await _redeemed(service, ticket, session)
    else:
        _, caller = await caller_of(request, READERS)
    return EventStream(await service.hub.join(session, StreamAccess(caller, language), last_event_id), language)


async def _redeemed(service: Service, text: str, session: UUID) -> Principal:
    ticket = service.tickets.check(text, datetime.now(UTC))
    valid = {} if ticket is None or ticket.session != session else await service.principals.of([ticket.credential])
    caller = next(iter(valid.values()), None)
    if caller is None or caller.role not in READERS.roles:
        raise ProblemError(401, "the stream ticket is not valid; request a new one", code="invalid_ticket")
    return caller


class EventStream(Response):
    """A streaming answer: the chunks of one subscriber."""

    media_type = "text/event-stream"

    def __init__(self, subscriber: Subscriber, language: Language) -> None:
        """Answer a subscriber."""
        super().__init__(headers=_HEADERS | {"Content-Language": language})
        del self.headers["Content-Length"]
        self._subscriber = subscriber

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client disconnects, the stream ends, or the client reads too slowly."""
        subscriber = self._subscriber
        if scope.get(METHOD) == "HEAD":
            subscriber.leave()
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        subscriber.abort = scope.get("extensions", {}).get(ABORT, {}).get("abort")
        leaving = asyncio.create_task(_left(receive, subscriber))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with contextlib.aclosing(subscriber.chunks()) as chunks:
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            subscriber.leave()


async def _left(receive: Receive, subscriber: Subscriber) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscriber.end()
