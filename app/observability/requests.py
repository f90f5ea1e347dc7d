"""Request ids, metrics and log lines of requests, and the 500 for unhandled exceptions.

In: ASGI requests. Out: the same requests, counted. Never here: what a request is about.
"""

import random
import re
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import cached_property
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from pydantic_core import to_json

from app.observability.logs import current_request
from app.observability.metrics import REQUEST_SECONDS, REQUESTS
from app.problems import MEDIA_TYPE, ProblemError

_log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

QUIET = frozenset(
    {
        ("POST", "/v1/events"),
        ("POST", "/v1/webhooks/{connection}"),
        ("POST", "/v1/webhooks/{connection}/{url_token}"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
    }
)
"""Method and route whose success is not logged: the hot path and the probes. Metrics count them."""

ASSETS = "/assets/{version}/{name:path}"
"""The route of the dashboard's files, of which a page takes dozens: their lines are for level debug."""

LASTING = frozenset({("GET", "/v1/sessions/{session}/stream")})
"""Method and route of long-lived answers. They are counted, but their duration is not observed."""

FILES = frozenset({"/v1/imports"})
"""Paths whose bodies are files, which go to the disk as they arrive."""

METHOD = "tallylight.method"
"""Member of an ASGI scope: the method as the client sent it, if the scope names another one."""

EXTRA_HEADERS = "tallylight.headers"
"""Member of an ASGI scope: headers that are added to the answer, a list that the application extends."""

NOSNIFF = (b"x-content-type-options", b"nosniff")
_NO_FRAMES = (b"x-frame-options", b"DENY")
HSTS = (b"strict-transport-security", b"max-age=31536000")
_MERGED = frozenset({401, 404, 429, 503})
"""Statuses that guesses of keys and URLs, and clients of a server at its limit, are answered with: at most one line per second
and route, with a count."""
_MERGED_SECONDS = 1.0

_NO_ANSWER = 499
"""Status that is counted for a request without an answer: the client disconnected, or the process stops."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def _new_id() -> str:
    # The id correlates answers and log lines. It needs no cryptographic randomness, which would cost a system call.
    return f"{random.getrandbits(128):032x}"


def route_of(scope: Scope) -> str:
    """Return the template of the matched route (`/v1/sessions/{session}`); `other` if none matched.

    The number of templates is fixed. Paths are unbounded and may contain secrets.
    """
    # The route of an included router has its path without the prefix. FastAPI keeps the whole path separately.
    included = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(included or scope.get("route"), "path", None)
    return path if isinstance(path, str) else "other"


def known_method(method: str) -> str:
    """Return a method, or `other` for one of the many that clients may invent."""
    return method if method in _METHODS else "other"


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the client's id if it is well formed, else a new one."""
    sent = headers.get(b"x-request-id")
    # An API key in the wrong header must not appear in answers and logs.
    if sent is None or sent.startswith(b"tl_") or not _WELL_FORMED.fullmatch(sent):
        return _new_id()
    return sent.decode()


class RequestMeasures:
    """Counts finished requests, and writes their log lines."""

    def __init__(self) -> None:
        """Start empty."""
        self._merged: dict[tuple[str, str, int], tuple[float, int]] = {}
        self._measures: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    @cached_property
    def _logger(self) -> structlog.typing.FilteringBoundLogger:
        # Made once, after logging is configured: structlog makes a logger for each line, also for one that is not written.
        logger: structlog.typing.FilteringBoundLogger = _log.bind()
        return logger

    def add(self, method: str, route: str, status: int, seconds: float) -> None:
        """Add a request that is answered; `method` and `route` are of fixed sets."""
        measures = self._measures.get((method, route, status))
        if measures is None:
            # Looking up labelled children takes a lock and a copy each time, so they are cached.
            measures = (REQUESTS.labels(method, route, str(status)), REQUEST_SECONDS.labels(method, route))
            self._measures[method, route, status] = measures
        counter, histogram = measures
        counter.inc()
        if (method, route) not in LASTING or status >= 400:
            histogram.observe(seconds)
        if status in _MERGED:
            self._log_merged(method, route, status, seconds)
        elif status >= 500:
            self._logger.error("request", method=method, route=route, status=status, seconds=round(seconds, 6))
        elif status >= 400 or (method, route) not in QUIET:
            log = self._logger.debug if route == ASSETS and status < 400 else self._logger.info
            log("request", method=method, route=route, status=status, seconds=round(seconds, 6))

    def add_unread(self, status: int) -> None:
        """Add a request that was refused before it was read: its method and route are not known, and it took no time."""
        REQUESTS.labels("other", "other", str(status)).inc()
        self._log_merged("other", "other", status, 0.0)

    def _log_merged(self, method: str, route: str, status: int, seconds: float) -> None:
        now = time.monotonic()
        logged_at, more = self._merged.get((method, route, status), (-_MERGED_SECONDS, 0))
        if now - logged_at < _MERGED_SECONDS:
            self._merged[method, route, status] = (logged_at, more + 1)
            return
        self._merged[method, route, status] = (now, 0)
        # The count of the lines that were left out before this one.
        merged = {"more": more} if more else {}
        log = self._logger.error if status >= 500 else self._logger.info
        log("request", method=method, route=route, status=status, seconds=round(seconds, 6), **merged)


class RequestContext:
    """ASGI middleware: request id, metrics, log line, and a 500 for unhandled exceptions.

    Every event passes through it, so it composes nothing that is not sent or kept.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body: int | None = None,
        max_file: int | None = None,
        is_https: Callable[[Scope, Mapping[bytes, bytes]], bool] | None = None,
        *,
        pages: bool = False,
    ) -> None:
        """Wrap an application.

        A body may have `max_body` bytes, the file of an import `max_file`. `is_https` says whether the client uses https; `pages`
        whether there are answers that a browser could show in a frame.
        """
        self._app = app
        self._is_https = is_https
        self._safe = (NOSNIFF, _NO_FRAMES) if pages else (NOSNIFF,)
        self._max_body = max_body
        self._max_file = max_file
        self._measures = RequestMeasures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        current = request_id_of(headers)
        token = current_request.set(current)
        status = 0
        extra: list[tuple[bytes, bytes]] = []
        scope[EXTRA_HEADERS] = extra
        if self._is_https is not None and self._is_https(scope, headers):
            extra.append(HSTS)

        def send_with_id(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", current.encode()), *self._safe, *extra]
            return send(message)

        try:
            limit = self._max_file if scope["path"].removeprefix(scope.get("root_path", "")) in FILES else self._max_body
            if _too_large(headers, limit):
                problem = ProblemError(413, f"a body may have at most {limit} bytes")
                await _send_problem(send_with_id, problem, current)
            else:
                await self._app(scope, _bounded(headers, receive, limit), send_with_id)
        except Exception:
            _log.exception("request failed", method=scope["method"], route=route_of(scope))
            if status:
                # The head is sent already. Only a broken connection tells the client that the rest is missing.
                status = 500
                raise
            await _send_problem(send_with_id, ProblemError(500), current)
        finally:
            self._record(scope, status or _NO_ANSWER, time.perf_counter() - began)
            current_request.reset(token)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        self._measures.add(known_method(scope.get(METHOD) or scope["method"]), route_of(scope), status, seconds)


async def _send_problem(send: Send, problem: ProblemError, current: str) -> None:
    body = to_json(problem.document(f"urn:request:{current}"))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _too_large(headers: Mapping[bytes, bytes], limit: int | None) -> bool:
    announced = headers.get(b"content-length", b"0")
    return limit is not None and announced.isdigit() and int(announced) > limit


def _bounded(headers: Mapping[bytes, bytes], receive: Receive, limit: int | None) -> Receive:
    """Return what counts the bytes of a body whose length was not announced."""
    if limit is None or b"transfer-encoding" not in headers:
        return receive
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise ProblemError(413, f"a body may have at most {limit} bytes")
        return message

    return counted
