"""Several servers on one database, and one that shuts down."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from tests.databases import new_database
from tests.live.conftest import make_session, send
from tests.live.reading import Reader, connect
from tests.pipeline.processes import HEADERS, ServerProcess


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[ServerProcess]]:
    """Two servers on the same database."""
    async with new_database(postgres, template) as dsn:
        folder = tmp_path_factory.mktemp("servers")
        both = [ServerProcess(folder, {"TALLYLIGHT_DATABASE_URL": dsn}) for _ in range(2)]
        try:
            yield both
        finally:
            for server in both:
                server.end()


@pytest.fixture
async def servers(pair: list[ServerProcess]) -> list[ServerProcess]:
    """The two, running: what the test before has ended is started again."""
    ended = [server for server in pair if not server.running]
    for server in ended:
        server.start()
    for server in ended:
        await server.ready()
    return pair


def has_likes(count: int) -> Callable[[Reader], bool]:
    """Return whether a reader's newest KPIs count so many likes."""
    return lambda reader: bool(reader.last("kpis")["kpis"]["likes"]["value"] == count)


async def test_what_one_process_takes_the_other_s_subscribers_see(servers: list[ServerProcess]) -> None:
    """Within 1.5 s of the commit; and with the revision of the one the other knows that its client is current."""
    here, there = servers
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=here.base, headers=HEADERS, timeout=30))
        session = await make_session(client, streams=[])
        url = f"/v1/sessions/{session}/stream"
        far = await (await stack.enter_async_context(connect(there.base + url, headers=HEADERS))).snapshot()
        for likes in range(1, 4):
            await send(client, session, "like.sent", count=1)
            assert 1.5 > await far.until(has_likes(likes))
        await far.until(lambda reader: not reader.last_id.endswith("-"))
        moved = await stack.enter_async_context(connect(here.base + url, headers=HEADERS | {"Last-Event-ID": far.last_id}))
        await asyncio.sleep(0.7)
        assert (200, []) == (moved.status, moved.events)
        # A ticket of one process opens a stream of the other.
        ticket = (await client.post(f"/v1/sessions/{session}/stream-tickets")).json()
        across = await stack.enter_async_context(connect(there.base + ticket["url"]))
        assert far.last_id == (await across.snapshot()).last_id
    assert ticket["ticket"] not in here.log + there.log
    assert "tlt_" not in here.log + there.log


async def test_sigterm_ends_open_streams_at_once(servers: list[ServerProcess]) -> None:
    """The answers come to their proper end, and the process exits with 0 long before its grace is over."""
    server = servers[0]
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=server.base, headers=HEADERS, timeout=30))
        url = f"{server.base}/v1/sessions/{await make_session(client, streams=[])}/stream"
        readers = [await stack.enter_async_context(connect(url, headers=HEADERS)) for _ in range(20)]
        for reader in readers:
            await reader.snapshot()
        began = asyncio.get_running_loop().time()
        server.signal(signal.SIGTERM)
        assert 0 == await server.exit_code()
        assert asyncio.get_running_loop().time() - began < 6
        for reader in readers:
            await reader.until(lambda reader: reader.ended)
    assert '"level": "error"' not in server.log
