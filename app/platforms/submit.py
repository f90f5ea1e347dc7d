"""What an adapter has read, on its way to the writer.

In: `Parsed`. Out: a submission, settled; dead letters for what nobody can read. Never here: a platform's format.
"""

from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json

from app.adapters.protocol import Parsed
from app.events.envelope import EVENT, event_key
from app.ingest.submission import Item, Rejection, Submission
from app.ingest.writer import Writer
from app.platforms.directory import LiveConnection
from app.platforms.states import States
from app.problems import FieldError


def submission_of(connection: LiveConnection, parsed: Parsed, received_at: datetime) -> Submission:
    """Return the events of a connection as its brand sends them, with a dead letter for each unknown thing.

    What belongs to no live session is sent too: its subject is a room that no session has, so it is parked.
    """
    submission = Submission(connection.brand_id, connection.origin, received_at, platform=connection.platform)
    for index, found in enumerate((*parsed.events, *parsed.unattributed)):
        event = EVENT.validate_json(to_json(found))
        submission.items.append(Item(event, event_key(event.source, event.id), index, submission))
    after = len(submission.items)
    for index, unknown in enumerate(parsed.unknown, after):
        error = FieldError(pointer="", detail=unknown.reason)
        submission.rejected.append(Rejection(index, None, [error], to_json(unknown.raw)))
    return submission


@dataclass(frozen=True, slots=True)
class Desk:
    """Hands submissions to the writer and notes what became of them."""

    writer: Writer
    states: States

    async def take(self, connection: LiveConnection, parsed: Parsed, received_at: datetime) -> Submission:
        """Return the submission once it is durable.

        Raises:
            QueueFullError, NotCommittedError: nothing is certain.
        """
        submission = submission_of(connection, parsed, received_at)
        if submission.items or submission.rejected:
            await self.writer.submit(submission)
            self.states.taken(connection.id, sum(submission.counts.values()), len(submission.rejected))
            if submission.rejected:
                detail = submission.rejected[0].errors[0].detail
                self.states.failed(connection.id, received_at, f"kept as a dead letter: {detail}")
        return submission

    async def keep_letter(self, connection: LiveConnection, body: bytes, reason: str, received_at: datetime) -> None:
        """Keep a delivery that is authentic and cannot be read."""
        submission = Submission(connection.brand_id, connection.origin, received_at)
        submission.rejected.append(Rejection(0, None, [FieldError(pointer="", detail=reason)], body))
        await self.writer.submit(submission)
        self.states.taken(connection.id, 0, 1)
