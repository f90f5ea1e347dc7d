"""Swap: puts the rows of a staged fold in the place of a session's rows, where they differ.

In: a staged fold, a session that is locked. Out: equal tables, and new buyers of the brand's other sessions. Never here: commits.

Who is a new buyer depends on the other sessions of the brand, which are not locked while the log is folded. So wherever the
tables and the staged fold disagree about a buyer, the earliest purchase is looked up in all sessions and decides.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from app.ingest.flushing import cardinality
from app.ingest.folding.moments import microseconds
from app.ingest.rebuilding.staged_fold import StagedFold
from app.storage.ingest import first_purchases
from app.storage.ingest.first_purchases import Purchase
from app.storage.ingest.row_swap import row_swap
from app.storage.ingest.writes import WriteQueries
from app.storage.queries import queries
from app.storage.tables import counters, gauges, marks, members, orders, parcels, refunds, spans

_SQL = queries("ingest/rebuild_swap")
_CUSTOMERS = queries("ingest/rebuild_customers")
_TABLES = (members, counters, gauges, orders, spans, refunds, parcels, marks)
_SLICE = 5_000


async def swap(connection: asyncpg.Connection, staged: StagedFold, session: UUID, brand: UUID) -> int:
    """Replace the rows that differ, inside the caller's transaction, which holds the brand and the session; return their number.

    The temporary tables of customers and sums are gone afterwards.
    """
    changed, elsewhere = await _decide_customers(connection, session, brand)
    await connection.execute(_SQL["pack_seconds"], session)
    for table in _TABLES:
        for statement in row_swap(table):
            changed += _rows(await connection.execute(statement, session))
    await connection.execute(_SQL["find_buyers"], session)
    clock = await connection.fetchrow(_SQL["clock"], session)
    assert clock is not None, "the staged fold has begun with it"
    await connection.execute(_SQL["copy_clock"], session, *clock)
    await connection.execute(_SQL["clear_session_values"], session)
    if staged.values:
        await WriteQueries(connection).add_session_values(cardinality.rows_of(session, staged.values))
    # The other sessions' sums are in the table that the temporary one hides.
    await connection.execute(_CUSTOMERS["show_counters"])
    for sign, purchases in elsewhere:
        await first_purchases.count(connection, purchases, sign)
    return changed


def _rows(status: str) -> int:
    """Return the number of rows in the status of a command: `DELETE 3`, `INSERT 0 3`."""
    return int(status.rsplit(" ", 1)[-1])


class _Buyer(NamedTuple):
    """A buyer whom the tables and the staged fold disagree about."""

    member: bytes
    staged: bool
    own: Purchase | None
    """The earliest purchase in the session."""


async def _decide_customers(
    connection: asyncpg.Connection, session: UUID, brand: UUID
) -> tuple[int, list[tuple[int, list[Purchase]]]]:
    """Set the brand's customers, and the new buyers among the staged sums.

    Returns the number of buyers, and what the sums of other sessions must add (1) and subtract (-1).
    """
    contested = await connection.fetch(_CUSTOMERS["contested_customers"], session, brand)
    buyers = [
        buyer for start in range(0, len(contested), _SLICE)
        for buyer in await _buyers(connection, session, contested[start : start + _SLICE])
    ]  # fmt: skip
    # From here on the statements of the fold reach the brand's customers.
    await connection.execute(_CUSTOMERS["show_customers"])
    elsewhere: list[tuple[int, list[Purchase]]] = []
    if buyers:
        others = await first_purchases.lock_others(connection, brand, session)
        for start in range(0, len(buyers), _SLICE):
            elsewhere += await _decide(connection, session, brand, others, buyers[start : start + _SLICE])
    return len(buyers), elsewhere


async def _buyers(connection: asyncpg.Connection, session: UUID, contested: Sequence[asyncpg.Record]) -> list[_Buyer]:
    members = [row["member"] for row in contested]
    found = {row["member"]: row for row in await connection.fetch(_CUSTOMERS["own_purchases"], session, members)}
    platforms = await _platforms(connection, [(session, row["event_key"]) for row in found.values()])
    own = {
        member: Purchase(member, session, row["at"], row["event_key"], platforms[session, row["event_key"]].platform)
        for member, row in found.items()
    }
    return [_Buyer(row["member"], row["staged"], own.get(row["member"])) for row in contested]


async def _platforms(connection: asyncpg.Connection, events: Sequence[tuple[UUID, bytes]]) -> dict[tuple[UUID, bytes], Purchase]:
    if not events:
        return {}
    sessions, keys = zip(*events, strict=True)
    return {
        (row["session_id"], row["event_key"]): Purchase(
            b"", row["session_id"], row["occurred_at"], row["event_key"], row["platform"]
        )
        for row in await connection.fetch(_CUSTOMERS["platforms"], sessions, keys)
    }


async def _decide(
    connection: asyncpg.Connection, session: UUID, brand: UUID, others: Sequence[UUID], buyers: Sequence[_Buyer]
) -> list[tuple[int, list[Purchase]]]:
    owned = set(await first_purchases.lock_owned(connection, brand, session, [buyer.member for buyer in buyers]))
    following = {found.member: found for found in await first_purchases.next_purchases(connection, others, sorted(owned))}
    assigned: list[Purchase] = []
    lost: list[bytes] = []
    claims: list[Purchase] = []
    for buyer in buyers:
        if buyer.member not in owned:
            if buyer.own is not None:
                claims.append(buyer.own)
            continue
        candidates = [found for found in (buyer.own, following.get(buyer.member)) if found is not None]
        if candidates:
            assigned.append(min(candidates, key=lambda found: (found.at, found.event_key, found.session_id)))
        else:
            lost.append(buyer.member)
    await first_purchases.assign(connection, brand, assigned)
    await connection.execute(_CUSTOMERS["lose_customers"], brand, lost)
    new = {found.member for found in assigned if found.session_id == session}
    # The rest belong to another session or to none: the claim of ingest decides, also against one that commits right now.
    rows = sorted((brand, found.member, session, microseconds(found.at), found.event_key) for found in claims)
    superseded: list[tuple[UUID, bytes]] = []
    for member, _, other, key in await WriteQueries(connection).claim_customers(rows) if rows else ():
        new.add(member)
        if other is not None and other != session and key is not None:
            superseded.append((other, key))
    # The staged sums are in the table that hides the real one.
    gained = [buyer.own for buyer in buyers if buyer.own is not None and buyer.member in new and not buyer.staged]
    given = [buyer.own for buyer in buyers if buyer.own is not None and buyer.member not in new and buyer.staged]
    await first_purchases.count(connection, gained, 1)
    await first_purchases.count(connection, given, -1)
    return [
        (1, [found for found in assigned if found.session_id != session]),
        (-1, list((await _platforms(connection, superseded)).values())),
    ]
