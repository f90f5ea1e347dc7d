"""What an adapter has read, on its way to the writer.

In: `Parsed`. Out: a submission, settled; dead letters for what nobody can read. Never here: a platform's format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from app.adapters.protocol import Parsed, Unknown
from app.events.envelope import EVENT, event_key
from app.ingest.submission import Rejection, Submission, SubmittedEvent
from app.ingest.writer import Writer
from app.platforms.connection_cache import LoadedConnection
from app.platforms.connection_counters import ConnectionCounters
from app.problems import FieldError

_A_READING: Mapping[str, Any] = {"reading": True}


def submission_of(
    connection: LoadedConnection, parsed: Parsed, received_at: datetime, came: Mapping[str, Any] = _A_READING
) -> Submission:
    """Return the events of a connection as its brand sends them, with a dead letter for each unknown thing.

    What belongs to no live session is sent too: its subject is a room that no session has, so it is parked. `came` is what its
    letters must say, for a replay, of the delivery or the pull.
    """
    submission = Submission(connection.brand_id, connection.origin, received_at, platform=connection.platform)
    for index, found in enumerate((*parsed.events, *parsed.unattributed)):
        event = EVENT.validate_json(to_json(found))
        submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), index, submission))
    # One letter for all that is wrong with one message.
    by_message: dict[int, list[Unknown]] = {}
    for unknown in parsed.unknown:
        by_message.setdefault(id(unknown.raw), []).append(unknown)
    for index, group in enumerate(by_message.values(), len(submission.items)):
        errors = [FieldError(pointer="", detail=unknown.reason) for unknown in group]
        submission.rejected.append(Rejection(index, None, errors, _letter(group[0], came)))
    return submission


def _letter(unknown: Unknown, came: Mapping[str, Any]) -> bytes:
    # What reads by itself must be the same letter whatever it came with.
    known = {name: value for name, value in came.items() if name != "key" or not unknown.standalone}
    return to_json({**known, "message": unknown.raw})


@dataclass(frozen=True, slots=True)
class EventSubmitter:
    """Hands submissions to the writer and notes what became of them."""

    writer: Writer
    states: ConnectionCounters

    async def take(
        self, connection: LoadedConnection, parsed: Parsed, received_at: datetime, came: Mapping[str, Any] = _A_READING
    ) -> Submission:
        """Return the submission once it is durable.

        Raises:
            QueueFullError, NotCommittedError: nothing is certain.
        """
        submission = submission_of(connection, parsed, received_at, came)
        await self.submit(connection, submission)
        return submission

    async def submit(self, connection: LoadedConnection, submission: Submission) -> None:
        """Wait until a submission is durable, and note what became of it.

        Raises:
            QueueFullError, NotCommittedError: nothing is certain.
        """
        if not submission.items and not submission.rejected:
            return
        await self.writer.submit(submission)
        self.states.taken(connection.id, submission.taken, len(submission.rejected))
        if submission.rejected:
            detail = submission.rejected[0].errors[0].detail
            self.states.failed(connection.id, submission.received_at, f"kept as a dead letter: {detail}")

    async def keep_letter(self, connection: LoadedConnection, body: bytes, reason: str, received_at: datetime) -> None:
        """Keep a letter of what is authentic and cannot be read."""
        submission = Submission(connection.brand_id, connection.origin, received_at)
        submission.rejected.append(Rejection(0, None, [FieldError(pointer="", detail=reason)], body))
        await self.writer.submit(submission)
        self.states.taken(connection.id, 0, 1)
