"""A TCP proxy before a PostgreSQL server that can become silent: connections stay open, and nothing passes.

In: a server's connection string. Out: a connection string that leads through the proxy. Never here: SQL, settings of a server.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, quote, urlsplit

_COMMIT = b"COMMIT;"


class _Link:
    """A client's connection and the server's connection for it."""

    def __init__(self) -> None:
        self.silent = False
        self.mute = False
        """Passes what the client sends, and no answer."""


class TcpProxy:
    """The proxy; `silence` concerns the connections that are open, unless `silent` is set."""

    def __init__(self, dsn: str) -> None:
        """Lead to this server, which may listen on a Unix socket."""
        self._target = urlsplit(dsn)
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._mute_commits = 0
        self.silent = False
        """Whether connections that are opened from now on are silent as well."""
        self.opened = 0

    @property
    def dsn(self) -> str:
        """Return the connection string through the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        user = self._target.netloc.rpartition("@")[0] or quote("postgres")
        return f"postgresql://{user}@127.0.0.1:{port}{self._target.path}?sslmode=disable"

    def silence(self) -> int:
        """Let nothing pass on the connections that are open; return how many they are."""
        for link in self._links:
            link.silent = True
        return len(self._links)

    def mute_next_commits(self, count: int) -> None:
        """Pass the next `COMMIT`s to the server, and nothing of what it answers from then on."""
        self._mute_commits = count

    def end_silence(self) -> None:
        """Let new connections through."""
        self.silent = False

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        hosts = parse_qs(self._target.query).get("host")
        if hosts:
            return await asyncio.open_unix_connection(f"{hosts[0]}/.s.PGSQL.{self._target.port or 5432}")
        return await asyncio.open_connection(self._target.hostname, self._target.port or 5432)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        link = _Link()
        link.silent = self.silent
        self.opened += 1
        self._links.add(link)
        server_writer: asyncio.StreamWriter | None = None
        try:
            server_reader, server_writer = await self._connect()
            await asyncio.gather(
                self._pass_on(link, reader, server_writer, upward=True),
                self._pass_on(link, server_reader, writer, upward=False),
            )
        except (OSError, asyncio.CancelledError):
            pass  # the test is over
        finally:
            self._tasks.discard(task)
            self._links.discard(link)
            for side in (writer, server_writer):
                if side is not None:
                    side.close()

    async def _pass_on(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upward: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if upward and self._mute_commits and _COMMIT in data:
                    self._mute_commits -= 1
                    link.mute = True
                if not link.silent and (upward or not link.mute):
                    writer.write(data)
                    await writer.drain()
        # The other side learns of the end, unless silence is what it is to see.
        if not link.silent and not (link.mute and not upward):
            writer.close()
        elif upward:
            # A client that gave up: the server's side may be closed in any case.
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TcpProxy"]:
        """Listen on a port of the loopback interface."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield self
        finally:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
                await asyncio.wait([task])
