"""Partitions of the log: months of sessions' ids, which are UUIDv7 and begin with the time at which they were made.

In: a connection, a month, a partition. Out: partitions, and one without what is dropped. Never here: when (`log_retention`).

Tables are named by what is in them: `events_2027_01` has the log of the sessions made in that month, `events_2027_01_orders` what
is left of it after the rest was dropped. `events_other` takes in what no month does. Names and bounds are the catalogue's own.
"""

import re
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries
from app.storage.session_locks import exclude_flushes_between

_SQL = queries("event_log/log_partitions")
_LEFT = "_orders"
_FIRST = UUID(int=0)
_KEPT = "e.type LIKE 'live.order.%' OR e.type LIKE 'live.funds.%' OR e.type LIKE 'live.support.%' OR e.source LIKE '/desk/%'"
"""What stays of a log: statements, packing lists, first purchases, answers to tickets and the desk's list are read from it. It is
little: all that only an audience sends is dropped."""


class Partition(NamedTuple):
    """A partition by a range of ids."""

    name: str
    lower: UUID | None
    """None: without a lower bound."""
    upper: UUID

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it was dropped."""
        return not self.name.endswith(_LEFT)

    @property
    def range(self) -> tuple[UUID, UUID]:
        """Return its bounds as ids."""
        return self.lower or _FIRST, self.upper


class Unmarked(NamedTuple):
    """A session whose log was not dropped."""

    id: UUID
    final: bool
    """Released before a moment, without a pending rebuild."""


def first_id(at: datetime) -> UUID:
    """Return what ids of sessions that are made at a moment or later are not below."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def made_at(first: UUID) -> datetime:
    """Return the moment of `first_id`."""
    return datetime.fromtimestamp((first.int >> 80) / 1000, UTC)


def next_month(at: datetime) -> datetime:
    """Return the beginning of the month after a moment's, in UTC."""
    at = at.astimezone(UTC)
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)


async def take_turn(connection: Connection) -> bool:
    """Become the only process that changes partitions until the connection ends; return False if another is it."""
    return bool(await connection.fetchval(_SQL["take_turn"]))


async def partitions(connection: Connection) -> list[Partition]:
    """Return the partitions by range, in order."""
    found = []
    for name, bound in await connection.fetch(_SQL["partitions"]):
        ends = re.fullmatch(r"FOR VALUES FROM \((MINVALUE|'[0-9a-f-]{36}')\) TO \('([0-9a-f-]{36})'\)", bound)
        if ends is not None:
            lower = None if ends[1] == "MINVALUE" else UUID(ends[1].strip("'"))
            found.append(Partition(name, lower, UUID(ends[2])))
    return sorted(found, key=lambda one: one.upper)


