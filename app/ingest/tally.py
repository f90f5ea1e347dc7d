"""Adds contributions up in memory, so that a commit writes each row once.

In: contributions with the moment and the session they belong to. Out: rows for the ledger. Never here: I/O.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from app.events.contributions import Contributions, Count, OrderPatch, Sample, SpanEdge

WHOLE_SESSION = datetime(1970, 1, 1, tzinfo=UTC)
"""The bucket of grain 0."""
_EPOCH = WHOLE_SESSION.toordinal()

RowKey = tuple[UUID, int, str, datetime, str, str]
"""session, grain in seconds (0: whole session), key, bucket, platform, metric."""
GaugeKey = tuple[UUID, int, str, datetime, str, str, str]
"""The same, with the room before the metric."""


class Gauge(NamedTuple):
    """A gauge's row: the latest sample, when and by which event, and the highest."""

    latest: int
    latest_at: datetime
    latest_key: bytes
    highest: int


class SpanRow(NamedTuple):
    """A span's row as far as this batch knows it."""

    platform: str
    started_at: datetime | None
    ended_at: datetime | None
    ended_key: bytes | None
    given_ms: int | None


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
    """An order's row as far as this batch knows it; the merge is the one of `patch_orders` in fold.sql."""

    __slots__ = ("amount", "buyer", "carrier", "lines", "moments", "refunded", "shipped_key", "told", "tracking")

    def __init__(self, at: datetime, key: bytes) -> None:
        """Begin with a row that says nothing; any event that tells the order's content comes before it."""
        self.told: tuple[int, datetime, bytes] = (2, at, key)
        self.buyer: str | None = None
        self.amount: int | None = None
        self.lines: str | None = None
        self.refunded = 0
        self.moments: dict[str, datetime] = {}
        self.shipped_key: bytes | None = None
        self.carrier: str | None = None
        self.tracking: str | None = None

    def merge(self, patch: OrderPatch, at: datetime, key: bytes) -> None:
        """Take in what one event says of the order."""
        rank = {"paid": 0, "placed": 1}.get(patch.state, 2)
        if (rank, at, key) <= self.told:
            self.told = (rank, at, key)
            self.buyer, self.amount, self.lines = patch.buyer, patch.amount, patch.lines
        before = self.moments.get(patch.state)
        if patch.state == "shipped" and (before is None or self.shipped_key is None or (at, key) < (before, self.shipped_key)):
            self.shipped_key, self.carrier, self.tracking = key, patch.carrier, patch.tracking
        if before is None or at < before:
            self.moments[patch.state] = at

    def columns(self) -> tuple[object, ...]:
        """Return the row after its key, in the order of `patch_orders`."""
        placed, paid, cancelled, refunded, shipped, delivered = (self.moments.get(state) for state in _STATES)
        return (
            *self.told, self.buyer, self.amount, self.lines, self.refunded, placed, paid, cancelled, refunded,
            shipped, self.shipped_key, self.carrier, self.tracking, delivered,
        )  # fmt: skip


