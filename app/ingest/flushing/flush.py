"""Flush: writes the events of many submissions in one transaction.

In: events of many submissions. Out: a durable outcome per event. Never here: the queue, HTTP.

Steps: resolve subjects → lock sessions → pseudonymize and fold payloads → write log and claims → write sums. Events of a room
without a session are parked. Events that contradict their session become dead letters. All of it is one transaction.
"""

import contextlib
import time
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import asyncpg

from app.ingest.flushing import dead_letters
from app.ingest.flushing.append import append
from app.ingest.flushing.cardinality import Cardinality
from app.ingest.flushing.clocks import ClockCheck
from app.ingest.flushing.flush_result import FlushResult
from app.ingest.flushing.isolation import Isolation
from app.ingest.flushing.parking import Parking
from app.ingest.flushing.subjects import SubjectResolver
from app.ingest.flushing.turn import ALONE, Turn
from app.ingest.flushing.write_batch import RefusedItemsError, WriteBatch
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.submission import Rejection, Submission, SubmittedEvent
from app.ingest.turns import give_way
from app.problems import FieldError
from app.settings import Settings
from app.storage import audit
from app.storage.database import Connection, Database
from app.storage.ingest.distributed_writes import limit_locks_on_nodes, writes_of
from app.storage.ingest.writes import WriteQueries
from app.storage.pool.persistent_connection import PersistentConnection, early_lock_release
from app.storage.transient_errors import UNREACHABLE

_RESOLVE_ATTEMPTS = 4
_SLICE = 100
"""Events after which other flushes have their turn, some two milliseconds: one that holds rows does not wait for a whole fold."""
_EXPECT_DUPLICATES_SECONDS = 10.0
"""After a duplicate, flushes expect more of them for so long: a sender repeats what was not acknowledged."""
OUT_OF_RANGE = FieldError(pointer="/data", detail="the database cannot hold this event's figures: they are out of range")


