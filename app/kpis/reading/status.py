"""The status of a session, from the last broadcast state of its rooms.

In: a session's head. Out: its status, its end. Never here: I/O.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.storage.kpis.reads import Broadcast, SessionHead
from app.storage.kpis.session_status import SessionStatus

LONGEST_BROADCAST = timedelta(hours=24)
"""A room that has been on air for longer lost its end, or replays an old broadcast: it does not last until now."""


def status_of(head: SessionHead) -> SessionStatus:
    """Return the status of a session."""
    return SessionStatus.of(head.started_at, head.ended_at, head.revision, on_air=is_on_air(head.broadcasts))


def is_on_air(broadcasts: Sequence[Broadcast]) -> bool:
    """Return whether a room is on air.

    A start or an end that is addressed to the session (room "") applies to all rooms until a room reports a later one.
    """
    whole = max((b for b in broadcasts if not b.room), key=lambda b: b.at, default=None)
    rooms = [b for b in broadcasts if b.room]
    if whole is None:
        return any(room.on for room in rooms)
    if not whole.on:
        return any(room.on and room.at > whole.at for room in rooms)
    return any(room.on for room in rooms) or not any(room.at > whole.at for room in rooms)


def off_air_since(broadcasts: Sequence[Broadcast]) -> dict[str, datetime]:
    """Return when each platform whose rooms have all ended went off air."""
    last: dict[str, datetime] = {}
    on: set[str] = set()
    for broadcast in broadcasts:
        if broadcast.on:
            on.add(broadcast.platform)
        last[broadcast.platform] = max(broadcast.at, last.get(broadcast.platform, broadcast.at))
    return {platform: at for platform, at in last.items() if platform not in on}


def session_end(head: SessionHead, status: SessionStatus, now: datetime) -> datetime | None:
    """Return when the session ends as far as known: now while a room is on air, else at its last end; None without one.

    A broadcast that began more than `LONGEST_BROADCAST` ago lost its end, or is replayed. It lasts until its latest telemetry.
    """
    if status is not SessionStatus.LIVE:
        return head.ended_at
    begun = max((broadcast.at for broadcast in head.broadcasts if broadcast.on), default=now)
    if now - begun <= LONGEST_BROADCAST:
        return now
    return max([moment for moment in (head.last_telemetry, *(b.at for b in head.broadcasts)) if moment])
