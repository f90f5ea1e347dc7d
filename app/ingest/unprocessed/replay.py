"""Replay of dead letters.

In: a dead letter. Out: a completed submission; the dead letter is deleted if all of it was accepted. Never here: HTTP.
"""

from datetime import UTC, datetime
from uuid import UUID

from app.ingest.group_commit.writer import Writer
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.receive import Receiver
from app.ingest.receiving.sources import refuse_reserved
from app.ingest.receiving.submission import PARKED, Submission
from app.storage import audit
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("ingest/unprocessed")


class UndecryptableDeadLetterError(Exception):
    """The dead letter was encrypted with another secret key."""


async def replay(
    database: Database, privacy_keys: PrivacyKeys, receiver: Receiver, writer: Writer, dead_letter: UUID, brand_id: UUID | None
) -> Submission | None:
    """Submit the event of a dead letter as its sender sent it; return None if there is no such dead letter.

    Raises:
        UndecryptableDeadLetterError: it was encrypted with another key.
        ProblemError: it is not JSON.
    """
    async with database.acquire() as connection:
        row = await connection.fetchrow(_SQL["dead_letter"], dead_letter, brand_id)
    if row is None:
        return None
    body = privacy_keys.decrypt(row["sealed"])
    if body is None:
        raise UndecryptableDeadLetterError
    audit.about(brand=row["brand_id"])
    submission = receiver.receive(
        body,
        {"content-type": "application/json"},
        brand_id=row["brand_id"],
        origin=row["origin"],
        received_at=datetime.now(UTC),
    )
    # The dead letter of a parked event contains pseudonyms already.
    submission.pseudonymous = row["origin"] == PARKED
    submission.dead_letter = body
    refuse_reserved(submission)
    await writer.submit(submission)
    if not submission.rejected and not submission.conflicts:
        async with database.transaction() as connection:
            await connection.fetch(_SQL["discard_dead_letter"], dead_letter)
    return submission
