"""HTTP beyond single routes: HEAD, compression, conditional requests, CORS, security headers, who reads the metrics."""

from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Role
from app.negotiation import accepts_gzip, tag_of
from app.service import Service
from tests.api.configured import configured
from tests.conftest import KeyMaker

FORM = {"title": "Autumn knitwear", "brand": "maison-k", "host": "kobayashi", "currency": "CNY"}


async def session_of(client: httpx.AsyncClient, **more: str) -> str:
    """Create a session and return its id."""
    return str((await client.post("/v1/sessions", json=FORM | more)).json()["id"])


# HEAD


async def test_head_answers_where_get_does(client: httpx.AsyncClient) -> None:
    """The same status and headers, the length of GET's body, and no body."""
    session = await session_of(client)
    for path in (
        "/healthz",
        "/v1/sessions",
        f"/v1/sessions/{session}/kpis",
        f"/v1/sessions/{session}/report.html",
        "/",
        "/docs",
        "/v1/labels",
    ):
        got = await client.get(path, headers={"Accept-Encoding": "identity"})
        head = await client.head(path, headers={"Accept-Encoding": "identity"})
        assert (got.status_code, b"") == (head.status_code, head.content), path
        assert got.headers["content-type"] == head.headers["content-type"]
        assert got.headers["content-length"] == head.headers["content-length"] or path.endswith("sessions")
    assert 404 == (await client.head("/v1/sessions/none/kpis")).status_code
    assert 401 == (await client.head("/v1/sessions", headers={"Authorization": ""})).status_code


async def test_head_of_an_event_stream_ends(client: httpx.AsyncClient) -> None:
    """Only the head: HEAD subscribes to nothing and does not wait."""
    session = await session_of(client)
    answer = await client.head(f"/v1/sessions/{session}/stream", timeout=5)
    assert (200, "text/event-stream; charset=utf-8") == (answer.status_code, answer.headers["content-type"])


async def test_allow_names_head_with_get(client: httpx.AsyncClient) -> None:
    """405 lists HEAD where GET is allowed."""
    answer = await client.request("PURGE", "/healthz")
    assert 405 == answer.status_code
    assert {"GET", "HEAD"} == {method.strip() for method in answer.headers["allow"].split(",")}


# Compression


