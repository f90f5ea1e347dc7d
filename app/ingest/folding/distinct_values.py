"""Distinct values: the products, sources, senders, rooms, promotions and campaigns that events name, and their minutes.

In: contributions, or a batch's tally. Out: sets of values. Never here: caps, I/O.
"""

from collections import defaultdict
from uuid import UUID

from app.events.benchmarks import PERCENTILE, RECENT_MINUTES, RECENT_PERCENTILE, RECENT_VALUE, VALUE
from app.events.contributions import CLOCK_CORRECTED, Contributions, Count
from app.ingest.folding.moments import MINUTE
from app.ingest.folding.tally import Tally

Value = int | tuple[str, str]
"""A minute, as its number since 1970, or (kind, value) of what an event names: a product, source, sender, room, promotion or
campaign."""
Values = set[Value]


def values_of(contributions: Contributions, at: int) -> Values:
    """Return the values that an event names, and its minute."""
    found: Values = {at // MINUTE}
    counts = [*contributions.counts, *(count for claim in contributions.claims for count in claim.counts)]
    found.update(_counted(count.metric, count.key) for count in counts if count.key)
    found.update(_sampled(sample.metric, sample.key) for sample in contributions.samples if sample.key)
    found.update(("room", sample.room) for sample in contributions.samples if sample.room)
    if contributions.refund is not None:
        for key, _ in contributions.refund.total:
            found.update(_total_values(key, at))
    return found


def _total_values(key: str, at: int) -> Values:
    return {at // MINUTE, _counted("refund_amount", key)} if key else {at // MINUTE}


_COUNTED = {"arrivals": "source", CLOCK_CORRECTED: "sender"}


def _counted(metric: str, key: str) -> tuple[str, str]:
    return (_COUNTED.get(metric, "product"), key)


_SAMPLED = {
    "broadcast": "room",
    "promotion_views": "promotion",
    "promotion_engagements": "promotion",
    "promotion_clicks": "promotion",
    "ad_spend": "campaign",
    "ad_impressions": "campaign",
    "ad_clicks": "campaign",
    "ad_gmv": "campaign",
    "ad_currency": "campaign",
    "source_viewers": "source",
    "source_orders": "source",
    "source_buyers": "source",
    "source_gmv": "source",
    **dict.fromkeys((PERCENTILE, VALUE, RECENT_MINUTES, RECENT_PERCENTILE, RECENT_VALUE), "benchmark"),
}


def _sampled(metric: str, key: str) -> tuple[str, str]:
    return (_SAMPLED.get(metric, "product"), key)


def values_in(tally: Tally) -> dict[UUID, Values]:
    """Return the values that the events of a batch name, and their minutes, by session."""
    minutes: dict[UUID, set[int]] = defaultdict(set)
    counted: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for session, _, key, bucket, _, metric in tally.sums:
        minutes[session].add(bucket // MINUTE)
        if key:
            counted[session].add((metric, key))
    # Events with equal contributions share their counts, so there are few of them.
    claimed: dict[tuple[UUID, int], tuple[Count, ...]] = {}
    for (session, _, _), (at, _, _, claim) in tally.pending_claims.items():
        minutes[session].add(at // MINUTE)
        claimed[session, id(claim.counts)] = claim.counts
    for (session, _), counts in claimed.items():
        counted[session].update((count.metric, count.key) for count in counts if count.key)
    found: dict[UUID, Values] = {
        session: {*ours, *(_counted(*pair) for pair in counted.get(session, ()))} for session, ours in minutes.items()
    }
    _add_sampled_values(tally, found)
    _add_minutes(tally, found)
    for row, refund in tally.refunds.items():
        if refund.total_at is not None:
            found.setdefault(row.session, set()).update(_total_values(row.key, refund.total_at))
    return found


def _add_sampled_values(tally: Tally, found: dict[UUID, Values]) -> None:
    for session, grain, key, bucket, _, room, metric in tally.gauges:
        if grain:
            values = found.setdefault(session, set())
            values.add(bucket // MINUTE)
            if key:
                values.add(_sampled(metric, key))
            if room:
                values.add(("room", room))


def _add_minutes(tally: Tally, found: dict[UUID, Values]) -> None:
    for (session, _, _), span in tally.spans.items():
        if span.ended_at is not None:
            found.setdefault(session, set()).add(span.ended_at // MINUTE)
    for session, at, _ in tally.marks:
        found.setdefault(session, set()).add(at // MINUTE)
