"""Rebuild: folds a session's log again, and compares with the tables or replaces the rows that differ.

In: a session. Out: the rows in which the tables differ from a fold of the log. Never here: another fold; who requests it.

A rebuild does not hold its session while it reads the log. It marks the session, under a short lock that waits for the commits of
earlier events, so that flushes note every later event. It folds the log without the noted events, then the noted ones. The
last of them are folded under a second short lock, and the rows that differ are replaced in the same commit. Until then the
figures are the old ones, and a rebuild that is cut off leaves nothing but the mark, which the next one sets again.
"""

import time
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from app.ingest.rebuilding.rebuild_swap import swap
from app.ingest.rebuilding.staged_fold import PAGE, StagedFold
from app.settings import Settings
from app.storage.database import Database
from app.storage.event_log import log_partitions, log_state
from app.storage.ingest import first_purchases, rebuilds
from app.storage.queries import queries
from app.storage.transient_errors import CONFLICTS, retry_conflicts

_SQL = queries("ingest/rebuild")
_SHOWN = 200
_REPORT_SECONDS = 1.0
_MOST_PAGES = 200
"""Pages of noted events that a rebuild folds before it locks the session, if events arrive as fast as it folds."""
_SWAP_TRIES = 5


class NoSuchSessionError(LookupError):
    """The session does not exist."""


class UnnotedEventsError(Exception):
    """Events were logged that no flush noted, as a server of a former version does; nothing was replaced."""


class Difference(NamedTuple):
    """A row that only the incremental tables have, or only the rebuilt ones."""

    side: str
    table: str
    row: str


class Progress(NamedTuple):
    """How far a rebuild is."""

    events_read: int
    events_total: int


Report = Callable[[Progress], None]


async def compare(database: Database, settings: Settings, session: UUID, report: Report | None = None) -> list[Difference]:
    """Return the differences between the tables and a rebuild, from one snapshot; ingest continues meanwhile.

    At most 200 rows are returned. The list is empty if no rebuild is pending: incremental = rebuilt.

    Raises:
        NoSuchSessionError: there is none.
        ProblemError: 410, its log was dropped.
    """
    async with database.unpooled() as connection, connection.transaction(isolation="repeatable_read"):
        found = await connection.fetchrow(_SQL["find"], session)
        if found is None:
            raise NoSuchSessionError(str(session))
        await log_state.require(connection, session)
        staged = await StagedFold.open(connection, session, found["brand_id"], found["currency"], _slow_after_ms(settings))
        reporter = _Reporter(report, 0 if report is None else await rebuilds.count_events(connection, session))
        async for _ in staged.fold_log(without_noted=False):
            reporter.tell(staged.events_read)
        return [Difference(*row) for row in await connection.fetch(_SQL["compare"], session, _SHOWN)]


class _Reporter:
    """Reports once a second."""

    def __init__(self, report: Report | None, total: int) -> None:
        self._report = report
        self._total = total
        self._next = 0.0

    def tell(self, events_read: int) -> bool:
        """Report how far the rebuild is; return False if it is not time yet."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _REPORT_SECONDS
        if self._report is not None:
            self._report(Progress(events_read, max(events_read, self._total)))
        return True


def _slow_after_ms(settings: Settings) -> int:
    return round(settings.slow_response_seconds * 1000)


class Rebuild:
    """One rebuild of one session, on a connection of its own."""

    def __init__(self, connection: asyncpg.Connection, settings: Settings, session: UUID, report: Report | None = None) -> None:
        """Prepare; `connection` is one that `Database.unpooled` lends, and has the session's turn."""
        self._connection = connection
        self._settings = settings
        self._session = session
        self._report = report
        self._mark = uuid4()

    async def run(self) -> int | None:
        """Replace the rows that differ from a fold of the log; return their number, None if no rebuild is pending any more.

        Raises:
            NoSuchSessionError: there is none.
            UnnotedEventsError: a server of a former version logged events meanwhile; the rebuild is pending.
        """
        self._total = await rebuilds.count_events(self._connection, self._session)
        self._reporter = _Reporter(self._report, self._total)
        request = await retry_conflicts(self._start)
        if request is None:
            return None
        async for _ in self._staged.fold_log(without_noted=True):
            await self._tell()
        await self._staged.analyze()
        for tries in range(_SWAP_TRIES, 0, -1):
            await self._follow()
            folded = self._staged.events_read
            try:
                return await self._finish(request)
            except (*CONFLICTS, asyncpg.LockNotAvailableError):
                # A flush of another session took a customer, or the session was not free: the staged fold is as it was before.
                self._staged.events_read = folded
                if tries == 1:
                    raise
        raise AssertionError

    async def _start(self) -> int | None:
        async with self._connection.transaction():
            session = await rebuilds.lock_session(self._connection, self._session)
            if session is None:
                raise NoSuchSessionError(str(self._session))
            if await log_partitions.dropped_at(self._connection, self._session) is not None:
                # It was requested while the log was being dropped: the figures stay.
                await rebuilds.forget(self._connection, self._session)
                return None
            request = await rebuilds.requested(self._connection, self._session)
            if request is None:
                return None
            await rebuilds.start(self._connection, self._session, self._mark, self._total)
        slow_after_ms = _slow_after_ms(self._settings)
        self._brand = session.brand_id
        self._staged = await StagedFold.open(self._connection, self._session, session.brand_id, session.currency, slow_after_ms)
        return request

    async def _follow(self) -> None:
        """Fold what has arrived, so that little is left for the time under the lock."""
        for _ in range(_MOST_PAGES):
            if await self._staged.fold_noted() < PAGE:
                break
        await self._tell()

    async def _finish(self, request: int) -> int | None:
        async with self._connection.transaction():
            # In the order in which a deletion locks: the brand, its session, other sessions, customers.
            await first_purchases.lock_brand(self._connection, self._session)
            session = await rebuilds.lock_session(self._connection, self._session)
            if session is None:
                raise NoSuchSessionError(str(self._session))
            if session.rebuild is None:
                # A decision took events out of the log that may be folded already: nothing is replaced, and the request stays.
                return 0
            if session.rebuild != self._mark:
                # Flushes noted their events for another rebuild, which this one must not take for its own.
                return None
            while await self._staged.fold_noted():
                pass
            if await rebuilds.requested(self._connection, self._session) == request:
                # No void since the start: the fold has read the log as it is now.
                logged = await rebuilds.count_valid_events(self._connection, self._session)
                if logged != self._staged.events_read:
                    raise UnnotedEventsError(f"{logged} events are logged, {self._staged.events_read} were folded")
            changed = await swap(self._connection, self._staged, self._session, self._brand)
            await rebuilds.finish(self._connection, self._session, request, self._staged.events_read)
        return changed

    async def _tell(self) -> None:
        read = self._staged.events_read
        if self._reporter.tell(read):
            await rebuilds.progress(self._connection, self._session, read)
