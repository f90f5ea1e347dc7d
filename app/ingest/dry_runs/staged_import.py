"""Staged import: what an import would change, found out by the code of ingest in temporary tables that hide the real ones.

In: an import's events, a connection of its own. Out: the outcome of each event, a session's orders before and after. Never here:
changes of real tables, a lock that ingest waits for.

The temporary tables hold what a flush of the import reads of its session. Flushes commit into them, and the orders of the file
are then folded again from the log, as the rebuild after a correction does. The connection's transactions are read-only, in which
PostgreSQL permits writes to temporary tables alone: a table that is missing here is an error, not a change.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import asyncpg

from app.ingest.dry_runs.dry_run import Outcome, outcomes_of
from app.ingest.flushing.flush import Flusher
from app.ingest.flushing.subjects import ResolvedSession, SubjectResolver, parse_subject
from app.ingest.folding import fold
from app.ingest.rebuilding.staged_fold import TABLES, StagedFold
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.submission import Submission
from app.settings import Settings
from app.storage.database import Database
from app.storage.ingest.writes import WriteQueries
from app.storage.queries import queries

_SQL = queries("ingest/staged_import")
_REBUILD = queries("ingest/rebuild")
_OWN_TABLES = (
    "events", "movements", "session_values", "import_events", "voided_events", "rebuilds", "rebuild_events", "parked",
    "parked_rooms", "dead_letters", "known_orders", "known_parcels",
)  # fmt: skip
_COPIED = ("sessions", "session_values", "import_events", "voided_events", "known_orders", "known_parcels", "statements")
"""Tables of which the session's rows are copied."""


class Change(NamedTuple):
    """A figure before and after."""

    before: int
    after: int


class OrderChanges(NamedTuple):
    """What becomes of the orders of a file, and of the session's sums; money in minor units."""

    new: int
    changed: int
    unchanged: int
    orders: Change
    """Paid orders."""
    units: Change
    gmv: Change
    refunded: Change


class _OrdersFold(StagedFold):
    """Folds the events of some orders from the temporary log."""

    def __init__(
        self, connection: asyncpg.Connection, context: fold.SessionContext, session: UUID, orders: Iterable[str]
    ) -> None:
        super().__init__(connection, context, session)
        self._orders = sorted(orders)

    async def _statements(self, after: bytes, limit: int) -> list[asyncpg.Record]:
        return list(await self._connection.fetch(_SQL["statements"], self._session, after, self._orders, limit))

    async def _page(self, after: bytes, limit: int, *, without_noted: bool) -> list[asyncpg.Record]:
        del without_noted  # nothing rebuilds a temporary log
        return list(await self._connection.fetch(_SQL["page"], self._session, after, self._orders, limit))


class StagedImport:
    """An import into temporary tables."""

    def __init__(
        self, connection: asyncpg.Connection, settings: Settings, flusher: Flusher, session: ResolvedSession | None
    ) -> None:
        """Use `open`."""
        self._connection = connection
        self._settings = settings
        self._flusher = flusher
        self.session = session
        """The session that takes the events in; None if they would be parked."""

    @classmethod
    async def open(
        cls, connection: asyncpg.Connection, database: Database, settings: Settings, privacy_keys: PrivacyKeys, subject: str,
        source: str, sender: tuple[UUID | None, str],
    ) -> "StagedImport":  # fmt: skip
        """Make the temporary tables, on a connection that `Database.unpooled` lends; `sender` is the brand and the origin."""
        slow_after_ms = round(settings.slow_response_seconds * 1000)
        brand_id, origin = sender
        async with connection.transaction(isolation="repeatable_read"):
            found = (await SubjectResolver(slow_after_ms).resolve(WriteQueries(connection), {subject})).get(subject)
            session = None if found is None else found.of(brand_id)
            for table in (*TABLES, "sessions"):
                await connection.execute(_REBUILD[f"shadow_{table}"])
            for table in _OWN_TABLES:
                await connection.execute(_SQL[f"shadow_{table}"])
            if session is not None:
                for table in _COPIED:
                    await connection.execute(_SQL[f"copy_{table}"], session.row.id)
                await connection.execute(_SQL["copy_events"], session.row.id, source)
            elif isinstance(room := parse_subject(subject), tuple):
                await connection.execute(_SQL["copy_parked"], *room)
            await connection.execute(_SQL["copy_parked_rooms"], origin)
        for table in ("events", "known_orders", "known_parcels"):
            # Nothing else counts the rows of temporary tables for the planner.
            await connection.execute(f"ANALYZE pg_temp.{table}")
        await connection.execute(_SQL["read_only"])
        return cls(connection, settings, Flusher(database, settings, privacy_keys), session)

    async def write(self, submission: Submission) -> list[Outcome]:
        """Write events, and return the outcome of each.

        Raises:
            NotCommittedError: a fault of the server prevents an answer.
        """
        return await outcomes_of(self._connection, self._flusher, self._settings, submission.items)

    async def changes(self, orders: Iterable[str]) -> OrderChanges | None:
        """Return what becomes of these orders once their session is rebuilt; None without a session."""
        if self.session is None:
            return None
        named = sorted(orders)
        for table in TABLES:
            await self._connection.execute(f"DELETE FROM pg_temp.{table}")  # noqa: S608 - names of this module
        staged = _OrdersFold(self._connection, self.session.context, self.session.row.id, named)
        async for _ in staged.fold_log(without_noted=False):
            pass
        await staged.analyze()
        row = await self._connection.fetchrow(_SQL["changes"], named)
        assert row is not None, "a query of sums has one row"
        new, changed, unchanged, *sums = map(int, row)
        return OrderChanges(new, changed, unchanged, *(Change(*sums[at : at + 2]) for at in range(0, len(sums), 2)))

    async def unknown_codes(self, codes: Iterable[str]) -> set[str]:
        """Return those of the product codes that neither a product of the brand nor an alias has."""
        wanted = set(codes)
        if self.session is None or not wanted:
            return set()
        rows = await self._connection.fetch(_SQL["known_codes"], self.session.row.brand_id, sorted(wanted))
        return wanted - {row["code"] for row in rows}
