"""Staged fold: folds a session's log into temporary tables that hide the real ones on their connection.

In: a session, a connection of its own. Out: temporary tables with the session's rows. Never here: changes of the real tables.

The statements are those of ingest: they name tables without a schema, and a temporary table is found first. The temporary tables
belong to the connection, so nothing remains of a fold that is cut off. A page is folded at a time, in a transaction of its own
unless the caller has one, and other work of the process has its turn in between.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg

from app.ingest.folding import fold
from app.ingest.folding.distinct_values import Values, values_of
from app.ingest.folding.statements import rank_statements
from app.storage.ingest import rebuilds
from app.storage.ingest.distributed_writes import DistributedWrites
from app.storage.ingest.writes import LoggedEvent, WriteQueries
from app.storage.queries import queries

_SQL = queries("ingest/rebuild")
TABLES = ("members", "customers", "counters", "gauges", "orders", "spans", "refunds", "parcels", "marks")
PAGE = 1_000
"""Events that are folded in one transaction."""
_SLICE = 125
"""Events after which other work of the process has its turn, for as long as they took: some two milliseconds."""
_RANKED = 5_000
"""Statements that are read at a time."""


class StagedFold:
    """The rows of one session, folded again."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        context: fold.SessionContext,
        session: UUID,
        writes: type[WriteQueries] = WriteQueries,
    ) -> None:
        """Use `open`."""
        self._connection = connection
        self._context = context
        self._session = session
        self._queries = writes(connection)
        self.events_read = 0
        self.values: Values = set()
        """The distinct values that the events name."""

    @classmethod
    async def open(
        cls, connection: asyncpg.Connection, session: UUID, brand: UUID, currency: str, slow_after_ms: int
    ) -> "StagedFold":
        """Make empty temporary tables, on a connection that `Database.unpooled` lends."""
        for table in (*TABLES, "sessions"):
            await connection.execute(_SQL[f"shadow_{table}"])
        await connection.execute(_SQL["begin_clock"], session)
        await connection.execute(_SQL["begin_customers"], session, brand)
        context = await fold.context_of(WriteQueries(connection), session, brand, currency, slow_after_ms)
        # The row of an order looks its buyer up in a temporary table and in the log: Citus joins them only in one of its own.
        writes = DistributedWrites if await connection.fetchval(_SQL["distributed"]) else WriteQueries
        return cls(connection, context, session, writes)

    async def fold_log(self, *, without_noted: bool) -> AsyncIterator[None]:
        """Fold the log page by page; yield after each page.

        `without_noted` leaves out the events that flushes noted since the rebuild was marked.
        """
        after = b""
        while page := await self._statements(after, _RANKED):
            # Before anything is folded: which statements count is known once all were seen.
            await rank_statements(self._queries, fold.stated(LoggedEvent(*row) for row in page))
            after = page[-1]["event_key"]
            yield
        after = b""
        while page := await self._page(after, PAGE, without_noted=without_noted):
            async with self._connection.transaction():
                await self._fold([LoggedEvent(*row) for row in page])
            after = page[-1]["event_key"]
            yield

    async def _statements(self, after: bytes, limit: int) -> list[asyncpg.Record]:
        return list(await self._connection.fetch(_SQL["statements"], self._session, after, limit))

    async def _page(self, after: bytes, limit: int, *, without_noted: bool) -> list[asyncpg.Record]:
        return list(await self._connection.fetch(_SQL["page"], self._session, after, limit, without_noted))

    async def fold_noted(self) -> int:
        """Fold a page of the events that flushes noted; return how many there were."""
        async with self._connection.transaction():
            keys = await rebuilds.take_arrived(self._connection, self._session, PAGE)
            if keys:
                await self._fold(await rebuilds.valid_events(self._connection, self._session, keys))
        return len(keys)

    async def _fold(self, events: Sequence[LoggedEvent]) -> None:
        folded: list[fold.Folded] = []
        for start in range(0, len(events), _SLICE):
            began = time.perf_counter()
            some = [fold.fold_logged(event, self._context) for event in events[start : start + _SLICE]]
            self.values.update(*(values_of(one.contributions, one.at) for one in some))
            folded += some
            await asyncio.sleep(time.perf_counter() - began)
        await fold.apply(self._queries, folded, {self._session: self._context}, self._context.slow_after_ms)
        self.events_read += len(events)

    async def analyze(self) -> None:
        """Count the rows for the planner: nothing else does so for temporary tables."""
        for table in TABLES:
            await self._connection.execute(f"ANALYZE pg_temp.{table}")
