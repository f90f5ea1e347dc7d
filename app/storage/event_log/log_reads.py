"""The queries of orders and of the raw log, one function each.

In: filters and a place in the order. Out: frozen rows. Never here: the meaning of a metric, writes, JSON.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.event_log import log_state
from app.storage.queries import queries

_READS = queries("event_log/log_reads")


class OrderRow(NamedTuple):
    """An order; amounts in minor units, lines as JSON text, the buyer as a pseudonym."""

    platform: str
    order_id: str
    buyer: str | None
    amount: int | None
    lines: str | None
    refunded_amount: int
    placed_at: datetime | None
    paid_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None
    shipped_at: datetime | None
    carrier: str | None
    tracking: str | None
    delivered_at: datetime | None
    state: str
    parcels: str | None
    """JSON text: carrier, tracking number and time of each parcel, the earliest first."""


class OrderFilter(NamedTuple):
    """Which orders; None lets everything through."""

    state: str | None = None
    platform: str | None = None
    product: str | None = None
    buyer: str | None = None


class LogRow(NamedTuple):
    """An event of the log; `data` is JSON text with pseudonyms for people."""

    event_key: bytes
    id: str
    source: str
    type: str
    platform: str
    room: str
    occurred_at: datetime
    received_at: datetime
    sent_time: datetime | None
    """The sender's time, if it was wrong."""
    data: str
    attributes: str | None
    void_id: UUID | None
    """The earliest void that takes the event out of the figures, who made it, when and why."""
    voided_by: str | None
    voided_at: datetime | None
    void_reason: str | None


async def orders_page(
    connection: Connection, session: UUID, brand: UUID, wanted: OrderFilter, after: tuple[str, str], limit: int
) -> list[OrderRow]:
    """Return orders after (platform, order), in that order; `brand` is the session's, whose aliases a product has."""
    products: list[str] | None = None
    if wanted.product is not None:
        aliases = await connection.fetch(_READS["aliases_of"], brand, wanted.product)
        products = [wanted.product, *(row[0] for row in aliases)]
    rows = await connection.fetch(
        _READS["orders_page"], session, *after, wanted.state, wanted.platform, wanted.buyer, products, limit
    )
    return [OrderRow(*row)._replace(refunded_amount=int(row["refunded_amount"])) for row in rows]


async def codes_of(connection: Connection, brand: UUID, aliases: Sequence[str]) -> dict[str, str]:
    """Return alias → code for those of the names that are aliases."""
    rows = await connection.fetch(_READS["codes_of"], brand, list(aliases))
    return {alias: code for alias, code in rows}  # noqa: C416 - a record is no tuple


async def log_page(
    connection: Connection,
    session: UUID,
    event_type: str | None,
    hidden_type: str | None,
    after: tuple[datetime, bytes],
    limit: int,
) -> list[LogRow]:
    """Return events of one type (None: of all but the hidden one) after (occurred_at, event_key), in that order.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    return [LogRow(*row) for row in await connection.fetch(_READS["log_page"], session, *after, event_type, hidden_type, limit)]
