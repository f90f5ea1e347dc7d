"""The ASGI application around FastAPI: base path, CORS, HEAD, compression, and the hot routes: events, deliveries, KPIs.

In: requests of the server. Out: answers. Never here: what a route does.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.conventions.compression import compressing
from app.api.conventions.conditional import conditional
from app.api.conventions.errors import response_to
from app.api.figures import results
from app.api.ingest import events, webhooks
from app.api.ingest.direct_events import DirectEvents
from app.negotiation import COMPRESS_FROM, accepts_gzip
from app.observability.requests import METHOD

_EVENTS = Route(events.ROUTE, events.take, methods=["POST"])
_WEBHOOKS = "/v1/webhooks/"
_DELIVERIES = {
    count: Route(_WEBHOOKS + path, webhooks.hot, methods=["POST"])
    for count, path in ((1, "{connection}"), (2, "{connection}/{url_token}"))
}
"""Routes by the number of their parameters. They name the request in its log line and metrics."""
_SESSIONS = "/v1/sessions/"
_KPIS = Route(_SESSIONS + "{session}/kpis", results.kpis, methods=["GET"], name="get_kpis")
_CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_CORS_EXPOSED = (
    "Content-Disposition",
    "Content-Language",
    "ETag",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
)


class Application:
    """Answers the hot routes itself and passes every other request to FastAPI.

    FastAPI's layers cost a small request as much as all of its work. FastAPI also has each hot route: it documents them, and
    answers every other method.
    """

    def __init__(
        self,
        api: FastAPI,
        context: Callable[[ASGIApp], ASGIApp],
        root_path: str = "",
        cors_origins: Sequence[str] = (),
        direct_events: DirectEvents | None = None,
    ) -> None:
        """Wrap FastAPI; `context` wraps the hot routes as FastAPI's own middleware wraps the others."""
        self.direct_events = direct_events
        """What answers plain events for a server that offers them before they become ASGI requests."""
        self._api = api
        self._root_path = root_path
        self._hot = context(_hot)
        self._app: ASGIApp = self._answer
        if cors_origins:
            self._app = CORSMiddleware(
                self._answer,
                allow_origins=cors_origins,
                allow_methods=_CORS_METHODS,
                allow_headers=["*"],
                expose_headers=_CORS_EXPOSED,
            )

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return self._api.openapi()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            await self._app(scope, receive, send)
        else:
            await self._api(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._root_path:
            _enter(scope, self._root_path)
        method = scope["method"]
        route = _hot_route(scope, self._root_path)
        if route is not None:
            scope["app"], scope["route"] = self._api, route
            await self._hot(scope, receive, send)
            return
        if method == "HEAD":
            # Routes know GET alone. The server compares the length of a body with the method of its own scope.
            scope, send = {**scope, "method": "GET", METHOD: "HEAD"}, _without_body(send)
        send = compressing(send, accepted=_accepts_gzip(scope))
        await self._api(scope, receive, _conditional(scope, send))


def _enter(scope: Scope, root_path: str) -> None:
    """Make a path begin with the base path, whether a proxy has removed it or not (ASGI: `path` includes `root_path`)."""
    path: str = scope["path"]
    if path == root_path:
        path += "/"
    elif not path.startswith(f"{root_path}/"):
        path = root_path + path
    scope["path"], scope["root_path"] = path, root_path


def _hot_route(scope: Scope, root_path: str) -> Route | None:
    path: str = scope["path"]
    if root_path:
        path = path[len(root_path) :]
    if scope["method"] == "GET":
        session = path[len(_SESSIONS) : -len("/kpis")]
        if not session or "/" in session or path != f"{_SESSIONS}{session}/kpis":
            return None
        scope["path_params"] = {"session": session}
        return _KPIS
    if scope["method"] != "POST":
        return None
    if path == events.ROUTE:
        return _EVENTS
    if not path.startswith(_WEBHOOKS):
        return None
    parts = path[len(_WEBHOOKS) :].split("/")
    route = _DELIVERIES.get(len(parts)) if all(parts) else None
    if route is not None:
        scope["path_params"] = dict(zip(("connection", "url_token"), parts, strict=False))
    return route


async def _hot(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    try:
        answer: Response | bytes = await scope["route"].endpoint(request)
    except Exception as error:  # noqa: BLE001 - raised again if it is a fault of the server
        answer = response_to(error)
    if len(answer if isinstance(answer, bytes) else answer.body) >= COMPRESS_FROM:
        send = compressing(send, accepted=_accepts_gzip(scope))
    if isinstance(answer, bytes):
        await _send_json(send, answer)
    else:
        await answer(scope, receive, _conditional(scope, send))


async def _send_json(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _accepts_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and accepts_gzip(value.decode("latin-1")) for name, value in scope["headers"])


def _conditional(scope: Scope, send: Send) -> Send:
    if scope["method"] == "GET":
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                return conditional(send, value.decode("latin-1"))
    return send


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head
