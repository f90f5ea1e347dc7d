"""PostgreSQL names each connection by its use, so that a lock or a slow statement leads to the part of the server that holds it."""

from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text

from app.ingest.group_commit.writer import FLUSHES_IN_FLIGHT, IMPORT_FLUSHES
from app.service import Service
from app.storage.database import _LONG_WORK

ROOT = Path(__file__).parents[2]
NAME = "SELECT current_setting('application_name')"


async def test_a_connection_has_the_name_of_its_use(service: Service) -> None:
    """Pools, flushes, long work, jobs and migrations are distinguished in `pg_stat_activity`."""
    database = service.database
    names = [await pool.fetchval(NAME) for pool in (database.pool, database.background_pool, database.figures_pool)]
    async with database.flush_connection() as persistent:
        connection: asyncpg.Connection = await persistent.connection()
        names.append(await connection.fetchval(NAME))
    async with database.unpooled() as connection:
        names.append(await connection.fetchval(NAME))
    async with database.listener() as connection:
        names.append(await connection.fetchval(NAME))
    for lent in (database.read, database.maintenance):
        async with lent() as session:
            names.append(await session.scalar(text(NAME)))
    assert [
        f"tallylight-{use}"
        for use in ("requests", "background", "figures", "flush", "long-work", "jobs", "catalogue", "maintenance")
    ] == names


def test_the_guide_counts_the_connections_of_a_process(service: Service) -> None:
    """Twice the pool for requests, the background's, and those that no setting bounds."""
    pool: Any = service.database.engine.pool
    catalogue = pool.size() + pool._max_overflow
    # One for deferred events, one for the job queue.
    commits = FLUSHES_IN_FLIGHT + IMPORT_FLUSHES + 2
    assert (8, 8, 4) == (commits, catalogue, _LONG_WORK)
    counted = "twice `TALLYLIGHT_POOL_SIZE`, `TALLYLIGHT_BACKGROUND_POOL_SIZE` and 20 more"
    assert counted in " ".join((ROOT / "docs" / "howto" / "scale_out.md").read_text(encoding="utf-8").split())
