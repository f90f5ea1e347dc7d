"""Senders' clocks: a time that lies too far after the arrival is replaced by the arrival.

In: submitted events, the present moment. Out: events at a time that can be right, or the reason why not. Never here: changes of
times in the past, which imports and replays have.
"""

from datetime import datetime

from app.events.fields import LATEST
from app.ingest.folding.moments import microseconds
from app.ingest.receiving.submission import SubmittedEvent
from app.problems import FieldError

_LATEST = microseconds(LATEST)


class ClockCheck:
    """What one flush takes to be a wrong clock."""

    __slots__ = ("_corrects", "limit")

    def __init__(self, now: datetime, tolerance_seconds: int) -> None:
        """Accept times up to the tolerance after now; with a tolerance of 0, every time that can be stored."""
        self._corrects = tolerance_seconds > 0
        self.limit = microseconds(now) + tolerance_seconds * 1_000_000 if self._corrects else _LATEST - 1
        """The last right time, in microseconds since 1970."""

    def correct(self, item: SubmittedEvent) -> FieldError | None:
        """Set an event whose time lies after the limit to its arrival; return the error if clocks are not corrected."""
        if not self._corrects:
            return FieldError(pointer="/time", detail=f"must be before {LATEST.year}")
        item.sent_time, item.event.time = item.event.time, None
        return None
