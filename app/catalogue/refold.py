"""What a change of aliases means for the sessions that were folded before it.

In: the brand and the product keys that changed their meaning. Out: those sessions, folded again. Never here: the fold
itself, which the caller hands in, since the catalogue knows nothing of ingest.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from app.storage.database import Database
from app.storage.queries import queries

Refold = Callable[[UUID], Awaitable[object]]
"""Folds one session's log again with the catalogue as it is now."""


async def refold_sessions(database: Database, brand_id: UUID, keys: Sequence[str], refold: Refold) -> None:
    """Fold again every session of the brand whose rollups hold one of these keys; call it after the commit.

    Repeating it is harmless, so that a request which died half-way heals when it is sent again.
    """
    if not keys:
        return
    sql = queries("catalogue")
    async with database.acquire() as connection, connection.transaction():
        # A commit that read the aliases before the change may not be visible yet; its rows would be missed.
        await connection.execute(sql["lock_brand"], str(brand_id))
        await connection.fetch(sql["hold_sessions"], brand_id)
        affected = await connection.fetch(sql["sessions_with_keys"], brand_id, sorted(set(keys)))
    for row in affected:
        await refold(row["session_id"])
