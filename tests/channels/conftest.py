"""Fixtures of the channels' tests: fake receivers, channels, events of a session."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.channels.sender import Sender
from app.service import Service
from app.storage.channels import channel_outbox
from app.storage.channels.channel_outbox import ChannelEvent, Message
from tests.channels.fake_bots import (
    FakeBots,
    form_of,
)
from tests.platforms.fake_server import Running

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


async def emit(service: Service, event: ChannelEvent = "session.started", brand: str | None = None, **content: Any) -> None:
    """Let something happen."""
    async with service.database.transaction() as connection:
        brand_id = await connection.fetchval("SELECT id FROM brands WHERE slug = $1", brand) if brand else None
        await channel_outbox.emit(connection, [Message(event, brand_id, None, content)], datetime.now(UTC))


async def deliveries(client: httpx.AsyncClient, channel: Answer) -> list[Answer]:
    """Return a channel's deliveries, the newest first."""
    return list((await client.get(f"/v1/channels/{channel['id']}/deliveries")).json()["deliveries"])


class Times:
    """Looks of the watcher, five seconds apart."""

    def __init__(self, service: Service) -> None:
        """Begin now."""
        self.now = datetime.now(UTC)
        self._watcher = service.channels.watcher

    async def look(self, seconds: float = 5) -> int:
        """Let time pass, then look."""
        self.now += timedelta(seconds=seconds)
        return await self._watcher.tick(self.now)


@pytest.fixture
def times(service: Service) -> Times:
    """Looks of the watcher."""
    return Times(service)


def events(found: list[Answer]) -> list[str]:
    """Return the events of deliveries in their order."""
    return [one["event"] for one in reversed(found)]


SECOND = timedelta(seconds=1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        """Begin now."""
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """Return the moment."""
        return self.now

    def catch_up(self) -> None:
        """Be a second after the present moment: what was queued is due."""
        self.now = max(self.now, datetime.now(UTC)) + SECOND

    def pass_(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    """The clock of the sender."""
    return Clock()


@pytest.fixture
def sender(service: Service, clock: Clock) -> Sender:
    """A sender whose clock the test moves."""
    return replace(service.channels.sender, clock=clock)


async def emit_failing(service: Service, count: int, at: datetime, name: str = "shop") -> None:
    """Queue messages that differ in a number."""
    messages = [
        Message(
            "connection.failing",
            None,
            None,
            {"connection": {"name": f"{name}-{number}", "kind": "k", "code": None, "reason": None}},
        )
        for number in range(count)
    ]
    async with service.database.transaction() as connection:
        await channel_outbox.emit(connection, messages, at)


async def run(sender: Sender, channel: Answer) -> int:
    """Run the channel's job once."""
    return await sender.work(UUID(channel["id"]))
