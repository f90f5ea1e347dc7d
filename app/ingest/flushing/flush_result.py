"""What one flush did with its events.

In: events, by outcome. Out: the counts of their submissions, once the transaction is committed. Never here: I/O.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar
from uuid import UUID

import prometheus_client

from app.ingest.folding.distinct_values import Values
from app.ingest.receiving.submission import Rejection, SubmittedEvent
from app.observability.metrics import EVENTS_BY_TYPE
from app.problems import FieldError
from app.storage import audit

_CONFLICT = FieldError(
    pointer="/id", detail="an event with this source and id and other content is stored; send another event under another id"
)
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(slots=True)
class FlushResult:
    """The outcome of each event of a transaction."""

    accepted: list[SubmittedEvent] = field(default_factory=list)
    accepted_by_type: Mapping[str, int] | None = None
    """Their number by type, if it is known without looking at each."""
    duplicates: list[SubmittedEvent] = field(default_factory=list)
    conflicts: list[tuple[SubmittedEvent, Rejection]] = field(default_factory=list)
    parked: list[SubmittedEvent] = field(default_factory=list)
    rejections: list[tuple[SubmittedEvent, Rejection]] = field(default_factory=list)
    values: Mapping[UUID, Values] = field(default_factory=dict)
    """The values that the accepted events name."""
    replacements: list[tuple[UUID, SubmittedEvent]] = field(default_factory=list)
    """Session, and the event that replaces an earlier statement."""
    deferred: list[SubmittedEvent] = field(default_factory=list)
    """Events whose session is locked: they have no outcome yet."""
    actions: list[audit.Action] = field(default_factory=list)
    """Actions that the transaction recorded."""

    def compare(self, repeated: Iterable[tuple[_Key, SubmittedEvent]], digests: Mapping[_Key, bytes | None]) -> None:
        """Add events whose key is stored already: as duplicates, or as conflicts if their content differs.

        `digests` holds the digests of the stored events by key.
        """
        for key, item in repeated:
            stored = digests.get(key)
            if stored is None or item.digest is None or stored == item.digest:
                self.duplicates.append(item)
            else:
                self.conflicts.append((item, item.rejection(_CONFLICT)))

    def stored(self) -> Iterator[SubmittedEvent]:
        """Return the events that have an outcome in the database: in the log, parked, or as a dead letter."""
        yield from (*self.accepted, *self.duplicates, *self.parked)
        yield from (item for item, _ in (*self.conflicts, *self.rejections))

    def report(self, items: Iterable[SubmittedEvent]) -> None:
        """Add the outcomes to the submissions of these events; call it only after the commit."""
        self._count()
        for item in self.accepted:
            item.submission.accepted += 1
            if item.sent_time is not None:
                item.submission.corrected += 1
        for item in self.duplicates:
            item.submission.duplicates += 1
        for item, _ in self.conflicts:
            item.submission.conflicts += 1
        for item in self.parked:
            item.submission.parked += 1
            if item.sent_time is not None:
                item.submission.corrected += 1
        for item, rejection in self.rejections:
            item.submission.rejected.append(rejection)
        for session, item in self.replacements:
            item.submission.replaced += 1
            item.submission.replaced_sessions.add(session)
        for item in items:
            item.submission.waiting -= 1

    def _count(self) -> None:
        """Add to the metrics."""
        outcomes: tuple[tuple[str, Iterable[SubmittedEvent]], ...] = (
            ("accepted", self.accepted), ("duplicates", self.duplicates), ("parked", self.parked),
            ("conflicts", (item for item, _ in self.conflicts)), ("rejected", (item for item, _ in self.rejections)),
        )  # fmt: skip
        for outcome, items in outcomes:
            by_type = self.accepted_by_type if items is self.accepted else None
            if by_type is None:
                by_type = Counter(item.event.data.type for item in items)
            for name, number in by_type.items():
                _by_type(name, outcome).inc(number)


@cache
def _by_type(name: str, outcome: str) -> prometheus_client.Counter:
    # Looking up a labelled child takes a lock and a copy each time. There are as many as there are types.
    return EVENTS_BY_TYPE.labels(name, outcome)
