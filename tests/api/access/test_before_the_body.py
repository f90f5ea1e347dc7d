"""The API key is checked before the body is read, on every route that takes one."""

from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

import pytest

from app.main import create_app
from app.service import Service
from tests.api.document import DOCUMENT
from tests.conftest import KeyMaker
from tests.pipeline.conftest import Stage

WITH_BODY = [
    (method.upper(), path)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation and operation["security"]
]


class BodyReadError(AssertionError):
    """A route asked for the body."""


async def refuse_to_give_a_body() -> MutableMapping[str, Any]:
    """Be the `receive` of a request whose body must not be read."""
    raise BodyReadError


async def status_without_body(service: Service, method: str, path: str, authorization: str | None) -> int:
    """Return the status of a request whose body must not be read."""
    parameters = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    url = path.format_map(dict.fromkeys(parameters, str(uuid4())))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"800000")]
    if authorization:
        headers.append((b"authorization", authorization.encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method, "path": url,
        "raw_path": url.encode(), "query_string": b"", "headers": headers, "client": ("192.0.2.7", 1), "server": ("test", 80),
        "root_path": "",
    }  # fmt: skip
    statuses: list[int] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await create_app(service)(scope, refuse_to_give_a_body, send)
    return statuses[0]


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_stranger_is_refused_before_the_body_is_read(stage: Stage, method: str, path: str) -> None:
    """401 without a key, with a wrong one, and with another scheme; a body that is asked for is an error here."""
    for authorization in (None, "Bearer tl_unknown_0123456789abcdef", "Basic dXNlcjpwYXNz"):
        assert 401 == await status_without_body(stage.service, method, path, authorization)


def test_the_list_of_routes_is_not_empty() -> None:
    """The document names what these tests are about."""
    assert ("POST", "/v1/events") in WITH_BODY
    assert ("PATCH", "/v1/sessions/{session}") in WITH_BODY
    assert len(WITH_BODY) > 15


async def test_a_full_queue_refuses_before_the_body_is_read(service: Service, keys: KeyMaker) -> None:
    """503, so that a sender of too much costs a head and not a body."""
    sender = (await keys("ingest"))["Authorization"]
    await service.writer.drain()  # from now on it takes nothing
    assert 503 == await status_without_body(service, "POST", "/v1/events", sender)
