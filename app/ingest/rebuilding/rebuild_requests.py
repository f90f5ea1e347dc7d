"""Requests of rebuilds: recorded with the change that needs them, done at once for small sessions and by a job for large ones.

In: sessions whose figures no longer follow from their log. Out: rebuilt sessions, or pending rebuilds. Never here: the fold.

A request is written in the transaction of the change, so none is lost if the process ends. The figures include a request once
`done` has reached its number. If another change is made while a rebuild runs, its request has a higher number, and the session is
rebuilt once more.
"""

import asyncio
import time
from collections.abc import Iterable
from uuid import UUID

import structlog

from app.ingest.rebuilding.rebuild import NoSuchSessionError, Progress, Rebuild, Report
from app.settings import Settings
from app.storage import audit
from app.storage.database import Connection, Database
from app.storage.event_log import log_state
from app.storage.ingest import rebuilds
from app.storage.ingest.rebuilds import RebuildRow
from app.storage.transient_errors import is_transient

_log = structlog.get_logger()
_PASSES = 3
"""Rebuilds of a session in a row, if further changes are requested meanwhile. The next one is another job."""
_DUE_AT_ONCE = 100


_SESSION_EVENTS = 500
"""What a rebuild costs apart from its events: as much as so many of them."""
_AT_ONCE_SECONDS = 5.0
"""Time after which a request begins no further rebuild."""
_POLL_SECONDS = 0.5


class Budget:
    """How much a request may fold itself, over all sessions that it concerns."""

    def __init__(self, settings: Settings) -> None:
        """Start with the limit."""
        self.events = settings.rebuild_at_once_events
        self.until = time.monotonic() + _AT_ONCE_SECONDS

    @property
    def spent(self) -> bool:
        """Whether not even a session without events may be folded."""
        return self.events < 0 or time.monotonic() > self.until

    def spend(self, events: int) -> None:
        """Subtract the cost of one session."""
        self.events -= max(events, _SESSION_EVENTS)


async def request(connection: Connection, session: UUID, reason: str) -> None:
    """Request a rebuild in the caller's transaction. Call `rebuild_or_enqueue` after the commit."""
    await rebuilds.request(connection, [session], reason)


async def replace(database: Database, settings: Settings, session: UUID, report: Report | None = None) -> int:
    """Rebuild a session, or wait for its pending rebuild; return how many rows differed, as far as this process replaced them.

    Raises:
        NoSuchSessionError: there is none.
        ProblemError: 410, its log was dropped.
        asyncpg.LockNotAvailableError: the session was locked for too long; the rebuild is pending.
    """
    async with database.transaction() as connection:
        audit.about(session, session=session)
        await log_state.require(connection, session)
        pending = await rebuilds.requested(connection, session)
        number = pending or (await rebuilds.request(connection, [session], "command"))[session]
    return await complete(database, settings, session, number, report)


async def complete(database: Database, settings: Settings, session: UUID, number: int, report: Report | None = None) -> int:
    """Return after a session's figures include a request: rebuild it, or wait while another process does.

    Raises:
        NoSuchSessionError: there is none.
        asyncpg.LockNotAvailableError: the session was locked for too long; the rebuild is pending.
    """
    changed = 0
    while True:
        try:
            done = await _once(database, settings, session, wait=False, report=report)
        except NoSuchSessionError:
            async with database.acquire() as connection:
                await rebuilds.forget(connection, session)
            raise
        changed += done or 0
        async with database.acquire() as connection:
            found = await rebuilds.rebuild(connection, session, None)
        if found is None or found.done >= number:
            return changed
        if done is None:
            # Another process has its turn.
            if report is not None and found.events_total is not None:
                report(Progress(found.events_read, max(found.events_read, found.events_total)))
            await asyncio.sleep(_POLL_SECONDS)


async def rebuild_or_enqueue(
    database: Database, settings: Settings, session: UUID, budget: Budget | None = None
) -> RebuildRow | None:
    """Do a pending rebuild at once if the session is small and the budget allows it, else enqueue its job.

    The change is committed, so whatever prevents the rebuild leaves it to the worker. Returns the rebuild if it is still pending,
    None if the figures include all changes.
    """
    budget = budget or Budget(settings)
    async with database.acquire() as connection:
        found = await rebuilds.rebuild(connection, session, None)
        if found is None or found.state == "done":
            return None
        if found.failures:
            # It is in its pause; the worker tries again after it.
            return found
        events = 0 if budget.spent else await rebuilds.count_up_to(connection, session, budget.events + 1)
        if budget.spent or events > budget.events:
            await rebuilds.enqueue(connection, [session])
            return found
    budget.spend(events)
    try:
        for _ in range(_PASSES):
            await _once(database, settings, session, wait=True, slot_seconds=_AT_ONCE_SECONDS)
            async with database.acquire() as connection:
                now = await rebuilds.rebuild(connection, session, None)
            if now is None or now.done >= found.requested:
                return None
            found = now._replace(requested=found.requested)
    except NoSuchSessionError:
        return None
    except Exception as error:  # noqa: BLE001 - the change is committed: its answer must not be an error
        tell = _log.warning if is_transient(error) else _log.error
        tell("rebuild left to the worker", session=str(session), reason=type(error).__name__)
    return found


async def rebuild_or_enqueue_all(database: Database, settings: Settings, sessions: Iterable[UUID]) -> list[RebuildRow]:
    """Do the same for several sessions; return the rebuilds that are still pending."""
    budget = Budget(settings)
    found = [await rebuild_or_enqueue(database, settings, session, budget) for session in sorted(sessions)]
    return [row for row in found if row is not None]


async def enqueue_due(database: Database) -> None:
    """Enqueue jobs for pending rebuilds that have none, such as those whose process was killed."""
    async with database.acquire() as connection:
        if sessions := await rebuilds.due(connection, _DUE_AT_ONCE):
            await rebuilds.enqueue(connection, sessions)


async def work(database: Database, settings: Settings, session: UUID) -> None:
    """Do a pending rebuild; if it fails, the next attempt is made after a pause."""
    try:
        for _ in range(_PASSES):
            if await _once(database, settings, session, wait=False) is None:
                return
    except NoSuchSessionError:
        async with database.acquire() as connection:
            await rebuilds.forget(connection, session)
    except Exception as error:  # noqa: BLE001 - the job must not end with a text that may hold personal data
        _log.warning("rebuild failed", session=str(session), reason=type(error).__name__)
        async with database.acquire() as connection:
            await rebuilds.fail(connection, session)


async def _once(
    database: Database,
    settings: Settings,
    session: UUID,
    *,
    wait: bool,
    slot_seconds: float | None = None,
    report: Report | None = None,
) -> int | None:
    """Rebuild a session if a rebuild is pending, and it is this process's turn; return how many rows differed."""
    async with database.unpooled(slot_seconds) as connection:
        if not await rebuilds.take_turn(connection, session, wait=wait):
            return None
        return await Rebuild(connection, settings, session, report).run()
