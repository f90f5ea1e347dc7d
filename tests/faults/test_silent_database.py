"""A database that goes silent: its connections stay open and answer nothing, new ones work."""

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from app.ingest.group_commit.writer import FLUSHES_IN_FLIGHT
from app.ingest.rebuilding.rebuild import compare
from app.storage.pool.connector import Connector, GuardedConnection, limits_of
from tests.faults.conftest import DATABASE_SECONDS, Front, eventually, front, like, settings_for
from tests.faults.tcp_proxy import TcpProxy
from tests.pipeline.processes import HEADERS, ServerProcess

ACKNOWLEDGED_WITHIN = 15.0


async def test_a_silent_connection_is_closed_at_its_deadline(proxy: TcpProxy) -> None:
    """The statement fails at its deadline; its connection is closed, and no older one is trusted any more."""
    connector = Connector(proxy.dsn, limits_of(1.0))
    first, second = await connector.connect(), await connector.connect()
    assert connector.trusts(first)
    assert 2 == proxy.silence()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await first.fetchval("SELECT 1")
    await eventually(_closed(first), "the silent connection is closed", 10)
    assert 0.9 < time.monotonic() - began < 10
    assert not connector.trusts(second)
    third = await connector.connect()
    assert connector.trusts(third)
    assert 1 == await third.fetchval("SELECT 1")
    await third.close()
    second.terminate()


async def test_a_statement_that_the_server_ends_leaves_its_connection_usable(proxy: TcpProxy) -> None:
    """A slow statement on a server that answers is cancelled; nothing is closed, and the trust remains."""
    connector = Connector(proxy.dsn, limits_of(30.0))
    connection = await connector.connect()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await connection.fetchval("SELECT pg_sleep(20)", timeout=0.2)
        assert 1 == await connection.fetchval("SELECT 1")
    await asyncio.sleep(2.5)
    assert connector.trusts(connection)
    assert 1 == await connection.fetchval("SELECT 1")
    await connection.close()


async def test_events_are_acknowledged_again_after_the_connections_went_silent(proxy: TcpProxy, tmp_path: Path) -> None:
    """Within 15 s of the silence events are acknowledged; each is counted once, whatever its sender heard before."""
    async with front(settings_for(proxy.dsn, tmp_path)) as one:
        session = await one.session()
        for number in range(30):  # one after the other, so that each flush connection is used
            assert 200 == (await one.send(session, f"before-{number}")).status_code
        assert proxy.silence() >= 2 + FLUSHES_IN_FLIGHT
        began = time.monotonic()
        sent = [asyncio.create_task(_until_acknowledged(one, session, f"during-{number}", began)) for number in range(40)]
        not_ready = await _probed(one, began)
        attempts = await asyncio.gather(*sent)
        assert time.monotonic() - began < ACKNOWLEDGED_WITHIN
        # The first attempts were lost with their connections.
        assert any(count > 1 for count in attempts)
        assert not_ready
        assert 70 == await one.likes(session)
        assert 200 == (await one.client.get("/v1/sessions")).status_code
        assert [] == await compare(one.service.database, one.service.settings, UUID(session))

        async def ready() -> bool:
            return (await one.client.get("/readyz")).status_code == 200

        await eventually(ready, "the process is ready again", 20)


async def _until_acknowledged(one: Front, session: str, id: str, began: float) -> int:
    for attempt in range(1, 100):
        answer = await one.send(session, id)
        if answer.status_code == 200:
            return attempt
        assert 503 == answer.status_code, answer.text
        assert time.monotonic() - began < ACKNOWLEDGED_WITHIN
        await asyncio.sleep(0.2)
    raise AssertionError("never acknowledged")


async def _probed(one: Front, began: float) -> bool:
    """Return whether `/readyz` told of the silence; every probe is answered within seconds."""
    while time.monotonic() - began < ACKNOWLEDGED_WITHIN:
        before = time.monotonic()
        status = (await one.client.get("/readyz")).status_code
        assert time.monotonic() - before < 6
        if status == 503:
            return True
        await asyncio.sleep(0.2)
    return False


