"""The queries of a brand's customers.

In: a brand's id, stored pseudonyms of buyers. Out: rows. Never here: rounding, JSON, ids of persons.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("backoffice/customers")


class CustomerRow(NamedTuple):
    """A customer with paid orders."""

    buyer: str
    customer: str
    """The short pseudonym."""
    first_at: datetime
    last_at: datetime
    orders: int
    sessions: int


class Amount(NamedTuple):
    """What a customer bought in one currency; `net` in minor units."""

    buyer: str
    currency: str
    net: Decimal
    units: Decimal


class CustomerOrder(NamedTuple):
    """An order of a customer; amounts in minor units."""

    session_id: UUID
    title: str
    currency: str
    time_zone: str
    platform: str
    order_id: str
    amount: int | None
    refunded_amount: Decimal
    lines: str | None
    placed_at: datetime | None
    paid_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    at: datetime
    place: str
    """`platform:order`."""


class CohortRow(NamedTuple):
    """Buyers of one cohort in one month; months are counted from the year 0."""

    cohort: int
    month: int
    buyers: int


async def page(
    connection: Connection,
    brand: UUID,
    *,
    returning: bool | None,
    prefix: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[CustomerRow]:
    """Return customers, the latest buyers first."""
    at, customer = after or (None, None)
    rows = await connection.fetch(_SQL["page"], brand, returning, prefix, at, customer, limit)
    return [CustomerRow(*row) for row in rows]


async def amounts(connection: Connection, brand: UUID, buyers: Sequence[str]) -> dict[str, list[Amount]]:
    """Return what each buyer bought, by currency."""
    found: dict[str, list[Amount]] = {buyer: [] for buyer in buyers}
    for row in await connection.fetch(_SQL["amounts"], brand, list(buyers)):
        found[row["buyer"]].append(Amount(*row))
    return found


async def buyers_of(connection: Connection, brand: UUID, customer: str) -> list[str]:
    """Return the stored pseudonyms of a customer; none without a paid order."""
    return [row["buyer"] for row in await connection.fetch(_SQL["buyers"], brand, customer)]


async def orders(
    connection: Connection, brand: UUID, buyers: Sequence[str], after: tuple[datetime, UUID, str] | None, limit: int
) -> list[CustomerOrder]:
    """Return the orders of a customer, the latest first."""
    at, session, place = after or (None, None, None)
    rows = await connection.fetch(_SQL["orders"], brand, list(buyers), at, session, place, limit)
    return [CustomerOrder(*row) for row in rows]


async def cohorts(connection: Connection, brand: UUID) -> list[CohortRow]:
    """Return the buyers of each cohort by month."""
    return [CohortRow(*row) for row in await connection.fetch(_SQL["cohorts"], brand)]
