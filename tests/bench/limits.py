"""Limits of the write path: bare idempotent insert and COPY of the same rows.

In: rows of the log. Out: rows per second. Never here: the server.
"""

import asyncio
import time
from typing import Any

import asyncpg

INSERT = """
INSERT INTO bare SELECT session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data::json
FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
            $9::timestamptz[], $10::text[])
    AS new (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data)
ON CONFLICT DO NOTHING
"""
COLUMNS = (
    "session_id", "event_key", "id", "source", "type", "platform", "room", "occurred_at", "received_at", "data",
)  # fmt: skip
CONNECTIONS = 4
PER_TRANSACTION = 1000


class Limits:
    """Four connections to a table with the columns and indexes of the event log."""

    def __init__(self, dsn: str) -> None:
        """Prepare."""
        self._dsn = dsn
        self._connections: list[asyncpg.Connection] = []

    async def open(self) -> None:
        """Connect and make the table."""
        self._connections = [await asyncpg.connect(self._dsn) for _ in range(CONNECTIONS)]
        await self._connections[0].execute("CREATE TABLE IF NOT EXISTS bare (LIKE events INCLUDING ALL)")

    async def log_position(self) -> int:
        """Return how many bytes the write-ahead log has had so far."""
        found: int = await self._connections[0].fetchval("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
        return found

    async def insert(self, rows: list[tuple[Any, ...]]) -> float:
        """Insert the rows and return rows per second."""
        chunks = [rows[start : start + PER_TRANSACTION] for start in range(0, len(rows), PER_TRANSACTION)]
        prepared = iter([[list(column) for column in zip(*chunk, strict=True)] for chunk in chunks])

        async def work(connection: asyncpg.Connection) -> None:
            for columns in prepared:
                await connection.execute(INSERT, *columns)

        return await self._timed(work, len(rows))

    async def copy(self, rows: list[tuple[Any, ...]]) -> float:
        """Copy the rows into the emptied table and return rows per second."""
        await self.clear()
        chunks = iter([rows[start : start + PER_TRANSACTION] for start in range(0, len(rows), PER_TRANSACTION)])

        async def work(connection: asyncpg.Connection) -> None:
            for chunk in chunks:
                await connection.copy_records_to_table("bare", records=chunk, columns=COLUMNS)

        return await self._timed(work, len(rows))

    async def _timed(self, work: Any, count: int) -> float:
        began = time.perf_counter()
        await asyncio.gather(*(work(connection) for connection in self._connections))
        return count / (time.perf_counter() - began)

    async def clear(self) -> None:
        """Empty the table."""
        await self._connections[0].execute("TRUNCATE bare")

    async def close(self) -> None:
        """Drop the table and disconnect."""
        await self._connections[0].execute("DROP TABLE bare")
        for connection in self._connections:
            await connection.close()
