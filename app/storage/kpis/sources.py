"""The queries of traffic sources: what was sold to whom came from where.

In: a session's id, viewers. Out: frozen rows. Never here: formulas, writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from app.events.traffic import arrival_of
from app.storage.database import Connection
from app.storage.event_log import log_state
from app.storage.queries import queries

_SQL = queries("kpis/sources")


class Source(NamedTuple):
    """A traffic source, None where the entry names none; `paid` is None where the platform does not tell."""

    name: str | None
    paid: bool | None


@dataclass(frozen=True, slots=True)
class SourceSales:
    """What the buyers of a source bought; money in minor units."""

    buyers: int = 0
    orders: int = 0
    gmv: int = 0
    refunds: int = 0

    def __add__(self, other: "SourceSales") -> "SourceSales":
        """Return both together."""
        return SourceSales(
            self.buyers + other.buyers, self.orders + other.orders, self.gmv + other.gmv, self.refunds + other.refunds
        )


_NOTHING = SourceSales()
SalesBySource = Mapping[Source | None, SourceSales]
"""None: buyers who never entered, and orders that name no buyer."""


async def sales(connection: Connection, session: UUID) -> SalesBySource:
    """Return what was sold by the source of the buyers' first entry, which only the log tells of some.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    found: dict[Source | None, SourceSales] = {}
    for arrival, buyers, orders, gmv, refunds in await connection.fetch(_SQL["sales"], session):
        found[_source(arrival)] = SourceSales(buyers, orders, int(gmv), int(refunds))
    counted, elsewhere = await connection.fetchrow(_SQL["buyers"], session) or (0, 0)
    by_source: Mapping[Source | None, int] = {source: one.buyers for source, one in found.items()}
    if counted + elsewhere != sum(by_source.values()):
        # A buyer whom no order names: of an order that was paid twice, by two of them, one.
        by_source = await people(connection, session, "buyer")
    named = {source: buyers for source, buyers in by_source.items() if source is not None}
    for source, buyers in (named | {None: counted - sum(named.values())}).items():
        if buyers or source in found:
            found[source] = replace(found.get(source, _NOTHING), buyers=buyers)
    return found


async def paid_orders(connection: Connection, session: UUID) -> SalesBySource:
    """Return the same without buyers and refunds, which takes less.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    rows = await connection.fetch(_SQL["paid_orders"], session)
    return {_source(arrival): SourceSales(orders=orders, gmv=int(gmv)) for arrival, orders, gmv in rows if orders}


def _source(key: str | None) -> Source | None:
    """Return the source of an arrival's key."""
    if key is None:
        return None
    arrival = arrival_of(key)
    return Source(arrival.source, arrival.paid)


async def people(connection: Connection, session: UUID, members: str) -> dict[Source | None, int]:
    """Return the number of members of a set by the source of their first entry; None: those who never entered.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    rows = await connection.fetch(_SQL["people"], session, members)
    return {Source(source, paid) if entered else None: number for entered, source, paid, number in rows}


async def reported(connection: Connection, session: UUID) -> dict[tuple[str, Source], dict[str, int]]:
    """Return (platform, source) → metric → the platform's own figure: viewers, buyers, orders, gmv in minor units."""
    found: dict[tuple[str, Source], dict[str, int]] = {}
    for platform, key, metric, latest in await connection.fetch(_SQL["reported"], session):
        arrival = arrival_of(key)
        figures = found.setdefault((platform, Source(arrival.source, arrival.paid)), {})
        figures[metric.removeprefix("source_")] = int(latest)
    return found
