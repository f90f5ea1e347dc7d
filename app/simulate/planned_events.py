"""What is known to happen before the broadcast is played: one event, not yet in its envelope.

In: nothing, this is a value. Out: to the generator, which sorts and plays it. Never here: randomness.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

Data = dict[str, Any]

ARRIVAL, ACTION, PLACED, PAID, CLOSING = range(5)
"""Order of what happens in the same millisecond."""


class Planned(NamedTuple):
    """An event to come; compares by moment, then rank, then the order of planning."""

    at: int
    rank: int
    serial: int
    crowd: int
    type: str
    data: Data
    viewer: int | None = None
    """Index of the viewer who enters, for arrivals."""
    needs_viewer: bool = False
    """Whoever is present then does it."""


class Planner:
    """Numbers what it plans, so that two things of one millisecond keep their order."""

    def __init__(self) -> None:
        """Begin with no plan."""
        self._serials: Iterator[int] = count()
        self.planned: list[Planned] = []

    def next_serial(self) -> int:
        """Return a number that no other planned event has."""
        return next(self._serials)

    def add(self, at: int, crowd: int, type: str, data: Data, rank: int = ACTION) -> None:
        """Plan an event."""
        self.planned.append(Planned(at, rank, self.next_serial(), crowd, type, data))
