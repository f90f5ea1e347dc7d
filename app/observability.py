"""What operators see of a running process: log lines, metrics, and the id that ties a request to both.

In: requests as they pass, figures as they happen. Out: structured log lines on stderr, Prometheus text.
Never here: secrets, raw ids of people, paths or bodies as clients sent them.
"""

import logging
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from pydantic_core import to_json
from structlog.typing import EventDict, Processor, WrappedLogger

from app.problems import MEDIA_TYPE, ProblemError

_log = structlog.get_logger()

# --- Metrics ----------------------------------------------------------------------------------------------------------------

# A second series per series, which says only when the first began.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the package leaves this one untyped

REQUESTS = Counter("tallylight_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "tallylight_request_seconds",
    "Seconds from a request's head to the end of its answer.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
EVENTS = Counter("tallylight_events", "Events settled, by what became of them.", ["outcome"])
FLUSH_EVENTS = Histogram(
    "tallylight_flush_events", "Events in one commit.", buckets=(1, 3, 10, 30, 100, 300, 1_000, 2_000, 5_000)
)
FLUSH_SECONDS = Histogram(
    "tallylight_flush_seconds",
    "Seconds of one commit, from its first event to its end.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
QUEUED = Gauge("tallylight_queue_depth", "Events that wait for their commit.")
SUBSCRIBERS = Gauge("tallylight_stream_subscribers", "Live streams that are open.")
STREAM_SECONDS = Histogram(
    "tallylight_stream_seconds",
    "Seconds to compute one session's update for all who watch it.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
DROPPED = Counter("tallylight_stream_dropped", "Live streams cut off since their reader was too slow.")


def metrics_text() -> tuple[bytes, str]:
    """Return all metrics of the process and their media type, as Prometheus reads them."""
    return generate_latest(), CONTENT_TYPE_LATEST


# --- Logs -------------------------------------------------------------------------------------------------------------------

MASK = "***"
_API_KEY = re.compile(r"tl_[A-Za-z0-9]{1,32}_[A-Za-z0-9_-]+")
_TICKET = re.compile(r"tlt_[A-Za-z0-9_-]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+")
_URL_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/]+@")
_SECRET_FIELD = re.compile(r"(?i)secret|passw|token|authorization|cookie|api_?key|aes_?key|signature|credential")
_PERSON_FIELD = frozenset({"viewer", "buyer", "openid", "unionid", "open_id", "union_id", "from_user", "fromusername"})

_request_id: ContextVar[str | None] = ContextVar("tallylight_request_id", default=None)


def request_id() -> str | None:
    """Return the id of the request that is being answered; None outside of one."""
    return _request_id.get()


def _masked_text(text: str) -> str:
    text = _API_KEY.sub(f"tl_{MASK}", text)
    text = _TICKET.sub(f"tlt_{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _URL_PASSWORD.sub(rf"\1{MASK}@", text)


def _masked(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _masked_field(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    # Anything else becomes text here, since a renderer's own repr() would come after the mask.
    return _masked_text(value if isinstance(value, str) else repr(value))


def _masked_field(name: str, value: object) -> object:
    if value is not None and (name.lower() in _PERSON_FIELD or _SECRET_FIELD.search(name)):
        return MASK
    return _masked(value)


def mask(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Mask API keys, passwords in URLs, and every field whose name sounds like a secret or holds a person's id."""
    del logger, method
    return {name: _masked_field(name, value) for name, value in event.items()}


def _add_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    del logger, method
    current = _request_id.get()
    if current is not None:
        event.setdefault("request_id", current)
    return event


class _StderrHandler(logging.Handler):
    # Asks for stderr at every line, since a test, a progress bar or a daemon may have put another one in its place.
    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - a log line that cannot be written must not break what it tells of
            self.handleError(record)


def configure_logging(level: str = "info", style: str = "console") -> None:
    """Send every log line of the process, ours and the libraries', to stderr in one form.

    `level` is debug, info, warning or error; `style` is json (one object a line) or console.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if style == "console":
        # The default of structlog prints the local variables of every frame, and those may hold secrets.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    handler = _StderrHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [*(other for other in root.handlers if not isinstance(other, _StderrHandler)), handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
    # `RequestContext` writes the line of a request; without a handler uvicorn does not even compose its own.
    logging.getLogger("uvicorn.access").propagate = False
    # These tell each request and each migration step at info.
    for name in ("httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


# --- Requests ---------------------------------------------------------------------------------------------------------------

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
"""Method and route whose success writes no log line: the hot path and the probes; metrics count them."""

LASTING = frozenset({("GET", "/v1/sessions/{session}/stream")})
"""Method and route that stay open by design: counted, but their length says nothing of how fast the service is."""

_NO_ANSWER = 499
"""Counted for a request that ended without an answer: its client left, or the process stops."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def _new_id() -> str:
    # It ties an answer to a log line and guards nothing, so it is worth no system call for better randomness.
    return f"{random.getrandbits(128):032x}"


def route_of(scope: Scope) -> str:
    """Return the template of the matched route (`/v1/sessions/{session}`), `other` where none matched.

    Templates are few; paths are as many as clients care to send, and may hold what no metric should keep.
    """
    # The route of an included router knows its path without the prefix; FastAPI keeps the whole path beside it.
    included = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(included or scope.get("route"), "path", None)
    return path if isinstance(path, str) else "other"


class RequestContext:
    """ASGI middleware around every request: its id, its metrics, its log line, and a 500 for what nobody caught.

    It sits on the path of every event, so it composes nothing that is not sent or kept.
    """

    def __init__(self, app: ASGIApp, max_body: int | None = None) -> None:
        """Wrap an application; a body may have `max_body` bytes."""
        self._app = app
        self._max_body = max_body
        self._measures: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = dict(scope["headers"])
        current = self._id(headers)
        token = _request_id.set(current)
        status = 0

        def send_with_id(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", current.encode())]
            return send(message)

        try:
            if self._too_large(headers):
                problem = ProblemError(413, f"a body may have at most {self._max_body} bytes")
                await _send_problem(send_with_id, problem, current)
            else:
                await self._app(scope, self._bounded(headers, receive), send_with_id)
        except Exception:
            _log.exception("request failed", method=scope["method"], route=route_of(scope))
            if status:
                # The answer's head is out already; only a broken connection can tell that the rest is missing.
                status = 500
                raise
            await _send_problem(send_with_id, ProblemError(500), current)
        finally:
            self._record(scope, status or _NO_ANSWER, time.perf_counter() - began)
            _request_id.reset(token)

    @staticmethod
    def _id(headers: Mapping[bytes, bytes]) -> str:
        """Return the sender's own id where it is well formed, else a new one."""
        sent = headers.get(b"x-request-id")
        # An API key pasted into the wrong header must not come back in answers and logs.
        if sent is None or sent.startswith(b"tl_") or not _WELL_FORMED.fullmatch(sent):
            return _new_id()
        return sent.decode()

    def _too_large(self, headers: Mapping[bytes, bytes]) -> bool:
        announced = headers.get(b"content-length", b"0")
        return self._max_body is not None and announced.isdigit() and int(announced) > self._max_body

    def _bounded(self, headers: Mapping[bytes, bytes], receive: Receive) -> Receive:
        """Return what counts the bytes of a body whose length nobody announced."""
        limit = self._max_body
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

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], route_of(scope)
        if method not in _METHODS:
            method = "other"
        measures = self._measures.get((method, route, status))
        if measures is None:
            # Looking up labelled children takes a lock and a copy each time, so they are remembered.
            measures = (REQUESTS.labels(method, route, str(status)), REQUEST_SECONDS.labels(method, route))
            self._measures[method, route, status] = measures
        counter, histogram = measures
        counter.inc()
        if (method, route) not in LASTING or status >= 400:
            histogram.observe(seconds)
        if status >= 500:
            _log.error("request", method=method, route=route, status=status, seconds=round(seconds, 6))
        elif status >= 400 or (method, route) not in QUIET:
            _log.info("request", method=method, route=route, status=status, seconds=round(seconds, 6))


async def _send_problem(send: Send, problem: ProblemError, current: str) -> None:
    body = to_json(problem.document(f"urn:request:{current}"))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
