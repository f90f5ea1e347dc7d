"""Pools of connections that the connector opens.

In: a connector, limits, sizes. Out: a pool of asyncpg, an engine of SQLAlchemy. Never here: who borrows from which.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.storage.pool.connector import Connector, GuardedConnection, TimeLimits


def named(use: str) -> dict[str, str]:
    """Return the setting that names a connection by its use in `pg_stat_activity`."""
    return {"application_name": f"tallylight-{use}"}


async def _no_reset(connection: object) -> None:
    # No borrower leaves session state behind (no SET, no LISTEN, no cursor outside a transaction), so the round trip of asyncpg's
    # reset is saved.
    del connection


async def open_pool(
    connector: Connector, limits: TimeLimits, least: int, most: int, settings: Mapping[str, str] = {}
) -> asyncpg.Pool:
    """Open a pool of `least` to `most` connections with these server settings."""

    async def connect(*_arguments: object, **_options: object) -> GuardedConnection:
        return await connector.connect(settings, limits=limits)

    return await asyncpg.create_pool(
        min_size=least, max_size=most, connect=connect, connection_class=GuardedConnection, reset=_no_reset
    )


def open_engine(connector: Connector) -> AsyncEngine:
    """Return an engine whose connections the connector opens; nothing is opened yet."""

    async def connect() -> GuardedConnection:
        return await connector.connect(named("catalogue"))

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_size=4, max_overflow=4, pool_timeout=connector.limits.connect
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def check(dbapi_connection: Any, *_: object) -> None:
        # Instead of `pool_pre_ping`: a ping on a silent connection would wait for its deadline.
        connection = dbapi_connection.driver_connection
        if not connector.trusts(connection):
            connection.terminate()
            raise DisconnectionError("the connection was lost or is not trusted")

    return engine
