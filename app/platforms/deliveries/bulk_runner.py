"""The work of bulk jobs.

In: a job. Out: dead letters that are replayed or discarded, parked events that are replayed or deleted. Never here: the queue.

A job works through its dead letters from the oldest on and notes how far it is, so another process continues where a killed one
stopped. A dead letter that is rejected again is received once more, behind the end of the job: no job repeats it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from pydantic_core import from_json

from app.ingest.group_commit.writer import NotCommittedError, QueueFullError, Writer
from app.ingest.rebuilding.rebuild_requests import rebuild_or_enqueue_all
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.receive import Receiver
from app.ingest.unprocessed.parked import delete_parked, replay_parked
from app.ingest.unprocessed.replay import UndecryptableDeadLetterError, replay
from app.platforms.deliveries.bulk_jobs import DeadLetterFilter, RoomFilter
from app.platforms.deliveries.dead_letter_replay import DeadLetterReplayer
from app.problems import ProblemError
from app.settings import Settings
from app.storage.database import Database
from app.storage.platforms import bulk_jobs
from app.storage.platforms.bulk_jobs import WorkRow
from app.storage.transient_errors import UNREACHABLE

_log = structlog.get_logger()
_AT_ONCE = 50
"""Dead letters between two notes of the progress."""
_PARKED_AT_ONCE = 1_000
_TRANSIENT = (QueueFullError, NotCommittedError, *UNREACHABLE)


@dataclass(frozen=True, slots=True)
class BulkRunner:
    """Does the work of bulk jobs."""

    database: Database
    settings: Settings
    privacy_keys: PrivacyKeys
    writer: Writer
    dead_letters: DeadLetterReplayer
    wait_until_idle: Callable[[], Awaitable[None]]
    """Deliveries go first."""
    receiver: Receiver = field(default_factory=lambda: Receiver(1))

    async def enqueue_due(self) -> None:
        """Enqueue the jobs that are not finished and that the queue does not have."""
        async with self.database.acquire() as connection:
            if jobs := await bulk_jobs.due(connection):
                await bulk_jobs.enqueue(connection, jobs)

    async def work(self, job: UUID) -> None:
        """Do a job, or the rest of it; if the database is away, a later run continues."""
        async with self.database.acquire() as connection:
            found = await bulk_jobs.work_row(connection, job)
            if found is None or found.finished_at is not None:
                return
            await bulk_jobs.start(connection, job)
        error = None
        try:
            if not found.cancelled:
                await {
                    "dead_letters.replay": self._replay_dead_letters,
                    "dead_letters.discard": self._discard_dead_letters,
                    "parked.replay": self._replay_parked,
                    "parked.discard": self._discard_parked,
                }[found.kind](found)
        except _TRANSIENT as failed:
            # The schedule enqueues it again.
            _log.warning("bulk job interrupted", job=str(job), reason=type(failed).__name__)
            return
        except Exception as failed:  # noqa: BLE001 - the queue would store its text, which may hold personal data
            _log.error("bulk job failed", job=str(job), kind=found.kind, reason=type(failed).__name__)
            error = "internal_error"
        async with self.database.acquire() as connection:
            await bulk_jobs.finish(connection, job, error)

    async def _replay_dead_letters(self, job: WorkRow) -> None:
        async def page(ids: list[UUID]) -> int:
            replaced: set[UUID] = set()
            accepted = 0
            for dead_letter in ids:
                await self.wait_until_idle()
                accepted += await self._replayed(dead_letter, job.brand, replaced)
            await rebuild_or_enqueue_all(self.database, self.settings, replaced)
            return accepted

        await self._dead_letters(job, page)

    async def _replayed(self, dead_letter: UUID, brand: UUID | None, replaced: set[UUID]) -> bool:
        try:
            found = await self.dead_letters.replay(dead_letter, brand)
            submission = (
                await replay(self.database, self.privacy_keys, self.receiver, self.writer, dead_letter, brand)
                if found is None
                else found.submission
            )
        except (ProblemError, UndecryptableDeadLetterError):
            return False
        if submission is None:
            # It was replayed or discarded meanwhile.
            return True
        replaced |= submission.replaced_sessions
        return not submission.rejected and not submission.conflicts

    async def _discard_dead_letters(self, job: WorkRow) -> None:
        async def page(ids: list[UUID]) -> int:
            async with self.database.acquire() as connection:
                await bulk_jobs.discard_dead_letters(connection, ids)
            return len(ids)

        await self._dead_letters(job, page)

    async def _dead_letters(self, job: WorkRow, work: Callable[[list[UUID]], Awaitable[int]]) -> None:
        wanted = DeadLetterFilter(**from_json(job.filter)).of(job.brand)
        after: tuple[datetime | None, UUID | None] = (job.cursor_at, job.cursor_id)
        while True:
            async with self.database.acquire() as connection:
                page = await bulk_jobs.dead_letters(connection, wanted, job.until, after, _AT_ONCE)
            if not page:
                return
            succeeded = await work([dead_letter for dead_letter, _ in page])
            after = (page[-1][1], page[-1][0])
            if await self._note_progress(job, len(page), succeeded, after):
                return

    async def _replay_parked(self, job: WorkRow) -> None:
        room = RoomFilter(**from_json(job.filter))
        replayed = await replay_parked(self.database, self.settings, self.writer, room.platform, room.room)
        # Events without a registration that reaches them stay parked.
        await self._note_progress(job, replayed, replayed, (None, None))

    async def _discard_parked(self, job: WorkRow) -> None:
        room = RoomFilter(**from_json(job.filter))
        owner = None if job.brand is None else str(job.brand)
        while True:
            async with self.database.acquire() as connection:
                found = await bulk_jobs.parked_keys(connection, room.platform, room.room, owner, job.until, _PARKED_AT_ONCE)
            if not found:
                return
            await delete_parked(self.database, room.platform, room.room, found)
            if await self._note_progress(job, len(found), len(found), (None, None)):
                return

    async def _note_progress(self, job: WorkRow, done: int, succeeded: int, after: tuple[datetime | None, UUID | None]) -> bool:
        """Note the progress; return whether the job was cancelled."""
        async with self.database.acquire() as connection:
            return await bulk_jobs.progress(connection, job.id, done, succeeded, done - succeeded, after)
