"""Answers that callers share: who asks while the same answer is being made gets the next one, made once for all.

In: a key and the work that makes its answer. Out: the answer. Never here: what the answer is; answers kept for later.

An answer is only shared by callers who asked before its work began, so each sees everything that was committed before it
asked: the promise of ingest, that a 2xx is visible in the KPIs, holds. A hundred screens on one session cost one query at
a time, not a hundred.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class SingleFlight(Generic[Answer]):
    """Per key at most one answer in the making and one that waits to be begun."""

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._boarding: dict[Hashable, asyncio.Task[Answer]] = {}
        self._flying: dict[Hashable, asyncio.Task[Answer]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return an answer whose work begins after this call; its error is raised to all who share it."""
        flight = self._boarding.get(key)
        if flight is None:
            flight = asyncio.create_task(self._execute(key, work, self._flying.get(key)))
            flight.add_done_callback(_consume_error)
            self._boarding[key] = flight
        # Shielded: a caller who hangs up must not take the answer from the others.
        return await asyncio.shield(flight)

    async def _execute(self, key: Hashable, work: Callable[[], Awaitable[Answer]], before: asyncio.Task[Answer] | None) -> Answer:
        try:
            if before is not None:
                await asyncio.wait([before])
        finally:
            # From here on the work has begun: who asks now boards the next one.
            flight = self._boarding.pop(key)
        self._flying[key] = flight
        try:
            return await work()
        finally:
            if self._flying.get(key) is flight:
                del self._flying[key]


def _consume_error(flight: "asyncio.Task[Answer]") -> None:
    # An error that nobody waits for any more is no error of the process.
    if not flight.cancelled():
        flight.exception()
