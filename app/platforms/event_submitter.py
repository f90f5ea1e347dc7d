"""Submits the result of an adapter to the writer.

In: `Parsed`. Out: a committed submission; dead letters for what could not be parsed. Never here: a platform's format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.adapters.documents import json_bytes
from app.adapters.mappings import mapping
from app.adapters.protocol import MAX_BODY, Parsed, Unknown, Verified
from app.events.envelope import EVENT, event_key
from app.ingest.group_commit.writer import Writer
from app.ingest.receiving.submission import Rejection, Submission, SubmittedEvent
from app.platforms.calls.parsing_thread import sized
from app.platforms.connection_counters import ConnectionCounters
from app.platforms.credentials.connection_cache import LoadedConnection
from app.problems import FieldError

_PART = 256
"""Bytes of a delivery for each of its events, roughly."""
_POLLED_SAMPLE: Mapping[str, Any] = {"reading": True}
FIGURE = "figure"
"""Member of the dead letter of one figure: its message shows the value, which is a platform's figure and no person's."""


async def parsed_by(connection: LoadedConnection, verified: Verified) -> Parsed:
    """Return what the connection's adapter reads in a delivery.

    Raises:
        Refused: it is not in the platform's format.
    """
    # The rules of a mapping cost what their author wrote, however short the body is.
    size = MAX_BODY if connection.kind == mapping.KIND else len(verified.body)
    return await sized(size, connection.adapter.parse, verified, connection.context)


def submission_of(
    connection: LoadedConnection, parsed: Parsed, received_at: datetime, origin_facts: Mapping[str, Any] = _POLLED_SAMPLE
) -> Submission:
    """Return a submission with the events of a connection under its brand, and a dead letter per unknown message.

    Unattributed events are submitted too: their subject is a room without a session, so they are parked. `origin_facts` holds
    the facts about the delivery or the pull that a replay of a dead letter needs.
    """
    submission = Submission(connection.brand_id, connection.origin, received_at, platform=connection.platform)
    # Adapters date what a message does not. An answer of the platform's API is newer than the one before, not another.
    submission.sender_dates, submission.compared = False, "key" in origin_facts
    for index, found in enumerate((*parsed.events, *parsed.unattributed)):
        event = EVENT.validate_python(found)
        submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), index, submission))
    # One dead letter per message, with all its errors.
    by_message: dict[int, list[Unknown]] = {}
    for unknown in parsed.unknown:
        by_message.setdefault(id(unknown.raw), []).append(unknown)
    for index, group in enumerate(by_message.values(), len(submission.items)):
        errors = [FieldError(pointer="", detail=unknown.reason) for unknown in group]
        rejection = Rejection(index, None, errors, dead_letter(group[0], origin_facts))
        if group[0].figure or "reading" in origin_facts:
            # The next sample has the same fault: one dead letter per connection, reason and hour, with the number of samples.
            rejection.same = "\0".join(
                (connection.origin, f"{received_at.astimezone(UTC):%Y-%m-%dT%H}", *(error.detail for error in errors))
            ).encode()
        submission.rejected.append(rejection)
    return submission


def dead_letter(unknown: Unknown, origin_facts: Mapping[str, Any]) -> bytes:
    """Return the dead letter of an unknown message: the message, and what a replay needs to know of its delivery."""
    if unknown.figure:
        return json_bytes({**_POLLED_SAMPLE, FIGURE: True, "message": unknown.raw})
    # A standalone message must give the same dead letter whatever delivery it was part of.
    known = {name: value for name, value in origin_facts.items() if name != "key" or not unknown.standalone}
    return json_bytes({**known, "message": unknown.raw})


@dataclass(frozen=True, slots=True)
class EventSubmitter:
    """Submits to the writer and updates the connection's counters."""

    writer: Writer
    counters: ConnectionCounters

    async def take(
        self,
        connection: LoadedConnection,
        parsed: Parsed,
        received_at: datetime,
        origin_facts: Mapping[str, Any] = _POLLED_SAMPLE,
    ) -> Submission:
        """Return the submission once it is durable.

        Raises:
            QueueFullError, NotCommittedError: the events may not have been stored.
        """
        parts = len(parsed.events) + len(parsed.unattributed) + len(parsed.unknown)
        submission = await sized(parts * _PART, submission_of, connection, parsed, received_at, origin_facts)
        await self.submit(connection, submission)
        return submission

    async def submit(self, connection: LoadedConnection, submission: Submission) -> None:
        """Wait until a submission is durable, and count its result.

        Raises:
            QueueFullError, NotCommittedError: the events may not have been stored.
        """
        if not submission.items and not submission.rejected:
            return
        await self.writer.submit(submission)
        self.counters.taken(connection.id, submission.taken, len(submission.rejected))
        if submission.rejected:
            detail = submission.rejected[0].errors[0].detail
            self.counters.failed(connection.id, submission.received_at, "dead_letter", f"kept as a dead letter: {detail}")

    async def store_dead_letter(self, connection: LoadedConnection, body: bytes, reason: str, received_at: datetime) -> None:
        """Store a dead letter of an authentic delivery that cannot be parsed."""
        submission = Submission(connection.brand_id, connection.origin, received_at)
        submission.rejected.append(Rejection(0, None, [FieldError(pointer="", detail=reason)], body))
        await self.writer.submit(submission)
        self.counters.taken(connection.id, 0, 1)
