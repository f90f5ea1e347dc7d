"""How long the log is kept: makes its partitions ahead, and drops a month's once every session in it is final.

In: the present moment, a setting. Out: partitions. Never here: figures, which stay as they are.

A month is dropped by two runs. The first locks its sessions, looks again whether all are final, and marks them: from then on they
take in no event, and what would read their logs refuses. A later run, when their readers are done, copies what stays
(`log_partitions`) and exchanges the partition under a lock of milliseconds. A run that is cut off is repeated by the next one.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from app.storage import audit
from app.storage.audit import Action, Actor
from app.storage.database import Database
from app.storage.event_log import log_partitions
from app.storage.event_log.log_partitions import Partition
from app.storage.transient_errors import CONFLICTS

_log = structlog.get_logger()
_AHEAD = timedelta(days=180)
"""How far ahead there are partitions: so long may the job not run before `events_other` takes in new sessions' events."""
_MOST = 120
"""Months that a run makes."""
_LOCK = "SET LOCAL lock_timeout = '200ms'"
"""Ingest waits behind a transaction that waits for the log."""
_IN_USE = (asyncpg.LockNotAvailableError, *CONFLICTS)
"""The nodes of Citus know no lock timeout of this job: there it and a flush can wait for each other until one is cancelled."""
_TRIES = 30
_PAUSE_SECONDS = 0.5
_READERS = timedelta(minutes=10)
"""A snapshot that does not know of the marks has read the log by then; while it is open, the log is in use."""
_WRITERS = "SET LOCAL lock_timeout = '3s'"


async def work(database: Database, days: int | None, now: datetime) -> list[str]:
    """Make partitions ahead, and drop those whose sessions all were released more than `days` ago; return what was dropped."""
    async with database.unpooled() as connection:
        # Without partitions the schema is the one before migration 0040.
        if not await log_partitions.take_turn(connection) or not await log_partitions.partitions(connection):
            return []
        await _extend(connection, now, distributed=database.distributed)
        if days is None:
            return []
        before, dropped = now - timedelta(days=days), []
        for partition in await log_partitions.partitions(connection):
            # A month that is not over may get another session.
            if partition.is_whole and partition.upper <= log_partitions.first_id(now):
                try:
                    if await _drop(connection, partition, before, now, distributed=database.distributed):
                        dropped.append(partition.name)
                except _IN_USE:
                    _log.warning("the log is in use, a partition is not dropped now", partition=partition.name)
        return dropped


async def _extend(connection: asyncpg.Connection, now: datetime, *, distributed: bool) -> None:
    last = (await log_partitions.partitions(connection))[-1]
    month, months = log_partitions.made_at(last.upper), 0
    while month < now + _AHEAD and months < _MOST:
        try:
            async with connection.transaction():
                await connection.execute(_LOCK)
                await log_partitions.add_month(connection, month, distributed=distributed)
        except _IN_USE:
            _log.warning("the log is in use, a partition is not made now", month=f"{month:%Y-%m}")
            break
        month, months = log_partitions.next_month(month), months + 1
    if months:
        await log_partitions.analyze(connection)


async def _drop(
    connection: asyncpg.Connection, partition: Partition, before: datetime, now: datetime, *, distributed: bool
) -> bool:
    """Mark the sessions of a partition, or drop it if they have been marked for a while; return whether it was dropped.

    Raises:
        asyncpg.LockNotAvailableError: the log or one of the sessions is in use.
    """
    final = await _final(connection, partition, before)
    if final is None:
        return False
    if final:
        async with connection.transaction():
            await connection.execute(_WRITERS)
            await log_partitions.lock_sessions(connection, partition)
            if final := await _final(connection, partition, before):
                await log_partitions.mark(connection, final, now)
        return False
    marked_at = await log_partitions.marked_at(connection, partition)
    if marked_at is None or now - marked_at < _READERS:
        return False
    async with connection.transaction():
        await connection.execute(_WRITERS)
        await log_partitions.hold(connection, partition)
        if await _final(connection, partition, before) != []:
            return False  # A session that had no event has one now.
        left = await log_partitions.copy_kept(connection, partition, distributed=distributed)
        await log_partitions.drop_movements(connection, partition)
        await _exchange(connection, partition, left)
        await audit.record(connection, Action("log.drop", Actor("service", "log retention"), now, object_id=partition.name))
    _log.info("log dropped", partition=partition.name)
    return True


async def _final(connection: asyncpg.Connection, partition: Partition, before: datetime) -> list[UUID] | None:
    """Return the sessions of a partition that are final and not marked yet; None if another one has events."""
    found = await log_partitions.unmarked(connection, partition, before)
    for session in found:
        if not session.final and await log_partitions.has_events(connection, session.id):
            _log.debug("a session keeps a partition of the log", partition=partition.name, session=str(session.id))
            return None
    return [session.id for session in found if session.final]


async def _exchange(connection: asyncpg.Connection, partition: Partition, left: Partition) -> None:
    for tries in range(_TRIES, 0, -1):
        try:
            async with connection.transaction():
                await connection.execute(_LOCK)
                await log_partitions.exchange(connection, partition, left)
        except _IN_USE:
            if tries == 1:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
