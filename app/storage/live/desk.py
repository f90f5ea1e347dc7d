"""The queries of the desk, one function each.

In: a session's id. Out: frozen rows. Never here: writes, JSON.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("live/desk")


class DeskRow(NamedTuple):
    """An event that a person sent at the desk; `data` is JSON text."""

    event_key: bytes
    id: str
    source: str
    type: str
    at: datetime
    received_at: datetime
    data: str
    name: str | None
    """The name of the person or the API key that sent it."""
    void_id: UUID | None
    """The earliest void that takes the event out of the figures, who made it, when and why."""
    voided_by: str | None
    voided_at: datetime | None
    void_reason: str | None


async def actions(
    connection: Connection, session: UUID, types: Sequence[str], before: tuple[datetime, bytes] | None, limit: int
) -> list[DeskRow]:
    """Return the desk's events of these types before (occurred_at, event_key), the latest first."""
    at, key = before or (None, None)
    return [DeskRow(*row) for row in await connection.fetch(_SQL["actions"], session, list(types), at, key, limit)]
