"""The queries of traffic sources: what was sold to whom came from where.

In: a session's id. Out: frozen rows. Never here: formulas, writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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


SalesBySource = Mapping[Source | None, SourceSales]
"""None: buyers who never entered, and orders that name no buyer."""


async def sales(connection: Connection, session: UUID) -> SalesBySource:
    """Return what was sold by the source of the buyers' first entry, which only the log tells.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    return {
        Source(source, paid) if entered else None: SourceSales(int(buyers), int(orders), int(gmv), int(refunds))
        for entered, source, paid, buyers, orders, gmv, refunds in await connection.fetch(_SQL["sales"], session)
    }


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
        source = (platform, Source(arrival.source, arrival.paid))
        found.setdefault(source, {})[metric.removeprefix("source_")] = int(latest)
    return found
