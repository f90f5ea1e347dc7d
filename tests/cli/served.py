"""A server of the project's HTTP protocol around a small ASGI application, in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from app.cli.http_protocol import ConnectionLimits, HttpProtocol, protocol_with

LIMITS = ConnectionLimits(head_bytes=4096, head_seconds=5, body_seconds=5, write_seconds=5)


@asynccontextmanager
async def served(app: Any, in_turns: tuple[bytes, ...] = ()) -> AsyncIterator[uvicorn.Server]:
    """Serve an application; requests that begin with one of `in_turns` take turns."""
    protocol = type("Protocol", (protocol_with(LIMITS),), {"in_turns": in_turns})
    config = uvicorn.Config(app, port=0, http=protocol, log_config=None, lifespan="off", server_header=False, ws="none")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    try:
        yield server
    finally:
        await server.shutdown()


async def connect(server: uvicorn.Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection."""
    return await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())


def connection_of(server: uvicorn.Server) -> HttpProtocol:
    """Return the server's side of its only connection."""
    (connection,) = server.server_state.connections
    assert isinstance(connection, HttpProtocol)
    return connection


async def until(condition: Callable[[], bool]) -> None:
    """Return in the iteration of the loop in which a condition holds."""
    while True:
        if condition():
            return
        await asyncio.sleep(0)
