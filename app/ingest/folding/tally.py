"""Adds up contributions in memory, so that a commit writes each row once.

In: contributions with their session and time. Out: rows to write. Never here: I/O.

Times are integers here, as `app.ingest.folding.moments` says.
"""

from collections.abc import Hashable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from app.events.contributions import CUSTOMER, Contributions, Count, Mark, OrderPatch, Refund, Sample, SpanEdge
from app.ingest.folding.batch_rows import Gauge, OrderRow, PendingClaim, Span, SpanRow
from app.ingest.folding.moments import MINUTE, NEVER, SECOND, microseconds, moment
from app.ingest.folding.refund_rows import RefundKey, RefundRow, RefundState
from app.storage.ingest.claim_writes import Claim as LedgerClaim
from app.storage.ingest.merge_writes import CounterColumns
from app.storage.ingest.movement_writes import MovementColumns

RowKey = tuple[UUID, int, str, int, str, str]
"""session, grain in seconds (0: whole session), key, bucket (microseconds; 0 for the whole session), platform, metric."""
GaugeKey = tuple[UUID, int, str, int, str, str, str]
"""The same, with the room before the metric."""
_Row = TypeVar("_Row", bound=Hashable)


class Tally:
    """The changes of a batch, one entry per row; counts of claims are pending until the members table has decided them."""

    def __init__(self, slow_after_ms: int) -> None:
        """Start empty; a support answer slower than `slow_after_ms` counts as slow."""
        self._slow_after_ms = slow_after_ms
        self.sums: dict[RowKey, list[int]] = {}
        """Value and number of contributions by row, at its finest grain."""
        self.gauges: dict[GaugeKey, Gauge] = {}
        self.spans: dict[tuple[UUID, str, bytes], SpanRow] = {}
        self.orders: dict[tuple[UUID, str, str], OrderRow] = {}
        self.refunds: dict[RefundKey, RefundRow] = {}
        self.parcels: dict[tuple[UUID, str, str, str | None, str | None], tuple[int, datetime | None]] = {}
        """Session, platform, order, carrier, tracking number → when it was shipped, and accepted by the carrier."""
        self.clocks: dict[UUID, tuple[int | None, int | None]] = {}
        self.marks: dict[tuple[UUID, int, bytes], tuple[str, Mark]] = {}
        """Session, moment, event → platform and mark."""
        self.counted_buyers: set[tuple[UUID, bytes]] = set()
        """Session and event: the purchases by which a buyer is counted."""
        self.movements: Sequence[MovementColumns] = ()
        """Entries and exits that the batch appends to the log, packed: no event contributes them, so a rebuild adds none."""
        self.pending_claims: dict[tuple[UUID, str, bytes], PendingClaim] = {}

    def add(self, session: UUID, platform: str, at: int, key: bytes, contributions: Contributions) -> None:
        """Add the contributions of an event; its claims stay pending. The order of calls does not matter."""
        if contributions.counts:
            self.count(session, platform, at, contributions.counts)
        for claim in contributions.claims:
            member = (session, claim.set, claim.member)
            pending = self.pending_claims.get(member)
            if pending is None or (at, key) < pending[:2]:
                self.pending_claims[member] = (at, key, platform, claim)
        for sample in contributions.samples:
            self._sample(session, platform, at, key, sample)
        for edge in contributions.spans:
            self._merge_span(session, platform, at, key, edge)
        if contributions.order is not None:
            self._merge_order(session, platform, at, key, contributions.order)
        if contributions.refund is not None:
            self._refund(session, platform, at, key, contributions.refund)
        if contributions.broadcast is not None:
            self._clock(session, at, contributions.broadcast)
        if contributions.mark is not None:
            self.marks[session, at, key] = (platform, contributions.mark)

    def count(self, session: UUID, platform: str, at: int, counts: tuple[Count, ...], sign: int = 1) -> None:
        """Add counts to the rows of their finest grain; `sign` -1 subtracts them."""
        sums = self.sums
        for metric, value, key, by_second in counts:
            row = (
                (session, 1, key, at - at % SECOND, platform, metric) if by_second
                else (session, 60, key, at - at % MINUTE, platform, metric)
            )  # fmt: skip
            sum_of = sums.get(row)
            if sum_of is None:
                sums[row] = [value * sign, sign]
            else:
                sum_of[0] += value * sign
                sum_of[1] += sign

    def claims(self) -> list[LedgerClaim]:
        """Return the claims for the members table."""
        return sorted(
            (session, name, member, at, key)
            for (session, name, member), (at, key, _, _) in self.pending_claims.items()
            if name != CUSTOMER
        )

    def counters(self) -> list[CounterColumns]:
        """Return the rows to add, sorted: minutes, with their seconds where those are known, and the session.

        A row whose contributions cancel out and whose value does not change is left out.
        """
        by_minute: dict[RowKey, list[int]] = {}
        by_session: dict[tuple[UUID, str, str, str], list[int]] = {}
        parts: dict[RowKey, list[str]] = {}
        for row, added in self.sums.items():
            session, grain, key, bucket, platform, metric = row
            _add(by_session, (session, key, platform, metric), added)
            if grain == 1:
                value, number = added
                past = bucket % MINUTE
                minute = (session, 60, key, bucket - past, platform, metric)
                if value or number:
                    parts.setdefault(minute, []).append(f"{past // SECOND}:{value}:{number}")
            else:
                minute = row
            _add(by_minute, minute, added)
        rows = [
            (*row, value, number, ",".join(parts[row]) if row in parts else None)
            for row, (value, number) in by_minute.items()
            if value or number or row in parts
        ]
        rows += [
            (session, 0, key, 0, platform, metric, value, number, None)
            for (session, key, platform, metric), (value, number) in by_session.items()
            if value or number
        ]
        return sorted(rows)

    def single_refund(self, session: UUID, platform: str, refund: Refund, sign: int) -> None:
        """Add a single refund whose claim was granted; `sign` -1 takes it back."""
        for key, amount in refund.single:
            self._refund_row(session, platform, refund.order, key).add_single(amount, sign)

    def refund_changed(self, row: RefundKey, before: RefundState, after: RefundState) -> None:
        """Subtract what a running total added before and add what it adds now."""
        for state, sign in ((before, -1), (after, 1)):
            if state.total_at is not None:
                counts = (Count("refund_amount", state.excess, row.key),)
                self.count(row.session, row.platform, microseconds(state.total_at), counts, sign)
            if not row.key and state.amount and state.first_at is not None:
                self.count(row.session, row.platform, microseconds(state.first_at), (Count("refunded_orders", 1),), sign)
        if not row.key and before.amount != after.amount:
            # The events that state the refund have made the order's row; this changes nothing else in it.
            order = self._order(row.session, row.platform, row.order, NEVER, b"")
            order.refunded += after.amount - before.amount

    def span_changed(self, before: Span, after: Span) -> None:
        """Subtract the former duration and add the present one."""
        for span, sign in ((before, -1), (after, 1)):
            duration = span.milliseconds()
            if duration is None or span.ended_at is None:
                continue
            if span.kind == "shipping":
                counts = (Count("shipped_orders", 1), Count("ship_ms", duration))
            else:
                slow = (Count("slow_responses", 1),) if duration > self._slow_after_ms else ()
                counts = (Count("responses", 1), Count("response_ms", duration), *slow)
            self.count(span.session, span.platform, microseconds(span.ended_at), counts, sign)

    def _sample(self, session: UUID, platform: str, at: int, event_key: bytes, sample: Sample) -> None:
        metric, value, key, by_second, room = sample
        if metric == "broadcast":
            # Of a start and an end at one moment, the end counts: a batch without times has one moment, its arrival.
            event_key = (b"\0" if value else b"\xff") + event_key[1:]
        new = Gauge(value, at, event_key, value)
        rows = [
            (session, 0, key, 0, platform, room, metric),
            (session, 60, key, at - at % MINUTE, platform, room, metric),
        ]
        if by_second:
            # Each sample has a row: the times at which a stock ran out or a product went on air are exact.
            rows.append((session, 1, key, at, platform, room, metric))
        for row in rows:
            old = self.gauges.get(row)
            if old is None:
                self.gauges[row] = new
            else:
                latest = new if (at, event_key) > (old.latest_at, old.latest_key) else old
                self.gauges[row] = latest._replace(highest=max(old.highest, value))

    def _merge_span(self, session: UUID, platform: str, at: int, event_key: bytes, edge: SpanEdge) -> None:
        row = (session, edge.kind, edge.member)
        span = self.spans.get(row)
        if span is None:
            started = SpanRow(platform, at, None, None, None)
            self.spans[row] = SpanRow(platform, None, at, event_key, edge.given_ms) if edge.ends else started
            return
        if not edge.ends:
            if span.started_at is None or at < span.started_at:
                span = span._replace(started_at=at)
        elif span.ended_at is None or span.ended_key is None or (at, event_key) < (span.ended_at, span.ended_key):
            span = span._replace(ended_at=at, ended_key=event_key, given_ms=edge.given_ms)
        self.spans[row] = span

    def _merge_order(self, session: UUID, platform: str, at: int, key: bytes, order: OrderPatch) -> None:
        self._order(session, platform, order.order, at, key).merge(order, at, key)
        if order.state == "shipped" and (order.carrier, order.tracking, order.accepted_at) != (None, None, None):
            self._parcel((session, platform, order.order, order.carrier, order.tracking), at, order.accepted_at)

    def _order(self, session: UUID, platform: str, order: str, at: int, key: bytes) -> OrderRow:
        row = (session, platform, order)
        found = self.orders.get(row)
        if found is None:
            found = self.orders[row] = OrderRow(at, key)
        return found

    def _refund(self, session: UUID, platform: str, at: int, key: bytes, refund: Refund) -> None:
        rank = refund.rank or moment(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for product, amount in refund.total:
            self._refund_row(session, platform, refund.order, product).add_total(amount, at, rank, key)
        if any(amount for product, amount in (*refund.single, *refund.total) if not product):
            # Of all that were stated, also of those that lose to another statement: what is earliest must not depend on arrival.
            self._refund_row(session, platform, refund.order, "").note(at)

    def _refund_row(self, session: UUID, platform: str, order: str, key: str) -> RefundRow:
        row = RefundKey(session, platform, order, key)
        found = self.refunds.get(row)
        if found is None:
            found = self.refunds[row] = RefundRow()
        return found

    def _parcel(self, parcel: tuple[UUID, str, str, str | None, str | None], at: int, accepted: datetime | None) -> None:
        before = self.parcels.get(parcel)
        if before is not None:
            at = min(at, before[0])
            accepted = min(filter(None, (accepted, before[1])), default=None)
        self.parcels[parcel] = (at, accepted)

    def _clock(self, session: UUID, at: int, edge: str) -> None:
        started, ended = self.clocks.get(session, (None, None))
        if edge == "started":
            started = at if started is None else min(started, at)
        else:
            ended = at if ended is None else max(ended, at)
        self.clocks[session] = (started, ended)


def _add(rows: dict[_Row, list[int]], row: _Row, added: list[int]) -> None:
    found = rows.get(row)
    if found is None:
        rows[row] = added.copy()
    else:
        found[0] += added[0]
        found[1] += added[1]
