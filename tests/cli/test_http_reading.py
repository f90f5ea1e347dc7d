"""How requests are read: a little of a connection at a time, no further than they are answered, and with one valid Host."""

import asyncio
import json
import time
from typing import Any

import pytest
import structlog
from prometheus_client import REGISTRY

from tests.cli.served import connect, connection_of, served

READ = 256 << 10
"""Bytes that the event loop reads at most at a time."""
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Application:
    """Answers with the number of bytes of the body once it may, and keeps the headers that a request has by then."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.has_begun = asyncio.Event()
        self.began = 0
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer."""
        self.began += 1
        self.has_begun.set()
        await self.may_answer.wait()
        size, more = 0, True
        while more:
            part = await receive()
            size, more = size + len(part.get("body", b"")), part.get("more_body", False)
        self.headers = list(scope["headers"])
        text = b"%d" % size
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
        await send({"type": "http.response.body", "body": text})


async def answer_to(request: bytes) -> tuple[str, Application]:
    """Return all that is answered to bytes of a connection, and the application."""
    app = Application()
    app.may_answer.set()
    async with served(app) as server, asyncio.timeout(10):
        reader, writer = await connect(server)
        writer.write(request)
        answer = await reader.read()
        writer.close()
    return answer.decode(), app


async def test_pipelined_requests_wait_unread() -> None:
    """Of 20,000 requests on a connection some hundred are held while the first is in work; then all are answered in order."""
    app = Application()
    async with served(app) as server, asyncio.timeout(30):
        reader, writer = await connect(server)
        writer.write(GET * 20_000 + LAST)
        await app.has_begun.wait()
        for _ in range(100):
            await asyncio.sleep(0)
        assert 1 == app.began
        assert len(connection_of(server).pipeline) < 500
        app.may_answer.set()
        answer = await reader.read()
        writer.close()
    assert 20_001 == answer.count(b"HTTP/1.1 200 OK\r\n") == app.began


async def test_few_requests_are_held_while_they_are_answered() -> None:
    """An answer does not make the server read on as long as requests wait."""
    app = Application()
    app.may_answer.set()
    most = 0
    async with served(app) as server, asyncio.timeout(30):
        reader, writer = await connect(server)
        writer.write(GET * 20_000)
        await app.has_begun.wait()
        while app.began < 5000:
            most = max(most, len(connection_of(server).pipeline))
            await asyncio.sleep(0)
        writer.transport.abort()
        del reader
    assert 0 < most < 500


async def test_a_flood_of_chunks_is_parsed_in_turns() -> None:
    """One read of chunks of a byte: the loop goes on after a small part, and the body is whole in the end."""
    app = Application()
    async with served(app) as server, asyncio.timeout(30):
        reader, writer = await connect(server)
        writer.write(POST)
        await app.has_begun.wait()
        connection = connection_of(server)
        connection.data_received(b"1\r\nx\r\n" * (READ // 6))
        assert 0 < len(connection.cycle.body) < 3000
        app.may_answer.set()
        writer.write(b"0\r\n\r\n" + LAST)
        answer = await reader.read()
        writer.close()
    assert str(READ // 6).encode() in answer
    assert 2 == answer.count(b"HTTP/1.1 200 OK\r\n")


async def test_a_body_of_announced_length_is_taken_at_once() -> None:
    """It is one call of the parser, however large it is."""
    app = Application()
    async with served(app) as server, asyncio.timeout(10):
        _, writer = await connect(server)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        await app.has_begun.wait()
        connection = connection_of(server)
        connection.data_received(b"x" * READ)
        assert READ == len(connection.cycle.body)
        app.may_answer.set()
        writer.transport.abort()


async def test_a_large_body_behind_its_head_is_read_whole() -> None:
    """Head and body in one read, with the next request right behind them."""
    body = b"x" * 100_000
    answer, app = await answer_to(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body + GET + LAST)
    assert 3 == app.began
    assert ["100000", "0", "0"] == [part.split("HTTP/1.1")[0] for part in answer.split("\r\n\r\n")[1:]]


async def test_trailers_are_no_headers() -> None:
    """Fields behind the body cannot replace what a proxy has checked or set in the head."""
    trailers = b"0\r\nAuthorization: Bearer stranger\r\nX-Forwarded-For: 192.0.2.1\r\nHost: y\r\n\r\n"
    answer, app = await answer_to(POST + b"2\r\nhi\r\n" + trailers + LAST)
    assert 2 == answer.count("HTTP/1.1 200 OK")
    assert {b"host", b"connection"} == {name for name, _ in app.headers}
    _, app = await answer_to(POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"2\r\nhi\r\n" + trailers)
    assert {b"host", b"transfer-encoding", b"connection"} == {name for name, _ in app.headers}


@pytest.mark.parametrize("behind", [b"0\r\n" + b"X: y\r\n" * 5000, b"0\r\nX: " + b"y" * 30_000, b"1;" + b"y" * 30_000])
async def test_trailers_and_extensions_have_the_limit_of_a_head(behind: bytes) -> None:
    """Many trailers, a long one, and a long extension of a chunk."""
    answer, _ = await answer_to(POST + b"2\r\nhi\r\n" + behind)
    assert answer.startswith("HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "head",
    [
        b"", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nHost: a\r\n", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: user@a\r\n",
        b"Host: https://a\r\n", b"Host: a:b\r\n", b"Host: [::1\r\n", b"Host: a:123456\r\n", b"Host: \xff\r\n", b"Host: a\\b\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_request_names_one_host(head: bytes, method: bytes) -> None:
    """None, two, or one that is none: 400 before the application is called, and nothing behind it is read."""
    answer, app = await answer_to(method + b" / HTTP/1.1\r\nContent-Length: 0\r\n" + head + b"\r\n" + GET * 3)
    assert answer.startswith("HTTP/1.1 400 ")
    assert 1 == answer.count("\r\n\r\n")
    assert "bad_request" == json.loads(answer.split("\r\n\r\n")[1])["code"]
    assert 0 == app.began


@pytest.mark.parametrize("host", ["a", "a:80", "a.b-c_d", "127.0.0.1:1", "[::1]:80", "[fd00::1]", "", "xn--fiq228c.cn"])
async def test_a_valid_host_is_accepted(host: str) -> None:
    """Names, addresses, ports, and the empty one of a client whose target has none."""
    answer, _ = await answer_to(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith("HTTP/1.1 200 ")


async def test_http_1_0_needs_no_host() -> None:
    """As health checks of old proxies send it."""
    answer, _ = await answer_to(b"GET / HTTP/1.0\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200 ")


async def test_what_is_no_http_is_a_problem_and_one_line() -> None:
    """50 connections: each gets a problem document, they are counted, and the log has one line a second."""

    def counted() -> float:
        labels = {"method": "other", "route": "other", "status": "400"}
        return REGISTRY.get_sample_value("tallylight_requests_total", labels) or 0.0

    before, began = counted(), time.monotonic()
    async with served(Application()) as server, asyncio.timeout(30):
        with structlog.testing.capture_logs() as lines:
            for _ in range(50):
                reader, writer = await connect(server)
                writer.write(b"\x16\x03\x01\x02\x00\x01\r\n\r\n")
                answer = await reader.read()
                assert answer.startswith(b"HTTP/1.1 400 ")
                assert b"application/problem+json" in answer
                writer.close()
    assert 50 == counted() - before
    assert len([line for line in lines if line["event"] == "request"]) <= 1 + time.monotonic() - began