class Tally:
    """What a batch changes, one entry per row."""

    def __init__(self, slow_after_ms: int) -> None:
        """Start empty; a support answer slower than `slow_after_ms` counts as slow."""
        self._slow_after_ms = slow_after_ms
        self._sums: dict[tuple[UUID, int, str, int, str, str], int] = {}
        self.gauges: dict[GaugeKey, Gauge] = {}
        self.spans: dict[tuple[UUID, str, bytes], SpanRow] = {}
        self.orders: dict[tuple[UUID, str, str], OrderRow] = {}
        self.clocks: dict[UUID, tuple[datetime | None, datetime | None]] = {}

    def add(self, session: UUID, platform: str, at: datetime, key: bytes, contributions: Contributions) -> None:
        """Add what an event contributes by itself; its claims wait for the members table's word."""
        if contributions.counts:
            self.count(session, platform, at, contributions.counts)
        for sample in contributions.samples:
            self._sample(session, platform, at, key, sample)
        for edge in contributions.spans:
            self._stretch(session, platform, at, key, edge)
        if contributions.order is not None:
            self._order(session, platform, contributions.order.order, at, key).merge(contributions.order, at, key)
        if contributions.broadcast is not None:
            self._clock(session, at, contributions.broadcast)

    def count(self, session: UUID, platform: str, at: datetime, counts: tuple[Count, ...], sign: int = 1) -> None:
        """Add counts to the row of their finest grain, at a moment in UTC; `sign` -1 takes them back."""
        # Buckets are numbers here, seconds since 1970: to cut moments and to hash them costs more than all the rest.
        minute = (at.toordinal() - _EPOCH) * 86400 + at.hour * 3600 + at.minute * 60
        sums = self._sums
        for metric, value, key, by_second in counts:
            row = (
                (session, 1, key, minute + at.second, platform, metric) if by_second
                else (session, 60, key, minute, platform, metric)
            )  # fmt: skip
            sums[row] = sums.get(row, 0) + value * sign

    def counters(self) -> dict[RowKey, int]:
        """Return the sums of all grains: what is kept by the second is in its minute too, and all in the session."""
        rows = dict(self._sums)
        for (session, grain, key, bucket, platform, metric), value in self._sums.items():
            coarser = [(session, 0, key, 0, platform, metric)]
            if grain == 1:
                coarser.append((session, 60, key, bucket - bucket % 60, platform, metric))
            for row in coarser:
                rows[row] = rows.get(row, 0) + value
        moments = {bucket: WHOLE_SESSION + timedelta(seconds=bucket) for bucket in {row[3] for row in rows}}
        return {
            (session, grain, key, moments[bucket], platform, metric): value
            for (session, grain, key, bucket, platform, metric), value in rows.items()
        }

    def refund(self, session: UUID, platform: str, at: datetime, key: bytes, order: str, amount: int) -> None:
        """Add an amount to what was refunded of an order."""
        self._order(session, platform, order, at, key).refunded += amount

    def span_changed(self, before: Span, after: Span) -> None:
        """Take a duration back as it was and add it as it is."""
        for span, sign in ((before, -1), (after, 1)):
            duration = span.milliseconds()
            if duration is None or span.ended_at is None:
                continue
            if span.kind == "shipping":
                counts = (Count("shipped_orders", 1), Count("ship_ms", duration))
            else:
                slow = (Count("slow_responses", 1),) if duration > self._slow_after_ms else ()
                counts = (Count("responses", 1), Count("response_ms", duration), *slow)
            self.count(span.session, span.platform, span.ended_at, counts, sign)

    def _sample(self, session: UUID, platform: str, at: datetime, event_key: bytes, sample: Sample) -> None:
        metric, value, key, by_second, room = sample
        new = Gauge(value, at, event_key, value)
        rows = [
            (session, 0, key, WHOLE_SESSION, platform, room, metric),
            (session, 60, key, at.replace(second=0, microsecond=0), platform, room, metric),
        ]
        if by_second:
            # Every sample is kept: when a stock ran out or a product went on air is known to the microsecond.
            rows.append((session, 1, key, at, platform, room, metric))
        for row in rows:
            old = self.gauges.get(row)
            if old is None:
                self.gauges[row] = new
            else:
                latest = new if (at, event_key) > (old.latest_at, old.latest_key) else old
                self.gauges[row] = latest._replace(highest=max(old.highest, value))

    def _stretch(self, session: UUID, platform: str, at: datetime, event_key: bytes, edge: SpanEdge) -> None:
        row = (session, edge.kind, edge.member)
        span = self.spans.get(row, SpanRow(platform, None, None, None, None))
        if not edge.ends:
            if span.started_at is None or at < span.started_at:
                span = span._replace(started_at=at)
        elif span.ended_at is None or span.ended_key is None or (at, event_key) < (span.ended_at, span.ended_key):
            span = span._replace(ended_at=at, ended_key=event_key, given_ms=edge.given_ms)
        self.spans[row] = span

    def _order(self, session: UUID, platform: str, order: str, at: datetime, key: bytes) -> OrderRow:
        row = (session, platform, order)
        found = self.orders.get(row)
        if found is None:
            found = self.orders[row] = OrderRow(at, key)
        return found

    def _clock(self, session: UUID, at: datetime, edge: str) -> None:
        started, ended = self.clocks.get(session, (None, None))
        if edge == "started":
            started = at if started is None else min(started, at)
        else:
            ended = at if ended is None else max(ended, at)
        self.clocks[session] = (started, ended)
