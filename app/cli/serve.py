"""`tallylight serve`: the server, on the embedded database unless another is named.

In: settings. Out: a listening server until SIGTERM or Ctrl-C, then a drained queue. Never here: routes.
"""

import asyncio
import gc
import resource
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from uvicorn.loops.auto import auto_loop_factory
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.stream import ABORT
from app.main import create_app
from app.observability.logs import configure_logging
from app.service import Service, open_service
from app.settings import InvalidSettings, Settings, load_settings
from app.storage.database import DatabaseUnreachableError

GRACE_SECONDS = 20
"""How long open requests may take to finish once the server was told to stop."""

MOST_FILES = 65_536
"""Open files to ask the system for: every live stream is one, and the usual limit of 1,024 is soon reached."""

console = Console(stderr=True)


def settings_or_exit(**overrides: object) -> Settings:
    """Return the settings, or say what is wrong with them and exit with 2."""
    try:
        settings = load_settings()
    except InvalidSettings as error:
        console.print(f"[bold red]Wrong settings[/]\n{error}", highlight=False)
        raise typer.Exit(2) from None
    return settings.model_copy(update={name: value for name, value in overrides.items() if value is not None})


def run_or_exit(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run to the end; an unreachable database is a sentence and exit code 3, not a trace."""
    try:
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(work())
    except DatabaseUnreachableError as error:
        console.print(f"[bold red]No database[/] {error}", highlight=False)
        raise typer.Exit(3) from None


class _Uvicorn(uvicorn.Server):
    """Uvicorn that leaves the signals to us: it would raise them again on its way out, before the queue is drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


class _WriteCoalescing:
    """A transport that sends what is written in one turn of the loop together: an answer's head and body in one system call."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Stand before a transport."""
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep it for the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def close(self) -> None:
        """Send what is kept, then close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            # The client may have left since.
            if not self._transport.is_closing():
                self._transport.write(data)


class _Http(HttpToolsProtocol):
    """Uvicorn's protocol, with answers in one piece, and a way for a route to cut its connection off.

    A reader that never reads would keep it open for ever.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Gather what is written."""
        super().connection_made(transport)
        self.transport = _WriteCoalescing(transport, self.loop)  # type: ignore[assignment]

    def on_message_begin(self) -> None:
        """Hand the request the means."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"abort": self.transport.abort}}


class Server:
    """Uvicorn around one opened service."""

    def __init__(self, service: Service) -> None:
        """Prepare; `run` listens."""
        settings = service.settings
        self._platforms = service.platforms
        self._hub = service.hub
        self._server = _Uvicorn(
            uvicorn.Config(
                create_app(service),
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                http=_Http,
                timeout_graceful_shutdown=GRACE_SECONDS,
                backlog=4096,
            )
        )

    async def run(self) -> None:
        """Listen, and do the platforms' background work, until told to stop: by `stop`, by SIGTERM or by Ctrl-C."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        try:
            async with self._platforms.working():
                await self._server.serve()
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Stop listening and let open requests finish; told twice, cut them off."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True
        # They would stay open for as long as the grace lasts; their clients find another process.
        self._hub.close()

    async def started(self) -> None:
        """Return once the server listens.

        Raises:
            RuntimeError: it gave up, for example since the port is taken.
        """
        while not self._server.started:
            if self._server.should_exit:
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.02)


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(settings: Settings) -> None:
    async with open_service(settings) as service:
        base = f"http://{settings.host}:{settings.port}"
        database = "embedded PostgreSQL in " + str(settings.data_dir) if service.database.embedded else "PostgreSQL"
        console.print(f"Tallylight: dashboard [bold]{base}/[/]  ·  documentation {base}/docs  ·  {database}", highlight=False)
        if not await service.keys.listing():
            console.print("No API key yet. Make one in a second terminal: tallylight keys create --role admin")
        # What is loaded now stays: the collector need not look at it again, nor at every few hundred new events.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        await Server(service).run()


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
) -> None:
    """Run the server; SIGTERM and Ctrl-C finish what was begun and stop."""
    settings = settings_or_exit(host=host, port=port)
    configure_logging(settings.log_level, settings.log_format)
    _raise_file_limit()
    run_or_exit(lambda: _serve(settings))
