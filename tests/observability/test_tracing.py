"""Traces reach a collector, with what happened and without anything about people; where nothing asks for them, nothing is imported."""

import ast
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from app import extras
from app.main import create_app
from app.observability import tracing
from app.observability.logs import current_trace
from app.operations.settings_review import review
from app.platforms.calls.outbound import AllowList, guarded_client
from app.service import service_on
from app.settings import Settings
from app.storage.database import open_database
from tests.databases import LOCAL, OwnSettings

ROOT = Path(__file__).parents[2]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEY = "tl_tracing_0123456789abcdefghijklmnop"


class Collector(ThreadingHTTPServer):
    """A receiver of OTLP over HTTP on loopback."""

    def __init__(self) -> None:
        """Listen."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.called = 0

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> list[dict[str, Any]]:
        """Return what has arrived: name, kind, ids, attributes, links, status, resource."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415

        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                own = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    found += [
                        {
                            "name": span.name,
                            "kind": span.kind,
                            "trace": span.trace_id.hex(),
                            "id": span.span_id.hex(),
                            "parent": span.parent_span_id.hex(),
                            "attributes": {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes},
                            "links": [link.span_id.hex() for link in span.links],
                            "events": len(span.events),
                            "failed": span.status.code == 2,
                            "resource": own,
                        }
                        for span in scope.spans
                    ]
        return found


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/traces":
            self.server.bodies.append(body)
            self.send_response(200)
        else:
            self.server.called += 1
            self.send_response(418)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector that the environment names."""
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def named(spans: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return the spans of a name."""
    return [one for one in spans if one["name"] == name]


async def test_a_request_its_wait_and_its_flush_are_one_story(collector: Collector, settings: Settings) -> None:
    """Parents, links, routes and outcomes are there; no key, person, comment, path or query is."""
    with tracing.configured(os.environ):
        database = await open_database(settings)
        try:
            own = settings.model_copy(update={"bootstrap_admin_key": None})
            async with service_on(database, own) as service:
                _, key = await service.keys.create("admin", None, "test")  # type: ignore[arg-type]
                headers = {"Authorization": f"Bearer {key}"}
                transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
                async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=headers) as client:
                    form = {
                        "title": "t",
                        "brand": "b",
                        "currency": "CNY",
                        "streams": [{"platform": "wechat", "room": "r-secret"}],
                    }
                    session = (await client.post("/v1/sessions", json=form)).json()["id"]
                    event = {
                        "specversion": "1.0", "id": "e-1", "source": "/s", "subject": session, "type": "live.comment.posted",
                        "data": {"viewer": "viewer-of-the-show", "text": "the-words-of-a-comment"},
                    }  # fmt: skip
                    answer = await client.post("/v1/events", json=event, headers={"traceparent": PARENT})
                    assert 200 == answer.status_code
                    assert 200 == (await client.get(f"/v1/sessions/{session}/kpis?lang=en")).status_code
                    assert 404 == (await client.get("/a-path-of-a-stranger?token=abc")).status_code
                    assert 200 == (await client.get("/readyz")).status_code
        finally:
            await database.close()
    spans = collector.spans()
    [taken] = named(spans, "POST /v1/events")
    assert (PARENT.split("-")[1], PARENT.split("-")[2]) == (taken["trace"], taken["parent"])
    assert {"http.request.method": "POST", "http.route": "/v1/events", "http.response.status_code": 200} == taken["attributes"]
    [wait] = named(spans, "wait for commit")
    assert (taken["trace"], taken["id"]) == (wait["trace"], wait["parent"])
    flush = next(one for one in named(spans, "flush") if wait["id"] in one["links"])
    assert {"events": 1, "requests": 1} == flush["attributes"]
    assert flush["id"] in {one["parent"] for one in named(spans, "commit")}
    [kpis] = named(spans, "GET /v1/sessions/{session}/kpis")
    assert kpis["trace"] != taken["trace"]
    assert 404 == named(spans, "GET other")[0]["attributes"]["http.response.status_code"]
    assert not named(spans, "GET /readyz")
    assert ("tallylight", "0.1.0") == tuple(taken["resource"][name] for name in ("service.name", "service.version"))
    told = b"".join(collector.bodies)
    for secret in (key, "viewer-of-the-show", "the-words", "r-secret", session, "a-path-of-a-stranger", "token"):
        assert secret.encode() not in told, secret


async def test_a_call_to_a_platform_names_its_host_alone(collector: Collector) -> None:
    """The token in its query and the words of its failure stay here; no header tells the platform of the trace."""
    with tracing.configured(os.environ):
        async with guarded_client(AllowList.of([LOCAL.split(",")[0]]), httpx.Timeout(5)) as client:
            answer = await client.post(f"{collector.url}/cgi-bin/token?secret=the-secret", content=b"body")
            with pytest.raises(httpx.ConnectError):
                await client.get("http://127.0.0.1:1/x?secret=the-secret")
    assert "traceparent" not in answer.request.headers
    post, get = collector.spans()
    assert {
        "http.request.method": "POST", "server.address": "127.0.0.1", "http.response.status_code": 418, "error.type": "418",
    } == post["attributes"]  # fmt: skip
    assert ("GET", "ConnectError", True, 0) == (get["name"], get["attributes"]["error.type"], get["failed"], get["events"])
    assert b"the-secret" not in b"".join(collector.bodies)


def test_a_log_line_has_the_trace(collector: Collector) -> None:
    """Inside of a span, and only there."""
    with tracing.configured(os.environ):
        assert current_trace.read is not None
        assert current_trace.read() is None
        with tracing.span("x"):
            inside = current_trace.read()
    assert [inside] == [one["trace"] for one in collector.spans()]
    assert current_trace.read is None


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "otlp"}, False),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/v1/metrics"}, False),
    ],
)
def test_the_standard_variables_decide(environment: dict[str, str], wanted: bool) -> None:
    """As OpenTelemetry defines them."""
    assert wanted is tracing.wanted(environment)


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs on without traces, and its log and its status say why."""
    for module in extras.EXTRAS["tracing"]:
        monkeypatch.setitem(sys.modules, module, None)
    asked = {"OTEL_TRACES_EXPORTER": "otlp"}
    with structlog.testing.capture_logs() as lines, tracing.configured(asked):
        assert not tracing.is_on()
    assert ["traces are not recorded"] == [line["event"] for line in lines]
    assert "tallylight[tracing]" in lines[0]["reason"]
    assert "tracing" in review(OwnSettings(), asked)
    assert "tracing" not in review(OwnSettings(), {})


def test_a_collector_that_is_not_there_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends without waiting for its retries."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(tracing, "_STOP_SECONDS", 0.2)
    with tracing.configured(os.environ), tracing.span("x"):
        pass
    assert not tracing.is_on()


def test_nothing_is_imported_unless_it_is_asked_for() -> None:
    """No module imports OpenTelemetry at its top, and the application runs without it in a process of its own."""
    for file in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith("opentelemetry") for name in names), file
    code = (
        "import sys\nfrom app.observability import tracing\nwith tracing.configured({}), tracing.span('x') as span:\n"
        "    span.set('a', 1)\nprint([name for name in sys.modules if 'opentelemetry' in name], span is tracing.span('y'))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "[] True" == done.stdout.strip()
