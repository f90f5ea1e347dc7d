"""The queries that only insights ask, one function each.

In: a session's id. Out: frozen rows. Never here: thresholds, writes.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.event_log import log_state
from app.storage.queries import queries

_READS = queries("reports/insights")


class Shipping(NamedTuple):
    """Paid orders that left, and those that took longer than the limit."""

    shipped: int
    late: int


class CommentText(NamedTuple):
    """A comment; `person` is a pseudonym, and only counted."""

    person: str
    text: str


async def shipping(connection: Connection, session: UUID, limit: timedelta) -> Shipping:
    """Return how many orders left, and how many late."""
    row = await connection.fetchrow(_READS["shipping"], session, limit)
    assert row is not None
    return Shipping(*row)


async def comment_texts(connection: Connection, session: UUID, limit: int) -> list[CommentText]:
    """Return at most so many kept comments, a random sample where there are more.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    return [CommentText(*row) for row in await connection.fetch(_READS["comment_texts"], session, limit)]


async def aliases(connection: Connection, brand: UUID, codes: Sequence[str]) -> list[tuple[str, str]]:
    """Return (code, alias) of these products."""
    return [(code, alias) for code, alias in await connection.fetch(_READS["aliases"], brand, list(codes))]


async def products_shown(connection: Connection, sessions: Sequence[UUID]) -> dict[UUID, int]:
    """Return session → how many products were on air; sessions without any are left out."""
    rows = await connection.fetch(_READS["products_shown"], list(sessions))
    return {session: products for session, products in rows}  # noqa: C416 - a record is no tuple
