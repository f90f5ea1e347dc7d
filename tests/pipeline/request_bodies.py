"""Request bodies of events, in every mode of CloudEvents over HTTP.

In: CloudEvents as dicts. Out: bodies and headers. Never here: assertions about figures.
"""

import gzip
import itertools
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from tests.pipeline.strategies import Event

SINGLE = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"

_numbers = itertools.count(1)


def like(subject: str, **changes: Any) -> Event:
    """Return an event of its own identity: one like; changes with None take an attribute away."""
    event = {
        "specversion": "1.0",
        "id": f"like-{next(_numbers)}",
        "source": "//tool.example/obs",
        "type": "live.like.sent",
        "subject": subject,
        "time": "2021-09-25T14:31:07+09:00",
        "data": {"count": 1},
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


def body(value: Any) -> bytes:
    """Return JSON bytes; text stays UTF-8."""
    return json.dumps(value, ensure_ascii=False).encode()


def binary(event: Event) -> tuple[dict[str, str], bytes]:
    """Return an event in binary mode: attributes as percent-encoded headers (HTTP Protocol Binding 3.1.3.2), data as body."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    headers = {f"ce-{name}": quote(str(value), safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~") for name, value in attributes.items()}
    return headers | JSON, body(event["data"])


async def post(
    client: httpx.AsyncClient, content: bytes, headers: Mapping[str, str] = BATCH, *, zipped: bool = False
) -> httpx.Response:
    """Post a body to `/v1/events`."""
    more = {"Content-Encoding": "gzip"} if zipped else {}
    content = gzip.compress(content) if zipped else content
    return await client.post("/v1/events", content=content, headers={**headers, **more})


async def likes(client: httpx.AsyncClient, session: str) -> int | None:
    """Return the session's likes from its KPIs."""
    answer = await client.get(f"/v1/sessions/{session}/kpis")
    assert 200 == answer.status_code, answer.text
    value: int | None = answer.json()["kpis"]["likes"]["value"]
    return value


def assert_problem(answer: httpx.Response, status: int, *pointers: str) -> None:
    """Assert that an answer is a problem of this status that names these fields."""
    assert status == answer.status_code, answer.text
    assert PROBLEM == answer.headers["Content-Type"]
    problem = answer.json()
    assert status == problem["status"]
    assert problem["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"
    assert set(pointers) <= {error["pointer"] for error in problem.get("errors", [])}, problem
