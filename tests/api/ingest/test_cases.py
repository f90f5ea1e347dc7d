"""Inputs of the kinds that other tools have got wrong: each gives its right figures, or an error that names what is wrong.

The files are requests and bodies in the shape of public bug reports, without personal data; a test puts its session in place.
"""

import base64
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.adapters.signatures import douyin_live, standard_webhook

CASES = Path(__file__).parent / "cases"
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
Kpis = Callable[[str], Any]


@pytest.fixture
async def session(client: httpx.AsyncClient) -> str:
    """A session with one room of each platform."""
    streams = [{"platform": "wechat", "room": "5042584726460092847"}, {"platform": "douyin", "room": "7376429659866598196"}]
    form = {"title": "t", "brand": "maison-k", "currency": "CNY", "streams": streams}
    return str((await client.post("/v1/sessions", json=form)).json()["id"])


@pytest.fixture
def kpis(client: httpx.AsyncClient) -> Kpis:
    """Return a session's figures, slug → value."""

    async def read(session: str) -> dict[str, Any]:
        document = (await client.get(f"/v1/sessions/{session}/kpis")).json()
        return {slug: figure["value"] for slug, figure in document["kpis"].items()}

    return read


def events_of(name: str, session: str, **changes: Any) -> list[dict[str, Any]]:
    """Return the events of a case, addressed to a session."""
    found: list[dict[str, Any]] = json.loads((CASES / name).read_text())
    return [event | {"subject": session} | changes for event in found]


async def test_data_in_base64_is_data(client: httpx.AsyncClient, session: str, kpis: Kpis) -> None:
    """Events whose data came as bytes count like any others."""
    answer = await client.post("/v1/events", content=json.dumps(events_of("a01_data_base64.json", session)), headers=BATCH)
    assert (200, 4) == (answer.status_code, answer.json()["accepted"])
    assert await _plain_figures(client, kpis) == await kpis(session)


async def _plain_figures(client: httpx.AsyncClient, kpis: Kpis) -> dict[str, Any]:
    """Return the figures of a session that gets the same events with their data as objects."""
    form = {"title": "t", "brand": "other", "currency": "CNY"}
    plain = (await client.post("/v1/sessions", json=form)).json()["id"]
    events = events_of("a01_data_base64.json", plain)
    for event in events:
        event["data"] = json.loads(base64.b64decode(event.pop("data_base64")))
    answer = await client.post("/v1/events", content=json.dumps(events), headers=BATCH)
    assert (200, 4) == (answer.status_code, answer.json()["accepted"])
    figures: dict[str, Any] = await kpis(plain)
    assert (321, 1, "10.00") == (figures["peak_concurrent_viewers"], figures["orders"], figures["gmv"])
    return figures


async def test_data_in_base64_is_data_through_a_signed_webhook_too(client: httpx.AsyncClient, session: str, kpis: Kpis) -> None:
    """A Standard Webhook that carries such events is read alike; one with both kinds of data is kept with the reason."""
    hook = await _connection(client, "standard_webhooks", {"secret": "whsec_" + "a2V5" * 8})
    events = events_of("a01_data_base64.json", session)
    both = events[0] | {"id": "both", "data": {}}
    assert 200 == (await _signed(client, hook, [*events, both])).status_code
    assert await _plain_figures(client, kpis) == await kpis(session)
    [dead_letter] = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert "/data_base64: excludes data" in dead_letter["errors"][0]["detail"]


async def test_headers_in_double_quotes_are_unquoted(client: httpx.AsyncClient, session: str, kpis: Kpis) -> None:
    """As HTTP Protocol Binding 1.0.2 says in 3.1.3.2, for every attribute."""
    case = json.loads((CASES / "a02_quoted_headers.json").read_text())
    headers = case["headers"] | {"ce-subject": f'"{session}"', "Content-Type": "application/json"}
    answer = await client.post("/v1/events", content=json.dumps(case["body"]), headers=headers)
    assert 200 == answer.status_code, answer.text
    assert 7 == (await kpis(session))["likes"]


