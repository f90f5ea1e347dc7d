"""The queries that only insights ask, one function each.

In: a session's id. Out: frozen rows. Never here: thresholds, writes.
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_READS = queries("insights")


class Shipping(NamedTuple):
    """Paid orders that left, and those that took longer than the limit."""

    shipped: int
    late: int


async def shipping(connection: Connection, session: UUID, limit: timedelta) -> Shipping:
    """Return how many orders left, and how many late."""
    row = await connection.fetchrow(_READS["shipping"], session, limit)
    assert row is not None
    return Shipping(*row)
