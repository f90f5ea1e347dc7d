"""Rows of gauges, spans and orders with the events of one batch alone, and claims that the members table has not decided yet.

In: parts of contributions. Out: columns to merge. Never here: sums, I/O.

They merge like the statements of `fold.sql` and `claims.sql`, so that a commit writes each row once.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.events.contributions import Claim, OrderPatch
from app.ingest.folding.moments import moment


class Gauge(NamedTuple):
    """A gauge's row: the latest sample, when and by which event, and the highest."""

    latest: int
    latest_at: int
    latest_key: bytes
    highest: int

    def columns(self) -> tuple[object, ...]:
        """Return the row after its key, in the order of `merge_samples`."""
        return self.latest, moment(self.latest_at), self.latest_key, self.highest


class SpanRow(NamedTuple):
    """A span's row with the events of this batch alone."""

    platform: str
    started_at: int | None
    ended_at: int | None
    ended_key: bytes | None
    given_ms: int | None

    def columns(self) -> tuple[str, int | None, int | None, bytes | None, int | None]:
        """Return the row after its key, in the order of `merge_spans`."""
        return self.platform, self.started_at, self.ended_at, self.ended_key, self.given_ms


class Span(NamedTuple):
    """A duration before and after a write; either end may be missing."""

    session: UUID
    kind: str
    platform: str
    started_at: datetime | None
    ended_at: datetime | None
    given_ms: int | None

    def milliseconds(self) -> int | None:
        """Return the duration, never negative; None while an end is missing."""
        if self.ended_at is None:
            return None
        if self.given_ms is not None:
            return self.given_ms
        if self.started_at is None:
            return None
        return max(0, round((self.ended_at - self.started_at).total_seconds() * 1000))


_STATES = ("placed", "paid", "cancelled", "refunded", "shipped", "delivered")


class OrderRow:
    """An order's row with the events of this batch alone; it merges like `merge_orders` in fold.sql."""

    __slots__ = ("amount", "buyer", "carrier", "content_from", "lines", "moments", "refunded", "shipped_key", "tracking")

    def __init__(self, at: int, key: bytes) -> None:
        """Start without content; any event that states the order's content takes precedence."""
        self.content_from: tuple[int, int, bytes] = (2, at, key)
        """Rank, time and key of the event that states the order's content: the paid one, else the placed one, else any."""
        self.buyer: str | None = None
        self.amount: int | None = None
        self.lines: str | None = None
        self.refunded = 0
        self.moments: dict[str, int] = {}
        self.shipped_key: bytes | None = None
        self.carrier: str | None = None
        self.tracking: str | None = None

    def merge(self, patch: OrderPatch, at: int, key: bytes) -> None:
        """Merge the part of the row that one event sets."""
        rank = {"paid": 0, "placed": 1}.get(patch.state, 2)
        if (rank, at, key) <= self.content_from:
            self.content_from = (rank, at, key)
            self.buyer, self.amount, self.lines = patch.buyer, patch.amount, patch.lines
        before = self.moments.get(patch.state)
        if patch.state == "shipped" and (before is None or self.shipped_key is None or (at, key) < (before, self.shipped_key)):
            self.shipped_key, self.carrier, self.tracking = key, patch.carrier, patch.tracking
        if before is None or at < before:
            self.moments[patch.state] = at

    def columns(self) -> tuple[object, ...]:
        """Return the row after its key, in the order of `merge_orders`."""
        placed, paid, cancelled, refunded, shipped, delivered = map(self.moments.get, _STATES)
        rank, at, key = self.content_from
        return (
            rank, at, key, self.buyer, self.amount, self.lines, self.refunded, placed, paid, cancelled, refunded,
            shipped, self.shipped_key, self.carrier, self.tracking, delivered,
        )  # fmt: skip


PendingClaim = tuple[int, bytes, str, Claim]
"""The earliest claim of a batch for a member: time, key and platform of its event, then the claim."""
