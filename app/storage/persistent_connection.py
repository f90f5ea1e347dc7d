"""Connections of the write path: kept by their borrower, and in no hurry for the disk while they hold rows.

In: settings of a server. Out: connections, and transactions on them. Never here: SQL of the domain.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

_COMMIT = """
COMMIT;
SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'tallylight', '');
"""
"""Commits without waiting for the disk, then commits a record that says nothing, and waits. The write-ahead log is written in
order, so the first is durable when the second is. Both on one connection: had the server died in between, and forgotten the
first, it would be gone too."""


@asynccontextmanager
async def early_lock_release(connection: asyncpg.Connection, committing: Callable[[], None]) -> AsyncIterator[None]:
    """Open a transaction that lets go of its rows before the disk has them, and ends when the disk has them.

    On a connection that `Database.flushing` lends. `committing` is called once nothing but the commit is left to do.
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
    await connection.execute(_COMMIT)


_IDLE_SECONDS = 300
"""How long a kept connection is trusted without being used."""


class PersistentConnection:
    """A connection that is kept from one use to the next, and opened again once it was lost."""

    def __init__(self, dsn: str, timeout: float, settings: dict[str, str]) -> None:
        """Prepare; nothing is opened yet."""
        self._dsn = dsn
        self._timeout = timeout
        self._settings = settings
        self._connection: asyncpg.Connection | None = None
        self._used = 0.0

    async def connection(self) -> asyncpg.Connection:
        """Return the connection.

        Raises:
            OSError, asyncpg.PostgresError: none can be had.
        """
        now = time.monotonic()
        if self._connection is not None and now - self._used > _IDLE_SECONDS:
            # What stands between us and the server may have dropped it without a word.
            self._connection.terminate()
        self._used = now
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn, timeout=self._timeout, server_settings=self._settings)
        return self._connection

    async def close(self) -> None:
        """Close what is open."""
        if self._connection is not None:
            await self._connection.close(timeout=5)
