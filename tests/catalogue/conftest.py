"""What the tests of the catalogue share: keys of every role and brand, sessions, and telemetry over HTTP."""

import itertools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx
import pytest

Answer = dict[str, Any]
Headers = dict[str, str]
KeyFor = Callable[..., Awaitable[Headers]]
NewSession = Callable[..., Awaitable[Answer]]
Send = Callable[..., Coroutine[Any, Any, None]]

_numbers = itertools.count()


@pytest.fixture
def key_for(client: httpx.AsyncClient) -> KeyFor:
    """Make a key and return the header that presents it."""

    async def make(role: str, brand: str | None = None) -> Headers:
        answer = await client.post("/v1/keys", json={"role": role, "brand": brand})
        assert 201 == answer.status_code, answer.text
        return {"Authorization": f"Bearer {answer.json()['key']}"}

    return make


@pytest.fixture
def new_session(client: httpx.AsyncClient) -> NewSession:
    """Create a session and return it."""

    async def make(brand: str = "maison-k", **fields: Any) -> Answer:
        form = {"title": "秋の新作ライブ", "brand": brand, "currency": "CNY"} | fields
        answer = await client.post("/v1/sessions", json=form)
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def send(client: httpx.AsyncClient) -> Send:
    """Send events of one subject, given as (type, time, data), as one batch."""

    async def post(subject: str, *events: tuple[str, str, Answer]) -> None:
        batch = [
            {
                "specversion": "1.0",
                "id": str(next(_numbers)),
                "source": "/tests",
                "type": f"live.{kind}",
                "subject": subject,
                "time": time,
                "data": data,
            }
            for kind, time, data in events
        ]
        answer = await client.post("/v1/events", json=batch, headers={"Content-Type": "application/cloudevents-batch+json"})
        assert 200 == answer.status_code, answer.text
        assert [] == answer.json()["rejected"]

    return post


CUSTOMS = {
    "name_zh": "100%棉针织衫", "name_en": "Cotton sweater", "material": "100% cotton", "hs_code": "6110200000", "origin": "JP",
    "net_weight_g": 320,
}  # fmt: skip
