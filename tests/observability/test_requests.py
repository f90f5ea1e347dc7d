"""What operators see: request ids, metrics by route, log lines without secrets."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from prometheus_client import REGISTRY

from app.dashboard.routes import ROUTES
from app.observability import logs, metrics
from app.observability.logs import configure_logging, request_id
from app.observability.requests import ASSETS, RequestContext, RequestMeasures

KEY = "tl_admin_0123456789abcdefghij"


def _app() -> FastAPI:
    router = APIRouter(prefix="/things")

    @router.get("/{thing}")
    async def read(thing: str) -> dict[str, str | None]:
        return {"thing": thing, "request": request_id()}

    @router.post("/{thing}")
    async def fail(thing: str) -> None:
        raise RuntimeError(f"{KEY} {thing}")

    app = FastAPI()
    app.include_router(router, prefix="/v1")

    @app.post("/v1/events")
    async def take() -> None:
        return None

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"one"
            raise RuntimeError("broken off")

        return StreamingResponse(pieces())

    @app.get(ASSETS)
    async def asset(name: str) -> None:
        if name == "none.js":
            raise HTTPException(404)

    app.add_middleware(RequestContext)
    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a small application behind the middleware."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(_app()), base_url="http://test") as client:
        yield client


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """The log lines written so far, as JSON; logging is put back afterwards."""
    root = logging.getLogger()
    level, before = root.level, structlog.get_config()
    configure_logging("info", "json")

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield read
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, logs._StderrHandler)]
    root.setLevel(level)
    structlog.configure(**before)


def _requests(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("tallylight_requests_total", labels) or 0.0


async def test_every_answer_carries_a_new_request_id(client: httpx.AsyncClient) -> None:
    """Two requests have two ids of 32 hex digits, and the route sees its own."""
    first, second = await client.get("/v1/things/a"), await client.get("/v1/things/a")
    assert first.json()["request"] == first.headers["x-request-id"] != second.headers["x-request-id"]
    assert 16 == len(bytes.fromhex(first.headers["x-request-id"]))
    assert request_id() is None


@pytest.mark.parametrize("sent", ["a-1", "0192f1a0", "A.b_c" * 12])
async def test_a_well_formed_id_of_the_sender_is_kept(client: httpx.AsyncClient, sent: str) -> None:
    """A sender may bring its own id, so that its logs and ours meet."""
    answer = await client.get("/v1/things/a", headers={"X-Request-Id": sent})
    assert [sent] == answer.headers.get_list("x-request-id")


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, 'a"b', "a\tb", KEY])
async def test_any_other_id_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    """What is too long, holds other characters, or looks like an API key, comes back nowhere."""
    answer = await client.get("/v1/things/a", headers={"X-Request-Id": sent})
    assert sent != answer.headers["x-request-id"]
    assert 32 == len(answer.headers["x-request-id"])


async def test_requests_are_counted_by_the_whole_template_of_their_route(client: httpx.AsyncClient) -> None:
    """Paths of one route are one series, with the prefixes under which its router was included."""
    before = _requests("GET", "/v1/things/{thing}", 200)
    await client.get("/v1/things/a")
    await client.get("/v1/things/b")
    assert before + 2 == _requests("GET", "/v1/things/{thing}", 200)


async def test_unknown_paths_and_methods_add_one_series(client: httpx.AsyncClient) -> None:
    """A scanner that tries a thousand paths and methods leaves one series behind."""
    before = _requests("other", "other", 404)
    for n in range(3):
        await client.request(f"TRY{n}", f"/scan/{n}")
    assert before + 3 == _requests("other", "other", 404)


async def test_an_unexpected_error_is_a_problem_without_detail(client: httpx.AsyncClient, lines: Any) -> None:
    """The client learns the request's id and nothing else; the log has the traceback, without the key in it."""
    before = _requests("POST", "/v1/things/{thing}", 500)
    answer = await client.post("/v1/things/a")
    assert 500 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    instance = f"urn:request:{answer.headers['x-request-id']}"
    expected = {"type": "about:blank", "title": "Internal error", "status": 500, "code": "internal_error", "instance": instance}
    assert expected == answer.json()
    assert before + 1 == _requests("POST", "/v1/things/{thing}", 500)
    traceback, line = lines()
    assert "RuntimeError: tl_*** a" in traceback["exception"]
    assert ("error", 500) == (line["level"], line["status"])
    assert answer.headers["x-request-id"] == traceback["request_id"] == line["request_id"]


