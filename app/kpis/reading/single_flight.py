"""Single-flight reads: callers that arrive during a read share one execution, started after it ends.

In: a key and the work to execute. Out: its result. Never here: the content of results; a cache.

A result is shared only by callers that arrived before its execution began. Each of them therefore sees every commit before its
request: an event that was answered with 2xx is visible in the KPIs. A hundred screens of one session cost one query at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class SingleFlight(Generic[Answer]):
    """Executes per key at most one call at a time, and queues at most one."""

    def __init__(self) -> None:
        """Start without executions."""
        self._queued: dict[Hashable, asyncio.Task[Answer]] = {}
        self._running: dict[Hashable, asyncio.Task[Answer]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the result of an execution that begins after this call; its error is raised to all callers that share it."""
        execution = self._queued.get(key)
        if execution is None:
            execution = asyncio.create_task(self._execute(key, work, self._running.get(key)))
            execution.add_done_callback(_consume_error)
            self._queued[key] = execution
        # Shielded: the cancellation of one caller must not cancel the execution of the others.
        return await asyncio.shield(execution)

    async def _execute(self, key: Hashable, work: Callable[[], Awaitable[Answer]], before: asyncio.Task[Answer] | None) -> Answer:
        try:
            if before is not None:
                await asyncio.wait([before])
        finally:
            # The execution begins here: callers from now on share the next one.
            execution = self._queued.pop(key)
        self._running[key] = execution
        try:
            return await work()
        finally:
            if self._running.get(key) is execution:
                del self._running[key]


def _consume_error(execution: "asyncio.Task[Answer]") -> None:
    # Mark the error as retrieved: every caller may have been cancelled.
    if not execution.cancelled():
        execution.exception()
