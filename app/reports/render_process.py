"""Render processes: draw charts and write workbooks outside of the server process.

In: a function of a module and its arguments. Out: its result. Never here: what is rendered.

Rendering takes seconds of pure computation that hold the interpreter's lock, so a thread would stop the server as well. Two
processes render one report each at a time; other reports wait, up to a limit. A report whose caller leaves, or that takes too
long, is ended with its process. A report that ends its process fails alone: every other report is made, by a new process.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing import get_context, parent_process
from typing import ParamSpec, TypeVar

import structlog

from app.problems import ProblemError

_log = structlog.get_logger()

WORKERS = 2
MOST_WAITING = 16
_REPORTS_PER_PROCESS = 200
"""Reports after which a process is replaced: the embedded JavaScript engine does not return its memory otherwise."""

_ATTEMPTS = 2
"""Processes that a report may use up. The kernel also kills processes for what their neighbours did, so that the first death
proves nothing; the second one does."""

P = ParamSpec("P")
T = TypeVar("T")


class _Worker:
    """One process, replaced when it was ended."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._pool: ProcessPoolExecutor | None = None
        self._pid = 0
        self._reports = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result; end the process if the caller does not wait for it.

        Raises:
            BrokenProcessPool: the process died with this work in it, or could not start.
        """
        if self._reports >= _REPORTS_PER_PROCESS:
            self.end()
        try:
            pool = await self._alive()
            self._reports += 1
            return await asyncio.wrap_future(pool.submit(work))
        except (BrokenProcessPool, asyncio.CancelledError):
            # Nothing else stops a computation whose result is not needed any more.
            self.end()
            raise

    async def _alive(self) -> ProcessPoolExecutor:
        """Return a process that answers: one that died while it was idle does not count against the next work."""
        if self._pool is not None:
            try:
                await asyncio.wrap_future(self._pool.submit(os.getpid))
            except BrokenProcessPool:
                self.end()
            else:
                return self._pool
        self._pool = _open()
        self._pid = await asyncio.wrap_future(self._pool.submit(os.getpid))
        return self._pool

    def end(self) -> None:
        """Kill the process."""
        pool, pid = self._pool, self._pid
        self._pool, self._pid, self._reports = None, 0, 0
        if pool is not None:
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            pool.shutdown(wait=False, cancel_futures=True)


class RenderProcess:
    """Processes that compute for this one."""

    def __init__(self, seconds: float = 60.0) -> None:
        """Start nothing yet; a report may take `seconds`, from the moment at which a process is free for it."""
        self._seconds = seconds
        self._waiting = 0
        self._workers = [_Worker() for _ in range(WORKERS)]
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        for worker in reversed(self._workers):
            self._free.put_nowait(worker)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a module's function returns; arguments and result are pickled.

        Raises:
            ProblemError: 503 if too many reports wait or if this one takes too long; 500 `report_failed` if it ends the processes
                that make it.
        """
        if self._waiting >= MOST_WAITING:
            raise ProblemError(503, "too many reports are being made; ask again", headers={"Retry-After": "5"})
        self._waiting += 1
        try:
            worker = await self._free.get()
            try:
                async with asyncio.timeout(self._seconds):
                    return await _attempt(worker, partial(work, *args, **kwargs))
            finally:
                self._free.put_nowait(worker)
        except TimeoutError:
            raise ProblemError(503, "the report takes too long to make", headers={"Retry-After": "60"}) from None
        except BrokenProcessPool:
            detail = "this report ended the process that made it, twice; other reports are not affected"
            raise ProblemError(500, detail, code="report_failed") from None
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the processes, with the reports that they work on."""
        for worker in self._workers:
            worker.end()


async def _attempt(worker: _Worker, work: Callable[[], T]) -> T:
    for _ in range(_ATTEMPTS - 1):
        try:
            return await worker.run(work)
        except BrokenProcessPool:
            _log.warning("render process died; the report is made again")
    return await worker.run(work)


def _open() -> ProcessPoolExecutor:
    # A fork would copy the connections and the locks of a running server.
    return ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), initializer=_initialize)


def _initialize() -> None:
    """Ignore SIGINT, and exit when the parent process exits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