async def test_an_interrupted_answer_is_an_error(client: httpx.AsyncClient) -> None:
    """After its head is out the connection breaks, so that no client takes half an answer for a whole one."""
    before = _requests("GET", "/stream", 500)
    with pytest.raises(RuntimeError, match="broken off"):
        await client.get("/stream")
    assert before + 1 == _requests("GET", "/stream", 500)


async def test_a_request_is_one_line_and_a_taken_event_is_none(client: httpx.AsyncClient, lines: Any) -> None:
    """Reading is logged by template, ingest only when it is refused."""
    await client.post("/v1/events")
    assert [] == lines()
    await client.get("/v1/things/secret-path")
    (line,) = lines()
    assert ("request", "info", "GET", "/v1/things/{thing}", 200) == tuple(
        line[name] for name in ("event", "level", "method", "route", "status")
    )
    assert "secret-path" not in json.dumps(line)


async def test_files_of_the_dashboard_are_told_at_debug_alone(client: httpx.AsyncClient, lines: Any) -> None:
    """A page takes dozens of them; one that is missing has its line."""
    assert ASSETS in {route.path for route in ROUTES}
    await client.get("/assets/1/js/main.js")
    assert [] == lines()
    await client.get("/assets/1/none.js")
    assert [("info", 404)] == [(line["level"], line["status"]) for line in lines()]
    configure_logging("debug", "json")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(_app()), base_url="http://test") as started_so:
        await started_so.get("/assets/1/js/main.js")
    (line,) = (line for line in lines() if line.get("route") == ASSETS)
    assert ("debug", "GET", 200) == (line["level"], line["method"], line["status"])


def test_secrets_and_people_are_masked_wherever_they_stand(lines: Any) -> None:
    """Keys in texts, nested fields, objects and errors; passwords of URLs; ids of viewers."""

    class Thing:
        def __repr__(self) -> str:
            return f"<Thing {KEY}>"

    structlog.get_logger("test").warning(
        f"refused {KEY}",
        secret_key="s" * 32,
        nested={"app_secret": "abc", "rows": [f"Bearer {KEY}", {"token": "t0ken"}]},
        thing=Thing(),
        url="postgresql://user:hunter2@host/db",
        viewer="openid-1",
        events=3,
    )
    logging.getLogger("library").error("lost postgresql://user:hunter2@host/db with %s", KEY)
    ours, theirs = lines()
    for text in (json.dumps(ours), json.dumps(theirs)):
        for secret in (KEY, "0123456789abcdefghij", "ssss", "abc", "t0ken", "hunter2", "openid-1"):
            assert secret not in text
    assert 3 == ours["events"]
    assert "lost postgresql://user:***@host/db with tl_***" == theirs["event"]


def test_a_console_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str], lines: Any) -> None:
    """People get a readable line, and no frame's variables with it."""
    configure_logging("info", "console")
    hidden = "hunter2-in-a-variable"
    try:
        int(hidden[:7])
    except ValueError:
        structlog.get_logger("test").exception("failed")
    written = capsys.readouterr().err
    assert "ValueError: invalid literal" in written
    assert hidden not in written
    del lines


def test_metrics_are_prometheus_text() -> None:
    """Every metric that the process keeps is in one text."""
    body, media_type = metrics.metrics_text()
    assert media_type.startswith("text/plain")
    for name in ("requests_total", "request_seconds", "events_total", "flush_events", "flush_seconds", "queue_depth"):
        assert f"# TYPE tallylight_{name} ".encode() in body


@pytest.mark.parametrize(("status", "level"), [(401, "info"), (503, "error")])
async def test_refusals_of_one_second_share_a_line(lines: Any, monkeypatch: pytest.MonkeyPatch, status: int, level: str) -> None:
    """A hundred equal refusals write one line; the next one after a second counts those that were left out."""
    now = 100.0
    monkeypatch.setattr("app.observability.requests.time.monotonic", lambda: now)
    measures = RequestMeasures()
    for _ in range(100):
        measures.add("POST", "/v1/things", status, 0.01)
    now += 1.0
    measures.add("POST", "/v1/things", status, 0.01)
    assert [(level, None), (level, 99)] == [(line["level"], line.get("more")) for line in lines()]
