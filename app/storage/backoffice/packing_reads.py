"""The query of a session's packing list.

In: a session, its brand. Out: frozen rows, in batches. Never here: which pieces are packed, JSON.
"""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_PACKING = queries("backoffice/packing")
BATCH = 2000
"""Orders of a batch: some milliseconds of the event loop."""


class PackingRow(NamedTuple):
    """An order as the packing list needs it; amounts in minor units, lines and refunds as JSON text."""

    customer: str | None
    """The short pseudonym; None if a carton has the order and the session has not."""
    platform: str
    order_id: str
    whole: bool
    """Whether it is sent as it was paid: nothing is refunded, cancelled, shipped or unknown, so that the lines say everything."""
    known: bool
    """Whether the order names its buyer."""
    lines: str
    amount: int | None
    refunded_amount: int
    paid: bool
    cancelled: bool
    shipped: bool
    singles: str | None
    """The single refunds that count: `amount`, `total`, `lines` of each event."""
    totals: str | None
    """The newest running totals: `key` (a product's code; empty for the order) and `lines` of the event."""
    total_counts: bool
    """Whether the running total of the order exceeds its single refunds."""
    carton: int | None
    packed: str | None
    """The pieces that were put into the carton, as JSON text."""


async def packing_orders(connection: Connection, session: UUID, brand: UUID) -> AsyncIterator[list[PackingRow]]:
    """Yield all orders by customer, platform and order; needs a transaction, since a cursor reads them."""
    cursor = await connection.cursor(_PACKING["packing_orders"], session, brand)
    while rows := await cursor.fetch(BATCH):
        yield list(map(PackingRow._make, rows))
