"""Routes of the live stream: events, tickets, alerts.

In: a session's id, an API key or a ticket. Out: server-sent events as the hub composed them. Never here: figures, SQL, timing.
"""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from app.api.access import HOT, READERS, AppService, SessionId, Viewer, caller_of
from app.api.language import AnswerLanguage
from app.api.read_models import DocumentModel
from app.api.results import Question, answer
from app.kpis.reader import SessionQuery, read_head
from app.labels.catalogue import Language
from app.live.session_state import read_session_state
from app.live.subscriber import StreamAccess, Subscriber
from app.live.tickets import Ticket
from app.problems import ProblemError, not_found, responses
from app.service import Service

router = APIRouter(prefix="/v1/sessions/{session}", tags=["live"], responses=responses(401, 403, 404, 422))

ABORT = "tallylight.abort"
"""The ASGI extension with which the server lets a route cut its connection off."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would collect what should go out at once
    "Connection": "close",
    "Vary": "Accept-Language, Authorization",
}
_EXAMPLE = """retry: 2140

id: 5f0c8b1f2a9d4e67-
event: kpis
data: {"session": "…", "status": "live", "kpis": {"viewers": {"value": 18052, …}, …}, …}

id: 5f0c8b1f2a9d4e67
event: alerts
data: {"session": "…", "as_of": "…", "alerts": []}

:

"""


class Alert(DocumentModel):
    """Something that somebody should do something about now."""

    code: Literal["low_stock", "sold_out_clicked", "slow_support", "audience_falling", "no_telemetry"]
    level: Literal["info", "warning", "critical"]
    product: str | None = Field(examples=["knit-01"])
    since: datetime
    text: str = Field(description="in the language asked for", examples=["「ニット」の在庫が残り4点です"])
    figures: dict[str, int | float] = Field(examples=[{"stock": 4, "units_recent": 3}], description="what it rests on")


class AlertsDocument(DocumentModel):
    """The alerts of a session, the most urgent first; none unless it is live."""

    session: str
    as_of: datetime = Field(description="the session's own clock: a replay of another day is at a moment of that day")
    alerts: list[Alert]


class StreamTicket(BaseModel):
    """What a browser's EventSource presents instead of a key, since it can send no header."""

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
    expires_at: datetime = Field(description="until then it may be used to connect; a stream that is open stays open")
    url: str = Field(description="the stream, with the ticket")


@router.get("/alerts", operation_id="live:alerts", summary="Alerts of a session", response_model=AlertsDocument)
async def alerts(service: AppService, asked: Question) -> Response:
    """Return what somebody should do something about now: the same as the stream's event `alerts`."""
    state = await read_session_state(service.database, asked.session, asked.brand, asked.now, service.hub.limits)
    if state is None:
        raise not_found("session")
    return answer(state.document("alerts", asked.language), asked)


@router.post("/stream-tickets", status_code=201, operation_id="live:ticket", summary="Issue a stream ticket")
async def issue(service: AppService, caller: Viewer, session: SessionId, response: Response) -> StreamTicket:
    """Return a ticket for this session's stream. It is short-lived, and worth nothing once its API key is revoked."""
    now = datetime.now(UTC)
    async with service.database.acquire() as connection:
        await read_head(connection, SessionQuery(session, caller.brand_id, now, "en"))
    text, expires_at = service.tickets.issue(Ticket(session, caller.brand_id, caller.key_id), now)
    response.headers["Cache-Control"] = "no-store"
    return StreamTicket(ticket=text, expires_at=expires_at, url=f"/v1/sessions/{session}/stream?ticket={text}")


@router.get(
    "/stream",
    operation_id="live:stream",
    summary="A session, live",
    response_class=Response,
    responses={200: {"description": "Server-sent events", "content": {"text/event-stream": {"example": _EXAMPLE}}}},
    openapi_extra=HOT,
)
async def stream(
    request: Request,
    session: SessionId,
    language: AnswerLanguage,
    ticket: Annotated[str | None, Query(description="a stream ticket, where no key can be sent", max_length=600)] = None,
    last_event_id: Annotated[str | None, Header(description="the last id that the client has seen", max_length=100)] = None,
) -> Response:
    """Send the session's state, then what changed, at most once a second, until the stream's time is up.

    Events `kpis`, `products` and `alerts` hold the documents of the routes of the same names. The first update is a whole
    snapshot; a client whose `Last-Event-ID` names the present state gets none, any other gets the newest.
    """
    service: Service = request.app.state.service
    if ticket is not None and "authorization" not in request.headers:
        allowed = await _redeemed(service, ticket, session)
        watcher = StreamAccess(allowed.brand, allowed.key_id, language)
    else:
        _, caller = await caller_of(request, READERS)
        watcher = StreamAccess(caller.brand_id, caller.key_id, language)
    return EventStream(await service.hub.join(session, watcher, last_event_id), language)


async def _redeemed(service: Service, text: str, session: UUID) -> Ticket:
    ticket = service.tickets.check(text, datetime.now(UTC))
    if ticket is None or ticket.session != session or not await service.keys.valid([ticket.key_id]):
        raise ProblemError(401, "the stream ticket is not valid, or no longer; ask for a new one")
    return ticket


class EventStream(Response):
    """The answer that lasts: a subscriber's chunks, for as long as somebody reads them."""

    media_type = "text/event-stream"

    def __init__(self, subscriber: Subscriber, language: Language) -> None:
        """Answer a subscriber."""
        super().__init__(headers=_HEADERS | {"Content-Language": language})
        del self.headers["Content-Length"]
        self._subscriber = subscriber

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves, the stream ends, or the reader is too slow."""
        subscriber = self._subscriber
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
