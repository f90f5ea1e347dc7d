"""PostgreSQL connections of one process: pools for requests, figures and background work, an engine for the catalogue.

In: settings. Out: connections and transactions. Never here: SQL of the domain.

The write path and the KPIs use asyncpg directly, because SQLAlchemy's layer would cost more than their queries. The catalogue
uses SQLAlchemy's expressions: its rows are few.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.exc import DBAPIError, TimeoutError as SQLAlchemyTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.observability.metrics import CONNECTIONS
from app.settings import Settings
from app.storage import audit
from app.storage.pool.connector import Connector, GuardedConnection, TimeLimits, limits_of
from app.storage.pool.persistent_connection import PersistentConnection
from app.storage.pool.pools import named, open_engine, open_pool
from app.storage.postgres.embedded import EmbeddedPostgres
from app.storage.postgres.postgres_programs import EmbeddedPostgresError
from app.storage.transient_errors import UNREACHABLE, is_transient

Connection = PoolConnectionProxy | asyncpg.Connection

_log = structlog.get_logger()

ONE_PLAN = {"plan_cache_mode": "force_generic_plan"}
"""For connections whose statements have one good plan each, whatever their parameters are."""
FIGURES = {"work_mem": "16MB"}
"""For reads of one session: its orders are put into groups by hash, where the default of 4 MB has them sorted by text first."""
BACKGROUND_FACTOR = 6
"""Background statements may take so many times as long as a request's."""
_MAINTENANCE = TimeLimits(connect=60, lock=600, statement=3600, deadline=3700)
"""For migrations, which may rewrite tables."""
_LONG_WORK = 4
"""Connections for long work that a process may have at a time."""
_LOG_SCANS = 1
"""Reads of a whole log that a process may have at a time."""
_DISPOSE_SECONDS = 5


class PoolSizes(NamedTuple):
    """The most connections of a process, by pool; reads of figures have as many as requests."""

    requests: int
    background: int


class DatabaseUnreachableError(Exception):
    """No connection can be opened; the text says what to check, without the password."""


