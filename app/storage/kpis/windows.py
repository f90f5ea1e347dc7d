"""The queries of windows: what was sold between moments, comments and clicks meanwhile, and the marks that they lie around.

In: a session's id, moments, labels. Out: frozen rows. Never here: what a window is.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from uuid import UUID

from app.storage.database import Connection
from app.storage.kpis.marks import MarkRow
from app.storage.queries import queries

_SQL = queries("kpis/windows")


@dataclass(frozen=True, slots=True)
class Sold:
    """Paid orders, their amount, and what of it was refunded since, both in minor units."""

    orders: int = 0
    gmv: int = 0
    refunds: int = 0

    def __add__(self, other: "Sold") -> "Sold":
        """Return both together."""
        return Sold(self.orders + other.orders, self.gmv + other.gmv, self.refunds + other.refunds)

    def __sub__(self, other: "Sold") -> "Sold":
        """Return the rest."""
        return Sold(self.orders - other.orders, self.gmv - other.gmv, self.refunds - other.refunds)


@dataclass(frozen=True, slots=True)
class Sales:
    """What was sold between moments."""

    edges: Sequence[datetime]
    """Ascending, each once."""
    before: Sequence[Sold]
    """What was paid before each edge."""
    total: Sold
    """What was paid at any time, and refunds of orders whose payment is unknown."""

    @property
    def known(self) -> bool:
        """Return whether an order was counted."""
        return self.total.orders > 0

    def between(self, begin: datetime, end: datetime) -> Sold:
        """Return what was paid in a half-open time range between two of the edges."""
        return self.before[bisect_left(self.edges, end)] - self.before[bisect_left(self.edges, begin)]


NO_SALES = Sales((), (), Sold())
_COUNTED = ("comments", "product_clicks")


@dataclass(frozen=True, slots=True)
class Counts:
    """Comments and clicks on products by the minute; None if the session has no count of them."""

    edges: Sequence[datetime] = ()
    """Ascending, each once."""
    before: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Metric → what was counted in the minutes that begin before each edge."""
    totals: Mapping[str, int] = field(default_factory=dict)

    def between(self, metric: str, begin: datetime, end: datetime) -> int | None:
        """Return the sum of the minutes that begin in a half-open time range between two of the edges."""
        before = self.before.get(metric)
        return None if before is None else before[bisect_left(self.edges, end)] - before[bisect_left(self.edges, begin)]


NO_COUNTS = Counts()


async def sales(connection: Connection, session: UUID, moments: Sequence[datetime]) -> Sales:
    """Return what was sold between moments, in one pass over the session's orders however many moments there are."""
    edges = sorted(set(moments))
    rows = await connection.fetch(_SQL["sales"], session, edges)
    found = {number: Sold(orders, int(gmv), int(refunds)) for number, orders, gmv, refunds in rows}
    before, paid = [], Sold()
    for number in range(len(edges)):
        paid += found.get(number, Sold())
        before.append(paid)
    return Sales(edges, before, sum(found.values(), Sold()))


async def counts(connection: Connection, session: UUID, moments: Sequence[datetime]) -> Counts:
    """Return comments and clicks between moments, from the session's minutes."""
    edges = sorted(set(moments))
    found: dict[str, dict[int, int]] = {}
    for metric, number, value in await connection.fetch(_SQL["counts"], session, edges, list(_COUNTED)):
        found.setdefault(metric, {})[number] = int(value)
    before = {metric: list(accumulate(parts.get(number, 0) for number in range(len(edges)))) for metric, parts in found.items()}
    return Counts(edges, before, {metric: sum(parts.values()) for metric, parts in found.items()})


async def marks(connection: Connection, session: UUID, labels: Sequence[str], limit: int) -> tuple[list[MarkRow], int]:
    """Return the first marks with one of the labels in order of time, and how many there are."""
    rows = await connection.fetch(_SQL["marks"], session, list(labels), limit)
    return [MarkRow(*row[:-1]) for row in rows], rows[0]["total"] if rows else 0
