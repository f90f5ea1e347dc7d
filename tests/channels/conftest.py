"""Fixtures of the channels' tests: fake receivers, channels, events of a session."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.service import Service
from tests.channels.fake_bots import FakeBots, form_of
from tests.platforms.fake_wechat import Running

Answer = dict[str, Any]
Make = Callable[..., Awaitable[Answer]]
Send = Callable[..., Awaitable[None]]
Drain = Callable[..., Awaitable[int]]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def bot_server() -> Iterator[FakeBots]:
    """All receivers on loopback."""
    with Running(FakeBots()) as fake:
        yield fake


@pytest.fixture
def bots(bot_server: FakeBots) -> FakeBots:
    """The receivers, as they were at first."""
    fresh = FakeBots(port=bot_server.port)
    for name in ("received", "ids", "requests", "troubles", "per_minute", "moments"):
        setattr(bot_server, name, getattr(fresh, name))
    bot_server.gate.set()
    return bot_server


@pytest.fixture
def make_channel(client: httpx.AsyncClient, bots: FakeBots) -> Make:
    """Create a channel and return it."""

    async def make(kind: str = "wecom", **fields: Any) -> Answer:
        answer = await client.post("/v1/channels", json=form_of(kind, bots.base, **fields))
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def make_session(client: httpx.AsyncClient) -> Make:
    """Create a session and return it."""

    async def make(brand: str = "maison-k", **fields: Any) -> Answer:
        form = {"title": "秋の新作ライブ", "brand": brand, "currency": "CNY"} | fields
        answer = await client.post("/v1/sessions", json=form)
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    return make


@pytest.fixture
def send(client: httpx.AsyncClient) -> Send:
    """Send one event to a session."""

    async def one(session: Answer, kind: str, at: datetime | None = None, **data: Any) -> None:
        event = {
            "specversion": "1.0", "id": f"c-{next(_numbers)}", "source": "/t", "type": f"live.{kind}", "subject": session["id"],
            "time": (at or datetime.now(UTC)).isoformat(), "data": data,
        }  # fmt: skip
        answer = await client.post("/v1/events", json=event)
        assert 200 == answer.status_code, answer.text

    return one


@pytest.fixture
def drain(service: Service) -> Drain:
    """Let channels send what they have, as the job of each does; return the number of requests. It is two minutes later."""
    sender = replace(service.channels.sender, clock=lambda: datetime.now(UTC) + timedelta(minutes=2))

    async def run(*channels: Answer) -> int:
        return sum([await sender.work(UUID(channel["id"])) for channel in channels])

    return run
