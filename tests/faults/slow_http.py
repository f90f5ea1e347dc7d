"""An HTTP server that accepts requests and does not answer, or answers late.

In: a delay. Out: an address, and the number of requests. Never here: a platform's formats.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class SlowHttp:
    """The server."""

    def __init__(self) -> None:
        """Prepare; it is silent until `answer` is set."""
        self.answer: bytes | None = None
        """A JSON body for every request; None: no request is answered."""
        self.requests = 0
        self.open = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def base(self) -> str:
        """Return the address."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                length = next(
                    (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
                )
                await reader.readexactly(length)
                while self.answer is None:
                    if reader.at_eof():
                        return
                    await asyncio.sleep(0.05)
                body = self.answer
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["SlowHttp"]:
        """Listen on a port of the loopback interface."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