async def test_json_of_a_kilobyte_is_compressed(client: httpx.AsyncClient) -> None:
    """With gzip accepted; a smaller answer is not, and `Vary` names Accept-Encoding either way."""
    session = await session_of(client)
    for accepted in ("gzip", "br;q=1.0, gzip;q=0.8, *;q=0.1", "*"):
        packed = await client.get(f"/v1/sessions/{session}/kpis", headers={"Accept-Encoding": accepted})
        assert "gzip" == packed.headers["content-encoding"], accepted
        assert int(packed.headers["content-length"]) < len(packed.content) / 3
    plain = await client.get(f"/v1/sessions/{session}/kpis", headers={"Accept-Encoding": "identity"})
    for answer in (packed, plain):
        assert "Accept-Encoding" in answer.headers["vary"]
        assert packed.json()["kpis"] == answer.json()["kpis"]
    small = await client.get("/healthz", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small.headers


async def test_a_refused_coding_is_not_used(client: httpx.AsyncClient) -> None:
    """`q=0` refuses gzip, by its name or by `*`; on routes, labels and the dashboard's files alike."""
    session = await session_of(client)
    for accepted in ("gzip;q=0", "gzip; q=0.000", "identity", "", "br", "*;q=0", "gzip;q=0, *", "GZIP;Q=0"):
        assert not accepts_gzip(accepted)
        for path in (f"/v1/sessions/{session}/kpis", "/v1/labels", "/", "/openapi.json"):
            answer = await client.get(path, headers={"Accept-Encoding": accepted})
            assert "content-encoding" not in answer.headers, (path, accepted)


async def test_a_long_receipt_is_compressed_too(client: httpx.AsyncClient) -> None:
    """The hot route: 200 rejections."""
    events = [
        {"specversion": "1.0", "id": str(n), "source": "s", "type": "no.such", "subject": "wechat:r", "data": {}}
        for n in range(200)
    ]
    answer = await client.post("/v1/events", json=events, headers={"Accept-Encoding": "gzip"})
    assert (422, "gzip") == (answer.status_code, answer.headers["content-encoding"])
    assert 200 == len(answer.json()["rejected"])


# Conditional requests


@pytest.mark.parametrize("path", ["kpis", "products", "report", "timeline", "showcases", "audience", "insights", "kpis?lang=zh"])
async def test_an_unchanged_document_is_304(client: httpx.AsyncClient, path: str) -> None:
    """Until an event changes it; then the tag is another. `as_of` alone is no change."""
    # The timeline of a session without any time is that of the present minute.
    session = await session_of(client, scheduled_at="2021-09-25T05:00:00Z")
    url = f"/v1/sessions/{session}/{path}"
    first = await client.get(url)
    tag = first.headers["etag"]
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await client.get(url, headers={"If-None-Match": known})
        assert (304, b"", tag) == (again.status_code, again.content, again.headers["etag"]), known
    assert 200 == (await client.get(url, headers={"If-None-Match": '"other"'})).status_code
    assert "no-cache" in first.headers["cache-control"]
    assert "private" in first.headers["cache-control"]


async def test_an_event_changes_the_tag(client: httpx.AsyncClient) -> None:
    """KPIs before and after one like."""
    session = await session_of(client)
    before = await client.get(f"/v1/sessions/{session}/kpis")
    like = {"specversion": "1.0", "id": "1", "source": "s", "type": "live.like.sent", "subject": session, "data": {}}
    assert (await client.post("/v1/events", json=like)).is_success
    after = await client.get(f"/v1/sessions/{session}/kpis", headers={"If-None-Match": before.headers["etag"]})
    assert 200 == after.status_code
    assert before.headers["etag"] != after.headers["etag"]


@pytest.mark.parametrize(("path", "status"), [("", 404), ("x", 404), ("x/y", 404), (f"{UUID(int=0)}", 404), ("{session}", 200)])
@pytest.mark.parametrize("accepted", ["identity", "gzip"])
async def test_kpis_are_answered_as_other_routes_are(client: httpx.AsyncClient, path: str, status: int, accepted: str) -> None:
    """GET does not pass through FastAPI; HEAD does: both answer with the same status and headers."""
    session = await session_of(client)
    url, headers = f"/v1/sessions/{path.format(session=session)}/kpis", {"Accept-Encoding": accepted}
    documents = [await client.request(method, url, headers=headers) for method in ("GET", "HEAD")]
    assert [status] * 2 == [answer.status_code for answer in documents]
    # The document holds the time at which it was computed, and an error the request's id.
    changing = {"x-request-id", "content-length", "x-frame-options"}
    assert len({tuple(sorted((k, v) for k, v in answer.headers.items() if k not in changing)) for answer in documents}) == 1
    assert 405 == (await client.post(f"/v1/sessions/{session}/kpis")).status_code


def test_a_tag_is_of_content_and_language() -> None:
    """The time of computation does not count; everything else does."""
    first = b'{"session":"1","as_of":"2021-09-25T05:00:00Z","gmv":"1.00"}'
    later = b'{"session":"1","as_of":"2021-09-25T05:00:01Z","gmv":"1.00"}'
    other = b'{"session":"1","as_of":"2021-09-25T05:00:00Z","gmv":"2.00"}'
    assert tag_of(first, "en") == tag_of(later, "en")
    assert len({tag_of(first, "en"), tag_of(other, "en"), tag_of(first, "ja")}) == 3


# CORS


async def test_no_other_origin_may_read_by_default(client: httpx.AsyncClient) -> None:
    """No CORS header at all."""
    answer = await client.get("/healthz", headers={"Origin": "https://overlay.example"})
    assert [] == [name for name in answer.headers if name.startswith("access-control-")]


async def test_named_origins_may_read_and_send(service: Service, keys: KeyMaker) -> None:
    """A preflight and a request of the hot route; another origin gets nothing."""
    async with configured(service, keys, cors_origins="https://overlay.example") as client:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
        preflight = await client.options("/v1/events", headers={"Origin": "https://overlay.example", **asked})
        assert (200, "https://overlay.example") == (preflight.status_code, preflight.headers["access-control-allow-origin"])
        like = {"specversion": "1.0", "id": "1", "source": "s", "type": "live.like.sent", "subject": "wechat:r", "data": {}}
        sent = await client.post("/v1/events", json=like, headers={"Origin": "https://overlay.example"})
        assert (200, "https://overlay.example") == (sent.status_code, sent.headers["access-control-allow-origin"])
        assert "ETag" in sent.headers["access-control-expose-headers"]
        other = await client.options("/v1/events", headers={"Origin": "https://evil.example", **asked})
        assert 400 == other.status_code
        assert "access-control-allow-origin" not in other.headers
        assert "access-control-allow-credentials" not in sent.headers


# Security headers


async def test_security_headers(service: Service, keys: KeyMaker, client: httpx.AsyncClient) -> None:
    """Nosniff on every answer, no framing of pages, HSTS where the client uses https."""
    session = await session_of(client)
    for path in ("/", "/docs", "/healthz", "/v1/sessions", f"/v1/sessions/{session}/report.html", "/nowhere", "/metrics"):
        answer = await client.get(path)
        assert "nosniff" == answer.headers["x-content-type-options"], path
        assert "DENY" == answer.headers["x-frame-options"], path
        assert "strict-transport-security" not in answer.headers
    assert "nosniff" == (await client.post("/v1/events")).headers["x-content-type-options"]
    secure = await client.get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert "max-age=31536000" == secure.headers["strict-transport-security"]
    async with configured(service, keys, peer="203.0.113.9") as stranger:
        answer = await stranger.get("/healthz", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in answer.headers
    async with configured(service, keys, public_url="https://live.example") as behind:
        assert "strict-transport-security" in (await behind.get("/healthz")).headers


async def test_metrics_by_setting(service: Service, keys: KeyMaker) -> None:
    """Open, for admins, or not there."""
    for setting, statuses in (("open", (200, 200, 200)), ("admin", (401, 403, 200)), ("off", (404, 404, 404))):
        async with configured(service, keys, metrics=setting) as client:
            viewer = await keys(Role.VIEWER)
            answers = [await client.get("/metrics", headers=headers) for headers in ({"Authorization": ""}, viewer, {})]
            assert statuses == tuple(answer.status_code for answer in answers), setting


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
async def test_a_slash_at_the_end_leads_nowhere(client: httpx.AsyncClient, method: str) -> None:
    """A redirect would send the key to the host that the request names, by the scheme of the server behind a proxy."""
    for path in ("/v1/sessions/", "/v1/me/", "/healthz/"):
        answer = await client.request(method, path, headers={"Host": "stranger.example"})
        assert 404 == answer.status_code
        assert "location" not in answer.headers
