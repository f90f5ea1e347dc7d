"""The render process: draws charts and writes workbooks without blocking telemetry and reads.

In: a function of a module and its arguments. Out: its result. Never here: contents of reports.

Rendering takes seconds of CPU and holds the GIL, so a thread would block the server. One process, started with the first report,
renders one report at a time. Further reports wait; above a limit the server answers 503 with `Retry-After`.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import ParamSpec, TypeVar

from app.problems import ProblemError

MOST_WAITING = 16
_REPORTS_PER_PROCESS = 200
"""After this many reports the process is replaced, since the embedded JavaScript engine does not release its memory."""

P = ParamSpec("P")
T = TypeVar("T")


class RenderProcess:
    """A process that renders reports."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._pool: ProcessPoolExecutor | None = None
        self._waiting = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a module's function returns; arguments and result are pickled.

        Raises:
            ProblemError: 503 when too many wait, or when the process was killed.
        """
        if self._waiting >= MOST_WAITING:
            raise ProblemError(503, "too many reports are being made; ask again", headers={"Retry-After": "5"})
        self._waiting += 1
        pool = self._pool = self._pool or _open()
        try:
            return await asyncio.wrap_future(pool.submit(work, *args, **kwargs))
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = None
            raise ProblemError(503, "the report could not be made; ask again", headers={"Retry-After": "1"}) from None
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the process, after the report that it works on."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)


def _open() -> ProcessPoolExecutor:
    # A fork would copy the connections and the locks of a running server.
    return ProcessPoolExecutor(
        max_workers=1, mp_context=get_context("spawn"), initializer=_initialize, max_tasks_per_child=_REPORTS_PER_PROCESS
    )


def _initialize() -> None:
    """Live as long as the server: no longer, should it be killed, and no shorter, should Ctrl-C reach us first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
