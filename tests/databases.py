"""New, migrated databases for tests: copies of a template; distributed ones if a Citus coordinator is configured.

In: a server, a template. Out: a database's connection string while a test uses it. Never here: services, data.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.settings import Settings
from app.storage.database import open_database
from app.storage.ingest.distributed_writes import DistributedWrites
from app.storage.ingest.writes import WriteQueries
from app.storage.schema import migrate


class OwnSettings(Settings):
    """Settings as a test names them. The environment and the files of a developer, which take 10 ms to read, say nothing."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *others: Any, **more: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return one source: the arguments."""
        del settings_cls, others, more
        return (init_settings,)


LOCAL = "127.0.0.0/8,::1"
"""`api_base_allow` of the servers under test: their platforms are servers on loopback."""
SECRET = "a secret key that only the tests know, 64 characters or so long."
CITUS = os.environ.get("TALLYLIGHT_TEST_CITUS_URL")
"""A database of a Citus coordinator that knows its workers; every test then runs on a distributed database of its own."""
WRITES: type[WriteQueries] = DistributedWrites if CITUS else WriteQueries
"""What a flush writes by."""


def plain_only(reason: str) -> pytest.MarkDecorator:
    """Return the mark of a test that means a database which is not distributed, and why."""
    return pytest.mark.skipif(CITUS is not None, reason=f"not on Citus: {reason}")


ALLOW_TRIGGERS = "SET citus.enable_unsafe_triggers TO on"
"""Without it Citus has no triggers on its shards; a server without the extension takes the setting and ignores it."""


def trigger_on(table: str, body: str) -> tuple[str, ...]:
    """Return the statements, each to be sent alone, that run `body` before each row that is inserted into a table."""
    return (
        ALLOW_TRIGGERS,
        f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$",
        f"CREATE TRIGGER fault BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fault()",
    )


def dsn_for(server_dsn: str, database: str) -> str:
    """Return the connection string of another database on the same server."""
    head, question, query = server_dsn.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{database}{question}{query}"


async def upgrade(dsn: str) -> None:
    """Migrate a database."""
    database = await open_database(OwnSettings(database_url=dsn, secret_key=SECRET))
    await migrate.upgrade(database)
    await database.close()


@asynccontextmanager
async def new_database(server: str, template: str | None, *, migrated: bool = True) -> AsyncIterator[str]:
    """Create a database from a template, yield its connection string, drop it.

    Without a template it is empty; on Citus it knows its nodes, and is migrated unless `migrated` is false.
    """
    name = f"test_{uuid4().hex}"
    nodes = await nodes_of(server)
    for node in nodes:
        await _execute(node, f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""))
    dsn = dsn_for(server, name)
    if CITUS and not template:
        await _distribute(nodes, name)
        if migrated:
            await upgrade(dsn)
    yield dsn
    await drop_database(server, name)


async def drop_database(server: str, name: str) -> None:
    """Drop a database, even while it is used; on Citus that of every node."""
    for node in await nodes_of(server):
        await _drop(node, name)


async def _drop(node: str, name: str, attempts: int = 5) -> None:
    """Drop it, again where a process that ends too slowly on a busy machine was in it for the 5 s that the server waits."""
    for left in reversed(range(attempts)):
        try:
            await _execute(node, f"DROP DATABASE {name} WITH (FORCE)")
        except asyncpg.ObjectInUseError:
            if not left:
                raise
        else:
            return


async def make_template(server: str, name: str) -> None:
    """Create a migrated database that others are copied from; on Citus one on every node, with the node's part of the tables."""
    nodes = await nodes_of(server)
    for node in nodes:
        await _execute(node, f"CREATE DATABASE {name}")
    if CITUS:
        await _distribute(nodes, name)
    await upgrade(dsn_for(server, name))
    for node in nodes:
        # The extension's own process is connected to every database that has it, and would keep it from being copied.
        await _execute(node, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await _execute(node, f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'")


async def nodes_of(coordinator: str) -> list[str]:
    """Return the connection strings of all nodes, the coordinator's first; without Citus that of the server."""
    if not CITUS:
        return [coordinator]
    rows = await _fetch(coordinator, "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 AND isactive ORDER BY 1, 2")
    user, _, _ = urlsplit(coordinator).netloc.rpartition("@")
    return [coordinator, *(f"postgresql://{user}@{host}:{port}/postgres" for host, port in rows)]


async def _distribute(nodes: list[str], name: str) -> None:
    """Make the same database of all nodes one distributed database."""
    for node in nodes:
        await _execute(dsn_for(node, name), "CREATE EXTENSION citus")
    coordinator, *workers = (urlsplit(node) for node in nodes)
    calls = [f"citus_set_coordinator_host('{coordinator.hostname}', {coordinator.port})"]
    calls += [f"citus_add_node('{worker.hostname}', {worker.port})" for worker in workers]
    connection = await asyncpg.connect(nodes[0])
    try:
        # To add a node changes its users, which all its databases share: of two at once one fails ("tuple concurrently updated").
        await connection.execute("SELECT pg_advisory_lock(hashtextextended('distribute', 0))")
        for call in calls:
            await _execute(dsn_for(nodes[0], name), f"SELECT {call}")
    finally:
        await connection.close()


class _Maintenance:
    """A connection that stays, in a thread with a loop of its own: every test has another loop, and to connect takes 10 ms."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: asyncpg.Connection = self._begin(asyncpg.connect(dsn)).result()

    def _begin(self, work: Coroutine[Any, Any, Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def execute(self, statement: str) -> None:
        await asyncio.wrap_future(self._begin(self._connection.execute(statement)))

    def close(self) -> None:
        self._begin(self._connection.close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


_maintained: dict[str, _Maintenance] = {}


@contextmanager
def maintained(server: str) -> Iterator[None]:
    """Keep a connection to a server while the block runs, over which its databases are made and dropped."""
    _maintained[server] = _Maintenance(server)
    try:
        yield
    finally:
        _maintained.pop(server).close()


async def _fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(query)
    await connection.close()
    return list(rows)


async def _execute(dsn: str, statement: str) -> None:
    if dsn in _maintained:
        await _maintained[dsn].execute(statement)
        return
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
