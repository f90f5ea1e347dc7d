"""Planned events: events that are known before the broadcast is generated, without an envelope.

In: nothing, this is a value. Out: the generator sorts and emits them. Never here: randomness.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

Data = dict[str, Any]

ARRIVAL, ACTION, PLACED, PAID, CLOSING = range(5)
"""Order of events of the same millisecond."""


class Planned(NamedTuple):
    """A planned event; sorted by time, then rank, then order of planning."""

    at: int
    rank: int
    serial: int
    crowd: int
    type: str
    data: Data
    viewer: int | None = None
    """Index of the viewer who enters, for arrivals."""
    needs_viewer: bool = False
    """True if the generator picks a viewer who is present."""


class Planner:
    """Collects planned events and numbers them, so that events of one millisecond keep their order."""

    def __init__(self) -> None:
        """Begin empty."""
        self._serials: Iterator[int] = count()
        self.planned: list[Planned] = []

    def next_serial(self) -> int:
        """Return a number that no other planned event has."""
        return next(self._serials)

    def add(self, at: int, crowd: int, type: str, data: Data, rank: int = ACTION) -> None:
        """Plan an event."""
        self.planned.append(Planned(at, rank, self.next_serial(), crowd, type, data))
