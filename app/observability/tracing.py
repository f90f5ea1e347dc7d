"""OpenTelemetry traces, where its standard variables ask for them.

In: the environment (`OTEL_*`), spans of the code. Out: spans to a collector, by OTLP over HTTP. Never here: an import of
OpenTelemetry where nothing asks for it; paths, queries, bodies, ids of people, texts of errors.

`span` is what the code calls. Until `configured` has begun, it returns one object that does nothing.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from types import TracebackType
from typing import Any, Literal, Self

import structlog

from app import __version__
from app.extras import hint, is_installed
from app.observability.logs import current_trace

_log = structlog.get_logger()

Attribute = str | int | float | bool
Kind = Literal["internal", "server", "client", "consumer"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_STOP_SECONDS = 5.0
"""Time that the last spans have to reach the collector when the process ends."""


class Span:
    """A span that is not recorded."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""
        return

    def rename(self, name: str) -> None:
        """Give it the name that is known by now."""

    def set(self, name: str, value: Attribute) -> None:
        """Add an attribute."""

    def fail(self, error: str) -> None:
        """Mark it as failed, by the kind of the error."""

    def link(self) -> object | None:
        """Return what another span names this one by."""
        return None


_NOTHING = Span()


class _RecordedSpan(Span):
    """A span of the SDK, the current one while its block runs."""

    def __init__(self, api: Any, span: Any) -> None:
        self._span = span
        # An exception's text may hold anything; its type is enough.
        self._use: AbstractContextManager[Any] = api.use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        )
        self._api = api

    def __enter__(self) -> Self:
        self._use.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.fail(kind.__name__)
        self._use.__exit__(kind, error, trace)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def set(self, name: str, value: Attribute) -> None:
        self._span.set_attribute(name, value)

    def fail(self, error: str) -> None:
        self._span.set_attribute("error.type", error)
        self._span.set_status(self._api.StatusCode.ERROR)

    def link(self) -> object | None:
        found: object = self._api.Link(self._span.get_span_context())
        return found


class _Tracer:
    """The SDK's tracer of this process."""

    def __init__(self, provider: Any) -> None:
        self._api = import_module("opentelemetry.trace")
        self._propagation = import_module("opentelemetry.trace.propagation.tracecontext").TraceContextTextMapPropagator()
        self._tracer = provider.get_tracer("tallylight", __version__)

    def span(
        self, name: str, kind: Kind, parent: str | None, links: Sequence[object], attributes: Mapping[str, Attribute]
    ) -> Span:
        context = None if parent is None else self._propagation.extract({"traceparent": parent})
        started = self._tracer.start_span(
            name, context, self._api.SpanKind[kind.upper()], dict(attributes), links=[link for link in links if link is not None]
        )
        return _RecordedSpan(self._api, started)


class _State:
    tracer: _Tracer | None = None


def is_on() -> bool:
    """Return whether spans are recorded."""
    return _State.tracer is not None


def span(
    name: str,
    kind: Kind = "internal",
    attributes: Mapping[str, Attribute] = {},
    *,
    parent: str | None = None,
    links: Sequence[object] = (),
) -> Span:
    """Return a span for a `with` block.

    Args:
        name: of which there are few: never a path or an id.
        kind: as OpenTelemetry has it.
        attributes: few values each, and nothing that a client wrote.
        parent: the header `traceparent` of a caller.
        links: what `Span.link` of other spans returned.
    """
    if _State.tracer is None:
        return _NOTHING
    return _State.tracer.span(name, kind, parent, links, attributes)


def trace_id() -> str | None:
    """Return the id of the current trace, for log lines; None if nothing is recorded."""
    if _State.tracer is None:
        return None
    context = import_module("opentelemetry.trace").get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def wanted(environment: Mapping[str, str]) -> bool:
    """Return whether the environment asks for traces: an exporter is named, or there is an address for one."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    return exporter == "otlp" or (not exporter and any(environment.get(name) for name in _ENDPOINTS))


@contextmanager
def configured(environment: Mapping[str, str]) -> Iterator[None]:
    """Record spans while the block runs, if the environment asks for it; the last spans are sent at its end.

    The SDK reads the other standard variables itself: the collector's address and headers, the sampler, the resource.
    """
    if not wanted(environment):
        yield
        return
    if not is_installed("tracing"):
        _log.warning("traces are not recorded", reason=hint("tracing"))
        yield
        return
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        _log.warning("traces are sent by OTLP over HTTP; the variable is ignored", protocol=protocol)
    provider = _provider(environment)
    _State.tracer = _Tracer(provider)
    current_trace.read = trace_id
    try:
        yield
    finally:
        _State.tracer = None
        current_trace.read = None
        # In a thread: a collector that does not answer must not hold up the end of the process.
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(_STOP_SECONDS)


def _provider(environment: Mapping[str, str]) -> Any:
    sdk = import_module("opentelemetry.sdk.trace")
    export = import_module("opentelemetry.sdk.trace.export")
    resources = import_module("opentelemetry.sdk.resources")
    exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter()
    own = {"service.version": __version__}
    if not environment.get("OTEL_SERVICE_NAME") and "service.name=" not in environment.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        own["service.name"] = "tallylight"
    provider = sdk.TracerProvider(resource=resources.Resource.create(own), shutdown_on_exit=False)
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    return provider
