"""The fold without a database: contributions do not depend on the order and the repetition of their events."""

from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st
from pydantic_core import to_json

from app.events.contributions import NOTHING, Contributions, FoldContext
from app.events.envelope import EVENT, EVENTS
from app.ingest.folding.moments import microseconds, moment
from app.ingest.folding.tally import Tally
from app.ingest.voids import NEVER_SAMPLED
from tests.pipeline import strategies
from tests.pipeline.reference_model import tell
from tests.pipeline.reference_records import Show, Story
from tests.pipeline.reference_values import identity, when
from tests.pipeline.strategies import ALIASES, DATA, ROOMS, START, Event, stirred, stirs, telemetry
from tests.properties import examples

_SESSION = UUID(int=1)
_SHOW = Show(str(_SESSION), rooms={room: room.partition(":")[0] for room in ROOMS}, aliases=ALIASES)
_UNGUARDED = {"views", "comments", "likes", "shares", "gifts", "watch_ms", "exits"}
"""Figures that each event adds to, also if the fold has none of them."""
_GUARDED_IN_PART = {"refund_amount"}
"""Figures of which a member guards all but what is nothing; running totals are added when refunds are merged."""
_METRICS = {
    "promotion_views_total": "promotion_views",
    "promotion_engagements_total": "promotion_engagements",
    "promotion_clicks_total": "promotion_clicks",
}


def _context(event: Event) -> FoldContext:
    platform, _, room = event["subject"].partition(":")
    return FoldContext(platform, room, "CNY", 2, ALIASES, 180_000)


def _folded(event: Event) -> Contributions:
    return EVENT.validate_json(to_json(event)).data.fold(_context(event))


def _tallied(events: list[Event]) -> Tally:
    tally = Tally(180_000)
    for event in events:
        platform = event["subject"].partition(":")[0]
        tally.add(_SESSION, platform, microseconds(when(event)), identity(event), _folded(event))
    return tally


def _rows(*tallies: Tally) -> dict[str, Any]:
    """Return what tallies hold, sums added up over them."""
    sums: dict[Any, tuple[int, int]] = {}
    for tally in tallies:
        for *row, value, contributions, seconds in tally.counters():
            before = sums.get(tuple(row), (0, 0))
            sums[tuple(row)] = (before[0] + value, before[1] + contributions)
            for part in seconds.split(",") if seconds else ():
                second, *added = map(int, part.split(":"))
                before = sums.get((*row, second), (0, 0))
                sums[*row, second] = (before[0] + added[0], before[1] + added[1])
    return {
        "counters": sums,
        "gauges": [tally.gauges for tally in tallies],
        "spans": [tally.spans for tally in tallies],
        "orders": [{row: order.columns() for row, order in tally.orders.items()} for tally in tallies],
        "clocks": [tally.clocks for tally in tallies],
        "marks": [tally.marks for tally in tallies],
    }


def order_changes_no_row(events: list[Event], random: Random) -> None:
    """The same events in any order add up to the same rows: sums, latest samples, spans, orders, the clock."""
    shuffled = list(events)
    random.shuffle(shuffled)
    assert _rows(_tallied(events)) == _rows(_tallied(shuffled))


def batches_add_up_to_the_whole(events: list[Event], random: Random) -> None:
    """Events split into two batches at random give sums that add up to those of one batch."""
    left = [event for event in events if random.random() < 0.5]
    right = [event for event in events if event not in left]
    whole = _rows(_tallied(events))["counters"]
    assert whole == _rows(_tallied(left), _tallied(right))["counters"]


def subtracted_sums_leave_no_trace(events: list[Event], random: Random) -> None:
    """What a void subtracts from the sums is what the event had added: they are those of the other events."""
    void = [event for event in events if random.random() < 0.4]
    tally = _tallied(events)
    for event in void:
        platform = event["subject"].partition(":")[0]
        tally.count(_SESSION, platform, microseconds(when(event)), _folded(event).counts, -1)
    assert _rows(_tallied([event for event in events if event not in void]))["counters"] == _rows(tally)["counters"]


