"""One request on its way to its commit.

In: events as received. Out: a receipt, once all of them are settled. Never here: I/O.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.events.envelope import Event
from app.problems import FieldError


class Outcome(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicates"
    PARKED = "parked"


@dataclass(slots=True)
class Rejection:
    """An event that was not taken, and why; `body` is what the sender wrote."""

    index: int
    id: str | None
    errors: list[FieldError]
    body: bytes
    type: str | None = None
    subject: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the rejection as the receipt shows it."""
        return {"index": self.index, "id": self.id, "errors": [error.model_dump() for error in self.errors]}


@dataclass(slots=True, eq=False)
class Item:
    """One valid event of a submission, until it is settled."""

    event: Event
    key: bytes
    index: int
    submission: "Submission"
    platform: str | None = None
    """Decided once, with the pseudonyms that depend on it."""
    clear: dict[str, object] | None = None
    """What the pseudonyms replaced; a dead letter needs it to be sent again."""


@dataclass(slots=True, eq=False)
class Submission:
    """The events of one request; settled as a whole when the last of them is."""

    brand_id: UUID | None
    """The brand that the sender's key is bound to."""
    origin: str
    """Who sent: `key:<id>`, a connection, a replay."""
    received_at: datetime
    items: list[Item] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    pseudonymous: bool = False
    """True where people are hashed already: events that waited in the park."""
    platform: str | None = None
    """The platform of a connection; it stands in where an event is addressed to a session, not to a stream."""
    letter: bytes | None = None
    """The dead letter's own bytes, where this is a replay: what is refused again stays the same letter."""
    settled: "asyncio.Future[None] | None" = None
    waiting: int = 0

    def receipt(self) -> dict[str, Any]:
        """Return the answer to the sender."""
        counts = {outcome.value: count for outcome, count in self.counts.items()}
        ordered = sorted(self.rejected, key=lambda rejection: rejection.index)
        return {**counts, "rejected": [rejection.document() for rejection in ordered]}

    @property
    def all_rejected(self) -> bool:
        """True when nothing of the request was taken."""
        return bool(self.rejected) and not any(self.counts.values())
