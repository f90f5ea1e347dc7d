"""Parked events: telemetry of a room that no session has yet.

In: a stream that was just registered. Out: its events, folded into the session. Never here: raw ids, they were hashed
when the events were parked.
"""

from datetime import UTC, datetime
from uuid import UUID

from app.events.envelope import EVENT, event_key
from app.ingest.submission import Submission, SubmittedEvent
from app.ingest.writer import Writer
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("unprocessed")
PARKED = "parked"
"""The origin of what comes out of the park."""

_CHUNK = 1_000


async def replay_parked(database: Database, writer: Writer, platform: str, room: str) -> int:
    """Send the parked events of a registered stream through the writer; return how many there were.

    Safe to repeat: an event leaves the park only after it is in the log, and the log takes it once.
    """
    total = 0
    async with database.acquire() as connection:
        owner = await connection.fetchval(_SQL["stream_owner"], platform, room)
    if owner is None:
        return 0
    after = (b"", "")
    while True:
        async with database.acquire() as connection:
            rows = await connection.fetch(_SQL["parked_events"], platform, room, str(owner), *after, _CHUNK)
        if not rows:
            return total
        for brand in {row["owner"] for row in rows}:
            chosen = [row for row in rows if row["owner"] == brand]
            # The event keeps the moment at which it reached us where its sender named none: that is in its time.
            submission = Submission(UUID(brand) if brand else None, PARKED, datetime.now(UTC), pseudonymous=True)
            for index, row in enumerate(chosen):
                event = EVENT.validate_json(row["event"])
                submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), index, submission))
            await writer.submit(submission)
            async with database.acquire() as connection:
                keys = [row["event_key"] for row in chosen]
                await connection.fetch(_SQL["delete_parked"], platform, room, brand, keys)
        total += len(rows)
        after = (rows[-1]["event_key"], rows[-1]["owner"])
