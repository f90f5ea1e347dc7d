"""Runs a fake of a platform, a server in its own thread on a free port of loopback."""

import asyncio
import threading
import time
from typing import Generic, Protocol, TypeVar

import uvicorn
from starlette.applications import Starlette


class Fake(Protocol):
    """A server with its data."""

    port: int
    gate: threading.Event

    def app(self) -> Starlette:
        """Return the server."""


F = TypeVar("F", bound=Fake)


class Running(Generic[F]):
    """The fake in its own thread."""

    def __init__(self, fake: F) -> None:
        """Listen on a free port."""
        config = uvicorn.Config(fake.app(), host="127.0.0.1", port=0, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._fake = fake

    def _run(self) -> None:
        asyncio.run(self._server.serve())

    def __enter__(self) -> F:
        """Return the fake once it listens."""
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self._fake.port = self._server.servers[0].sockets[0].getsockname()[1]
        return self._fake

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._fake.gate.set()
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)
