"""What the tests of the live stream share: a listening server, sessions, and a reader of server-sent events."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from app.cli.serve import Server
from app.service import Service
from app.settings import Settings
from tests.conftest import KeyMaker
from tests.live.reading import Reader, connect
from tests.pipeline.processes import free_port

_numbers = itertools.count(1)

Open = Callable[..., Awaitable[Reader]]
Like = Callable[..., Awaitable[None]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a server on a port of its own."""
    return settings.model_copy(update={"port": free_port()})


@pytest.fixture
async def server(service: Service) -> AsyncIterator[Server]:
    """The server as it is, listening."""
    running = Server(service)
    task = asyncio.create_task(running.run())
    await running.started()
    yield running
    running.stop()
    await asyncio.wait_for(task, 10)


@pytest.fixture
async def client(server: Server, service: Service, keys: KeyMaker) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an admin key, over a real socket."""
    del server
    headers = await keys(Role.ADMIN)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.settings.port}", headers=headers, timeout=10) as opened:
        yield opened


@pytest.fixture
async def session(client: httpx.AsyncClient) -> str:
    """A session that has not begun, so that nothing changes without an event."""
    return await make_session(client)


async def make_session(client: httpx.AsyncClient, **fields: Any) -> str:
    """Create a session with one stream, `wechat:room`, and return its id."""
    form = {"title": "t", "brand": "maison-k", "currency": "CNY", "streams": [{"platform": "wechat", "room": "room"}]} | fields
    answer = await client.post("/v1/sessions", json=form)
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["id"])


async def send(client: httpx.AsyncClient, subject: str, kind: str, at: str | None = None, **data: Any) -> None:
    """Send one event and wait for its commit."""
    event = {
        "specversion": "1.0",
        "id": f"live-{next(_numbers)}",
        "source": "/t",
        "type": f"live.{kind}",
        "subject": subject,
        "data": data,
    }
    if at is not None:
        event["time"] = at
    answer = await client.post("/v1/events", json=event)
    assert 200 == answer.status_code, answer.text


@pytest.fixture
async def watch(client: httpx.AsyncClient) -> AsyncIterator[Open]:
    """Open a stream with an admin key and read it until the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(session: str, **options: Any) -> Reader:
            headers = {"Authorization": client.headers["Authorization"]} | options.pop("headers", {})
            url = f"{client.base_url}/v1/sessions/{session}/stream"
            return await stack.enter_async_context(connect(str(url), headers=headers, **options))

        yield opened
