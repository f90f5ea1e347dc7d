"""The transactions of the write path: row locks are released early, and the answer waits for the disk."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from app.service import Service
from app.storage.pool.persistent_connection import early_lock_release
from app.storage.transient_errors import UNREACHABLE
from tests.databases import plain_only

_PARK = "INSERT INTO parked (platform, room, owner, event_key, received_at, event) VALUES ('x', $1, '', '\\x00', now(), '{}')"
_COUNT = "SELECT count(*) FROM parked WHERE room = $1"


@plain_only("its coordinator commits in two phases, each of which waits for the disk")
async def test_it_ends_when_the_disk_has_it(service: Service) -> None:
    """Though the session's commits do not wait, the log is flushed past ours when the block is left."""
    room = uuid4().hex
    async with service.database.flush_connection() as kept, service.database.acquire() as other:
        connection = await kept.connection()
        assert "off" == await connection.fetchval("SHOW synchronous_commit")
        steps: list[str] = []
        async with early_lock_release(connection, lambda: steps.append("committing")):
            await connection.execute(_PARK, room)
            written = await connection.fetchval("SELECT pg_current_wal_insert_lsn()")
            assert not steps
        assert ["committing"] == steps
        assert await other.fetchval("SELECT pg_current_wal_flush_lsn() >= $1", written)
        assert 1 == await other.fetchval(_COUNT, room)


async def test_an_error_takes_all_back_and_the_connection_lives(service: Service) -> None:
    """What raised inside is raised on; nothing of the transaction is left, and the next one works."""
    room = uuid4().hex
    async with service.database.flush_connection() as kept:
        connection = await kept.connection()

        async def fail() -> None:
            async with early_lock_release(connection, lambda: pytest.fail("nothing is committed")):
                await connection.execute(_PARK, room)
                await connection.execute("SELECT 1 / 0")

        with pytest.raises(asyncpg.DivisionByZeroError):
            await fail()
        assert 0 == await connection.fetchval(_COUNT, room)
        async with early_lock_release(connection, lambda: None):
            await connection.execute(_PARK, room)
        assert 1 == await connection.fetchval(_COUNT, room)


async def test_a_lost_connection_is_an_error_and_the_next_use_opens_another(service: Service) -> None:
    """A commit whose connection is lost raises an error: its outcome is unknown."""
    room = uuid4().hex
    async with service.database.flush_connection() as kept, service.database.acquire() as other:
        connection = await kept.connection()

        async def die() -> None:
            async with early_lock_release(connection, lambda: None):
                await connection.execute(_PARK, room)
                await other.execute("SELECT pg_terminate_backend($1::int)", connection.get_server_pid())
                await asyncio.sleep(0.2)

        with pytest.raises(UNREACHABLE):
            await die()
        assert connection.is_closed()
        retry_conflicts = await kept.connection()
        assert retry_conflicts is not connection
        assert 0 == await retry_conflicts.fetchval(_COUNT, room)
        assert retry_conflicts is await kept.connection()
