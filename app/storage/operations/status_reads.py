"""The queries of the status: the server, its tables, its jobs, what fails.

In: a connection. Out: frozen rows. Never here: what is good or bad.
"""

from datetime import datetime
from typing import NamedTuple

from app.storage.database import Connection
from app.storage.queries import queries

_SQL = queries("operations/status")


class ServerRow(NamedTuple):
    """PostgreSQL, its clock, and the size of the database in bytes."""

    version: str
    now: datetime
    bytes: int
    pglz: bool
    """Whether it compresses whole pages in its write-ahead log by pglz, which takes all processors after a checkpoint."""


class TableRow(NamedTuple):
    """A table: its size with its indexes, and its rows as the planner estimates them."""

    name: str
    bytes: int
    rows: int


class ScheduleRow(NamedTuple):
    """Recurring work; `last_run` is None before the first time."""

    name: str
    last_run: datetime | None
    next_run: datetime


class WaitingJobs(NamedTuple):
    """Jobs that could run, and since when the oldest could."""

    jobs: int
    since: datetime | None


class InUse(NamedTuple):
    """How many are in use, and the names of those that fail."""

    all: int
    failing: list[str]


async def server(connection: Connection) -> ServerRow:
    """Return the server."""
    [row] = await connection.fetch(_SQL["server"])
    return ServerRow(*row)


async def major_version(connection: Connection) -> int:
    """Return the server's major version."""
    found: int = await connection.fetchval(_SQL["major_version"])
    return found


async def has_tables(connection: Connection) -> bool:
    """Return whether the database has tables of its own."""
    found: bool = await connection.fetchval(_SQL["has_tables"])
    return found


async def tables(connection: Connection, limit: int) -> list[TableRow]:
    """Return the largest tables."""
    async with connection.transaction():
        await connection.execute(_SQL["hide_shards"])
        return [TableRow(*row) for row in await connection.fetch(_SQL["tables"], limit)]


async def schedules(connection: Connection) -> list[ScheduleRow]:
    """Return the recurring work."""
    return [ScheduleRow(*row) for row in await connection.fetch(_SQL["schedules"])]


async def waiting_jobs(connection: Connection) -> WaitingJobs:
    """Return the jobs that could run."""
    [row] = await connection.fetch(_SQL["waiting_jobs"])
    return WaitingJobs(*row)


async def connections(connection: Connection) -> InUse:
    """Return the connections to platforms."""
    [row] = await connection.fetch(_SQL["connections"])
    return InUse(*row)


async def channels(connection: Connection, since: datetime) -> InUse:
    """Return the channels; one fails that gave up a message since a moment."""
    [row] = await connection.fetch(_SQL["channels"], since)
    return InUse(*row)


async def dead_letters(connection: Connection, most: int) -> int:
    """Return how many dead letters there are, at most `most`."""
    found: int = await connection.fetchval(_SQL["dead_letters"], most)
    return found


async def last_backup(connection: Connection) -> datetime | None:
    """Return when a backup was made last, as far back as the audit log goes."""
    found: datetime | None = await connection.fetchval(_SQL["last_backup"])
    return found
