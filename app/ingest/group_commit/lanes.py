"""Lanes: the flushes that share one queue, and when the next of them may begin.

In: entries under their sender's key. Out: what the next flush takes. Never here: SQL, answers to senders.

Imports have lanes of their own: an event that is sent now shares neither a flush nor a place in the queue with a file of a
hundred thousand rows.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator

from app.ingest.flushing.turn import Turn
from app.ingest.group_commit.fair_queue import FairQueue
from app.ingest.receiving.submission import Submission, SubmittedEvent

MOST_WRITING = 3
"""Flushes of one queue that fold and write at a time, of which one folds: two that fold in turns would both reach the database
late, and the events that arrive meanwhile share the next flush."""
LONGEST_FOLD_SECONDS = 0.25
"""A flush that has not folded by then waits for something, most likely its connection: the others do not wait with it."""
TURN = 100
"""Events of one key that a flush takes before the next key has its turn."""

Entry = SubmittedEvent | Submission


class Lanes:
    """A queue and the flushes that take from it. One folds, a few write; others may wait for the WAL flush."""

    def __init__(self, flushes: int, flush_events: int, further_from: int) -> None:
        """Run `flushes` of at most `flush_events`; another begins beside one that writes if `further_from` events wait."""
        self.flushes = flushes
        self.queue: FairQueue[Entry] = FairQueue(TURN)
        self._flush_events = flush_events
        self._further_from = further_from
        self._folding = False
        self._writing = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        """One for each flush that has nothing to do. One of them is woken for one flush, not all."""

    def __len__(self) -> int:
        """Return how many entries wait."""
        return len(self.queue)

    def wake(self) -> None:
        """Let all flushes look again whether they may begin, or whether all is finished."""
        while self._waiters:
            self._wake_one()

    def wake_if_ready(self) -> None:
        """Wake a flush if one may begin."""
        if self._waiters and self._may_begin():
            self._wake_one()

    async def take(self) -> list[Entry] | None:
        """Return the entries of the next flush; None if it may not begin yet, after a wait for a change."""
        if self._may_begin():
            return self.queue.take(self._flush_events)
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter
        return None

    @contextlib.contextmanager
    def turn(self) -> Iterator[Turn]:
        """Count as folding and writing, until the turn says otherwise or the exit."""
        turn = _TurnOfLanes(self)
        self._folding = True
        self._writing += 1
        try:
            yield turn
        finally:
            turn.committing()

    def end_fold(self) -> None:
        """Let another flush fold."""
        self._folding = False
        self.wake_if_ready()

    def end_writing(self) -> None:
        """Let another flush write."""
        self._writing -= 1
        if self.queue:
            self.wake_if_ready()
        else:
            self.wake()

    def _wake_one(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def _may_begin(self) -> bool:
        waiting = len(self.queue)
        if self._folding or not waiting:
            return False
        return self._writing == 0 or (self._writing < MOST_WRITING and waiting >= self._further_from)


class _TurnOfLanes(Turn):
    """A turn, each step of which ends once: a flush whose transaction is tried again folds beside the next."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._folds = self._writes = True
        self._limit = asyncio.get_running_loop().call_later(LONGEST_FOLD_SECONDS, self.folded)

    def folded(self) -> None:
        if self._folds:
            self._folds = False
            self._limit.cancel()
            self._lanes.end_fold()

    def committing(self) -> None:
        self.folded()
        if self._writes:
            self._writes = False
            self._lanes.end_writing()
