"""Dry run: what ingestion would do with events, found out by its own code in a transaction that is rolled back.

In: a submission. Out: an outcome per event. Never here: commits, metrics, the caches of the writer.

The transaction locks what a flush of the same events locks. It ends before a flush that waits for one of these locks gives up.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from app.ingest.flushing.flush import OUT_OF_RANGE, Flusher
from app.ingest.flushing.flush_result import FlushResult
from app.ingest.flushing.isolation import Isolation
from app.ingest.flushing.subjects import SubjectResolver, parse_subject
from app.ingest.group_commit.writer import NotCommittedError
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.submission import Rejection, Submission, SubmittedEvent
from app.problems import FieldError
from app.settings import Settings
from app.storage.database import Connection, Database
from app.storage.ingest.writes import WriteQueries
from app.storage.pool.connector import FLUSH_LOCK_SECONDS
from app.storage.queries import queries

_SQL = queries("ingest/unprocessed")
_SECONDS = 0.8 * FLUSH_LOCK_SECONDS

ParkingReason = Literal["room_not_registered", "registration_not_confirmed", "room_of_another_brand"]
Verdict = Literal["accepted", "duplicate", "conflict", "parked", "rejected"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What ingestion would do with one event."""

    verdict: Verdict
    session: UUID | None
    """The session that the event's subject names for its sender; None if there is none."""
    reason: ParkingReason | None = None
    """Why the event is parked."""
    errors: list[FieldError] = field(default_factory=list)
    """Why the event is rejected or in conflict."""
    corrected: bool = False
    """True if the event's time is wrong and its arrival stands instead."""


class DryRun:
    """Tells what a submission would become."""

    def __init__(self, database: Database, settings: Settings, privacy_keys: PrivacyKeys) -> None:
        """Prepare."""
        self._database = database
        self._settings = settings
        self._privacy_keys = privacy_keys

    async def outcomes(self, submission: Submission) -> list[Outcome]:
        """Return the outcome of each event of a submission, in its order; nothing is stored.

        Raises:
            NotCommittedError: a session is locked, or a fault of the server prevents an answer.
            TimeoutError: the database took too long.
        """
        items = submission.items
        if not items:
            return []
        async with self._database.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                async with asyncio.timeout(_SECONDS):
                    # A flusher of its own: what this transaction registers must not be remembered by the writer's.
                    flusher = Flusher(self._database, self._settings, self._privacy_keys)
                    return await outcomes_of(connection, flusher, self._settings, items)
            finally:
                await transaction.rollback()


async def _reason(connection: Connection, item: SubmittedEvent) -> ParkingReason:
    room = parse_subject(item.event.subject)
    assert isinstance(room, tuple), "only events of rooms are parked"
    registrations = await connection.fetch(_SQL["registrations"], *room)
    if not registrations:
        return "room_not_registered"
    return "registration_not_confirmed" if item.submission.brand_id is None else "room_of_another_brand"


async def outcomes_of(connection: Connection, flusher: Flusher, settings: Settings, items: list[SubmittedEvent]) -> list[Outcome]:
    """Write events, and return the outcome of each in their order; the caller sees to it that nothing remains.

    Their submissions count the outcomes, as those of a flush do.

    Raises:
        NotCommittedError: a session is locked, or a fault of the server prevents an answer.
    """
    results: list[FlushResult] = []
    out_of_range: list[tuple[SubmittedEvent, Rejection]] = []

    async def transaction(some: list[SubmittedEvent], rejected: list[Submission]) -> FlushResult:
        async with connection.transaction():  # a savepoint, if the caller has a transaction
            result = await flusher.write(connection, some, rejected, datetime.now(UTC))
        results.append(result)
        return result

    async def reject(item: SubmittedEvent, _: Exception) -> None:
        rejection = item.rejection(OUT_OF_RANGE)
        out_of_range.append((item, rejection))
        item.submission.rejected.append(rejection)

    isolation = Isolation(transaction, reject)
    await isolation.store(items, [])
    if isolation.deferred or isolation.failed:
        raise NotCommittedError
    sessions = await _sessions(connection, settings, items)
    found: dict[int, Outcome] = {}
    for result in (*results, FlushResult(rejections=out_of_range)):
        settled: list[tuple[Verdict, list[SubmittedEvent]]] = [("accepted", result.accepted), ("duplicate", result.duplicates)]
        for verdict, some in settled:
            found |= {item.index: Outcome(verdict, sessions[item.index], corrected=item.sent_time is not None) for item in some}
        refused: list[tuple[Verdict, list[tuple[SubmittedEvent, Rejection]]]] = [
            ("conflict", result.conflicts),
            ("rejected", result.rejections),
        ]
        for verdict, pairs in refused:
            found |= {item.index: Outcome(verdict, sessions[item.index], errors=why.errors) for item, why in pairs}
        for item in result.parked:
            reason = await _reason(connection, item)
            found[item.index] = Outcome("parked", None, reason, corrected=item.sent_time is not None)
    return [found[item.index] for item in items]


async def _sessions(connection: Connection, settings: Settings, items: list[SubmittedEvent]) -> dict[int, UUID | None]:
    """Return the session of each event's subject for its sender, by the event's index."""
    resolver = SubjectResolver(round(settings.slow_response_seconds * 1000))
    known = await resolver.resolve(WriteQueries(connection), {item.event.subject for item in items})
    found: dict[int, UUID | None] = {}
    for item in items:
        subject = known.get(item.event.subject)
        session = None if subject is None else subject.of(item.submission.brand_id)
        found[item.index] = None if session is None else session.row.id
    return found
