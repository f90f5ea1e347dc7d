"""The query of a brand's orders.

In: a brand, filters, a place in the order. Out: frozen rows. Never here: JSON, which brand a caller may see.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.event_log.log_reads import OrderRow
from app.storage.queries import queries, statement

_ORDERS = statement("backoffice/brand_orders", "brand_orders")
_SESSIONS = queries("backoffice/brand_orders")["sessions"]
_ALIASES = queries("event_log/log_reads")["aliases_of"]
BEFORE_ALL = (UUID(int=0), "", "")
_LOOKED_INTO = 100
"""Sessions that one statement looks into: few orders, or none, may pass the filters."""


class BrandOrderFilter(NamedTuple):
    """Which orders; None lets everything through."""

    state: str | None = None
    begin: datetime | None = None
    """Paid, or placed if it is not paid, at or after this time."""
    end: datetime | None = None
    order: str | None = None
    customer: str | None = None
    product: str | None = None
    waiting_since: datetime | None = None
    """Paid before this time, and still to be sent."""
    without_evidence: bool = False


class BrandOrder(NamedTuple):
    """An order with the facts of its session."""

    session: UUID
    title: str
    currency: str
    time_zone: str
    customer: str
    row: OrderRow
    has_evidence: bool
    """Every parcel has a tracking number and the time of its acceptance."""


async def brand_orders(
    connection: Connection, brand: UUID, wanted: BrandOrderFilter, after: tuple[UUID, str, str], limit: int
) -> list[BrandOrder]:
    """Return orders after (session, platform, order), in that order."""
    products: list[str] | None = None
    if wanted.product is not None:
        products = [wanted.product, *(row[0] for row in await connection.fetch(_ALIASES, brand, wanted.product))]
    found: list[BrandOrder] = []
    sessions = [row["id"] for row in await connection.fetch(_SESSIONS, brand, after[0])]
    for first in range(0, len(sessions), _LOOKED_INTO):
        found += await _of_sessions(
            connection, sessions[first : first + _LOOKED_INTO], wanted, products, after, limit - len(found)
        )
        if len(found) >= limit:
            break
    return found


async def _of_sessions(
    connection: Connection,
    sessions: Sequence[UUID],
    wanted: BrandOrderFilter,
    products: Sequence[str] | None,
    after: tuple[UUID, str, str],
    limit: int,
) -> list[BrandOrder]:
    after_session, after_platform, after_order = after
    chosen = _ORDERS(
        sessions=sessions, after_session=after_session, after_platform=after_platform, after_order=after_order,
        state=wanted.state, begin=wanted.begin, end=wanted.end, order=wanted.order, customer=wanted.customer, products=products,
        waiting_since=wanted.waiting_since, without_evidence=wanted.without_evidence, limit=limit,
    )  # fmt: skip
    found = []
    for row in await connection.fetch(*chosen):
        session, title, currency, time_zone, customer, *order, has_evidence = row
        order_row = OrderRow(*order)
        order_row = order_row._replace(refunded_amount=int(order_row.refunded_amount))
        found.append(BrandOrder(session, title, currency, time_zone, customer, order_row, has_evidence))
    return found
