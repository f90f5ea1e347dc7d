"""The queries of a month.

In: a brand, a month, sessions. Out: rows. Never here: figures, JSON.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.kpis.comparison_reads import BrandRow
from app.storage.queries import queries

_SQL = queries("reports/months")


class MonthCustomers(NamedTuple):
    """Buyers of a month, and those of them who bought from the brand for the first time."""

    buyers: int
    new: int


class SoldProduct(NamedTuple):
    """A product in one currency; `names` is JSON, None if the catalogue does not have the product; `gmv` in minor units."""

    product: str
    names: str | None
    currency: str
    orders: Decimal
    units: Decimal
    gmv: Decimal


async def customers(connection: Connection, brand: UUID, months: Sequence[str]) -> dict[str, MonthCustomers]:
    """Return the buyers of each of these months (`yyyy-mm`)."""
    found = dict.fromkeys(months, MonthCustomers(0, 0))
    for month, *numbers in await connection.fetch(_SQL["customers"], brand, list(months)):
        found[month] = MonthCustomers(*numbers)
    return found


async def products(connection: Connection, sessions: Sequence[UUID], most: int) -> list[SoldProduct]:
    """Return what sessions sold, the most pieces first."""
    return [SoldProduct(*row) for row in await connection.fetch(_SQL["products"], list(sessions), most)]


async def brands(connection: Connection, begin: datetime, end: datetime) -> list[BrandRow]:
    """Return the brands with a session that ended between two moments."""
    return [BrandRow(*row) for row in await connection.fetch(_SQL["brands"], begin, end)]