def what_merges_by_comparing_may_come_twice(events: list[Event], random: Random) -> None:
    """Samples, spans, orders and the clock keep the earliest or the latest, marks are one per event: a duplicate changes none."""
    once, more = _rows(_tallied(events)), _rows(_tallied(stirred(events, random)))
    for table in ("gauges", "spans", "orders", "clocks", "marks"):
        assert once[table] == more[table]


def an_event_folds_the_same_alone_or_in_a_batch(events: list[Event], _: Random) -> None:
    """A batch is validated as a whole, a single event alone: both fold to the same contributions, every time."""
    together = EVENTS.validate_json(to_json(events))
    for event, parsed in zip(events, together, strict=True):
        assert _folded(event) == parsed.data.fold(_context(event)) == _folded(event)
        assert event["type"] == parsed.type


def sums_and_samples_are_the_references(events: list[Event], _: Random) -> None:
    """What needs no table of members is the reference's figure in the pure fold already."""
    tally, story = _tallied(events), tell([_SHOW], events)[_SHOW.id]
    # Figures that no member guards: each event adds its own.
    whole = {row[4:6]: row[6:8] for row in tally.counters() if row[1:3] == (0, "") and row[5] not in _GUARDED_IN_PART}
    unguarded = _UNGUARDED | {metric for _, metric in whole}
    told: dict[tuple[str, str], tuple[int, int]] = {}
    for one in story.happenings:
        if one.what in unguarded:
            value, number = told.get((one.platform, one.what), (0, 0))
            told[one.platform, one.what] = (value + one.amount, number + 1)
    assert told == whole
    assert not any(row[6] for row in tally.counters() if row[5] in _GUARDED_IN_PART)
    readings = {(one.platform, one.room, _METRICS.get(one.what, one.what), one.of): (one.value, one.at) for one in story.readings}
    gauges = {
        (row[4], row[5], row[6], row[2]): (gauge.latest, moment(gauge.latest_at))
        for row, gauge in tally.gauges.items()
        if row[1] == 0
    }
    assert readings == gauges


def the_reference_has_an_answer_wherever_the_fold_has(events: list[Event], _: Random) -> None:
    """An event that changes a table changes the reference's records too: a method that was left empty is noticed."""
    silent = _records([])
    for event in events:
        assert _folded(event) == NOTHING or silent != _records([event]), event["type"]


def _records(events: list[Event]) -> Story:
    return replace(tell([_SHOW], events)[_SHOW.id], platforms=set())


def types_that_a_void_leaves_aside_sample_nothing(events: list[Event], _: Random) -> None:
    """A void of a sample reads only the other types again: none of these may contribute a sample, a start or an end."""
    for event in events:
        contributions = _folded(event)
        if event["type"] in NEVER_SAMPLED:
            assert not contributions.samples
            assert contributions.broadcast is None


LAWS = (
    order_changes_no_row,
    batches_add_up_to_the_whole,
    subtracted_sums_leave_no_trace,
    what_merges_by_comparing_may_come_twice,
    an_event_folds_the_same_alone_or_in_a_batch,
    sums_and_samples_are_the_references,
    the_reference_has_an_answer_wherever_the_fold_has,
    types_that_a_void_leaves_aside_sample_nothing,
)


@examples(125)
@given(events=telemetry(*ROOMS, max_size=30), random=stirs)
def test_the_laws_of_the_fold_hold(events: list[Event], random: Random) -> None:
    """All laws see the same examples, since an example takes longer to draw than to fold."""
    for law in LAWS:
        law(events, random)


@pytest.mark.parametrize("name", DATA)
@examples(12)
@given(data=st.data())
def test_the_laws_hold_for_each_type(name: str, data: st.DataObject) -> None:
    """One event of the type in each room: random sessions of a few examples do not have every type."""
    events = [strategies.event(number, name, room, START.isoformat(), data.draw(DATA[name])) for number, room in enumerate(ROOMS)]
    for law in LAWS:
        law(events, Random(0))
