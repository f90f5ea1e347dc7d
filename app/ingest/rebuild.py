"""Rebuild: folds a session's log again, and compares with the tables or replaces their rows.

In: a session. Out: the rows in which the tables differ from a fold of the log. Never here: another fold: the same statements run
against temporary tables that hide the real ones.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from app.ingest import cardinality, fold
from app.ingest.statements import rank_statements
from app.ingest.tally import Values, values_of
from app.settings import Settings
from app.storage import first_purchases
from app.storage.database import Database
from app.storage.first_purchases import Purchase
from app.storage.queries import queries
from app.storage.writes import LoggedEvent, WriteQueries

_SQL = queries("rebuild")
_TABLES = ("members", "customers", "counters", "gauges", "orders", "spans", "refunds", "parcels")
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
    """Return the differences between the tables and a rebuild, from one snapshot; ingest continues meanwhile.

    At most 200 rows are returned. The list must always be empty: incremental = rebuilt.

    Raises:
        NoSuchSessionError: there is none.
    """
    async with database.unpooled() as connection, connection.transaction(isolation="repeatable_read"):
        await _rebuild(connection, settings, session, "find", ())
        return [Difference(*row) for row in await connection.fetch(_SQL["compare"], session, _SHOWN)]


async def replace(database: Database, settings: Settings, session: UUID) -> list[Difference]:
    """Replace the session's rows by rebuilt ones and return the differences; flushes of the session wait meanwhile.

    Raises:
        NoSuchSessionError: there is none.
    """
    async with database.unpooled() as connection, connection.transaction():
        return await replace_rows(connection, settings, session)


async def replace_rows(
    connection: asyncpg.Connection, settings: Settings, session: UUID, buyers: Sequence[bytes] = ()
) -> list[Difference]:
    """Do the same inside the caller's transaction, on a connection that `Database.unpooled` lends.

    `buyers` may lose their first purchase here; it then passes to the brand's session in which they bought next.

    Raises:
        NoSuchSessionError: there is none.
    """
    brand, purchases, values = await _rebuild(connection, settings, session, "lock", buyers)
    differences = [Difference(*row) for row in await connection.fetch(_SQL["compare"], session, _SHOWN)]
    await connection.execute(_SQL["clear_pending_correction"], session)
    for table in _TABLES:
        if table != "customers":
            await connection.execute(_SQL[f"clear_{table}"], session)
            await connection.execute(_SQL[f"copy_{table}"], session)
    clock = await connection.fetchrow(_SQL["clock"], session)
    assert clock is not None, "the session was found above"
    await connection.execute(_SQL["copy_clock"], session, *clock)
    await connection.execute(_SQL["clear_session_values"], session)
    if values:
        await WriteQueries(connection).add_session_values(cardinality.rows_of(session, values))
    if purchases:
        kept = {row["member"] for row in await connection.fetch(_SQL["customers_of"], session)}
        # The other sessions' sums are in the table that the temporary one hides.
        await connection.execute(_SQL["drop_counters"])
        await first_purchases.reassign(connection, brand, [found for found in purchases if found.member not in kept])
    await connection.execute(_SQL["clear_customers"], session)
    await connection.execute(_SQL["copy_customers"], session)
    return differences


async def _rebuild(
    connection: asyncpg.Connection, settings: Settings, session: UUID, lock: str, buyers: Sequence[bytes]
) -> tuple[UUID, list[Purchase], Values]:
    """Fold the log into temporary tables.

    Returns the brand, the next purchases of the buyers who are new in this session, and the distinct values of the session.
    """
    found = await connection.fetchrow(_SQL[lock], session)
    if found is None:
        raise NoSuchSessionError(str(session))
    brand: UUID = found["brand_id"]
    purchases: list[Purchase] = []
    if buyers:
        others = await first_purchases.lock_others(connection, brand, session)
        owned = await first_purchases.lock_owned(connection, brand, session, buyers)
        purchases = await first_purchases.next_purchases(connection, others, owned)
    for table in (*_TABLES, "sessions"):
        await connection.execute(_SQL[f"shadow_{table}"])
    await connection.execute(_SQL["begin_clock"], session)
    await connection.execute(_SQL["begin_customers"], session, brand)
    if purchases:
        members, sessions, moments, keys, _ = zip(*purchases, strict=True)
        await connection.execute(_SQL["begin_next_purchases"], brand, members, sessions, moments, keys)
    queries = WriteQueries(connection)
    slow_after_ms = round(settings.slow_response_seconds * 1000)
    context = await fold.context_of(queries, brand, found["currency"], slow_after_ms)
    after = b""
    values: Values = set()
    while page := await connection.fetch(_SQL["statements"], session, after, _PAGE):
        # Before anything is folded: which statements count is known once all were seen.
        await rank_statements(queries, fold.stated(LoggedEvent(*row) for row in page))
        after = page[-1]["event_key"]
    after = b""
    while page := await connection.fetch(_SQL["page"], session, after, _PAGE):
        folded = [fold.fold_logged(LoggedEvent(*row), context) for row in page]
        await fold.apply(queries, folded, {session: context}, slow_after_ms)
        values.update(*(values_of(one.contributions, one.at) for one in folded))
        after = page[-1]["event_key"]
    return brand, purchases, values
