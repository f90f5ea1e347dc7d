"""`tallylight serve`: the server, on the embedded database unless another is named.

In: settings. Out: a listening server until SIGTERM or Ctrl-C, then a drained queue. Never here: routes.
"""

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

import structlog
import typer
import uvicorn

from app.cli import process
from app.cli.http_protocol import ConnectionLimits, protocol_with, sweeping
from app.cli.people import first_sign_in_url
from app.cli.process import console, listen, run_or_exit, settings_or_exit, typeable
from app.main import create_app
from app.observability import tracing
from app.observability.logs import configure_logging
from app.service import Service, open_service
from app.settings import Settings

GRACE_SECONDS = 12
"""How long open requests may take to finish after the signal to stop."""
MOST_FILES = 65_536
"""Open files to ask the system for: every live stream is one, and the usual limit of 1,024 is soon reached."""

_M_MMAP_THRESHOLD = -3
"""Of malloc.h."""


class _Uvicorn(uvicorn.Server):
    """Uvicorn that leaves the signals to us: it would raise them again on its way out, before the queue is drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and log where: Uvicorn logs no address for a socket that it was given."""
        await super().startup(sockets)
        for listening in sockets or ():
            logging.getLogger("uvicorn.error").info("Uvicorn running on %s:%d", *listening.getsockname()[:2])


class Server:
    """Uvicorn around one opened service."""

    def __init__(
        self,
        service: Service,
        listening: socket.socket | None = None,
        grace: int = GRACE_SECONDS,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `run` listens on the socket, or without one on the settings' address.

        Open requests may take `grace` seconds after the request to stop. `on_stop` is called once, at the first one.
        """
        settings = service.settings
        self._sockets = [listening] if listening is not None else None
        self._platforms = service.platforms
        self._on_stop = on_stop
        self._hub = service.hub
        limits = ConnectionLimits(settings.max_head_bytes, settings.head_seconds, settings.body_seconds, settings.write_seconds)
        application = create_app(service)
        self._server = _Uvicorn(
            uvicorn.Config(
                application,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                http=protocol_with(limits, application.direct_events),
                ws="none",
                # Forwarding headers are read where they are needed, by the rules of the settings.
                proxy_headers=False,
                timeout_keep_alive=settings.idle_seconds,
                timeout_graceful_shutdown=grace,
                backlog=4096,
            )
        )

    async def run(self) -> None:
        """Listen, and do the platforms' background work, until told to stop: by `stop`, by SIGTERM or by Ctrl-C."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        # The handlers stay until the loop is closed: a second signal must not interrupt what is still to be stored.
        async with self._platforms.working(), sweeping(self._server.server_state.connections):
            await self._server.serve(sockets=self._sockets)

    @property
    def stopping(self) -> bool:
        """Whether a stop has begun."""
        return self._server.should_exit

    def stop(self) -> None:
        """Stop listening and let open requests finish; told twice, cut them off."""
        process.stopping.set()
        if not self._server.should_exit:
            self._on_stop()
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


def _return_large_blocks() -> None:
    """Let glibc map blocks of 1 MiB and more by themselves, so that a freed body goes back to the system.

    By default the threshold grows with the first large block that is freed, and later ones stay in the heap. Other C libraries
    have no such function.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 20)


def limit_drain(seconds: float) -> None:
    """End the process so many seconds from now, whatever it waits for."""
    # A thread: it must end the process even if the event loop does not run.
    watchdog = threading.Timer(seconds, _exit_now, (seconds,))
    watchdog.daemon = True
    watchdog.start()


def _exit_now(seconds: float) -> None:
    structlog.get_logger().error("drain incomplete: the process exits", seconds=seconds)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(process.DRAIN_INCOMPLETE)


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(settings: Settings) -> None:
    with listen(settings.host, settings.port) as listening:
        await _serve_on(listening, settings)


async def _serve_on(listening: socket.socket, settings: Settings) -> None:
    async with open_service(settings) as service:
        port = listening.getsockname()[1]
        base = f"http://{settings.host}:{port}"
        database = "embedded PostgreSQL in " + str(settings.data_dir) if service.database.embedded else "PostgreSQL"
        console.print(f"Tallylight: dashboard [bold]{base}/[/]  ·  documentation {base}/docs  ·  {database}", highlight=False)
        await _invite(service, port)
        # What is loaded now stays: the collector need not look at it again, nor at every few hundred new events.
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 20)
        await Server(service, listening, on_stop=partial(limit_drain, settings.drain_seconds)).run()


async def _invite(service: Service, port: int) -> None:
    """Say how the first administrator signs in.

    The link of the embedded database goes to the terminal of the one machine that has it. A shared database has several
    servers, whose output is collected elsewhere.
    """
    if service.database.embedded is not None:
        url = await first_sign_in_url(service, port)
        if url is not None:
            console.print(
                f"Open this link to sign in as the administrator; it works once:\n[bold]{url}[/]", highlight=False, soft_wrap=True
            )
    elif not await service.keys.listing():
        hint = "No API key yet. Make a sign-in link in a second terminal: `tallylight people create NAME --role admin`"
        console.print(typeable(hint), highlight=False, soft_wrap=True)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=0, max=65535)] = None,
) -> None:
    """Run the server; SIGTERM and Ctrl-C finish what was begun and stop."""
    settings = settings_or_exit(host=host, port=port)
    configure_logging(settings.log_level, settings.log_format)
    _raise_file_limit()
    _return_large_blocks()
    with tracing.configured(os.environ):
        run_or_exit(lambda: _serve(settings))