async def add_month(connection: Connection, month: datetime, *, distributed: bool) -> None:
    """Add the partition of a month, inside the caller's transaction; ingest of other months does not wait.

    Events of the month that `events_other` has taken in move there.

    Raises:
        asyncpg.LockNotAvailableError: `events_other` is in use.
    """
    name, lower, upper = f"events_{month:%Y_%m}", first_id(month), first_id(next_month(month))
    await connection.execute(f"CREATE TABLE {name} (LIKE events INCLUDING ALL)")
    if distributed:
        await connection.execute(_SQL["distribute"], name)
    await connection.execute("LOCK TABLE events_other IN ACCESS EXCLUSIVE MODE")
    if await connection.fetchval(_SQL["strays"], lower, upper):
        columns = ", ".join(row["column"] for row in await connection.fetch(_SQL["columns"]))
        strays = f"FROM events_other e WHERE e.session_id >= '{lower}' AND e.session_id < '{upper}'"
        await connection.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} {strays}")
        await connection.execute(f"DELETE {strays}")
    await connection.execute(f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ('{lower}') TO ('{upper}')")


async def analyze(connection: Connection) -> None:
    """Count the rows of the whole log for the planner: nothing else does so for a table of partitions."""
    await connection.execute("ANALYZE events")


async def unmarked(connection: Connection, partition: Partition, before: datetime) -> list[Unmarked]:
    """Return the sessions of a partition whose logs were not dropped."""
    return [Unmarked(*row) for row in await connection.fetch(_SQL["unmarked"], *partition.range, before)]


async def has_events(connection: Connection, session: UUID) -> bool:
    """Return whether the log holds an event of a session."""
    return bool(await connection.fetchval(_SQL["has_events"], session))


async def lock_sessions(connection: Connection, partition: Partition) -> None:
    """Lock the sessions of a partition against flushes, voids, rebuilds and releases until the commit."""
    await exclude_flushes_between(connection, *partition.range)
    await connection.fetch(_SQL["lock_sessions"], *partition.range)


async def mark(connection: Connection, sessions: list[UUID], now: datetime) -> None:
    """Let sessions, which are locked, take in no further event, and nothing read their logs, from the commit on."""
    await connection.fetch(_SQL["mark"], sessions, now)


async def marked_at(connection: Connection, partition: Partition) -> datetime | None:
    """Return when the sessions of a partition were marked, the last of them; None if none was."""
    found: datetime | None = await connection.fetchval(_SQL["marked_at"], *partition.range)
    return found


async def hold(connection: Connection, partition: Partition) -> None:
    """Exclude writes to a partition until the commit."""
    await connection.execute(f"LOCK TABLE {partition.name} IN SHARE MODE")


async def copy_kept(connection: Connection, partition: Partition, *, distributed: bool) -> Partition:
    """Copy what stays of a partition into a new table; return it as the partition that it will be."""
    left = partition._replace(name=partition.name + _LEFT)
    # PostgreSQL then attaches the table without reading it.
    bounds = f"session_id < '{partition.upper}'" + (f" AND session_id >= '{partition.lower}'" if partition.lower else "")
    await connection.execute(f"CREATE TABLE {left.name} (LIKE events INCLUDING ALL, CONSTRAINT bounds CHECK ({bounds}))")
    if distributed:
        await connection.execute(_SQL["distribute"], left.name)
    columns = ", ".join(row["column"] for row in await connection.fetch(_SQL["columns"]))
    # A session at a time: each statement is a range of the primary key, however many rows the partition has.
    kept = f"SELECT {columns} FROM {partition.name} e WHERE e.session_id = $1 AND ({_KEPT})"  # noqa: S608 - names of the catalogue
    for row in await connection.fetch(_SQL["marked"], *partition.range):
        await connection.execute(f"INSERT INTO {left.name} ({columns}) {kept}", row["id"])
    return left


async def drop_movements(connection: Connection, partition: Partition) -> None:
    """Delete the entries and exits that are packed beside a partition, as a part of the log that its other rows do not need."""
    for row in await connection.fetch(_SQL["marked"], *partition.range):
        await connection.execute(_SQL["drop_movements"], row["id"])


async def exchange(connection: Connection, partition: Partition, left: Partition) -> None:
    """Drop a partition, and put what stays of it in its place.

    Raises:
        asyncpg.LockNotAvailableError: the log is in use; nothing was changed.
    """
    lower = "MINVALUE" if partition.lower is None else f"'{partition.lower}'"
    await connection.execute(f"ALTER TABLE events DETACH PARTITION {partition.name}")
    await connection.execute(f"DROP TABLE {partition.name}")
    await connection.execute(
        f"ALTER TABLE events ATTACH PARTITION {left.name} FOR VALUES FROM ({lower}) TO ('{partition.upper}')"
    )
    await connection.execute(f"ALTER TABLE {left.name} DROP CONSTRAINT bounds")


async def dropped_at(connection: Connection, session: UUID) -> datetime | None:
    """Return when a session's log was dropped; None if it was not."""
    found: datetime | None = await connection.fetchval(_SQL["dropped_at"], session)
    return found


async def dropped_sessions(connection: Connection, brand: UUID) -> list[tuple[UUID, datetime]]:
    """Return a brand's sessions whose logs were dropped, and when."""
    return [tuple(row) for row in await connection.fetch(_SQL["dropped_sessions"], brand)]
