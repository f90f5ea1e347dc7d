"""Refuses what would read the log of a session after it was dropped: its answer would be wrong without a sign.

In: a session. Out: nothing, or the problem. Never here: what reads a log.
"""

from datetime import UTC, datetime
from uuid import UUID

from app.problems import ProblemError
from app.storage.database import Connection
from app.storage.event_log import log_partitions


def dropped(session: UUID, at: datetime) -> ProblemError:
    """Return the problem of a session whose log was dropped."""
    detail = (
        f"the log of session {session} was dropped at {at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}; its figures and revisions stay"
    )
    return ProblemError(410, detail, code="log_dropped")


async def require(connection: Connection, session: UUID) -> None:
    """Return if the session's log is there.

    Raises:
        ProblemError: 410, it was dropped.
    """
    if (at := await log_partitions.dropped_at(connection, session)) is not None:
        raise dropped(session, at)
