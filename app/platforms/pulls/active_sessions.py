"""Sessions on air, and sessions that may begin: the input of the pollers.

In: a connection's brand and session, the moment. Out: sessions with their rooms on one platform. Never here: calls to a platform.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.kpis.reading.status import is_on_air
from app.storage.database import Database
from app.storage.kpis.broadcasts import broadcasts_of
from app.storage.kpis.reads import Broadcast
from app.storage.queries import queries

_SQL = queries("platforms/platforms")

LONGEST_LIVE = timedelta(hours=36)
"""A session without an end is treated as on air for this long."""
EARLY, LATE = timedelta(hours=1), timedelta(hours=12)
"""A scheduled session is expected from this long before its time until this long after it."""
UNSCHEDULED = timedelta(hours=24)
"""A session without a time is expected for this long after it, or its stream, was created."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is on air or has just ended, with its rooms on one platform."""

    id: UUID
    rooms: tuple[str, ...]
    started_at: datetime
    rooms_with_status: frozenset[str]
    """Rooms whose start or end has been reported; "" is the session as a whole."""


@dataclass(frozen=True, slots=True)
class ExpectedSession:
    """A session that may begin at any moment, with its rooms on one platform that have reported nothing yet."""

    id: UUID
    rooms: tuple[str, ...]
    since: datetime
    """It does not begin before this."""


async def live_sessions(
    database: Database, brand_id: UUID | None, tied: str | None, platform: str, now: datetime, after: timedelta
) -> list[LiveSession]:
    """Return the sessions on air, or ended less than `after` ago, that a connection may report on.

    `tied` is the one session that the connection belongs to, by its id or as platform:room.
    """
    async with database.acquire() as lent:
        rows = await lent.fetch(_SQL["recent_sessions"], brand_id, tied, platform, now - LONGEST_LIVE)
        broadcasts = await broadcasts_of(lent, [row["id"] for row in rows])
    found = []
    for row in rows:
        reported = broadcasts.get(row["id"], [])
        last_end = max([broadcast.at for broadcast in reported if not broadcast.on], default=row["ended_at"])
        if is_on_air(reported) or (last_end is not None and now - after <= last_end):
            found.append(LiveSession(row["id"], tuple(row["rooms"]), row["started_at"], _rooms_with_status(reported, platform)))
    return found


def _rooms_with_status(reported: Iterable[Broadcast], platform: str) -> frozenset[str]:
    return frozenset(broadcast.room for broadcast in reported if not broadcast.room or broadcast.platform == platform)


async def expected_sessions(
    database: Database, brand_id: UUID | None, tied: str | None, platform: str, now: datetime
) -> list[ExpectedSession]:
    """Return the sessions that a connection should expect: within their time, and with a room that has not begun.

    Of a session that a connection is tied to no room need be known.
    """
    async with database.acquire() as lent:
        rows = await lent.fetch(_SQL["scheduled_sessions"], brand_id, tied, platform, now - LATE, now + EARLY, now - UNSCHEDULED)
        broadcasts = await broadcasts_of(lent, [row["id"] for row in rows])
    found = []
    for row in rows:
        reported = broadcasts.get(row["id"], [])
        begun = {one.room for one in reported if one.platform == platform}
        silent = tuple(room for room in row["rooms"] if room not in begun)
        over = any(not one.room and not one.on for one in reported)
        if not over and (silent or (tied is not None and not reported)):
            found.append(ExpectedSession(row["id"], silent, row["about"] - EARLY))
    return found


def as_uuid(text: str | None) -> UUID | None:
    """Return the id of a session that an option names, or None."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
