"""The figures of a sample: those that can be read are taken, each other one becomes a dead letter that names it.

In: a part of a platform's answer or message. Out: counts, amounts, durations and times; None if absent, empty or unreadable.
Never here: figures that one event cannot do without (`parsing.stated_integer`).

A sample has many figures and is replaced within a minute: one that cannot be read does not refuse the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from app.adapters.event_collector import EventCollector
from app.adapters.parsing import any_timestamp, duration, integer, yuan

T = TypeVar("T")
_NO_TIME = frozenset((0, "0"))
"""How platforms write that something has not happened."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one part of a sample."""

    found: Mapping[str, object]
    part: str
    """Name of the part, for the operator: the platform's call and the field that holds it."""
    collector: EventCollector

    def count(self, name: str) -> int | None:
        """Return a non-negative integer."""
        return self._read(name, integer)

    def seconds(self, name: str) -> float | None:
        """Return a duration."""
        return self._read(name, duration)

    def fen(self, name: str) -> str | None:
        """Return an amount in fen as a decimal string in CNY."""
        amount = self._read(name, integer)
        return None if amount is None else yuan(amount)

    def time(self, name: str) -> datetime | None:
        """Return a Unix time in seconds or milliseconds; None also for 0."""
        value = self.found.get(name)
        return None if isinstance(value, int | str) and value in _NO_TIME else self._read(name, any_timestamp)

    def _read(self, name: str, read: Callable[[object], T | None]) -> T | None:
        value = self.found.get(name)
        if value is None or value == "":
            return None
        figure = read(value)
        if figure is None:
            self.collector.unreadable(f"{self.part}.{name}", value)
        return figure
