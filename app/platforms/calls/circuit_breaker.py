"""Circuit breaker and concurrency limit for calls to platforms.

In: calls, by connection. Out: the same calls, or an error at once while the platform does not answer. Never here: HTTP, SQL.

A platform that is silent would hold every job for the length of a timeout. After some failures in a row the calls of its
connection fail at once for a while; then one call tries again. A connection may have a limited number of calls under way, so that
one slow platform leaves jobs of other connections their turn.
"""

import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.platforms.calls.calls import UnavailableError

FAILURES = 3
"""Failed calls in a row after which the circuit opens."""
FIRST_PAUSE = 5.0
LONGEST_PAUSE = 300.0
"""Seconds until the next try: the first time, and at most; doubling in between."""
AT_ONCE = 8
"""Calls that a connection may have under way."""
_MOST_KEYS = 10_000


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    running: int = 0
    closed_at: float = 0.0
    """The moment at which the next call is allowed."""


class CircuitBreaker:
    """State per key, in the memory of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with all circuits closed."""
        self._clock = clock
        self._circuits: dict[Hashable, _Circuit] = {}

    @asynccontextmanager
    async def call(self, key: Hashable) -> AsyncIterator[None]:
        """Run one call; an `UnavailableError` of the block counts as a failure, everything else as an answer.

        Raises:
            UnavailableError: the circuit is open, or too many calls of this key are running.
        """
        circuit = self._circuit(key)
        if circuit.failures >= FAILURES:
            remaining = circuit.closed_at - self._clock()
            # After the pause one call tries; the others wait for its outcome.
            if remaining > 0 or circuit.running:
                raise UnavailableError("the platform did not answer several calls in a row; calls are paused")
        if circuit.running >= AT_ONCE:
            raise UnavailableError("too many calls of this connection are running")
        circuit.running += 1
        try:
            yield
        except UnavailableError:
            now = self._clock()
            # Calls that were under way when the circuit opened say nothing new.
            if now >= circuit.closed_at:
                circuit.failures += 1
                if circuit.failures >= FAILURES:
                    circuit.closed_at = now + min(FIRST_PAUSE * 2.0 ** min(circuit.failures - FAILURES, 10), LONGEST_PAUSE)
            raise
        except Exception:
            circuit.failures = 0
            raise
        else:
            circuit.failures = 0
        finally:
            circuit.running -= 1

    def _circuit(self, key: Hashable) -> _Circuit:
        found = self._circuits.get(key)
        if found is None:
            if len(self._circuits) >= _MOST_KEYS:
                self._circuits = {known: circuit for known, circuit in self._circuits.items() if circuit.running}
            found = self._circuits[key] = _Circuit()
        return found
