"""Routes of platform webhooks: GET and POST /v1/webhooks/{connection_id}.

In: deliveries as a platform sends them. Out: the answer that it expects, after the commit. Never here: a platform's format, an
API key. A delivery is authenticated by the platform's signature or by the token of the URL. Logs show route templates, not URLs.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.adapters.protocol import MAX_BODY, Delivery, Refused, Reply
from app.api.access.authentication import address_of
from app.api.access.rate_limits import RateLimit
from app.api.conventions.bodies import read_body
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.ingest.receiving.decompression import decompress
from app.platforms.credentials.connection_cache import LoadedConnection
from app.platforms.deliveries.webhook_handler import WebhookHandler
from app.problems import ProblemError, not_found, responses
from app.service import Service

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_RETRY_AFTER = {"Retry-After": "5"}
_OPEN: dict[str, Any] = {"security": []}
_BODY: dict[str, Any] = {
    **_OPEN,
    "requestBody": {
        "required": True,
        "description": "The platform's own format: JSON, XML or a form; gzip is accepted.",
        "content": {
            "application/json": {"schema": {}, "example": {"ToUserName": "gh_2defbb026678", "Encrypt": "ywLy46OLEm63…"}},
            "application/xml": {"schema": {"type": "string"}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        },
    },
}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The platform's expected answer", "content": {"text/plain": {"example": "success"}}}
}
_CHECKS = _ANSWER | responses(400, 401, 403, 404, 405)
_TAKES = _ANSWER | responses(400, 401, 403, 404, 405, 413, 415, 422, 503)

ConnectionId = Annotated[str, Path(description="the connection's id", examples=["0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d"])]
UrlToken = Annotated[str, Path(description="secret last segment of the URL, where the signature does not cover the whole body")]


async def _webhook_handler(
    request: Request, connection: str, url_token: str | None
) -> tuple[Service, WebhookHandler, LoadedConnection]:
    service: Service = request.app.state.service
    try:
        connection_id = UUID(connection)
    except ValueError:
        raise not_found("connection") from None
    handler = service.platforms.handler
    addresses: RateLimit = request.app.state.rate_limits.addresses
    known = handler.knows(connection_id)
    if not known:
        # Guessed URLs count against the limit of their address, and past it cost no query.
        addresses.take(address := address_of(request.scope), time.monotonic())
    try:
        found = await handler.connection(connection_id, url_token)
    except ProblemError:
        if known:
            addresses.take(address_of(request.scope), time.monotonic())
        raise
    if not known:
        addresses.give_back(address)
    return service, handler, found


def _headers(request: Request) -> dict[str, str]:
    # One pass. If a header occurs twice, the first one counts, as everywhere else.
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(request.scope["headers"])}


def _delivery(request: Request, headers: Mapping[str, str], body: bytes) -> Delivery:
    # Parsed here: composing the framework's objects for every delivery takes longer.
    query = dict(parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Delivery(request.method, query, headers, body, datetime.now(UTC))


def _answer(reply: Reply) -> Response:
    return Response(reply.body, reply.status, media_type=reply.media_type)


def _refusal(refused: Refused) -> ProblemError:
    return ProblemError(refused.status, refused.detail)


async def _check(request: Request, connection: str, url_token: str | None = None) -> Response:
    _, handler, found = await _webhook_handler(request, connection, url_token)
    try:
        return _answer(await handler.check(found, _delivery(request, _headers(request), b"")))
    except Refused as refused:
        raise _refusal(refused) from None


async def _take(request: Request, connection: str, url_token: str | None = None) -> Response:
    _, handler, found = await _webhook_handler(request, connection, url_token)
    headers = _headers(request)
    body = decompress(await read_body(request, MAX_BODY), headers.get("content-encoding"), MAX_BODY)
    try:
        return _answer(await handler.take(found, _delivery(request, headers, body)))
    except Refused as refused:
        raise _refusal(refused) from None
    except (QueueFullError, NotCommittedError):
        raise ProblemError(
            503, "the delivery may not have been stored; send it again", code="not_committed", headers=_RETRY_AFTER
        ) from None


async def hot(request: Request) -> Response:
    """Process a delivery without FastAPI's layers. The documentation is generated from `take`."""
    return await _take(request, request.path_params["connection"], request.path_params.get("url_token"))


@router.get(
    "/{connection}", operation_id="verify_webhook", summary="Answer a URL verification", response_class=Response,
    responses=_CHECKS, openapi_extra=_OPEN,
)  # fmt: skip
async def check(request: Request, connection: ConnectionId) -> Response:
    """Answer a platform's verification request (`echostr`) if its signature is valid."""
    return await _check(request, connection)


@router.post(
    "/{connection}", operation_id="receive_webhook", summary="Receive a delivery", response_class=Response,
    responses=_TAKES, openapi_extra=_BODY,
)  # fmt: skip
async def take(request: Request, connection: ConnectionId) -> Response:
    """Verify and store a delivery. The answer is sent after the commit."""
    return await _take(request, connection)


@router.get(
    "/{connection}/{url_token}", operation_id="verify_webhook_with_token", summary="Answer a verification of a URL with a token",
    response_class=Response, responses=_CHECKS, openapi_extra=_OPEN,
)  # fmt: skip
async def check_by_token(request: Request, connection: ConnectionId, url_token: UrlToken) -> Response:
    """Answer a verification request at a URL with a token."""
    return await _check(request, connection, url_token)


@router.post(
    "/{connection}/{url_token}", operation_id="receive_webhook_with_token", summary="Receive a delivery at a URL with a token",
    response_class=Response, responses=_TAKES, openapi_extra=_BODY,
)  # fmt: skip
async def take_by_token(request: Request, connection: ConnectionId, url_token: UrlToken) -> Response:
    """Receive a delivery whose signature covers a part of it, or that has none. A wrong token is answered 404."""
    return await _take(request, connection, url_token)
