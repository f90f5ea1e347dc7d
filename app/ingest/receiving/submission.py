"""A request's events on their way to the commit.

In: events as received. Out: a receipt, once each of them has an outcome. Never here: I/O.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct
from pydantic_core import from_json, to_json

from app.events.envelope import Event
from app.ingest.receiving.privacy import PrivacyKeys
from app.problems import FieldError
from app.storage.audit import Action

PARKED = "parked"
"""The origin of submissions of parked events."""


@dataclass(slots=True)
class Rejection:
    """An event that was not accepted, and why; `body` is the sender's JSON."""

    index: int
    id: str | None
    errors: list[FieldError]
    body: bytes
    type: str | None = None
    subject: str | None = None
    same: bytes | None = None
    """What makes another rejection the same dead letter, if it is not the body."""

    def document(self) -> dict[str, Any]:
        """Return the rejection as the receipt shows it."""
        return {"index": self.index, "id": self.id, "errors": [error.model_dump() for error in self.errors]}


class SubmittedEvent(Struct, eq=False):
    """One valid event of a submission."""

    event: Event
    key: bytes
    index: int
    submission: "Submission"
    platform: str | None = None
    """Set once, since the pseudonyms depend on it."""
    digest: bytes | None = None
    """Digest of the content as its sender wrote it; None if it is unknown (`content_digest`)."""
    clear: dict[str, object] | None = None
    """Field → the value that a pseudonym replaced; a dead letter stores it so that the event can be replayed."""
    sent_time: datetime | None = None
    """The time that the sender gave, if it was wrong and the event stands at its arrival instead."""

    def content_digest(self, privacy_keys: PrivacyKeys, at: int | None) -> bytes | None:
        """Return the digest of the event's content, computed once, before persons become pseudonyms.

        It covers the type, the data and the sender's own time `at` (microseconds since 1970), if there is one: a retry has the
        same digest in every mode and encoding.
        """
        submission = self.submission
        if self.digest is None and submission.compared and not submission.pseudonymous:
            data = self.event.data
            content = data.json_bytes()
            dated = b" " + content if at is None or not submission.sender_dates else b"%d %b" % (at, content)
            self.digest = privacy_keys.content_digest(data.type, dated)
        return self.digest

    def pseudonymize(self, privacy_keys: PrivacyKeys, platform: str, *, keep_text: bool) -> str:
        """Replace the ids of persons by pseudonyms, once; return the platform that the pseudonyms belong to."""
        if self.platform is None:
            self.platform = platform
            if not self.submission.pseudonymous:
                self.clear = privacy_keys.pseudonymize(self.event.data, platform, keep_text=keep_text)
        return self.platform

    def restore(self) -> None:
        """Undo `pseudonymize`: the platform came from a stale session."""
        for name, value in (self.clear or {}).items():
            setattr(self.event.data, name, value)
        self.platform = self.clear = None

    def lag(self, now: datetime) -> float:
        """Return the seconds from the event's time to `now`, at least 0; a wrong time counts as its sender sent it."""
        at = self.sent_time or self.event.time or self.submission.received_at
        return max(0.0, (now - at).total_seconds())

    def rejection(self, error: FieldError) -> Rejection:
        """Return the rejection of the event, with the sender's own values."""
        event = self.event
        body = self.document(event.time or self.sent_time, from_json(event.data.json_bytes()) | (self.clear or {}))
        return Rejection(self.index, event.id, [error], body, event.data.type, event.subject)

    def document(self, time: datetime | None, data: object, **extensions: object) -> bytes:
        """Return the event as structured JSON with this time and data; extension attributes that are None are left out."""
        event = self.event
        return to_json(
            {
                "specversion": "1.0", "id": event.id, "source": event.source, "subject": event.subject,
                "time": time, "type": event.data.type, "data": data,
                **(event.attributes or {}), **{name: value for name, value in extensions.items() if value is not None},
            }
        )  # fmt: skip


class Settled(Protocol):
    """What a submission's sender waits for, as an `asyncio.Future` is."""

    def done(self) -> bool:
        """Return whether it has a result, or its sender does not wait any more."""

    def set_result(self, result: None, /) -> None:
        """Continue: the submission is durable."""

    def set_exception(self, error: BaseException, /) -> None:
        """Continue: its outcome is unknown."""


@dataclass(slots=True, eq=False)
class Submission:
    """The events of one request; it is complete when the last of them has an outcome."""

    brand_id: UUID | None
    """The brand that the sender's key is bound to."""
    origin: str
    """The sender: `key:<id>`, a connection, an import, a replay."""
    received_at: datetime
    items: list[SubmittedEvent] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    """Events whose source and id belong to a stored event with other content."""
    parked: int = 0
    corrected: int = 0
    """Of the accepted and parked events, those whose time was wrong."""
    replaced: int = 0
    """Accepted events that replaced an earlier statement of their source."""
    replaced_sessions: set[UUID] = field(default_factory=set)
    """The sessions of these events: they are folded again, by the importer or by the worker."""
    import_id: UUID | None = None
    """The import that brings the events; it can be voided as a whole."""
    compared: bool = True
    """False if other content under a known id is no conflict: a newer answer of a platform's API, a corrected import."""
    sender_dates: bool = True
    """False if the events may have times that are not their sender's: adapters date messages that have none."""
    pseudonymous: bool = False
    """True if the ids of persons are pseudonyms already: parked events."""
    platform: str | None = None
    """The platform of a connection: that of events which are addressed to a session and not to a stream."""
    dead_letter: bytes | None = None
    """If this is a replay, the bytes of the dead letter: a repeated rejection stays the same dead letter."""
    action: Action | None = None
    """The action of the audit log that stores the events: an import, a replay. Telemetry has none, since the log keeps it."""
    settled: "Settled | None" = None
    waiting: int = 0

    def receipt(self) -> dict[str, Any]:
        """Return the answer to the sender."""
        rejected = self.rejected and sorted(self.rejected, key=lambda rejection: rejection.index)
        return {
            "accepted": self.accepted, "duplicates": self.duplicates, "conflicts": self.conflicts, "parked": self.parked,
            "corrected": self.corrected, "rejected": [rejection.document() for rejection in rejected],
        }  # fmt: skip

    @property
    def taken(self) -> int:
        """Number of events that are stored, in the log or parked; for a conflict, the event that was first."""
        return self.accepted + self.duplicates + self.conflicts + self.parked

    @property
    def all_rejected(self) -> bool:
        """True if no event of the request was accepted."""
        return bool(self.rejected) and not self.taken