async def test_a_commit_whose_answer_is_lost_is_not_acknowledged_and_its_retry_is_a_duplicate(
    proxy: TcpProxy, tmp_path: Path
) -> None:
    """The server commits, the answer never arrives: the sender hears 503, and what it repeats is counted once."""
    async with front(settings_for(proxy.dsn, tmp_path)) as one:
        session = await one.session()
        assert 200 == (await one.send(session, "before")).status_code
        proxy.mute_next_commits(1)
        answer = await one.send(session, "lost-1", "lost-2")
        assert (503, "1") == (answer.status_code, answer.headers.get("Retry-After"))
        answer = await one.send(session, "lost-1", "lost-2")
        assert (200, 0, 2) == (answer.status_code, answer.json()["accepted"], answer.json()["duplicates"])
        assert 3 == await one.likes(session)


async def test_a_stop_on_a_silent_database_ends(proxy: TcpProxy, tmp_path: Path) -> None:
    """SIGTERM while nothing answers: each process exits, with a log line and a code that tell of unstored events.

    Of two processes one has events that wait for their commit, and one has none; they stop at the same time, which is mostly waiting.
    """
    environment = {"TALLYLIGHT_DATABASE_URL": proxy.dsn, "TALLYLIGHT_DATABASE_TIMEOUT_SECONDS": str(DATABASE_SECONDS)}
    servers = {waiting: ServerProcess(tmp_path, environment) for waiting in (0, 5)}
    try:
        for server in servers.values():
            server.start()
            await server.ready()
        async with httpx.AsyncClient(headers=HEADERS, timeout=60) as client:
            form = {"title": "faults", "brand": "faults", "currency": "CNY"}
            session = (await client.post(f"{servers[0].base}/v1/sessions", json=form)).json()["id"]
            for waiting, server in servers.items():
                answer = await client.post(f"{server.base}/v1/events", json=like(f"before-{waiting}", session))
                assert 200 == answer.status_code
            proxy.silent = True
            proxy.silence()
            await asyncio.gather(*(_stops(server, client, session, waiting) for waiting, server in servers.items()))
    finally:
        for server in servers.values():
            server.end()


async def _stops(server: ServerProcess, client: httpx.AsyncClient, session: str, waiting: int) -> None:
    """Stop a process while so many events wait in it, and check its end and what it answers."""
    posts = [asyncio.create_task(client.post(f"{server.base}/v1/events", json=like(f"{n}", session))) for n in range(waiting)]
    await asyncio.sleep(0.5)
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    code = await server.exit_code(45)
    assert time.monotonic() - began < 35, server.log
    answers = await asyncio.gather(*posts, return_exceptions=True)
    assert not any(isinstance(answer, httpx.Response) and answer.status_code == 200 for answer in answers)
    assert code in {0, 4}, server.log
    assert code == 0 or "rain incomplete" in server.log


async def test_a_stop_that_does_not_end_is_cut_off(proxy: TcpProxy, tmp_path: Path) -> None:
    """Requests wait for longer than a stop may take: the process exits nevertheless, and says so by its code and its last line."""
    environment = {
        "TALLYLIGHT_DATABASE_URL": proxy.dsn,
        "TALLYLIGHT_DATABASE_TIMEOUT_SECONDS": "120",
        "TALLYLIGHT_DRAIN_SECONDS": "0.5",
    }
    server = ServerProcess(tmp_path, environment)
    server.start()
    try:
        await server.ready()
        async with httpx.AsyncClient(base_url=server.base, headers=HEADERS, timeout=60) as client:
            form = {"title": "faults", "brand": "faults", "currency": "CNY"}
            session = (await client.post("/v1/sessions", json=form)).json()["id"]
            proxy.silent = True
            proxy.silence()
            post = asyncio.create_task(client.post("/v1/events", json=like("waiting", session)))
            await asyncio.sleep(0.5)
            server.signal(signal.SIGTERM)
            assert 4 == await server.exit_code(60), server.log
            with pytest.raises(httpx.TransportError):
                await post
        last = json.loads(server.log.splitlines()[-1])
        assert ("drain incomplete: the process exits", 0.5) == (last["event"], last["seconds"])
    finally:
        server.end()


def _closed(connection: GuardedConnection) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return connection.is_closed()

    return check
