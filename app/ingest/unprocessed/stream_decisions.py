"""Decisions about rooms: which session takes in what unbound senders send for a room, and what they sent before.

In: a room, a session or none. Out: the events moved, and the session that lost them rebuilt. Never here: who may decide.

A decision removes the events that unbound senders sent for the room from the session that had them, parks them, and replays the
parked events into the session that has the room now. What a brand's own senders sent stays with that brand.
"""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from app.ingest.group_commit.writer import Writer
from app.ingest.rebuilding import rebuild_requests
from app.ingest.unprocessed.parked import replay_parked
from app.settings import Settings
from app.storage import audit
from app.storage.database import Connection, Database
from app.storage.event_log import log_state
from app.storage.ingest import rebuilds
from app.storage.ingest.rebuilds import RebuildRow
from app.storage.ingest.writes import WriteQueries
from app.storage.queries import queries
from app.storage.session_locks import exclude_flushes
from app.storage.transient_errors import retry_conflicts

_SQL = queries("catalogue/stream_claims")
WITHDRAWN = "withdrawn"
"""The origin of parked events that a decision removed from a session."""


class NoSuchRegistrationError(LookupError):
    """The session did not register the room."""


class Decision(NamedTuple):
    """The numbers of events that a decision moved."""

    moved_out: int
    moved_in: int
    rebuild: RebuildRow | None
    """The rebuild of the session that lost events; None if its figures are without them."""


async def decide(
    database: Database, settings: Settings, writer: Writer, platform: str, room: str, session: UUID | None
) -> Decision:
    """Let a session, or none, take in what unbound senders send for a room; return after the events have moved.

    Repeating a decision completes one that was interrupted.

    Raises:
        NoSuchRegistrationError: the session did not register the room.
        ProblemError: 410, the log of the session that has the room was dropped: its events cannot move.
    """
    before, moved_out = await retry_conflicts(lambda: _withdraw(database, platform, room, session))
    rebuild = None if before is None else await rebuild_requests.rebuild_or_enqueue(database, settings, before)
    moved_in = 0 if session is None else await replay_parked(database, settings, writer, platform, room)
    return Decision(moved_out, moved_in, rebuild)


async def _withdraw(database: Database, platform: str, room: str, session: UUID | None) -> tuple[UUID | None, int]:
    """Return the session that had the room, and how many events it lost."""
    async with database.transaction() as connection:
        audit.about(f"{platform}/{room}", session=session)
        rows = await connection.fetch(_SQL["registrations"], platform, room)
        # In the order in which registrations lock: brands, the room, sessions.
        await connection.execute(_SQL["lock_brands"], sorted({str(row["brand_id"]) for row in rows}))
        await connection.execute(_SQL["lock_room"], f"{platform}:{room}")
        rows = await connection.fetch(_SQL["registrations"], platform, room)
        if session is not None and session not in {row["session_id"] for row in rows}:
            raise NoSuchRegistrationError
        before = next((row for row in rows if row["confirmed"]), None)
        if before is not None and before["session_id"] == session:
            return None, 0
        moved = 0
        if before is not None:
            await exclude_flushes(connection, [before["session_id"]])
            await connection.fetch(_SQL["lock_session"], before["session_id"])
            await log_state.require(connection, before["session_id"])
            await connection.fetch(_SQL["withdraw_confirmation"], platform, room)
            moved = await _take_out(connection, before["session_id"], platform, room)
        if session is not None:
            await connection.fetch(_SQL["confirm"], platform, room, session)
        return None if before is None else before["session_id"], moved


async def _take_out(connection: Connection, session: UUID, platform: str, room: str) -> int:
    """Park the events of unbound senders, and request a rebuild of the session from the rest of its log."""
    parked = await connection.fetch(_SQL["park_logged"], session, platform, room, WITHDRAWN)
    moved = await connection.fetch(_SQL["delete_logged"], session, platform, room)
    if not moved:
        return 0
    await connection.execute(_SQL["delete_imported"], session, [row["event_key"] for row in moved])
    await connection.execute(_SQL["delete_movements"], session)
    if parked:
        await WriteQueries(connection).count_parked([(platform, room, "", WITHDRAWN, len(parked))], datetime.now(UTC))
    await rebuild_requests.request(connection, session, "decision")
    await rebuilds.interrupt(connection, session)
    return len(moved)
