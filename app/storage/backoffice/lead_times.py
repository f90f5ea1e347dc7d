"""The query of a session's lead times.

In: a session, its brand. Out: frozen rows, durations in microseconds. Never here: percentiles, rounding, JSON.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("backoffice/lead_times")


class LeadTimes(NamedTuple):
    """Durations of one step of orders; the four values around the percentiles are None without a duration."""

    product: str | None
    """None for the session."""
    orders: int
    total: int
    median_low: int | None
    median_high: int | None
    p90_low: int | None
    p90_high: int | None
    waiting: int
    waiting_since: datetime | None


async def lead_times(connection: Connection, session: UUID, brand: UUID, most: int) -> list[tuple[LeadTimes, LeadTimes]]:
    """Return both steps of the session, then of its first `most` products; empty without an order."""
    rows = [LeadTimes(*row) for row in await connection.fetch(_SQL["lead_times"], session, brand, most)]
    return list(zip(rows[::2], rows[1::2], strict=True))
