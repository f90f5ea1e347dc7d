"""Requests of rebuilds: recorded with the change that needs them, done at once for small sessions and by a job for large ones.

In: sessions whose figures no longer follow from their log. Out: rebuilt sessions, or pending rebuilds. Never here: the fold.

A request is written in the transaction of the change, so none is lost if the process ends. The figures include a request once
`done` has reached its number. If another change is made while a rebuild runs, its request has a higher number, and the session is
rebuilt once more.
"""

from collections.abc import Iterable
from uuid import UUID

import structlog

from app.ingest.rebuild import NoSuchSessionError, Rebuild, Report
from app.settings import Settings
from app.storage import rebuilds
from app.storage.database import Connection, Database
from app.storage.rebuilds import RebuildRow
from app.storage.transient_errors import is_transient

_log = structlog.get_logger()
_PASSES = 3
"""Rebuilds of a session in a row, if further changes are requested meanwhile. The next one is another job."""
_DUE_AT_ONCE = 100


class Budget:
    """How many events a request may fold itself, over all sessions that it concerns."""

    def __init__(self, settings: Settings) -> None:
        """Start with the limit."""
        self.events = settings.rebuild_at_once_events


async def request(connection: Connection, session: UUID, reason: str) -> None:
    """Request a rebuild in the caller's transaction. Call `settle` after the commit."""
    await rebuilds.request(connection, [session], reason)


async def replace(database: Database, settings: Settings, session: UUID, report: Report | None = None) -> int:
    """Rebuild a session and return how many rows differed.

    Raises:
        NoSuchSessionError: there is none.
        asyncpg.LockNotAvailableError: another rebuild of the session runs for too long.
    """
    async with database.acquire() as connection:
        number = (await rebuilds.request(connection, [session], "command"))[session]
    changed = 0
    while True:
        try:
            changed += await _once(database, settings, session, wait=True, report=report) or 0
        except NoSuchSessionError:
            async with database.acquire() as connection:
                await rebuilds.forget(connection, session)
            raise
        async with database.acquire() as connection:
            found = await rebuilds.rebuild(connection, session, None)
        if found is None or found.done >= number:
            return changed


async def settle(database: Database, settings: Settings, session: UUID, budget: Budget | None = None) -> RebuildRow | None:
    """Do a pending rebuild at once if the session is small, else enqueue its job.

    Returns the rebuild if it is still pending, None if the figures include all changes.
    """
    budget = budget or Budget(settings)
    async with database.acquire() as connection:
        found = await rebuilds.rebuild(connection, session, None)
        if found is None or found.state == "done":
            return None
        events = await rebuilds.count_up_to(connection, session, budget.events + 1)
        if events > budget.events:
            await rebuilds.enqueue(connection, [session])
            return found
    budget.events -= events
    try:
        for _ in range(_PASSES):
            await _once(database, settings, session, wait=True)
            async with database.acquire() as connection:
                now = await rebuilds.rebuild(connection, session, None)
            if now is None or now.done >= found.requested:
                return None
            found = now._replace(requested=found.requested)
    except NoSuchSessionError:
        return None
    except Exception as error:
        if not is_transient(error):
            raise
        # The change is committed, and the worker does the rest.
        _log.warning("rebuild left to the worker", session=str(session), reason=type(error).__name__)
    return found


async def settle_all(database: Database, settings: Settings, sessions: Iterable[UUID]) -> list[RebuildRow]:
    """Do the same for several sessions; return the rebuilds that are still pending."""
    budget = Budget(settings)
    found = [await settle(database, settings, session, budget) for session in sorted(sessions)]
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


async def _once(database: Database, settings: Settings, session: UUID, *, wait: bool, report: Report | None = None) -> int | None:
    """Rebuild a session if a rebuild is pending, and it is this process's turn; return how many rows differed."""
    async with database.unpooled() as connection:
        if not await rebuilds.take_turn(connection, session, wait=wait):
            return None
        return await Rebuild(connection, settings, session, report).run()
