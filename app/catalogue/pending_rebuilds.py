"""Rebuilds of the sessions that a change of aliases concerns.

In: the brand and the changed product keys. Out: the rebuilt sessions. Never here: the rebuild itself, which the caller
passes in, since the catalogue does not import ingest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from uuid import UUID

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import Database
from app.storage.queries import queries
from app.storage.tables import pending_refolds

_log = structlog.get_logger()
REQUEST_SECONDS = 5.0
"""How long the request that changed an alias waits for the rebuilds."""

Rebuild = Callable[[UUID], Awaitable[object]]
"""Rebuilds one session with the current catalogue."""


async def add_pending(connection: AsyncConnection, brand_id: UUID, keys: Sequence[str]) -> None:
    """Record pending rebuilds in the transaction that changes the aliases, so that a crash does not lose them."""
    rows = [{"brand_id": brand_id, "key": key} for key in keys]
    await connection.execute(insert(pending_refolds).on_conflict_do_nothing(), rows)


async def run_pending(database: Database, rebuild: Rebuild) -> None:
    """Run pending rebuilds that a terminated process left behind."""
    async with database.read() as connection:
        rows = (await connection.execute(select(pending_refolds).order_by(pending_refolds.c.brand_id))).all()
    for brand_id, found in groupby(rows, key=lambda row: row.brand_id):
        await rebuild_sessions(database, brand_id, [row.key for row in found], rebuild)


async def rebuild_or_leave(database: Database, brand_id: UUID, keys: Sequence[str], rebuild: Rebuild) -> None:
    """Do the same in a request: what takes too long stays pending and is done by the worker."""
    try:
        async with asyncio.timeout(REQUEST_SECONDS) as limit:
            await rebuild_sessions(database, brand_id, keys, rebuild)
    except TimeoutError:
        if not limit.expired():
            raise
        _log.info("rebuild left to the worker", brand=str(brand_id))


async def rebuild_sessions(database: Database, brand_id: UUID, keys: Sequence[str], rebuild: Rebuild) -> None:
    """Rebuild every session of the brand whose rollups contain one of these keys; call it after the commit.

    It can be repeated: a request that was interrupted is completed when it is sent again.
    """
    if not keys:
        return
    sql = queries("catalogue")
    async with database.acquire() as connection, connection.transaction():
        # Wait for commits that read the aliases before the change; their rows would be missed.
        await connection.execute(sql["lock_brand"], str(brand_id))
        await connection.fetch(sql["lock_brand_sessions"], brand_id)
        affected = await connection.fetch(sql["sessions_with_keys"], brand_id, sorted(set(keys)))
    for row in affected:
        await rebuild(row["session_id"])
    async with database.write() as written:
        mine = (pending_refolds.c.brand_id == brand_id) & pending_refolds.c.key.in_(keys)
        await written.execute(delete(pending_refolds).where(mine))
