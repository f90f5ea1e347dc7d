"""Deferred events: those of locked sessions, tried apart from all others until the session is free or their time is over.

In: events whose session is locked. Out: the same, stored or failed, in their order. Never here: the queue, SQL.
"""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from app.ingest.receiving.submission import SubmittedEvent

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.25
"""Seconds between two tries of a locked session."""
_LOOKS_EVERY = 1.0

Store = Callable[[list[SubmittedEvent]], Awaitable[list[SubmittedEvent]]]
"""Stores events; returns those whose session is still locked."""


@dataclass(slots=True)
class _Subject:
    """Events of one subject whose session is locked."""

    since: float
    """The moment of the last progress."""
    items: deque[SubmittedEvent] = field(default_factory=deque)


class DeferredEvents:
    """Events of locked sessions, by subject."""

    def __init__(self, patience: float, most: int, fail: Callable[[Iterable[SubmittedEvent]], None]) -> None:
        """Try at most `most` events at a time; `fail` events whose session stays locked for `patience` seconds."""
        self._patience = patience
        self._most = most
        self._fail = fail
        self._subjects: dict[str, _Subject] = {}
        self._by_origin: dict[str, int] = {}
        self._size = 0
        self._wake = asyncio.Event()

    def __bool__(self) -> bool:
        """Tell whether there are any."""
        return bool(self._subjects)

    def __len__(self) -> int:
        """Return how many there are, those that are being tried included."""
        return self._size

    def waiting(self, origin: str) -> int:
        """Return how many of them one sender has."""
        return self._by_origin.get(origin, 0)

    def __contains__(self, subject: str) -> bool:
        """Tell whether events of a subject wait: later ones must wait behind them."""
        return subject in self._subjects

    def add(self, items: Iterable[SubmittedEvent]) -> None:
        """Take events over."""
        for item in items:
            subject = self._subjects.get(item.event.subject)
            if subject is None:
                subject = self._subjects[item.event.subject] = _Subject(time.monotonic())
            subject.items.append(item)
            origin = item.submission.origin
            self._by_origin[origin] = self._by_origin.get(origin, 0) + 1
            self._size += 1
        self.wake()

    def wake(self) -> None:
        """Look again whether there is anything to do, or whether all is finished."""
        self._wake.set()

    def take_all(self) -> list[SubmittedEvent]:
        """Give up all events."""
        items = [item for subject in self._subjects.values() for item in subject.items]
        self._subjects.clear()
        self._by_origin.clear()
        self._size = 0
        return items

    def _leave(self, items: Iterable[SubmittedEvent], staying: Iterable[SubmittedEvent] = ()) -> None:
        """Count events as gone, except for those that stay."""
        gone = Counter(item.submission.origin for item in items)
        gone.subtract(item.submission.origin for item in staying)
        for origin, count in gone.items():
            left = self._by_origin.pop(origin, 0) - count
            if left > 0:
                self._by_origin[origin] = left
            self._size -= count

    async def run(self, store: Store, finished: Callable[[], bool]) -> None:
        """Try the events until none is left and no more can come."""
        pause = _FIRST_PAUSE
        while self._subjects or not finished():
            if not self._subjects:
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _LOOKS_EVERY)
                pause = _FIRST_PAUSE
                continue
            await asyncio.sleep(pause)
            pause = _FIRST_PAUSE if await self._try(store) else min(2 * pause, _LONGEST_PAUSE)

    async def _try(self, store: Store) -> bool:
        """Try each locked session once; return whether one of them was free."""
        progress = False
        for name, subject in list(self._subjects.items()):
            items = subject.items
            taken = [items.popleft() for _ in range(min(len(items), self._most))]
            still = await store(taken)
            self._leave(taken, still)
            items.extendleft(reversed(still))
            if len(still) < len(taken):
                progress = True
                subject.since = time.monotonic()
            elif time.monotonic() - subject.since > self._patience:
                self._fail(items)
                self._leave(items)
                items.clear()
            if not items:
                del self._subjects[name]
        return progress
