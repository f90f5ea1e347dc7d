"""Group commit: a bounded queue, and flushes that take all waiting events.

In: submissions. Out: the same, settled and durable. Never here: SQL, HTTP.

The queue holds nothing that was acknowledged: a submission's future resolves after the commit, so a crash loses only events that
their sender will send again. Keys take turns: a sender with many batches delays another by one turn. Events of a session that is
locked leave their flush and are tried apart from all others, until the session is free or their time is over.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import structlog

from app.ingest.flushing.flush import Flusher
from app.ingest.flushing.turn import ALONE, Turn
from app.ingest.group_commit.deferred import DeferredEvents
from app.ingest.group_commit.lanes import Entry, Lanes
from app.ingest.receiving.submission import Settled, Submission, SubmittedEvent
from app.observability.metrics import DEFERRED, EVENT_LAG_SECONDS, EVENTS, FLUSH_EVENTS, FLUSH_SECONDS, QUEUED, SERVER_FAULTS
from app.settings import Settings
from app.storage import audit
from app.storage.pool.persistent_connection import PersistentConnection
from app.storage.transient_errors import is_transient

_log = structlog.get_logger()
_ACCEPTED, _DUPLICATES, _CONFLICTS, _PARKED, _REJECTED = (
    EVENTS.labels(outcome) for outcome in ("accepted", "duplicates", "conflicts", "parked", "rejected")
)

FLUSHES_IN_FLIGHT = 4
"""Flushes under way, each on a connection of its own. One folds and at most three write; the others wait for the WAL flush."""

FURTHER_FLUSH_FROM = 200
"""Waiting events from which on another flush writes beside the first. A commit costs about the same for one event as for fifty:
fewer events wait a moment and share a commit."""

IMPORT_FLUSHES = 2
"""Flushes of imports under way: one folds while the database writes the other."""
IMPORT_FLUSH_EVENTS = 120
"""Events of a flush of imports. The more, the fewer rows of sums are written and the fewer statements run; a single event takes
about six turns of the event loop, and waits in each of them for the step of the fold that is under way."""
STALLED_SECONDS = 5.0
"""A flush that takes longer than that makes the process not ready, and so does a failed flush for so long."""
DRAIN_SECONDS = 8.0


class QueueFullError(Exception):
    """Too many events wait for their commit already, or the process is about to stop."""


class NotCommittedError(Exception):
    """The database did not take the flush; the sender should send again."""


class Writer:
    """Collects submissions and flushes them together."""

    def __init__(self, flusher: Flusher, settings: Settings) -> None:
        """Prepare; `start` begins to flush."""
        self._flusher = flusher
        self._limit = settings.queue_events
        self._lanes = Lanes(FLUSHES_IN_FLIGHT, settings.flush_events, FURTHER_FLUSH_FROM)
        self._import_lanes = Lanes(IMPORT_FLUSHES, min(IMPORT_FLUSH_EVENTS, settings.flush_events), 1)
        self._deferred = DeferredEvents(settings.database_timeout_seconds, settings.flush_events, self._fail)
        self._began: dict[int, float] = {}
        self._failed_at = -STALLED_SECONDS
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def full(self) -> bool:
        """Whether the queue accepts nothing more."""
        return self._draining or self._waiting() >= self._limit

    def fault(self) -> str | None:
        """Return why this writer acknowledges nothing at present; None if it does."""
        now = time.monotonic()
        if any(task.done() for task in self._tasks):
            return "the writer has stopped"
        if any(now - began > STALLED_SECONDS for began in self._began.values()):
            return "the writer waits for the database"
        if now - self._failed_at < STALLED_SECONDS:
            return "the writer could not commit"
        if self.full:
            return "the queue is full"
        return None

    def start(self) -> None:
        """Begin to flush."""
        QUEUED.set_function(lambda: len(self._lanes) + len(self._import_lanes))
        DEFERRED.set_function(lambda: len(self._deferred))
        lanes = [
            *(self._lanes for _ in range(self._lanes.flushes)),
            *(self._import_lanes for _ in range(self._import_lanes.flushes)),
        ]
        self._tasks = [asyncio.create_task(self._run(*one), name=f"flush-{one[0]}") for one in enumerate(lanes)]
        for task in self._tasks:
            # The deferred events are tried until the last flush has ended, which may bring some.
            task.add_done_callback(lambda _: self._deferred.wake())
        self._tasks.append(asyncio.create_task(self._run_deferred(), name="flush-deferred"))

    async def submit(self, submission: Submission) -> None:
        """Queue a submission and wait until it is durable.

        Raises:
            QueueFullError: nothing was queued.
            NotCommittedError: the database is lost or unable.
        """
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.enqueue(submission, settled)
        await settled

    def enqueue(self, submission: Submission, settled: Settled) -> None:
        """Queue a submission and return; `settled` gets the result once it is durable, or a `NotCommittedError`.

        Raises:
            QueueFullError: nothing was queued.
        """
        count, key = len(submission.items), submission.origin
        if self.refuses(key, count):
            raise QueueFullError
        lanes = self._lanes if submission.import_id is None else self._import_lanes
        submission.settled = settled
        submission.action = audit.pending()
        submission.waiting = count
        if submission.rejected:
            # Rejections alone make a submission of their own: their dead letters must be durable too.
            submission.waiting += 1
            lanes.queue.extend(key, (submission,))
        if count:
            lanes.queue.extend(key, submission.items)
        # Items know their submission. Without this the two would hold each other until the garbage collector runs.
        submission.items = []
        if submission.waiting:
            lanes.wake_if_ready()
        else:
            settled.set_result(None)

    def refuses(self, key: str, count: int = 1) -> bool:
        """Whether the queue takes no further `count` events of a key; a body need not be read then."""
        return self._draining or self._is_full_for(key, count)

    def _waiting(self) -> int:
        return len(self._lanes) + len(self._import_lanes) + len(self._deferred)

    def _is_full_for(self, key: str, count: int) -> bool:
        waiting = self._waiting()
        if not waiting or 2 * (waiting + count) <= self._limit:
            return False
        if waiting + count > self._limit:
            return True
        deferred = len(self._deferred)
        # While another key waits, no key takes more than half of the queue. Deferred events may stay for long: a key that has
        # some leaves the other half to those that come later.
        own = self._lanes.queue.waiting(key) + self._import_lanes.queue.waiting(key)
        if deferred:
            own += self._deferred.waiting(key)
        elif own == waiting:
            return False
        return own + count > max(self._limit // 2, 1)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> bool:
        """Accept nothing more, flush what waits, then stop; return whether every submission was answered by its commit."""
        self._draining = True
        self._lanes.wake()
        self._import_lanes.wake()
        self._deferred.wake()
        if not self._tasks:
            return True
        _, running = await asyncio.wait(self._tasks, timeout=seconds)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=seconds / 2)
        left: list[Entry] = [entry for lanes in (self._lanes, self._import_lanes) for entry in lanes.queue.take(len(lanes))]
        left += self._deferred.take_all()
        self._fail(left)
        if running or left:
            _log.error("drain incomplete: events not committed", events=len(left), flushes=len(running))
        return not running and not left

    async def _run(self, number: int, lanes: Lanes) -> None:
        async with self._flusher.connection() as persistent:
            while not self._draining or lanes:
                if (taken := await lanes.take()) is not None:
                    await self._flush(number, lanes, persistent, self._without_deferred(taken))

    def _without_deferred(self, taken: list[Entry]) -> list[Entry]:
        if not self._deferred:
            return taken
        rest: list[Entry] = []
        for entry in taken:
            if isinstance(entry, SubmittedEvent) and entry.event.subject in self._deferred:
                self._deferred.add((entry,))
            else:
                rest.append(entry)
        return rest

    async def _flush(self, number: int, lanes: Lanes, persistent: PersistentConnection, taken: list[Entry]) -> None:
        if not taken:
            # All went to the deferred events: no turn ends that would tell the other flushes that the queue is empty.
            lanes.wake()
            return
        with lanes.turn() as turn:
            self._began[number] = time.monotonic()
            try:
                if locked := await self._store(persistent, taken, turn):
                    self._deferred.add(locked)
            finally:
                del self._began[number]

    async def _store(self, persistent: PersistentConnection, taken: Sequence[Entry], turn: Turn) -> list[SubmittedEvent]:
        """Store what was taken and answer; return the events whose session is locked."""
        items = [entry for entry in taken if isinstance(entry, SubmittedEvent)]
        rejected_only = [entry for entry in taken if isinstance(entry, Submission)]
        began = time.perf_counter()
        try:
            unsettled = await self._flusher.flush(persistent, items, rejected_only, turn)
        except BaseException as error:
            # The outcome is unknown: every sender must send again.
            self._fail(taken)
            self._failed_at = time.monotonic()
            if not isinstance(error, Exception):
                raise
            expected = is_transient(error)
            if not expected:
                SERVER_FAULTS.inc()
            _log.error("flush failed", reason=type(error).__name__, events=len(items), exc_info=not expected)
            return []
        FLUSH_SECONDS.observe(time.perf_counter() - began)
        FLUSH_EVENTS.observe(len(items) - len(unsettled.deferred))
        if items and items[-1].submission.import_id is None:
            EVENT_LAG_SECONDS.observe(items[-1].lag(datetime.now(UTC)))
        if unsettled.failed:
            SERVER_FAULTS.inc(len(unsettled.failed))
            self._failed_at = time.monotonic()
            self._fail(unsettled.failed)
        else:
            self._failed_at = -STALLED_SECONDS
        for submission in rejected_only:
            submission.waiting -= 1
        # The last flush that has a part of a submission answers it.
        complete = [one for one in dict.fromkeys([*(item.submission for item in items), *rejected_only]) if not one.waiting]
        _count(complete)
        for submission in complete:
            _settle(submission)
        return unsettled.deferred

    @staticmethod
    def _fail(entries: Iterable[Entry]) -> None:
        for entry in entries:
            _settle(_submission_of(entry), NotCommittedError())

    async def _run_deferred(self) -> None:
        async with self._flusher.connection() as persistent:

            async def store(items: list[SubmittedEvent]) -> list[SubmittedEvent]:
                return await self._store(persistent, items, ALONE)

            def finished() -> bool:
                return self._draining and all(task.done() for task in self._tasks[:-1])

            await self._deferred.run(store, finished)


def _settle(submission: Submission, error: NotCommittedError | None = None) -> None:
    settled = submission.settled
    if settled is None or settled.done():
        return
    try:
        if error is None:
            settled.set_result(None)
        else:
            settled.set_exception(error)
    except Exception:  # noqa: BLE001 - logged
        # An answer may be written to a connection. The other senders of the flush must have theirs too.
        _log.exception("a sender was not answered")


def _count(submissions: Sequence[Submission]) -> None:
    for counter, number in (
        (_ACCEPTED, sum(one.accepted for one in submissions)),
        (_DUPLICATES, sum(one.duplicates for one in submissions)),
        (_CONFLICTS, sum(one.conflicts for one in submissions)),
        (_PARKED, sum(one.parked for one in submissions)),
        (_REJECTED, sum(len(one.rejected) for one in submissions)),
    ):
        if number:
            counter.inc(number)


def _submission_of(entry: Entry) -> Submission:
    return entry.submission if isinstance(entry, SubmittedEvent) else entry
