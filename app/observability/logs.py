"""Log lines of a process: structured, masked, with the id of their request and of their trace.

In: log events of the code. Out: lines on stderr. Never here: secrets, raw ids of people, paths or bodies of requests.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "***"
_API_KEY = re.compile(r"tl_[A-Za-z0-9]{1,32}_[A-Za-z0-9_-]+")
_SECRET = re.compile(r"tl([tigc])_[A-Za-z0-9_-]+")
"""Stream tickets, secrets of sign-in links and share links, cookies."""
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+")
_URL_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/]+@")
_SECRET_FIELD = re.compile(r"(?i)secret|passw|token|authorization|cookie|api_?key|aes_?key|signature|credential")
_PERSON_FIELD = frozenset({"viewer", "buyer", "openid", "unionid", "open_id", "union_id", "from_user", "fromusername"})

current_request: ContextVar[str | None] = ContextVar("tallylight_request_id", default=None)


class _CurrentTrace:
    """How the id of the current trace is read, while traces are recorded."""

    read: Callable[[], str | None] | None = None


current_trace = _CurrentTrace()


def request_id() -> str | None:
    """Return the id of the current request; None outside of a request."""
    return current_request.get()


def _masked_text(text: str) -> str:
    text = _API_KEY.sub(f"tl_{MASK}", text)
    text = _SECRET.sub(rf"tl\1_{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _URL_PASSWORD.sub(rf"\1{MASK}@", text)


def _masked(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _masked_field(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    # Other values become text here: the renderer's repr() would run after the masking.
    return _masked_text(value if isinstance(value, str) else repr(value))


def _masked_field(name: str, value: object) -> object:
    if value is not None and (name.lower() in _PERSON_FIELD or _SECRET_FIELD.search(name)):
        return MASK
    return _masked(value)


def mask(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Mask API keys, passwords in URLs, and every field whose name suggests a secret or a person's id."""
    del logger, method
    return {name: _masked_field(name, value) for name, value in event.items()}


def _add_request_id(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    del logger, method
    current = current_request.get()
    if current is not None:
        event.setdefault("request_id", current)
    if current_trace.read is not None and (trace := current_trace.read()) is not None:
        event.setdefault("trace_id", trace)
    return event


class _StderrHandler(logging.Handler):
    # Reads sys.stderr at every line: a test, a progress bar or a daemon may have replaced it.
    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001 - a log line that cannot be written must not break the caller
            self.handleError(record)


def configure_logging(level: str = "info", style: str = "console") -> None:
    """Send every log line of the process, including those of libraries, to stderr in one format.

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
        # structlog's default prints the local variables of every frame, which may hold secrets.
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
    # `RequestContext` writes the line of a request. Without a handler uvicorn does not compose its own.
    logging.getLogger("uvicorn.access").propagate = False
    # These libraries log every request and every migration step at level info.
    for name in ("httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
