"""The application: routes, error answers and documentation put together.

In: an opened `Service`, or none where only the document is wanted. Out: an ASGI application. Never here: logic.
"""

from typing import Any

from asyncpg import LockNotAvailableError
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError, TimeoutError as SQLAlchemyTimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app import __version__
from app.api import (
    brands,
    charts,
    comparison,
    connections,
    dead_letters,
    event_log,
    events,
    health,
    imports,
    insights,
    keys,
    labels,
    lineup,
    notes,
    openapi,
    orders,
    products,
    promotions,
    reports,
    results,
    sessions,
    stream,
    stream_claims,
    streams,
    voids,
    webhooks,
)
from app.dashboard.routes import ROUTES as DASHBOARD
from app.ingest.writer import NotCommittedError, QueueFullError
from app.observability.logs import request_id
from app.observability.requests import RequestContext
from app.problems import MEDIA_TYPE, FieldError, ProblemError, pointer_of
from app.service import Service
from app.storage.database import CONFLICTS, UNREACHABLE, is_transient

ROUTERS = (
    events, results, dead_letters, event_log, sessions, streams, lineup, promotions, notes, orders, brands, products, keys,
    stream_claims,
    connections, stream, charts, insights, comparison, reports, webhooks, imports, voids, labels, health,
)  # fmt: skip


_EVENTS = Route("/v1/events", events.take, methods=["POST"])
_WEBHOOKS = "/v1/webhooks/"
_DELIVERIES = {
    count: Route(_WEBHOOKS + path, webhooks.hot, methods=["POST"])
    for count, path in ((1, "{connection}"), (2, "{connection}/{url_token}"))
}
"""Routes by the number of their parameters; they are what the request's log line and metrics name."""


class Application:
    """FastAPI, and before it a door for events and platforms' deliveries.

    To a small request FastAPI's layers cost as much as all of its work. The router's twin of each hot route is what the
    documentation is made of, and answers every other method.
    """

    def __init__(self, api: FastAPI, max_body: int | None) -> None:
        """Stand before an application; a body may have `max_body` bytes."""
        self._api = api
        self._hot = RequestContext(_hot, max_body)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return self._api.openapi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the hot routes, pass everything else on."""
        route = _hot_route(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if route is None:
            await self._api(scope, receive, send)
        else:
            scope["app"], scope["route"] = self._api, route
            await self._hot(scope, receive, send)


async def _hot(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    try:
        answer: Response | bytes = await scope["route"].endpoint(request)
        if isinstance(answer, bytes):
            await _send_json(send, answer)
            return
    except ProblemError as problem:
        answer = _answer(problem)
    except Exception as error:  # noqa: BLE001 - the handler raises again what it does not know
        answer = _passing(request, error)
    await answer(scope, receive, send)


async def _send_json(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def create_app(service: Service | None = None) -> Application:
    """Return the application; `/docs` and `/redoc` need no other host."""
    app = FastAPIOffline(
        title="Tallylight",
        version=__version__,
        summary="The numbers of live commerce.",
        description="Telemetry of a live session in, exact KPIs, per-product results and the results sheet out.",
        openapi_tags=openapi.TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    app.state.service = service
    for room in ROUTERS:
        app.include_router(room.router)
    app.router.routes.extend(DASHBOARD)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    passing = (*UNREACHABLE, *CONFLICTS, LockNotAvailableError, DBAPIError, SQLAlchemyTimeoutError)
    for kind in (*passing, QueueFullError, NotCommittedError):
        app.add_exception_handler(kind, _passing)
    max_body = service.settings.max_body_bytes if service else None
    max_file = service.settings.max_import_bytes if service else None
    app.add_middleware(RequestContext, max_body=max_body, max_file=max_file)
    return Application(app, max_body)


def _hot_route(scope: Scope) -> Route | None:
    path: str = scope["path"]
    if path == "/v1/events":
        return _EVENTS
    if not path.startswith(_WEBHOOKS):
        return None
    parts = path[len(_WEBHOOKS) :].split("/")
    route = _DELIVERIES.get(len(parts)) if all(parts) else None
    if route is not None:
        scope["path_params"] = dict(zip(("connection", "url_token"), parts, strict=False))
    return route


def _answer(problem: ProblemError) -> Response:
    current = request_id()
    body = to_json(problem.document(f"urn:request:{current}" if current else None))
    return Response(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _problem(_: Request, error: Any) -> Response:
    return _answer(error)


def _invalid_request(_: Request, error: Any) -> Response:
    problems = [
        # The first step says where the field stands (body, query, path): the pointer begins after it.
        FieldError(pointer=pointer_of(problem["loc"][1:]), detail=str(problem["msg"]))
        for problem in error.errors()
    ]
    return _answer(ProblemError(422, "the input is not valid", errors=problems))


def _passing(_: Request, error: Any) -> Response:
    """Answer 503 for what a repetition may mend; anything else that the database said is our own fault."""
    if not isinstance(error, QueueFullError | NotCommittedError) and not is_transient(error):
        raise error
    return _answer(ProblemError(503, "the database did not answer in time; send again", headers={"Retry-After": "1"}))


def _http_error(_: Request, error: Any) -> Response:
    detail = error.detail if error.status_code not in {404, 405} else None
    return _answer(ProblemError(error.status_code, detail, headers=error.headers))
