"""The way to PostgreSQL: one pool for the hot paths, one SQLAlchemy engine for the catalogue.

In: settings. Out: connections and transactions. Never here: SQL of the domain.

The write path and the KPIs use asyncpg as it is, since SQLAlchemy's layer would cost more than the queries themselves;
the catalogue's rows are few and read better in SQLAlchemy's expressions.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import asyncpg
import structlog
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.exc import DBAPIError, TimeoutError as SQLAlchemyTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.settings import Settings
from app.storage.embedded import EmbeddedPostgres, EmbeddedPostgresError
from app.storage.persistent_connection import PersistentConnection

Connection = PoolConnectionProxy | asyncpg.Connection

_log = structlog.get_logger()

SERVER_SETTINGS = {
    "jit": "off",
    # Citus writes a reference table (a session's clock) after a session's rows only over one connection per node. A flush
    # writes to one shard of each table anyway. A server without the extension takes the setting and ignores it.
    "citus.multi_shard_modify_mode": "sequential",
}
"""What every connection is opened with."""

UNREACHABLE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    TimeoutError,
)
"""What a lost or absent database looks like to a caller."""

CONFLICTS = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Two transactions wanted the same rows in another order; the one that was told so may try again."""
_ATTEMPTS = 5
Done = TypeVar("Done")


def is_transient(error: BaseException) -> bool:
    """Tell whether the same statement may succeed a moment later: the database is away, or somebody holds or held a lock."""
    if isinstance(error, DBAPIError):
        cause = _cause(error)
        return error.connection_invalidated or (cause is not None and is_transient(cause))
    return isinstance(error, (*UNREACHABLE, *CONFLICTS, asyncpg.LockNotAvailableError, SQLAlchemyTimeoutError))


async def retry_conflicts(work: Callable[[], Awaitable[Done]]) -> Done:
    """Do a whole transaction; where it collided with another, step aside for a moment and do it again.

    Raises:
        asyncpg.DeadlockDetectedError, asyncpg.SerializationError, DBAPIError: it collided five times.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return await work()
        except (*CONFLICTS, DBAPIError) as error:
            if not isinstance(_cause(error), CONFLICTS):
                raise
            # Those who met once would meet again, were they to set out again together.
            await asyncio.sleep(random.uniform(0, 0.02) * attempt)  # noqa: S311
    return await work()


def _cause(error: BaseException) -> BaseException | None:
    """Return what the database said, out of SQLAlchemy's wrapping."""
    if isinstance(error, DBAPIError):
        return error.orig.__cause__ if error.orig is not None else None
    return error


class DatabaseUnreachableError(Exception):
    """No connection could be had; the text says what to check, without the password."""


@dataclass(frozen=True, slots=True)
class Database:
    """Pools of one process, and the embedded server if that is where they lead."""

    dsn: str
    pool: asyncpg.Pool
    engine: AsyncEngine
    embedded: EmbeddedPostgres | None
    timeout: float
    distributed: bool
    """Whether the server is a coordinator of Citus."""
    restarting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Lend a connection of the hot pool."""
        try:
            async with self.pool.acquire(timeout=self.timeout) as connection:
                yield connection
        except UNREACHABLE:
            await self.restart_embedded()
            raise

    @asynccontextmanager
    async def flush_connection(self) -> AsyncIterator[PersistentConnection]:
        """Keep a connection for `early_lock_release` as long as its borrower lasts."""
        settings = _server_settings(self.timeout)
        if not self.distributed:
            # Citus commits in two phases: its coordinator must not forget the first when it dies before the second.
            # And what a flush runs has one good plan each, whatever it is given.
            settings |= {"synchronous_commit": "off", "plan_cache_mode": "force_generic_plan"}
        persistent = PersistentConnection(self.dsn, self.timeout, settings)
        try:
            yield persistent
        finally:
            await persistent.close()

    @asynccontextmanager
    async def unpooled(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection outside the pools, with no plan cached, and close it."""
        connection = await asyncpg.connect(self.dsn, statement_cache_size=0, server_settings=SERVER_SETTINGS)
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def listener(self) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection outside the pools that lasts as long as its borrower, and close it."""
        connection = await asyncpg.connect(self.dsn, server_settings=SERVER_SETTINGS | {"application_name": "tallylight-jobs"})
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Lend a SQLAlchemy connection inside one transaction: commit at the end, roll back on an error."""
        async with self._restarting(), self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a SQLAlchemy connection for reading."""
        async with self._restarting(), self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def _restarting(self) -> AsyncIterator[None]:
        try:
            yield
        except (*UNREACHABLE, DBAPIError, SQLAlchemyTimeoutError) as error:
            if is_transient(error):
                await self.restart_embedded()
            raise

    async def restart_embedded(self) -> None:
        """Start an embedded server that died; nothing for a server that is somebody else's."""
        if self.embedded is None:
            return
        # One at a time: the package's lock is between processes, not between threads.
        async with self.restarting:
            try:
                await asyncio.to_thread(self.embedded.restart_embedded)
            except Exception as error:  # noqa: BLE001 - the caller's own error says more; the next caller tries again
                _log.warning("embedded database restart failed", reason=type(error).__name__)

    async def close(self) -> None:
        """Close both pools, then let go of the embedded server."""
        await self.engine.dispose()
        self.pool.terminate()
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)


def dsn_of(settings: Settings, embedded: EmbeddedPostgres | None) -> str:
    """Return the connection string; starts the embedded server if there is one."""
    if embedded is not None:
        return embedded.start()
    assert settings.database_url is not None
    return settings.database_url.replace("+asyncpg://", "://", 1)


async def _no_reset(connection: object) -> None:
    # Nothing here leaves session state behind (no SET, no LISTEN, no cursor outside a transaction), so the
    # round trip that asyncpg spends on a reset would buy nothing.
    del connection


def _server_settings(timeout: float) -> dict[str, str]:
    return SERVER_SETTINGS | {
        "application_name": "tallylight",
        "lock_timeout": f"{round(timeout * 1000)}ms",
        "idle_in_transaction_session_timeout": "60s",
    }


async def open_database(settings: Settings) -> Database:
    """Open the pools.

    Raises:
        DatabaseUnreachableError: with a hint.
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
    timeout = settings.database_timeout_seconds
    server_settings = _server_settings(timeout)

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, timeout=timeout, server_settings=server_settings)

    try:
        pool = await asyncpg.create_pool(
            dsn, min_size=1, max_size=settings.pool_size, timeout=timeout, reset=_no_reset, server_settings=server_settings
        )
        distributed = await pool.fetchval("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')")
    except (*UNREACHABLE, asyncpg.PostgresError) as error:
        where = "the embedded database" if embedded else "the server of TALLYLIGHT_DATABASE_URL"
        raise DatabaseUnreachableError(
            f"cannot connect to {where}: {type(error).__name__}. Is it running, is the name of host, port and database "
            "right, and does it let this user in?"
        ) from error
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_size=4, max_overflow=4, pool_timeout=timeout, pool_pre_ping=True
    )
    return Database(dsn, pool, engine, embedded, timeout, distributed)
