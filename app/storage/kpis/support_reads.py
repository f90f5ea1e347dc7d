"""The queries of customer service: response times of a session's tickets.

In: a session's id. Out: rows, durations in milliseconds. Never here: percentages, rounding, JSON.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("kpis/support")


class TicketTotals(NamedTuple):
    """Tickets that were requested, and those that wait."""

    tickets: int
    waiting: int
    waiting_since: datetime | None


class Responses(NamedTuple):
    """Response times of the whole session (`quarter` None), or of one quarter of an hour."""

    quarter: datetime | None
    answered: int
    total_ms: int
    slow: int
    median_low: int
    median_high: int
    p90_low: int
    p90_high: int


class SlowTicket(NamedTuple):
    """A ticket whose answer took longer than the limit."""

    ticket: str
    platform: str
    requested_at: datetime | None
    answered_at: datetime
    ms: int


async def totals(connection: Connection, session: UUID) -> TicketTotals:
    """Return the numbers of tickets."""
    row = await connection.fetchrow(_SQL["totals"], session)
    assert row is not None
    return TicketTotals(*row)


async def requests(connection: Connection, session: UUID, most: int) -> dict[datetime, int]:
    """Return tickets by the quarter of an hour of their request, the first `most`."""
    return {row["quarter"]: row["tickets"] for row in await connection.fetch(_SQL["requests"], session, most)}


async def responses(connection: Connection, session: UUID, slow_ms: int, most: int, *, by_quarter: bool) -> list[Responses]:
    """Return response times of the session, none without an answer; or by quarter of an hour, the first `most`."""
    return [Responses(*row) for row in await connection.fetch(_SQL["responses"], session, by_quarter, slow_ms, most)]


async def slowest(connection: Connection, session: UUID, slow_ms: int, most: int) -> list[SlowTicket]:
    """Return the tickets with the slowest answers."""
    return [SlowTicket(*row) for row in await connection.fetch(_SQL["slowest"], session, slow_ms, most)]
