"""What the tests of the read side share: sessions and telemetry over HTTP, on the real database."""

import itertools
from typing import Any

import httpx
import pytest

from tests.kpis.event_builders import Answer, Event, NewSession, Read, Send, at

_numbers = itertools.count()


@pytest.fixture
def new_session(client: httpx.AsyncClient) -> NewSession:
    """Create a session and return its id; by default it has one stream, `wechat:room`."""

    async def make(**fields: Any) -> str:
        form = {"title": "秋の新作ライブ", "brand": "maison-k", "currency": "CNY"} | fields
        form.setdefault("streams", [{"platform": "wechat", "room": "room"}])
        answer = await client.post("/v1/sessions", json=form)
        assert 201 == answer.status_code, answer.text
        return str(answer.json()["id"])

    return make


@pytest.fixture
def send(client: httpx.AsyncClient) -> Send:
    """Send events to a subject as one batch."""

    async def post(subject: str, *events: Event) -> None:
        batch = [
            {
                "specversion": "1.0",
                "id": str(next(_numbers)),
                "source": "/tests",
                "type": f"live.{kind}",
                "subject": subject,
                "time": at(second),
                "data": data,
            }
            for kind, second, data in events
        ]
        answer = await client.post("/v1/events", json=batch, headers={"Content-Type": "application/cloudevents-batch+json"})
        assert 200 == answer.status_code, answer.text
        assert [] == answer.json()["rejected"]

    return post


@pytest.fixture
def read(client: httpx.AsyncClient) -> Read:
    """Read a document of a session; parameters go into the query."""

    async def get(session: str, path: str, **params: Any) -> Answer:
        params = {name.rstrip("_"): value for name, value in params.items()}
        answer = await client.get(f"/v1/sessions/{session}/{path}", params=params)
        assert 200 == answer.status_code, answer.text
        return dict(answer.json())

    return get
