"""One commit: settles many events in one transaction.

In: items of many submissions. Out: an outcome per item, durable. Never here: the queue, HTTP.

The walk: subjects → sessions (held) → payloads made pseudonymous and folded → log and claims → sums. What has no
session yet is parked, what the session cannot take becomes a dead letter, all in the same transaction.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog
from pydantic_core import from_json

from app.ingest import dead_letters, fold
from app.ingest.privacy import PrivacyKeys
from app.ingest.subjects import SubjectResolver, parse_subject
from app.ingest.submission import Rejection, Submission, SubmittedEvent
from app.ingest.write_batch import WriteBatch
from app.problems import FieldError
from app.settings import Settings
from app.storage.database import CONFLICTS, UNREACHABLE, Database, retry_conflicts
from app.storage.persistent_connection import PersistentConnection, early_lock_release
from app.storage.writes import WriteQueries

_log = structlog.get_logger()
_TRANSIENT = (
    *UNREACHABLE,
    *CONFLICTS,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.OperatorInterventionError,
)
"""What the database may say without any event being at fault: the same flush may succeed a moment later."""


@dataclass(slots=True)
class _FlushResult:
    """What a transaction decides; told to the submissions only after its commit."""

    accepted: list[SubmittedEvent] = field(default_factory=list)
    duplicates: list[SubmittedEvent] = field(default_factory=list)
    parked: list[SubmittedEvent] = field(default_factory=list)
    rejections: list[tuple[SubmittedEvent, Rejection]] = field(default_factory=list)


class Flusher:
    """Settles items against the database."""

    def __init__(self, database: Database, settings: Settings, privacy_keys: PrivacyKeys) -> None:
        """Prepare."""
        self._database = database
        self._privacy_keys = privacy_keys
        self._slow_after_ms = round(settings.slow_response_seconds * 1000)
        self._keep_text = settings.keep_comment_text
        self._resolver = SubjectResolver(self._slow_after_ms)

    def connection(self) -> AbstractAsyncContextManager[PersistentConnection]:
        """Keep a connection for flushes one after the other."""
        return self._database.flush_connection()

    async def flush(
        self,
        persistent: PersistentConnection,
        items: list[SubmittedEvent],
        rejected_only: Iterable[Submission],
        committing: Callable[[], None],
    ) -> None:
        """Settle all items, durably.

        `committing` is called once no more than a wait for the disk is left: the next flush may begin.

        Raises:
            OSError, asyncpg.PostgresError: the database is lost or unable; nothing was told to any submission.
        """
        try:
            await self._flush(await persistent.connection(), items, rejected_only, committing)
        except UNREACHABLE:
            await self._database.restart_embedded()
            raise

    async def _flush(
        self,
        connection: asyncpg.Connection,
        items: list[SubmittedEvent],
        rejected_only: Iterable[Submission],
        committing: Callable[[], None],
    ) -> None:
        """Settle all items; those that the database refuses are found by halving and rejected alone."""
        try:
            settlement = await retry_conflicts(lambda: self._transaction(connection, items, list(rejected_only), committing))
        except _TRANSIENT:
            raise
        except Exception as refusal:  # noqa: BLE001 - whatever one event provokes, its neighbours must not pay for it
            if len(items) <= 1:
                await self._refuse(connection, items, refusal)
                if rejected_only:
                    await self._flush(connection, [], rejected_only, committing)
                return
            half = len(items) // 2
            await self._flush(connection, items[:half], rejected_only, committing)
            await self._flush(connection, items[half:], [], committing)
            return
        for item in settlement.accepted:
            item.submission.accepted += 1
        for item in settlement.duplicates:
            item.submission.duplicates += 1
        for item in settlement.parked:
            item.submission.parked += 1
        for item, rejection in settlement.rejections:
            item.submission.rejected.append(rejection)
        for item in items:
            item.submission.waiting -= 1

    async def _refuse(self, connection: asyncpg.Connection, items: list[SubmittedEvent], refusal: Exception) -> None:
        _log.error("event refused by the database", reason=type(refusal).__name__)
        if not items:
            raise refusal
        detail = "the event cannot be stored"
        if isinstance(refusal, asyncpg.DataError):
            detail = "the database cannot hold this event's figures: they are out of range"
        for item in items:
            rejection = item.rejection(FieldError(pointer="/data", detail=detail))
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
        committing: Callable[[], None],
    ) -> _FlushResult:
        now = datetime.now(UTC)
        settlement = _FlushResult()
        async with early_lock_release(connection, committing):
            queries = WriteQueries(connection)
            if items:
                settlement = await self._write_events(queries, items, now)
            for submission in rejected_only:
                await dead_letters.keep(queries, self._privacy_keys, submission, submission.rejected, now)
            persistent: dict[int, list[Rejection]] = {}
            owners: dict[int, Submission] = {}
            for item, rejection in settlement.rejections:
                persistent.setdefault(id(item.submission), []).append(rejection)
                owners[id(item.submission)] = item.submission
            for owner, rejections in persistent.items():
                await dead_letters.keep(queries, self._privacy_keys, owners[owner], rejections, now)
        return settlement

    async def _write_events(self, queries: WriteQueries, items: list[SubmittedEvent], now: datetime) -> _FlushResult:
        batch = self._new_batch()
        unresolved = batch.take(items, self._resolver.cached, only_all=True)
        if batch.items and not unresolved:
            versions = sorted((resolved.row.id, resolved.row.version) for resolved in batch.resolved_sessions.values())
            settlement = await self._append(queries, batch, versions, now)
            if settlement is not None:
                return settlement
        subjects = {item.event.subject for item in items}
        self._resolver.invalidate(subjects)
        for item in items:
            item.restore()
        batch = self._new_batch()
        by_subject = await self._resolver.resolve(queries, subjects)
        unresolved = batch.take(items, by_subject)
        if rooms := sorted({item.event.subject for item in unresolved if ":" in item.event.subject}):
            # Once more, holding the rooms' names: a stream may have been registered in between.
            await queries.lock_rooms(rooms)
            by_subject |= await self._resolver.resolve(queries, set(rooms))
            unresolved = batch.take(unresolved, by_subject)
        settlement = _FlushResult(duplicates=batch.duplicates, rejections=batch.rejections)
        if batch.items:
            appended = await self._append(queries, batch, [], now)
            assert appended is not None, "the sessions are held"
            settlement = appended
        await self._park_or_reject(queries, unresolved, settlement, now)
        return settlement

    def _new_batch(self) -> WriteBatch:
        return WriteBatch(self._privacy_keys, keep_text=self._keep_text, slow_after_ms=self._slow_after_ms)

    async def _append(
        self, queries: WriteQueries, batch: WriteBatch, versions: list[tuple[UUID, str]], now: datetime
    ) -> _FlushResult | None:
        """Write the draft; None, and nothing written, where one of the stamps is not the database's."""
        settlement = _FlushResult(duplicates=batch.duplicates, rejections=batch.rejections)
        contexts = {session: resolved.context for session, resolved in batch.resolved_sessions.items()}
        appended = await queries.append_events(versions, batch.new, batch.tally.claims(), now)
        if appended is None:
            return None
        if appended.claimed is not None:
            settlement.accepted = list(batch.items.values())
            await fold.finish(queries, batch.tally, appended.claimed, contexts)
            return settlement
        settlement.accepted = [batch.items[key] for key in appended.new]
        settlement.duplicates += [batch.items[key] for key in batch.items.keys() - appended.new]
        if appended.new:
            await fold.apply(queries, batch.folded(appended.new), contexts, self._slow_after_ms)
        return settlement

    async def _park_or_reject(
        self, queries: WriteQueries, unresolved: list[SubmittedEvent], settlement: _FlushResult, now: datetime
    ) -> None:
        parked: dict[tuple[str, str, str, bytes], tuple[SubmittedEvent, str]] = {}
        for item in unresolved:
            parsed = parse_subject(item.event.subject)
            if not isinstance(parsed, tuple):
                error = FieldError(pointer="/subject", detail="no such session; a stream is named platform:room")
                settlement.rejections.append((item, item.rejection(error)))
                continue
            owner = item.submission.brand_id
            key = (*parsed, str(owner) if owner else "", item.key)
            if key in parked:
                settlement.duplicates.append(item)
            else:
                parked[key] = (item, self._parked_event(item, parsed[0]))
        rows = [(*key, parked[key][1]) for key in sorted(parked)]
        new = await queries.park_events(rows, now) if rows else set()
        for (platform, room, _, event_key), (item, _) in parked.items():
            known = (platform, room, event_key) not in new
            (settlement.duplicates if known else settlement.parked).append(item)

    def _parked_event(self, item: SubmittedEvent, platform: str) -> str:
        item.pseudonymize(self._privacy_keys, platform, keep_text=self._keep_text)
        moment = item.event.time or item.submission.received_at
        return item.document(moment, from_json(item.event.data.json_bytes())).decode()
