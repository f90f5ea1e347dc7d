"""One open database for the tests of a process, which each test finds empty, with the connections of the tests before it.

In: a server, a template. Out: an open database without rows. Never here: databases whose schema a test changes (`database_url`).

A copy of the template takes the server 15 ms, but every new connection then reads the catalogue and plans its statements again:
that is most of the computing of a test that sends a few events. Rows are deleted, not truncated, so that plans stay.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import asyncpg

from app.settings import Settings
from app.storage.database import Database, open_database
from app.storage.pool.persistent_connection import PersistentConnection
from tests.databases import CITUS, OwnSettings, dsn_for, new_database, nodes_of

MOST_TESTS = 100
"""Tests after which a database is replaced: deleted rows stay in its files."""
MOST_ROWS = 20_000
"""Deleted rows after which it is replaced."""
_FIELDS = {"database_url", "database_timeout_seconds", "pool_size", "background_pool_size"}
"""The settings that an open database depends on."""
_EMPTYING = {"session_replication_role": "replica", "lock_timeout": "2s", "citus.enable_manual_changes_to_shards": "on"}
"""Without triggers, so that tables are emptied in any order; who left a lock behind loses the database."""
_TABLES = "SELECT format('%I', relname) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace ORDER BY 1"
_SHARDS = """
SELECT shard_name(shard.logicalrelid, shard.shardid) FROM pg_dist_shard shard
JOIN pg_class c ON c.oid = shard.logicalrelid AND NOT c.relispartition
JOIN pg_dist_placement USING (shardid) JOIN pg_dist_node USING (groupid)
WHERE nodeport = $1 ORDER BY 1
"""
"""The tables by which a node of Citus holds its part of what is spread."""
_LOCAL = _TABLES.replace("WHERE", "WHERE oid NOT IN (SELECT logicalrelid FROM pg_dist_partition) AND")
"""Those of its coordinator alone."""


@dataclass(frozen=True, slots=True)
class LendingDatabase(Database):
    """A database whose flush connections stay open for the next service."""

    idle: list[PersistentConnection] = field(default_factory=list)
    opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    @asynccontextmanager
    async def flush_connection(self) -> AsyncIterator[PersistentConnection]:
        """Lend a connection that an earlier service used, or a new one."""
        found = self.idle.pop() if self.idle else await self.opened.enter_async_context(Database.flush_connection(self))
        yield found
        self.idle.append(found)

    async def close(self) -> None:
        """Close the flush connections too."""
        await self.opened.aclose()
        await Database.close(self)


class EmptiedDatabase:
    """The database of the tests of a process; replaced when a test left it in use, locked or grown."""

    def __init__(self, server: str, template: str) -> None:
        """Prepare; nothing is made yet."""
        self._server, self._template = server, template
        self._stack = AsyncExitStack()
        self._tests = 0
        self._database: LendingDatabase | None = None
        self._emptying: Callable[[], Awaitable[int]] | None = None
        self._settings: Settings | None = None

    async def emptied(self) -> str:
        """Empty the database and return its connection string."""
        if self._database is None or not await self._emptied():
            await self.close()
            await self._open()
        self._tests += 1
        assert self._settings is not None
        assert self._settings.database_url is not None
        return self._settings.database_url

    def open_for(self, settings: Settings) -> Database | None:
        """Return the open database if these settings open the same one; else None."""
        if self._settings is None or settings.model_dump(include=_FIELDS) != self._settings.model_dump(include=_FIELDS):
            return None
        return self._database

    async def close(self) -> None:
        """Drop the database, even while it is used."""
        stack, self._stack, self._database, self._settings, self._tests = self._stack, AsyncExitStack(), None, None, 0
        await stack.aclose()

    async def _open(self) -> None:
        url = await self._stack.enter_async_context(new_database(self._server, self._template))
        if CITUS:
            name = urlsplit(url).path[1:]
            nodes = [await self._connected(dsn_for(node, name)) for node in await nodes_of(self._server)]
            self._emptying = await _on_each_node(nodes)
        else:
            connection = await self._connected(url)
            self._emptying = await _at_once(connection, [name for (name,) in await connection.fetch(_TABLES)])
        settings = OwnSettings(database_url=url, secret_key="-" * 64)
        opened = await open_database(settings)
        parts = {name: getattr(opened, name) for name in Database.__dataclass_fields__}
        self._database, self._settings = LendingDatabase(**parts), settings
        self._stack.push_async_callback(self._database.close)

    async def _connected(self, url: str) -> asyncpg.Connection:
        connection = await asyncpg.connect(url, server_settings=_EMPTYING)
        self._stack.push_async_callback(connection.close)
        return connection

    async def _emptied(self) -> bool:
        """Delete all rows; tell whether the next test may have the database."""
        assert self._database is not None
        assert self._emptying is not None
        pools = (self._database.pool, self._database.figures_pool, self._database.background_pool)
        if self._tests >= MOST_TESTS or any(pool.get_size() != pool.get_idle_size() for pool in pools):
            return False
        try:
            rows = await self._emptying()
        except asyncpg.PostgresError:
            return False
        return rows < MOST_ROWS


_RESTART = "SELECT count(setval(seqrelid, seqstart, false)) FROM pg_sequence"


async def _at_once(connection: asyncpg.Connection, tables: list[str]) -> Callable[[], Awaitable[int]]:
    """Return what empties those tables that have no row yet in one statement, and tells how many rows they had."""
    tables = [name for name in tables if not await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {name})")]
    deletions = ", ".join(f"d{number} AS (DELETE FROM {name} RETURNING 1)" for number, name in enumerate(tables))
    counts = " + ".join(f"(SELECT count(*) FROM d{number})" for number in range(len(tables)))
    return (await connection.prepare(f"WITH {deletions} SELECT {counts}, ({_RESTART})")).fetchval


async def _on_each_node(connections: Sequence[asyncpg.Connection]) -> Callable[[], Awaitable[int]]:
    """Return the same for Citus, the coordinator's connection first: each node empties its own shards in one statement."""
    emptying = []
    for connection in connections:
        port = await connection.fetchval("SHOW port")
        tables = [name for (name,) in await connections[0].fetch(_SHARDS, int(port))]
        if connection is connections[0]:
            tables += [name for (name,) in await connection.fetch(_LOCAL)]
        emptying.append(await _at_once(connection, tables))

    async def empty() -> int:
        return sum([await one() for one in emptying])

    return empty
