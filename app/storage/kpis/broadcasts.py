"""What the rooms of sessions reported last: on air or not.

In: a connection, sessions. Out: broadcasts by session. Never here: which of them count (`kpis.reading.status`).
"""

from collections.abc import Sequence
from uuid import UUID

from app.storage.database import Connection
from app.storage.kpis.reads import Broadcast
from app.storage.queries import queries

_SQL = queries("kpis/broadcasts")


async def broadcasts_of(connection: Connection, sessions: Sequence[UUID]) -> dict[UUID, list[Broadcast]]:
    """Return session → broadcasts of those that have any."""
    found: dict[UUID, list[Broadcast]] = {}
    if sessions:
        for session, *fields in await connection.fetch(_SQL["broadcasts"], sessions):
            found.setdefault(session, []).append(Broadcast(*fields))
    return found
