"""Persistent connections for flushes, with early lock release: row locks are released before the WAL is flushed.

In: a connector, settings of a server. Out: connections, and transactions on them. Never here: SQL of the domain.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import asyncpg

from app.observability.metrics import COMMIT_SECONDS
from app.observability.tracing import span
from app.storage.pool.connector import Connector, GuardedConnection, TimeLimits

_COMMIT = """
COMMIT;
SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'tallylight', '');
"""
"""Commits with `synchronous_commit = off`, then commits an empty WAL message and waits for the WAL flush. The WAL is written in
order, so the first commit is durable when the second is. Both run on one connection: if the server crashes in between and loses
the first commit, the second fails too."""


@asynccontextmanager
async def early_lock_release(connection: asyncpg.Connection, committing: Callable[[], None]) -> AsyncIterator[None]:
    """Open a transaction that releases its row locks before the WAL flush, and ends after the WAL flush.

    Use it on a connection of `Database.flush_connection`. `committing` is called when only the commit remains.
    """
    await connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        try:
            await connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - the first error says more
            connection.terminate()
        raise
    committing()
    began = time.perf_counter()
    try:
        with span("commit"):
            await connection.execute(_COMMIT)
    except BaseException:
        # The outcome of the commit is unknown, and so is the state of the session.
        connection.terminate()
        raise
    COMMIT_SECONDS.observe(time.perf_counter() - began)


_IDLE_SECONDS = 300
"""Time without use after which a connection is replaced."""
_CLOSE_SECONDS = 5


class PersistentConnection:
    """A connection that is kept from one use to the next, and replaced once it is lost."""

    def __init__(self, connector: Connector, limits: TimeLimits, settings: Mapping[str, str]) -> None:
        """Prepare; nothing is opened yet."""
        self._connector = connector
        self._limits = limits
        self._settings = settings
        self._connection: GuardedConnection | None = None
        self._used = 0.0

    async def connection(self) -> asyncpg.Connection:
        """Return the connection.

        Raises:
            OSError, asyncpg.PostgresError: no connection can be opened.
        """
        now = time.monotonic()
        found = self._connection
        # A firewall or proxy may have dropped an idle connection without notice.
        if found is not None and (now - self._used > _IDLE_SECONDS or not self._connector.trusts(found)):
            found.terminate()
            found = None
        self._used = now
        if found is None:
            found = self._connection = await self._connector.connect(self._settings, self._limits)
        return found

    async def close(self) -> None:
        """Close the connection if it is open."""
        if self._connection is not None and not self._connection.is_closed():
            try:
                await self._connection.close(timeout=_CLOSE_SECONDS)
            except Exception:  # noqa: BLE001 - it is lost; there is nothing left to close
                self._connection.terminate()
