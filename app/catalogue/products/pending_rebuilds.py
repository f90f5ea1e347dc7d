"""Rebuilds of the sessions that a change of aliases concerns.

In: the brand and the changed product keys. Out: requested rebuilds. Never here: the rebuild itself, which the caller passes in,
since the catalogue does not import ingest.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import Database
from app.storage.ingest import rebuilds
from app.storage.queries import queries
from app.storage.session_locks import exclude_flushes_of_brand
from app.storage.tables import pending_refolds

Rebuild = Callable[[UUID], Awaitable[object]]
"""Does the requested rebuild of one session with the current catalogue, or leaves it to a job."""


async def add_pending(connection: AsyncConnection, brand_id: UUID, keys: Sequence[str]) -> None:
    """Record pending rebuilds in the transaction that changes the aliases, so that a crash does not lose them."""
    rows = [{"brand_id": brand_id, "key": key} for key in keys]
    await connection.execute(insert(pending_refolds).on_conflict_do_nothing(), rows)


async def request_pending(database: Database) -> None:
    """Request the rebuilds that a terminated process recorded and did not request."""
    async with database.read() as connection:
        rows = (await connection.execute(select(pending_refolds).order_by(pending_refolds.c.brand_id))).all()
    for brand_id, found in groupby(rows, key=lambda row: row.brand_id):
        await _request(database, brand_id, [row.key for row in found])


async def rebuild_sessions(database: Database, brand_id: UUID, keys: Sequence[str], rebuild: Rebuild) -> None:
    """Rebuild every session of the brand whose tables contain one of these keys; call it after the commit.

    It can be repeated: a request that was interrupted is completed when it is sent again.
    """
    if keys:
        for session in await _request(database, brand_id, keys):
            await rebuild(session)


async def _request(database: Database, brand_id: UUID, keys: Sequence[str]) -> list[UUID]:
    sql = queries("catalogue/catalogue")
    async with database.acquire() as connection, connection.transaction():
        # Wait for commits that read the aliases before the change; their rows would be missed.
        await connection.execute(sql["lock_brand"], str(brand_id))
        await exclude_flushes_of_brand(connection, brand_id)
        await connection.fetch(sql["lock_brand_sessions"], brand_id)
        affected = [row["session_id"] for row in await connection.fetch(sql["sessions_with_keys"], brand_id, sorted(set(keys)))]
        if affected:
            await rebuilds.request(connection, affected, "alias")
        await connection.execute(sql["forget_changed_keys"], brand_id, keys)
    return affected
