"""Queries of stays: the entries and exits of a session's viewers, packed into bytes, and their numbers by the minute.

In: a session's id. Out: frozen rows. Never here: ids of persons, what the rows mean.

No sum by the minute knows how long a person stayed. A flush packs the entries and exits that it appends to the log
(`app.ingest.flushing.movements`). Where they are not all there (the session was recorded before, or by an older server) or some
are void, the log itself is read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.event_log import log_state
from app.storage.ingest.movement_writes import ENTRY, EXIT
from app.storage.queries import queries

_SQL = queries("kpis/stays")


class Moves(NamedTuple):
    """All entries and exits of some of the viewers, in no order."""

    entries: bytes
    """As `ENTRY` packs them."""
    exits: bytes
    """As `EXIT` packs them."""

    def number(self) -> tuple[int, int]:
        """Return how many entries and exits there are."""
        return len(self.entries) // ENTRY.size, len(self.exits) // EXIT.size


class MinuteCounts(NamedTuple):
    """What was counted in a minute."""

    minute: datetime
    entries: int
    first_entries: int
    exits: int


async def has_exits(connection: Connection, session: UUID) -> bool:
    """Return whether an exit of a session was counted; without one, no stay has a known end."""
    return bool(await connection.fetchval(_SQL["has_exits"], session))


async def moves(connection: Connection, session: UUID) -> list[Moves]:
    """Return the entries and exits of a session; all moves of a viewer are in one row.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    counted = await connection.fetchrow(_SQL["counted"], session)
    assert counted is not None, "a query of sums has one row"
    if not counted["any_void"]:
        found = await _read(connection, "packed", session)
        if tuple(map(sum, zip((0, 0), *(one.number() for one in found), strict=True))) == (counted["entries"], counted["exits"]):
            return found
    await connection.execute(_SQL["memory"])
    return await _read(connection, "logged", session)


async def _read(connection: Connection, name: str, session: UUID) -> list[Moves]:
    return [Moves(entries or b"", exits or b"") for entries, exits in await connection.fetch(_SQL[name], session)]


async def counts_by_minute(connection: Connection, session: UUID, begin: datetime, end: datetime) -> Sequence[MinuteCounts]:
    """Return the minutes of a time range in which an entry or an exit was counted."""
    return [MinuteCounts._make(row) for row in await connection.fetch(_SQL["counts_by_minute"], session, begin, end)]