class Flusher:
    """Writes events to the database."""

    def __init__(self, database: Database, settings: Settings, privacy_keys: PrivacyKeys) -> None:
        """Prepare."""
        self._database = database
        self._privacy_keys = privacy_keys
        self._slow_after_ms = round(settings.slow_response_seconds * 1000)
        self._keep_text = settings.keep_comment_text
        self._clock_tolerance = settings.clock_tolerance_seconds
        self._resolver = SubjectResolver(self._slow_after_ms)
        self._cardinality = Cardinality(settings)
        self._parking = Parking(privacy_keys, settings)
        self._duplicate_at = -_EXPECT_DUPLICATES_SECONDS

    def connection(self) -> AbstractAsyncContextManager[PersistentConnection]:
        """Lend a persistent connection for consecutive flushes."""
        return self._database.flush_connection()

    async def flush(
        self,
        persistent: PersistentConnection,
        items: list[SubmittedEvent],
        rejected_only: Iterable[Submission],
        turn: Turn,
    ) -> Isolation:
        """Store all items durably; the result names those that could not be stored.

        Raises:
            OSError, asyncpg.PostgresError: the database is lost or unable; no submission was answered.
        """
        try:
            connection = await persistent.connection()

            async def transaction(some: list[SubmittedEvent], rejected: list[Submission]) -> FlushResult:
                if time.monotonic() - self._duplicate_at >= _EXPECT_DUPLICATES_SECONDS:
                    with contextlib.suppress(asyncpg.UniqueViolationError):
                        return await self._transaction(connection, some, rejected, turn, expect_new=True)
                result = await self._transaction(connection, some, rejected, turn, expect_new=False)
                if result.duplicates or result.conflicts:
                    self._duplicate_at = time.monotonic()
                return result

            async def reject(item: SubmittedEvent, _: Exception) -> None:
                await self._reject(connection, item)

            isolation, rejected = Isolation(transaction, reject), list(rejected_only)
            for some in self._by_transaction(items):
                await isolation.store(some, rejected)
                rejected = []
        except UNREACHABLE:
            await self._database.restart_embedded()
            raise
        return isolation

    def _by_transaction(self, items: list[SubmittedEvent]) -> Iterable[list[SubmittedEvent]]:
        """Return what is written together: on Citus one subject's events, whose node then commits alone; else all."""
        if not self._database.distributed:
            return [items]
        by_subject: dict[str, list[SubmittedEvent]] = {}
        for item in items:
            by_subject.setdefault(item.event.subject, []).append(item)
        return by_subject.values() or [[]]

    async def _reject(self, connection: asyncpg.Connection, item: SubmittedEvent) -> None:
        rejection = item.rejection(OUT_OF_RANGE)
        async with early_lock_release(connection, lambda: None):
            await dead_letters.keep(
                WriteQueries(connection), self._privacy_keys, item.submission, [rejection], item.submission.received_at
            )
        item.submission.rejected.append(rejection)
        item.submission.waiting -= 1

    async def _transaction(
        self,
        connection: asyncpg.Connection,
        items: list[SubmittedEvent],
        rejected_only: list[Submission],
        turn: Turn,
        *,
        expect_new: bool,
    ) -> FlushResult:
        async with early_lock_release(connection, turn.committing):
            if self._database.distributed:
                await limit_locks_on_nodes(connection, self._database.connector.limits.of_flushes().lock)
            result = await self.write(connection, items, rejected_only, datetime.now(UTC), turn, expect_new=expect_new)
        self._cardinality.remember(result.values)
        for action in result.actions:
            action.recorded = True
        return result

    async def write(
        self,
        connection: Connection,
        items: list[SubmittedEvent],
        rejected_only: Iterable[Submission],
        now: datetime,
        turn: Turn = ALONE,
        *,
        expect_new: bool = False,
    ) -> FlushResult:
        """Write all items, and dead letters of what is rejected, in the caller's transaction; return the outcome of each item.

        Raises:
            asyncpg.UniqueViolationError: `expect_new`, and an event is in the log already.
        """
        result = FlushResult()
        queries = writes_of(self._database)(connection, expect_new=expect_new)
        if items:
            result = await self._write_events(queries, items, now, turn)
        for submission in rejected_only:
            await dead_letters.keep(queries, self._privacy_keys, submission, submission.rejected, now)
        persistent: dict[int, list[Rejection]] = {}
        owners: dict[int, Submission] = {}
        for item, rejection in (*result.rejections, *result.conflicts):
            persistent.setdefault(id(item.submission), []).append(rejection)
            owners[id(item.submission)] = item.submission
        for owner, rejections in persistent.items():
            await dead_letters.keep(queries, self._privacy_keys, owners[owner], rejections, now)
        for action in {item.submission.action for item in items}:
            # Deferred events are stored by a later transaction, which records the action of those that have none here.
            if action is not None and not action.recorded and any(item.submission.action is action for item in result.stored()):
                await audit.record(connection, action)
                result.actions.append(action)
        return result

    async def _write_events(self, queries: WriteQueries, items: list[SubmittedEvent], now: datetime, turn: Turn) -> FlushResult:
        try:
            return await self._write_valid(queries, items, now, turn)
        except RefusedItemsError as refused_items:
            refused = set(map(id, refused_items.items))
            rest = [item for item in items if id(item) not in refused]
            result = await self._write_events(queries, rest, now, turn) if rest else FlushResult()
            result.rejections += [(item, item.rejection(refused_items.error)) for item in refused_items.items]
            return result

    async def _write_valid(self, queries: WriteQueries, items: list[SubmittedEvent], now: datetime, turn: Turn) -> FlushResult:
        deferred: list[SubmittedEvent] = []
        for _ in range(_RESOLVE_ATTEMPTS):
            if not items:
                break
            batch = self._new_batch(now)
            unresolved = await self._take(batch, items)
            turn.folded()
            if unresolved or not batch.items:
                batch, unresolved = await self._resolved(queries, items, now)
            result: FlushResult | None = FlushResult(rejections=batch.rejections)
            if batch.items:
                result = await append(queries, batch, self._cardinality, now, self._slow_after_ms)
            if result is not None:
                if unresolved:
                    await self._parking.park(queries, unresolved, result, now)
                result.deferred = deferred
                return result
            locked = await queries.unavailable_sessions(sorted(batch.resolved_sessions))
            if locked:
                # The other sessions of this flush do not wait for them.
                items, of_locked = batch.split(items, locked)
                deferred += of_locked
            else:
                self._forget(items)
        return FlushResult(deferred=deferred + items)

    async def _take(self, batch: WriteBatch, items: list[SubmittedEvent]) -> list[SubmittedEvent]:
        """Take events of sessions that are known here, in slices; stop at the first slice with another event."""
        by_subject = self._resolver.cached
        for start in range(0, len(items), _SLICE):
            if start:
                await give_way()
            if unresolved := batch.take(items[start : start + _SLICE], by_subject, only_all=True):
                return unresolved
        return []

    async def _resolved(
        self, queries: WriteQueries, items: list[SubmittedEvent], now: datetime
    ) -> tuple[WriteBatch, list[SubmittedEvent]]:
        """Return a batch of the items whose session the database knows, and the items without a session."""
        subjects = self._forget(items)
        batch = self._new_batch(now)
        by_subject = await self._resolver.resolve(queries, subjects)
        unresolved = batch.take(items, by_subject)
        if rooms := sorted({item.event.subject for item in unresolved if ":" in item.event.subject}):
            # Again, with the rooms' names locked: a stream may have been registered in between.
            await queries.lock_rooms(rooms)
            by_subject |= await self._resolver.resolve(queries, set(rooms))
            unresolved = batch.take(unresolved, by_subject)
        return batch, unresolved

    def _forget(self, items: list[SubmittedEvent]) -> set[str]:
        """Undo what was taken from sessions that may be out of date; return the items' subjects."""
        subjects = {item.event.subject for item in items}
        self._resolver.invalidate(subjects)
        for item in items:
            item.restore()
        return subjects

    def _new_batch(self, now: datetime) -> WriteBatch:
        clocks = ClockCheck(now, self._clock_tolerance)
        return WriteBatch(self._privacy_keys, keep_text=self._keep_text, slow_after_ms=self._slow_after_ms, clocks=clocks)
