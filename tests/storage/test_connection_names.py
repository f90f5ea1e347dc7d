"""PostgreSQL names each connection by its use, so that a lock or a slow statement leads to the part of the server that holds it."""

import asyncpg
from sqlalchemy import text

from app.service import Service

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
