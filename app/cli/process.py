"""The process of a command: its settings, its signals, its end, and how it reports what prevents it.

In: the work of a command. Out: one sentence and an exit code where it cannot be done. Never here: what a command does.

SIGINT and SIGTERM cancel the work; its cleanup then stops the embedded PostgreSQL. A command that must end soon gives a limit;
past the limit the process ends without the rest of its cleanup.
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console
from rich.markup import escape
from uvicorn.loops.auto import auto_loop_factory

from app.ingest.rebuilding.rebuild import UnnotedEventsError
from app.service import DrainIncompleteError
from app.settings import InvalidSettings, Settings, load_settings
from app.storage.database import DatabaseUnreachableError
from app.storage.postgres import embedded
from app.storage.transient_errors import is_transient

INTERRUPTED = 130
"""Exit code of a command that a signal ended."""
DRAIN_INCOMPLETE = 4
"""Exit code of a server that could not commit all events, or did not end in time."""
_PARENT_SECONDS = 0.25

console = Console(stderr=True)


class PortTakenError(Exception):
    """No socket could be opened; the text says what to do."""


def command() -> str:
    """Return this command as it can be typed: by its name if the shell finds it, else by its path."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{Path(sys.executable).name} -m app"
    found = shutil.which(called.name)
    if found is not None and Path(found).resolve() == called.resolve():
        return called.name
    return os.path.relpath(called) if called.absolute().is_relative_to(Path.cwd()) else str(called.absolute())


def typeable(text: str) -> str:
    """Return a text whose commands (`tallylight …`) can be typed as they stand."""
    return text.replace("`tallylight ", f"`{command()} ")


def settings_or_exit(**overrides: object) -> Settings:
    """Return the settings, or print what is wrong with them and exit with status 2."""
    try:
        settings = load_settings()
    except InvalidSettings as error:
        raise _refused("Wrong settings\n", error, 2) from None
    return settings.model_copy(update={name: value for name, value in overrides.items() if value is not None})


def run_or_exit(work: Callable[[], Coroutine[None, None, None]], *, end_within: float | None = None) -> None:
    """Run the work to its end; print one sentence and exit if the database or a setting prevents it, or a signal ends it.

    `end_within` limits the time between a signal and the end of the process, in seconds.
    """
    signals = _Signals(end_within)
    try:
        with signals, asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(signals.cancelling(work))
    except InvalidSettings as error:
        raise _refused("Wrong settings\n", error, 2) from None
    except DatabaseUnreachableError as error:
        raise _refused("No database", error, 3) from None
    except PortTakenError as error:
        raise _refused("Not started", error, 1) from None
    except DrainIncompleteError as error:
        raise _refused("Drain incomplete", error, DRAIN_INCOMPLETE) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def pending_or_exit() -> Iterator[None]:
    """Print one sentence and exit with status 1 if a recorded rebuild cannot be done now."""
    try:
        yield
    except Exception as error:
        if not is_transient(error) and not isinstance(error, UnnotedEventsError):
            raise
        sentence = f"the rebuild is recorded, and could not be done now ({type(error).__name__}): a server does it later"
        raise _refused("Not done", RuntimeError(sentence), 1) from None


def _refused(what: str, error: Exception, status: int) -> typer.Exit:
    console.print(f"[bold red]{what}[/] {escape(typeable(str(error)))}", highlight=False, soft_wrap=True)
    return typer.Exit(status)


class _Signals:
    """Signals of a command while its work runs."""

    def __init__(self, end_within: float | None) -> None:
        self._end_within = end_within
        self._parent = os.getppid()
        self._ended = threading.Event()
        self._cancel: Callable[[], object] | None = None

    def __enter__(self) -> None:
        stopping.clear()
        # Without a handler SIGTERM would end the process at once, and leave its database running.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)
        if self._end_within is not None:
            threading.Thread(target=self._watch, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    async def cancelling(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Do the work until a signal cancels it."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        await work()

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        stopping.set()
        if self._cancel is None:
            raise KeyboardInterrupt
        self._cancel()

    def _watch(self) -> None:
        """End with `make`, even if it is killed or interrupted alone, and end in time."""
        by_make = "MAKELEVEL" in os.environ
        asks = by_make and _catches_interrupts(self._parent)
        while not self._ended.is_set() and not stopping.wait(_PARENT_SECONDS):
            if by_make and (os.getppid() != self._parent or (asks and not _catches_interrupts(self._parent))):
                os.kill(os.getpid(), signal.SIGTERM)
                stopping.wait(_PARENT_SECONDS)
        if not self._ended.wait(self._end_within):
            embedded.abandon_all()
            os._exit(INTERRUPTED)


def _catches_interrupts(pid: int) -> bool:
    """Tell whether a process handles SIGINT; False where the system does not say.

    GNU make passes SIGTERM on to its commands, but not SIGINT: it restores the default action and waits for them.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)


stopping = threading.Event()
"""Set when a server begins to stop: from then on its command must end within its limit."""


def listen(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """Return a socket that is bound to an address; with `or_any` to any free port if this one is taken.

    Raises:
        PortTakenError: the address cannot be had.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise PortTakenError(f"{host} is no address of this machine ({error.strerror}): set TALLYLIGHT_HOST") from None
    found = socket.socket(family, kind, number)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
        # A bound socket that does not listen lets others bind the port too.
        found.listen()
    except OSError as error:
        found.close()
        if or_any and port:
            return listen(host, 0)
        raise PortTakenError(
            f"cannot listen on {host}:{port} ({error.strerror}): choose another port with --port or TALLYLIGHT_PORT"
        ) from None
    found.set_inheritable(False)
    return found
