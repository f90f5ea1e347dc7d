"""The queries of cartons.

In: a session, its brand, rows. Out: frozen rows. Never here: which orders are packed, JSON documents.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.joined import columns
from app.storage.queries import queries

_CARTONS = queries("backoffice/cartons")
_BATCH = 2000


class CartonRow(NamedTuple):
    """A carton."""

    number: int
    gross_weight_g: int | None
    size: str | None


class CartonOrder(NamedTuple):
    """An order in a carton; `items` is JSON text: [product, SKU, pieces] each."""

    number: int
    customer: str
    """The short pseudonym."""
    platform: str
    order_id: str
    items: str


async def cartons(connection: Connection, session: UUID) -> list[CartonRow]:
    """Return a session's cartons in order."""
    return [CartonRow(*row) for row in await connection.fetch(_CARTONS["cartons"], session)]


async def contents(connection: Connection, session: UUID, brand: UUID) -> AsyncIterator[list[CartonOrder]]:
    """Yield the orders in cartons, by carton and customer; needs a transaction, since a cursor reads them."""
    cursor = await connection.cursor(_CARTONS["carton_contents"], session, brand)
    while rows := await cursor.fetch(_BATCH):
        yield [CartonOrder(*row) for row in rows]


async def lock(connection: Connection, session: UUID) -> None:
    """Exclude other changes of a session's cartons until the commit."""
    await connection.execute(_CARTONS["lock_session"], session)


async def replace(
    connection: Connection, session: UUID, rows: Sequence[CartonRow], orders: Sequence[CartonOrder], now: datetime
) -> None:
    """Replace a session's cartons and their contents."""
    await connection.execute(_CARTONS["clear_contents"], session)
    await connection.execute(_CARTONS["clear_cartons"], session)
    if rows:
        await connection.execute(_CARTONS["add_cartons"], session, *columns(rows, 3), now)
    if orders:
        stored = sorted((one.platform, one.order_id, one.number, one.items) for one in orders)
        await connection.execute(_CARTONS["add_contents"], session, *columns(stored, 4))