async def test_all_members_of_a_gzip_body_are_read(client: httpx.AsyncClient, session: str, kpis: Kpis) -> None:
    """A batch in two gzip members is one batch; bytes that follow make it a 400, and nothing of it counts."""
    plain = gzip.decompress((CASES / "a07_json_two_gzip_members.gz").read_bytes())
    events = [event | {"subject": session} for event in json.loads(plain)]
    text = json.dumps(events).encode()
    headers = BATCH | {"Content-Encoding": "gzip"}
    body = gzip.compress(text[: len(text) // 2]) + gzip.compress(text[len(text) // 2 :])
    assert 400 == (await client.post("/v1/events", content=body + b"\0", headers=headers)).status_code
    assert not (await kpis(session))["likes"]
    answer = await client.post("/v1/events", content=body, headers=headers)
    assert (200, len(events)) == (answer.status_code, answer.json()["accepted"])
    assert 40 == len(events) == (await kpis(session))["likes"]


async def test_half_a_character_costs_no_comment(client: httpx.AsyncClient, session: str, kpis: Kpis) -> None:
    """All five comments count."""
    events = events_of("a08_lone_surrogate.json", session)
    assert 5 == (await client.post("/v1/events", content=json.dumps(events), headers=BATCH)).json()["accepted"]
    assert 5 == (await kpis(session))["comments"]


@pytest.mark.parametrize("name", ["wechat_spy", "douyin_live"])
async def test_half_a_character_costs_no_delivery(client: httpx.AsyncClient, session: str, kpis: Kpis, name: str) -> None:
    """Everything in the delivery counts, with a message of half a character, and no dead letter is kept."""
    if name == "wechat_spy":
        body = (CASES / "a08b_spy_lone_surrogate.json").read_bytes()
        hook = await _connection(client, name, {})
        answer = await client.post(hook, content=body)
        rows = json.loads(body)["events"]
        expected = sum(row["decoded_type"] == "comment" for row in rows)
    else:
        body = (CASES / "a08d_douyin_lone_surrogate.json").read_bytes()
        hook = await _connection(client, name, {"app_secret": "s"})
        headers = {
            "x-nonce-str": "n",
            "x-timestamp": "1790316000000",
            "x-roomid": "7376429659866598196",
            "x-msg-type": "live_comment",
        }
        answer = await client.post(hook, content=body, headers=headers | {"x-signature": douyin_live(headers, body, "s")})
        expected = len(json.loads(body))
    assert 200 == answer.status_code, answer.text
    assert expected == (await kpis(session))["comments"]
    assert [] == (await client.get("/v1/dead-letters")).json()["dead_letters"]


async def test_a_character_that_is_none_stops_no_report(client: httpx.AsyncClient, session: str) -> None:
    """A product's code is refused with the reason, the rest counts, and the report is made."""
    answer = await client.post("/v1/events", content=json.dumps(events_of("x01e_ingest_uffff.json", session)), headers=BATCH)
    assert 200 == answer.status_code
    reasons = {error["detail"] for one in answer.json()["rejected"] for error in one["errors"]}
    assert {"holds U+FFFF at character 5, which is no Unicode character"} == reasons
    assert 200 == (await client.get(f"/v1/sessions/{session}/report.html")).status_code


async def _connection(client: httpx.AsyncClient, kind: str, secrets: dict[str, str]) -> str:
    form = {"kind": kind, "name": "test", "brand": "maison-k", "secrets": secrets}
    answer = await client.post("/v1/connections", json=form)
    assert 201 == answer.status_code, answer.text
    return str(urlsplit(answer.json()["webhook_url"]).path)


async def _signed(client: httpx.AsyncClient, path: str, events: list[dict[str, Any]]) -> httpx.Response:
    body, now = json.dumps(events).encode(), str(int(time.time()))
    key = base64.b64decode("a2V5" * 8)
    signature = base64.b64encode(standard_webhook(key, "msg_1", now, body)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": now, "webhook-signature": f"v1,{signature}"}
    return await client.post(path, content=body, headers=headers)
