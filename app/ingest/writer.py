"""Group commit: a bounded queue, and flushes that take all events which wait.

In: submissions. Out: the same, complete and durable. Never here: SQL, HTTP.

The queue holds nothing that was acknowledged: a submission's future resolves after the commit, so a crash loses only
what its sender will send again.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterator

import structlog

from app.ingest.flush import Flusher
from app.ingest.submission import Submission, SubmittedEvent
from app.observability.metrics import EVENTS, FLUSH_EVENTS, FLUSH_SECONDS, QUEUED
from app.settings import Settings
from app.storage.database import UNREACHABLE
from app.storage.persistent_connection import PersistentConnection

_log = structlog.get_logger()
_ACCEPTED, _DUPLICATES, _PARKED, _REJECTED = (
    EVENTS.labels(outcome) for outcome in ("accepted", "duplicates", "parked", "rejected")
)

FLUSHES_IN_FLIGHT = 3
"""Flushes in flight, each on a connection of its own. At most two fold and write at a time; the others wait for the disk."""

SECOND_FLUSH_FROM = 200
"""A second flush starts beside the first only if this many events wait. A commit costs about the same for one event as for fifty,
so a few events had better wait for the next flush."""


class QueueFullError(Exception):
    """Too many events wait for their commit, or the process is stopping."""


class NotCommittedError(Exception):
    """The flush failed; the sender should send the events again."""


class Writer:
    """Collects submissions and flushes them together."""

    def __init__(self, flusher: Flusher, settings: Settings) -> None:
        """Prepare; `start` begins to flush."""
        self._flusher = flusher
        self._limit = settings.queue_events
        self._flush_events = settings.flush_events
        self._waiting: deque[SubmittedEvent | Submission] = deque()
        self._wake = asyncio.Event()
        self._writing = 0
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def full(self) -> bool:
        """True if the queue accepts no more events."""
        return self._draining or len(self._waiting) >= self._limit

    def start(self) -> None:
        """Begin to flush."""
        QUEUED.set_function(lambda: len(self._waiting))
        self._tasks = [asyncio.create_task(self._run(), name=f"flush-{n}") for n in range(FLUSHES_IN_FLIGHT)]

    async def submit(self, submission: Submission) -> None:
        """Queue a submission and wait until it is durable.

        Raises:
            QueueFullError: nothing was queued.
            NotCommittedError: the database is lost or unable.
        """
        if self._draining or (self._waiting and len(self._waiting) + len(submission.items) > self._limit):
            raise QueueFullError
        submission.settled = asyncio.get_running_loop().create_future()
        submission.waiting = len(submission.items)
        if submission.rejected:
            # Rejections have an entry of their own, since their dead rejected_only must be durable too.
            submission.waiting += 1
            self._waiting.append(submission)
        self._waiting.extend(submission.items)
        # Items refer to their submission: this breaks the reference cycle.
        submission.items = []
        if submission.waiting:
            if self._may_begin():
                self._wake.set()
            await submission.settled
        for counter, count in (
            (_ACCEPTED, submission.accepted), (_DUPLICATES, submission.duplicates), (_PARKED, submission.parked),
            (_REJECTED, len(submission.rejected)),
        ):  # fmt: skip
            if count:
                counter.inc(count)

    async def drain(self) -> None:
        """Accept no more events, flush those that wait, then stop."""
        self._draining = True
        self._wake.set()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _may_begin(self) -> bool:
        waiting = len(self._waiting)
        return waiting > 0 and (self._writing == 0 or (self._writing == 1 and waiting >= SECOND_FLUSH_FROM))

    async def _run(self) -> None:
        async with self._flusher.connection() as persistent:
            while True:
                if self._may_begin():
                    await self._flush(persistent, self._take())
                elif self._draining and not self._waiting:
                    return
                else:
                    self._wake.clear()
                    await self._wake.wait()

    def _take(self) -> list[SubmittedEvent | Submission]:
        waiting = self._waiting
        if len(waiting) <= self._flush_events:
            taken = list(waiting)
            waiting.clear()
        else:
            taken = [waiting.popleft() for _ in range(self._flush_events)]
        return taken

    async def _flush(self, persistent: PersistentConnection, taken: list[SubmittedEvent | Submission]) -> None:
        items = [entry for entry in taken if isinstance(entry, SubmittedEvent)]
        rejected_only = [entry for entry in taken if isinstance(entry, Submission)]
        submissions = {id(item.submission): item.submission for item in items} | {id(entry): entry for entry in rejected_only}
        began = time.perf_counter()
        turn = contextlib.ExitStack()
        turn.enter_context(self._turn())
        try:
            await self._flusher.flush(persistent, items, rejected_only, turn.close)
        except Exception as error:  # noqa: BLE001 - after any error, no sender may be told that its events are stored
            _log.error(
                "flush failed", reason=type(error).__name__, events=len(items), exc_info=not isinstance(error, UNREACHABLE)
            )
            for submission in submissions.values():
                if submission.settled is not None and not submission.settled.done():
                    submission.settled.set_exception(NotCommittedError())
            return
        finally:
            turn.close()
        FLUSH_SECONDS.observe(time.perf_counter() - began)
        FLUSH_EVENTS.observe(len(items))
        for entry in rejected_only:
            entry.waiting -= 1
        for submission in submissions.values():
            # If another flush has a part of the submission, the last of them answers.
            if submission.waiting == 0 and submission.settled is not None and not submission.settled.done():
                submission.settled.set_result(None)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1
            self._wake.set()
