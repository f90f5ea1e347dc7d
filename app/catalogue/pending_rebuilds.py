"""What a change of aliases means for the sessions that were folded before it.

In: the brand and the product keys that changed their meaning. Out: those sessions, folded again. Never here: the fold
itself, which the caller hands in, since the catalogue knows nothing of ingest.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import Database
from app.storage.queries import queries
from app.storage.tables import pending_refolds

Rebuild = Callable[[UUID], Awaitable[object]]
"""Folds one session's log again with the catalogue as it is now."""


async def add_pending(connection: AsyncConnection, brand_id: UUID, keys: Sequence[str]) -> None:
    """Note, in the transaction that changes the keys' meaning, that sessions must be folded again: a crash may come first."""
    rows = [{"brand_id": brand_id, "key": key} for key in keys]
    await connection.execute(insert(pending_refolds).on_conflict_do_nothing(), rows)


async def run_pending(database: Database, rebuild: Rebuild) -> None:
    """Do what a process noted and did not live to do."""
    async with database.read() as connection:
        rows = (await connection.execute(select(pending_refolds).order_by(pending_refolds.c.brand_id))).all()
    for brand_id, found in groupby(rows, key=lambda row: row.brand_id):
        await rebuild_sessions(database, brand_id, [row.key for row in found], rebuild)


async def rebuild_sessions(database: Database, brand_id: UUID, keys: Sequence[str], rebuild: Rebuild) -> None:
    """Fold again every session of the brand whose rollups hold one of these keys; call it after the commit.

    Repeating it is harmless, so that a request which died half-way heals when it is sent again.
    """
    if not keys:
        return
    sql = queries("catalogue")
    async with database.acquire() as connection, connection.transaction():
        # A commit that read the aliases before the change may not be visible yet; its rows would be missed.
        await connection.execute(sql["lock_brand"], str(brand_id))
        await connection.fetch(sql["lock_brand_sessions"], brand_id)
        affected = await connection.fetch(sql["sessions_with_keys"], brand_id, sorted(set(keys)))
    for row in affected:
        await rebuild(row["session_id"])
    async with database.write() as written:
        mine = (pending_refolds.c.brand_id == brand_id) & pending_refolds.c.key.in_(keys)
        await written.execute(delete(pending_refolds).where(mine))