@dataclass(frozen=True, slots=True)
class Database:
    """Pools of one process, and the embedded server if they lead to one."""

    connector: Connector
    pool: asyncpg.Pool
    figures_pool: asyncpg.Pool
    """For the reads of one session. A new session is in no statistics yet, so PostgreSQL takes a plan that is made for it to be
    cheaper than the generic one and plans each read again: ten times the time of the read."""
    background_pool: asyncpg.Pool
    engine: AsyncEngine
    embedded: EmbeddedPostgres | None
    distributed: bool
    """Whether the server is a coordinator of Citus."""
    restarting: asyncio.Lock = field(default_factory=asyncio.Lock)
    long_work: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LONG_WORK))
    log_scans: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LOG_SCANS))

    def background(self) -> "Database":
        """Return the same database for background work: its connections come from a pool that no request waits for."""
        return replace(self, pool=self.background_pool, figures_pool=self.background_pool)

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection of the pool."""
        return self._lend(self.pool)

    def acquire_for_figures(self) -> AbstractAsyncContextManager[Connection]:
        """Lend a connection for the reads of one session, which have one good plan each."""
        return self._lend(self.figures_pool)

    @asynccontextmanager
    async def _lend(self, pool: asyncpg.Pool) -> AsyncIterator[Connection]:
        try:
            connection = await self._trusted_connection(pool)
            try:
                yield connection
            finally:
                await pool.release(connection)
        except UNREACHABLE:
            await self.restart_embedded()
            raise

    async def _trusted_connection(self, pool: asyncpg.Pool) -> PoolConnectionProxy:
        while True:
            connection: Any = await pool.acquire(timeout=self.connector.limits.connect)
            if self.connector.trusts(connection):
                return connection  # type: ignore[no-any-return]
            # The pool opens another one in its place.
            connection.terminate()
            await pool.release(connection)

    @asynccontextmanager
    async def flush_connection(self) -> AsyncIterator[PersistentConnection]:
        """Lend a persistent connection for `early_lock_release`."""
        settings = named("flush")
        if not self.distributed:
            # Citus commits in two phases: its coordinator must not lose the first phase if it crashes before the second.
            # The statements of a flush have one good plan each, whatever their parameters are.
            settings |= {"synchronous_commit": "off"} | ONE_PLAN
        else:
            settings |= {"citus.propagate_set_commands": "local"}  # `limit_locks_on_nodes`
        persistent = PersistentConnection(self.connector, self.connector.limits.of_flushes(), settings)
        try:
            yield persistent
        finally:
            await persistent.close()

    @asynccontextmanager
    async def unpooled(self, slot_seconds: float | None = None) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection outside the pools for long work, without cached plans, and close it; a few at a time.

        Raises:
            TimeoutError: others had all of them for `slot_seconds`.
        """
        limits = _background(self.connector.limits)
        async with self._slot(slot_seconds):
            connection = await self.connector.connect(named("long-work"), limits, statement_cache_size=0)
            async with _closing(connection):
                yield connection

    @asynccontextmanager
    async def _slot(self, seconds: float | None) -> AsyncIterator[None]:
        async with asyncio.timeout(seconds):
            await self.long_work.acquire()
        try:
            yield
        finally:
            self.long_work.release()

    @asynccontextmanager
    async def listener(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection outside the pools for the job queue, and close it."""
        connection = await self.connector.connect(named("jobs"))
        async with _closing(connection):
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Lend a SQLAlchemy connection inside one transaction: commit at the end, roll back on an error.

        The current action of the audit log is recorded in it.
        """
        async with self._restarting(), self.engine.begin() as connection:
            yield connection
            await audit.record(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection of the pool inside one transaction, with the current action of the audit log, as `write` does."""
        async with self.acquire() as connection, connection.transaction():
            yield connection
            await audit.record(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a SQLAlchemy connection for reading."""
        async with self._restarting(), self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def maintenance(self) -> AsyncIterator[AsyncConnection]:
        """Lend a SQLAlchemy connection for statements that may take an hour, such as migrations."""

        async def connect() -> GuardedConnection:
            return await self.connector.connect(named("maintenance"), _MAINTENANCE)

        engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def _restarting(self) -> AsyncIterator[None]:
        try:
            yield
        except (*UNREACHABLE, DBAPIError, SQLAlchemyTimeoutError) as error:
            if is_transient(error):
                await self.restart_embedded()
            raise

    async def restart_embedded(self) -> None:
        """Start the embedded server if it has terminated; do nothing with any other server."""
        if self.embedded is None:
            return
        # One restart at a time: the package's lock is between processes, not between threads.
        async with self.restarting:
            try:
                await asyncio.to_thread(self.embedded.restart)
            except Exception as error:  # noqa: BLE001 - the caller's own error says more; the next caller tries again
                _log.warning("embedded database restart failed", reason=type(error).__name__)

    async def close(self) -> None:
        """Close the pools, then release the embedded server."""
        try:
            async with asyncio.timeout(_DISPOSE_SECONDS):
                await self.engine.dispose()
        except TimeoutError:
            _log.warning("database connections not closed in time")
        for pool in (self.pool, self.figures_pool, self.background_pool):
            pool.terminate()
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)


@asynccontextmanager
async def _closing(connection: asyncpg.Connection) -> AsyncIterator[None]:
    try:
        yield
    finally:
        try:
            await connection.close(timeout=_DISPOSE_SECONDS)
        except Exception:  # noqa: BLE001 - it is lost; there is nothing left to close
            connection.terminate()


def dsn_of(settings: Settings, embedded: EmbeddedPostgres | None) -> str:
    """Return the connection string; starts the embedded server if there is one."""
    if embedded is not None:
        return embedded.start()
    assert settings.database_url is not None
    return settings.database_url.replace("+asyncpg://", "://", 1)


def _background(limits: TimeLimits) -> TimeLimits:
    statement = BACKGROUND_FACTOR * limits.statement
    return limits._replace(statement=statement, deadline=statement + limits.deadline - limits.statement)


async def open_database(settings: Settings) -> Database:
    """Open the pools.

    Raises:
        DatabaseUnreachableError: no connection can be opened; with a hint.
    """
    embedded = EmbeddedPostgres(settings.data_dir) if settings.database_url is None else None
    try:
        dsn = await asyncio.to_thread(dsn_of, settings, embedded)
    except EmbeddedPostgresError as error:
        raise DatabaseUnreachableError(str(error)) from error
    except asyncio.CancelledError:
        if embedded is not None:
            embedded.cancel()
        raise
    connector = Connector(dsn, limits_of(settings.database_timeout_seconds))
    try:
        pool = await open_pool(connector, connector.limits, 1, settings.pool_size, named("requests"))
        distributed = await pool.fetchval("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
    except (*UNREACHABLE, asyncpg.PostgresError) as error:
        where = "the embedded database" if embedded else "the server of TALLYLIGHT_DATABASE_URL"
        raise DatabaseUnreachableError(
            f"cannot connect to {where}: {type(error).__name__}. Check that it is running, that host, port and database name are "
            "right, and that this user may connect."
        ) from error
    sizes = PoolSizes(settings.pool_size, settings.background_pool_size)
    return await database_on(connector, pool, sizes, embedded=embedded, distributed=bool(distributed))


async def database_on(
    connector: Connector,
    pool: asyncpg.Pool,
    sizes: PoolSizes,
    name: str = "",
    *,
    embedded: EmbeddedPostgres | None = None,
    distributed: bool = False,
) -> Database:
    """Return a database with its other pools around the pool for requests; `name` begins their names among the metrics."""
    plans = FIGURES if distributed else FIGURES | ONE_PLAN
    figures_pool = await open_pool(connector, connector.limits, 0, sizes.requests, named(f"{name}figures") | plans)
    background_pool = await open_pool(connector, _background(connector.limits), 0, sizes.background, named(f"{name}background"))
    for kind, one in (("requests", pool), ("figures", figures_pool), ("background", background_pool)):
        CONNECTIONS.labels(name + kind, "open").set_function(one.get_size)
        CONNECTIONS.labels(name + kind, "idle").set_function(one.get_idle_size)
    return Database(connector, pool, figures_pool, background_pool, open_engine(connector), embedded, distributed)
