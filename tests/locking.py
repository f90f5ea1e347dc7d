"""Locks that tests hold where a deletion or a rebuild would.

In: a connection inside a transaction, a session. Out: a locked session. Never here: what happens meanwhile.
"""

from uuid import UUID

from app.storage.database import Connection
from app.storage.session_locks import exclude_flushes


async def lock_session(connection: Connection, session: UUID) -> None:
    """Exclude flushes of a session, and changes of its row, until the commit."""
    await exclude_flushes(connection, [session])
    await connection.execute("SELECT FROM sessions WHERE id = $1 FOR UPDATE", session)
