"""Replays: a dead letter goes through the door again.

In: a letter. Out: a settled submission; the letter is gone when everything in it was taken. Never here: HTTP.
"""

from datetime import UTC, datetime
from uuid import UUID

from app.ingest.parked import PARKED
from app.ingest.privacy import PrivacyKeys
from app.ingest.receive import Receiver
from app.ingest.submission import Submission
from app.ingest.writer import Writer
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("unprocessed")


class UnreadableLetterError(Exception):
    """The letter was sealed with another secret key."""


async def replay(
    database: Database, privacy_keys: PrivacyKeys, receiver: Receiver, writer: Writer, letter: UUID, brand_id: UUID | None
) -> Submission | None:
    """Send a letter's event again as its sender sent it; None where there is no such letter.

    Raises:
        UnreadableLetterError: it cannot be opened.
        ProblemError: it is not JSON, as before.
    """
    async with database.acquire() as connection:
        row = await connection.fetchrow(_SQL["dead_letter"], letter, brand_id)
    if row is None:
        return None
    body = privacy_keys.decrypt(row["sealed"])
    if body is None:
        raise UnreadableLetterError
    submission = receiver.receive(
        body,
        {"content-type": "application/json"},
        brand_id=row["brand_id"],
        origin=row["origin"],
        received_at=datetime.now(UTC),
    )
    # People in the letters of parked events were hashed before the letter was written.
    submission.pseudonymous = row["origin"] == PARKED
    submission.letter = body
    await writer.submit(submission)
    if not submission.rejected:
        async with database.acquire() as connection:
            await connection.fetch(_SQL["discard_dead_letter"], letter)
    return submission
