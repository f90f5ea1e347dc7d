"""Rebuild: folds a session's log again and compares, or replaces.

In: a session. Out: the rows in which the tables differ from their log. Never here: another way to fold; the same
statements run against temporary tables that hide the real ones.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
from babel.numbers import get_currency_precision

from app.ingest import fold
from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries
from app.storage.writes import LoggedEvent, WriteQueries

_SQL = queries("rebuild")
_TABLES = ("members", "customers", "counters", "gauges", "orders", "spans")
_PAGE = 5_000
_SHOWN = 200


class NoSuchSessionError(LookupError):
    """The session does not exist."""


class Difference(NamedTuple):
    """A row that only the incremental tables have, or only the rebuilt ones."""

    side: str
    table: str
    row: str


async def compare(database: Database, settings: Settings, session: UUID) -> list[Difference]:
    """Return the differences between the tables and a rebuild from one snapshot; ingest goes on meanwhile.

    At most 200 rows are returned. An empty list is the project's claim: incremental = rebuilt, always.

    Raises:
        NoSuchSessionError: there is none.
    """
    async with _rebuilt(database, settings, session, isolation="repeatable_read", lock="find") as connection:
        return [Difference(*row) for row in await connection.fetch(_SQL["compare"], session, _SHOWN)]


async def replace(database: Database, settings: Settings, session: UUID) -> list[Difference]:
    """Put the rebuilt rows in place and return what was different; the session's ingest waits meanwhile.

    Raises:
        NoSuchSessionError: there is none.
    """
    async with _rebuilt(database, settings, session, isolation="read_committed", lock="lock") as connection:
        differences = [Difference(*row) for row in await connection.fetch(_SQL["compare"], session, _SHOWN)]
        for table in _TABLES:
            await connection.execute(_SQL[f"clear_{table}"], session)
            await connection.execute(_SQL[f"copy_{table}"], session)
        clock = await connection.fetchrow(_SQL["clock"], session)
        assert clock is not None, "the session was found above"
        await connection.execute(_SQL["copy_clock"], session, *clock)
        return differences


@asynccontextmanager
async def _rebuilt(
    database: Database, settings: Settings, session: UUID, *, isolation: Literal["repeatable_read", "read_committed"], lock: str
) -> AsyncIterator[asyncpg.Connection]:
    # A connection of its own: a pooled one may have plans that already point at the real tables.
    async with database.unpooled() as connection, connection.transaction(isolation=isolation):
        found = await connection.fetchrow(_SQL[lock], session)
        if found is None:
            raise NoSuchSessionError(str(session))
        for table in (*_TABLES, "sessions"):
            await connection.execute(_SQL[f"shadow_{table}"])
        await connection.execute(_SQL["begin_clock"], session)
        await connection.execute(_SQL["begin_customers"], session, found["brand_id"])
        queries = WriteQueries(connection)
        slow_after_ms = round(settings.slow_response_seconds * 1000)
        context = fold.SessionContext(
            found["brand_id"], found["currency"], get_currency_precision(found["currency"]),
            await queries.brand_aliases(found["brand_id"]), slow_after_ms, {},
        )  # fmt: skip
        after = b""
        while page := await connection.fetch(_SQL["page"], session, after, _PAGE):
            folded = [fold.fold_logged(LoggedEvent(*row), context) for row in page]
            await fold.apply(queries, folded, {session: context}, slow_after_ms)
            after = page[-1]["event_key"]
        yield connection
