"""The query of stays: entries, exits and the time between them, from the log of a session.

In: a session's id. Out: frozen rows. Never here: ids of persons, what the rows mean.

The only read of a session's figures that scans its log: no sum by the minute knows how long a person stayed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.event_log import log_state
from app.storage.queries import queries

_SQL = queries("kpis/stays")


class StaysOfMinute(NamedTuple):
    """A minute's entries and exits, and the stays that began in it."""

    minute: datetime
    entries: int
    first_entries: int
    """Of viewers who had not been in the session before."""
    came_back: int
    """Of these first entries, those of viewers who entered again later."""
    exits: int
    stays: int
    """Stays that began in this minute and whose length is known."""
    ms: int
    """The sum of their lengths in milliseconds."""
    stayed: Sequence[int]
    """How many of them lasted at least as long as each limit."""


async def has_exits(connection: Connection, session: UUID) -> bool:
    """Return whether an exit of a session was counted; without one, no stay has a known end."""
    return bool(await connection.fetchval(_SQL["has_exits"], session))


async def stays_by_minute(
    connection: Connection, session: UUID, limits: Sequence[int], begin: datetime, end: datetime
) -> list[StaysOfMinute]:
    """Return the minutes of a time range in which something happened, in order; `limits` are five lengths in milliseconds.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    await log_state.require(connection, session)
    await connection.execute(_SQL["memory"])
    rows = await connection.fetch(_SQL["stays"], session, list(limits), begin, end)
    return [StaysOfMinute._make((*row[:7], tuple(row[7:]))) for row in rows]
