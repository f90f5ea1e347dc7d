"""Requests that are answered without ASGI: what their connection keeps of them, and when it leaves them to ASGI."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from app.cli.http_protocol import ConnectionLimits, HttpProtocol, protocol_with
from tests.cli.served import until

LIMITS = ConnectionLimits(head_bytes=4096, head_seconds=5, body_seconds=5, write_seconds=5)
BODY = b"x" * 1000
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
ANSWER = [(b"content-length", b"5")]


class Direct:
    """Begins every request, and answers it or leaves it to the application."""

    request_lines = (b"POST / ",)

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.began = 0

    def begin(self, *_: Any) -> "Direct":
        """Take any request."""
        self.began += 1
        return self

    def take(self, body: bytes, reply: Callable[[int, Sequence[tuple[bytes, bytes]], bytes], None]) -> bool:
        """Answer, or leave the body to the application."""
        assert BODY == body
        if self.answers:
            reply(200, ANSWER, b"hello")
        return self.answers


async def _application(scope: Any, receive: Any, send: Any) -> None:
    del scope
    assert {"type": "http.request", "body": BODY, "more_body": False} == await receive()
    await send({"type": "http.response.start", "status": 200, "headers": ANSWER})
    await send({"type": "http.response.body", "body": b"world"})


class Client:
    """A connection, and what the server has of it."""

    def __init__(self, server: uvicorn.Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._server = server

    async def connection(self) -> HttpProtocol:
        """Return the server's end, once there is one."""
        await until(lambda: bool(self._server.server_state.connections))
        [found] = self._server.server_state.connections
        assert isinstance(found, HttpProtocol)
        return found

    async def answer(self) -> bytes:
        """Return the body of the next answer."""
        await self.reader.readuntil(b"\r\n\r\n")
        return await self.reader.readexactly(5)


@asynccontextmanager
async def connected(direct: Direct) -> AsyncIterator[Client]:
    """Yield a client of a listening server."""
    protocol = protocol_with(LIMITS, direct)  # type: ignore[arg-type]
    config = uvicorn.Config(_application, port=0, http=protocol, log_config=None, lifespan="off", server_header=False, ws="none")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
    try:
        async with asyncio.timeout(10):
            yield Client(server, reader, writer)
    finally:
        writer.close()
        await server.shutdown()


@pytest.mark.parametrize("answers", [True, False])
async def test_an_idle_connection_keeps_no_body(answers: bool) -> None:
    """Thousands of senders that are connected, each with its last batch, would take the memory of the process."""
    async with connected(Direct(answers=answers)) as client:
        client.writer.write(REQUEST)
        assert (b"hello" if answers else b"world") == await client.answer()
        assert not (await client.connection()).cycle.body


@pytest.mark.parametrize("answers", [True, False])
async def test_a_stop_while_the_body_arrives_closes_the_connection_after_its_answer(answers: bool) -> None:
    """It would hold up the end of the process, also if the application answers."""
    direct = Direct(answers=answers)
    async with connected(direct) as client:
        client.writer.write(REQUEST[:-10])
        connection = await client.connection()
        await until(lambda: direct.began > 0)
        connection.shutdown()
        client.writer.write(REQUEST[-10:])
        answer = await client.reader.read()
    assert b"connection: close" in answer
    assert answer.endswith(b"hello" if answers else b"world")


async def test_a_client_that_does_not_read_is_left_to_asgi() -> None:
    """Its answers wait for it, and it has no further ones: they would fill the memory as fast as it sends requests."""
    direct = Direct(answers=True)
    async with connected(direct) as client:
        client.writer.write(REQUEST)
        assert b"hello" == await client.answer()
        connection = await client.connection()
        connection.pause_writing()
        client.writer.write(REQUEST)
        await until(lambda: not connection.cycle.response_complete)
        connection.resume_writing()
        assert b"world" == await client.answer()
        assert 1 == direct.began
        client.writer.write(REQUEST)
        assert b"hello" == await client.answer()
