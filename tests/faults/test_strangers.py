"""A client without a valid API key can neither fill the server's memory nor hold its connections nor search for keys at will."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.databases import new_database
from tests.pipeline.processes import HEADERS, ServerProcess

MEGABYTE = 1 << 20
TIMES = {f"TALLYLIGHT_{what}_SECONDS": "1" for what in ("HEAD", "BODY", "IDLE", "WRITE")}


@contextmanager
def running(server: str, template: str, folder: Path, **environment: str) -> Iterator[ServerProcess]:
    """A server process on a database of its own."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        url = runner.run(stack.enter_async_context(new_database(server, template)))
        process = ServerProcess(folder, {"TALLYLIGHT_DATABASE_URL": url, "TALLYLIGHT_DATA_DIR": str(folder), **environment})
        process.start()
        try:
            runner.run(process.ready())
            yield process
        finally:
            process.end()
            runner.run(stack.aclose())


@pytest.fixture(scope="module")
def server(postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with short limits of time, and none of wrong keys."""
    limits = {**TIMES, "TALLYLIGHT_ADDRESS_REQUESTS_PER_MINUTE": "0"}
    with running(postgres, template, tmp_path_factory.mktemp("server"), **limits) as process:
        yield process


def memory_of(server: ServerProcess) -> int:
    """Return the memory of the process in bytes."""
    return int(psutil.Process(server.pid).memory_info().rss)


async def connect(server: ServerProcess) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection."""
    host, port = server.base.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Reset a connection."""
    writer.transport.abort()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def answer_to(server: ServerProcess, *parts: bytes, pause: float = 0) -> tuple[bytes, float]:
    """Send parts of a request, and return what the server answers until it closes, and the seconds until then."""
    reader, writer = await connect(server)
    began = time.monotonic()
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
    except ConnectionError:
        pass
    try:
        answer = await asyncio.wait_for(reader.read(), 15)
    except ConnectionError:
        answer = b""
    await hang_up(writer)
    return answer, time.monotonic() - began


async def flood(server: ServerProcess, path: str, authorization: str, media_type: str) -> bytes:
    """Announce eight megabytes, send them as long as the server reads, and return the answer's status line."""
    reader, writer = await connect(server)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\n{authorization}Content-Type: {media_type}\r\nContent-Length: {8 * MEGABYTE}\r\n\r\n"
    )
    writer.write(head.encode())

    async def send() -> None:
        for _ in range(128):
            writer.write(b"x" * (MEGABYTE // 16))
            await writer.drain()

    sending = asyncio.create_task(send())
    status = await asyncio.wait_for(reader.readline(), 15)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await hang_up(writer)
    return status


async def test_no_body_of_a_stranger_is_read(server: ServerProcess) -> None:
    """60 connections announce 8 MB each, without a key and with a wrong one: all get 401, and memory grows by less than 40 MB."""
    before = memory_of(server)
    wrong = "Authorization: Bearer tl_unknown_0123456789abcdefghij\r\n"
    for path in ("/v1/events", "/v1/sessions", "/v1/imports"):
        answers = await asyncio.gather(
            *(flood(server, path, authorization, "application/json") for authorization in ("", wrong) for _ in range(30))
        )
        assert {b"HTTP/1.1 401 Unauthorized\r\n"} == set(answers), path
    grown = memory_of(server) - before
    assert grown < 40 * MEGABYTE, f"{grown / MEGABYTE:.0f} MB"


async def test_memory_of_large_bodies_is_given_back(server: ServerProcess) -> None:
    """40 bodies of 8 MB with a valid key, none of them JSON, leave less than 60 MB behind."""
    authorization = f"Authorization: {HEADERS['Authorization']}\r\n"
    batch = "application/cloudevents-batch+json"
    before = memory_of(server)
    for _ in range(5):
        answers = await asyncio.gather(*(flood(server, "/v1/events", authorization, batch) for _ in range(8)))
        assert {b"HTTP/1.1 400 Bad Request\r\n"} == set(answers)
    grown = memory_of(server) - before
    assert grown < 60 * MEGABYTE, f"{grown / MEGABYTE:.0f} MB"


@pytest.mark.parametrize("head", [b"X-Long: ", b"X-Many: 1\r\n"], ids=["one header", "many headers"])
async def test_an_endless_head_is_cut_off(server: ServerProcess, head: bytes) -> None:
    """One header without an end, or headers without an end: the connection is closed at the limit, not at 150 MB."""
    before = memory_of(server)
    endless = b"x" * 65536 if head == b"X-Long: " else head * 6000
    _, writer = await connect(server)
    writer.write(b"GET /v1/sessions HTTP/1.1\r\nHost: x\r\n" + head)
    sent = 0
    try:
        while sent < 150 * MEGABYTE:
            writer.write(endless)
            sent += len(endless)
            await writer.drain()
    except ConnectionError:
        pass
    await hang_up(writer)
    assert sent < 20 * MEGABYTE
    assert memory_of(server) - before < 20 * MEGABYTE
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{server.base}/healthz")).is_success


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
FLOODS = {
    "requests": (b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 8000),
    "chunks": (b"POST /v1/webhooks/x HTTP/1.1\r\nHost: x\r\n" + CHUNKED, b"1\r\nx\r\n" * 40_000),
    "trailers": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"0\r\n", b"X: y\r\n" * 40_000),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_flood_of_one_connection_stops_no_other(server: ServerProcess, kind: str) -> None:
    """10 MB of tiny requests, chunks or trailers: half of the other requests take under 250 ms, and memory grows by less than 30 MB."""
    first, flood_of = FLOODS[kind]
    before = memory_of(server)
    reader, writer = await connect(server)

    async def send() -> None:
        with suppress(ConnectionError):
            writer.write(first)
            for _ in range(40):
                writer.write(flood_of)
                await writer.drain()

    async def read() -> None:
        with suppress(ConnectionError):
            while await reader.read(65536):
                pass

    tasks = [asyncio.create_task(each()) for each in (send, read)]
    seconds = []
    async with httpx.AsyncClient(base_url=server.base) as client:
        for _ in range(40):
            began = time.monotonic()
            assert (await client.get("/healthz")).is_success
            seconds.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await hang_up(writer)
    assert sorted(seconds)[20] < 0.25, seconds
    assert memory_of(server) - before < 30 * MEGABYTE


async def test_a_head_over_the_limit_is_431(server: ServerProcess) -> None:
    """64 KiB by default, in one piece and in several; a head just below passes."""
    for size, status in ((60_000, b"HTTP/1.1 200"), (70_000, b"HTTP/1.1 431"), (200_000, b"HTTP/1.1 431")):
        request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Long: " + b"x" * size + b"\r\n\r\n"
        whole, _ = await answer_to(server, request)
        assert whole.startswith(status), (size, whole[:60])
    assert b"head_too_large" in whole


SLOW: dict[str, tuple[bytes, bytes]] = {
    "silent": (b"", b""),
    "half a head": (b"GET /healthz HTTP/1.1\r\nHo", b"HTTP/1.1 408"),
    "half a body": (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {HEADERS['Authorization']}\r\n".encode()
        + b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 408",
    ),
    "half a body of a stranger": (
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 401",
    ),
    "idle": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200"),
    "stray bytes": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n", b"HTTP/1.1 200"),
}


async def test_half_open_requests_end(server: ServerProcess) -> None:
    """30 connections of each kind, all at once, that stop in the middle: each is answered where there is something to, and closed."""
    kinds = [asyncio.gather(*(answer_to(server, request) for _ in range(30))) for request, _ in SLOW.values()]
    for (name, (_, status)), answers in zip(SLOW.items(), await asyncio.gather(*kinds), strict=True):
        assert all(answer.startswith(status) and seconds < 8 for answer, seconds in answers), (name, answers[0])
    assert len([c for c in psutil.Process(server.pid).net_connections("tcp") if c.status == psutil.CONN_ESTABLISHED]) < 30


async def test_a_slow_but_honest_body_is_accepted(server: ServerProcess) -> None:
    """A body that arrives in pieces within its time counts; so does the next request on the same connection."""
    body = b'{"specversion":"1.0","id":"1","source":"s","type":"live.like.sent","subject":"wechat:r","data":{}}'
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {HEADERS['Authorization']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    ).encode()
    request = head + b"\r\n" + body
    again = head + b"Connection: close\r\n\r\n" + body
    pieces = [request[start : start + 40] for start in range(0, len(request), 40)]
    answer, _ = await answer_to(server, *pieces, again, pause=0.02)
    assert b'"parked":1' in answer
    assert b'"duplicates":1' in answer


async def test_a_client_that_reads_nothing_is_cut_off(server: ServerProcess) -> None:
    """An answer without a reader does not stay in memory: the connection is gone after the limit."""
    host, port = server.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 40)

        def held() -> bool:
            peers = psutil.Process(server.pid).net_connections("tcp")
            return any(peer.raddr and peer.raddr.port == connection.getsockname()[1] for peer in peers)

        assert await until(lambda: not held(), 45)


async def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether a condition is met within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        await asyncio.sleep(0.2)
    return False


@pytest.fixture
def guarded(postgres: str, template: str, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server that accepts 60 wrong keys in a minute."""
    with running(postgres, template, tmp_path, TALLYLIGHT_ADDRESS_REQUESTS_PER_MINUTE="60") as process:
        yield process


async def test_guessing_keys_is_slowed_down(guarded: ServerProcess) -> None:
    """912 guesses: the allowance, 60 and one a second, is answered 401, the rest 429 with Retry-After; few lines are logged."""
    async with httpx.AsyncClient(base_url=guarded.base) as client:
        statuses, began = [], time.monotonic()
        for number in range(912):
            answer = await client.get("/v1/sessions", headers={"Authorization": f"Bearer tl_guess{number}_0123456789abcdefghij"})
            statuses.append(answer.status_code)
        assert 60 <= statuses.count(401) <= 61 + time.monotonic() - began
        assert 912 == statuses.count(401) + statuses.count(429)
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert '"address";q=60;w=60' == answer.headers["RateLimit-Policy"]
        # A valid key from the same address is served, also one that the process has not seen before.
        assert (await client.get("/v1/sessions", headers=HEADERS)).is_success
    assert len([line for line in guarded.log.splitlines() if '"status": 4' in line]) < 40
