"""Where the line of the viewers breaks: at silence and between broadcasts, not at the interval of a sender."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.charts.lines import NEIGHBOURS, SILENCE, USUAL_FACTOR, restarts, segments
from app.charts.specification import specification

BEGIN = datetime(2021, 9, 25, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def buckets(minutes: Sequence[int]) -> list[tuple[datetime, datetime]]:
    """Return the buckets of a minute that begin so many minutes after the start."""
    return [(BEGIN + minute * MINUTE, BEGIN + (minute + 1) * MINUTE) for minute in minutes]


def parts(minutes: Sequence[int], *restarted: float) -> list[list[int]]:
    """Return the minutes by segment."""
    found: dict[int, list[int]] = {}
    places = segments(buckets(minutes), [BEGIN + minute * MINUTE for minute in restarted])
    for minute, place in zip(minutes, places, strict=True):
        found.setdefault(place, []).append(minute)
    return list(found.values())


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([], []),
        ([7], [[7]]),
        ([0, 90], [[0, 90]]),  # nothing says what is usual
        (list(range(0, 100, 10)), [list(range(0, 100, 10))]),  # the sender's interval
        ([0, 1, 2, 7, 8, 9], [[0, 1, 2, 7, 8, 9]]),  # five minutes are no silence
        ([0, 1, 2, 8, 9, 10], [[0, 1, 2], [8, 9, 10]]),  # six are one, for a sender of every minute
        ([0, 10, 20, 50, 60, 70], [[0, 10, 20, 50, 60, 70]]),  # three times the interval is none
        ([0, 10, 20, 60, 70, 80], [[0, 10, 20], [60, 70, 80]]),  # four times is
        ([0, 1, 2, 3, 4, 5, 15, 25, 35, 45], [[0, 1, 2, 3, 4, 5, 15, 25, 35, 45]]),  # another tool, another interval
        ([0, 1, 2, 3, 23, 43, 44, 45, 46], [[0, 1, 2, 3], [23], [43, 44, 45, 46]]),  # one sample amid silence
    ],
)
def test_a_line_breaks_where_its_sender_was_silent(minutes: list[int], expected: list[list[int]]) -> None:
    """For longer than five minutes and than three times what is usual for it."""
    assert expected == parts(minutes)


def test_another_broadcast_is_another_line() -> None:
    """Although no sample is missing; the minute of the new beginning is the first of the new line."""
    assert [[0, 1, 2], [3, 4], [5]] == parts([0, 1, 2, 3, 4, 5], 3.5, 5.0)


def mark(minute: int, kind: str, platform: str) -> dict[str, Any]:
    """Return a mark of a timeline."""
    return {"at": f"2021-09-25T14:{minute:02}:00+09:00", "kind": kind, "platform": platform}


def test_a_broadcast_begins_again_after_all_platforms_ended() -> None:
    """One platform that pauses beside another one is no end; the end of the session is one for all."""
    begun = [mark(0, "started", "wechat"), mark(1, "started", "weibo")]
    assert [] == restarts([*begun, mark(5, "ended", "weibo"), mark(9, "started", "weibo")])
    both = [mark(5, "ended", "weibo"), mark(6, "ended", "wechat"), mark(9, "started", "weibo"), mark(9, "started", "wechat")]
    assert ["2021-09-25T14:09:00+09:00"] == restarts([*begun, *both])
    assert ["2021-09-25T14:09:00+09:00"] == restarts([*begun, mark(7, "ended", "direct"), mark(9, "started", "weibo")])


@given(st.lists(st.integers(1, 90), max_size=40))
def test_what_is_joined_is_usual_and_what_is_not_is_silence(steps: list[int]) -> None:
    """Of any intervals: segments count up by one, no break is shorter than the silence, a steady sender has one line."""
    minutes = list(accumulate(steps, initial=0))
    places = segments(buckets(minutes), [])
    assert len(minutes) == len(places)
    for number, (one, other) in enumerate(pairwise(places)):
        assert other - one in {0, 1}
        before, after = steps[max(0, number - NEIGHBOURS) : number], steps[number + 1 : number + 1 + NEIGHBOURS]
        around = [*before, *after]
        if other > one:
            assert steps[number] * MINUTE > SILENCE
            assert steps[number] > USUAL_FACTOR * max(min(side) for side in (before, after) if side)
        elif around and steps[number] * MINUTE > SILENCE:
            assert steps[number] <= USUAL_FACTOR * max(around)
    assert steps == [] or [0] * (len(steps) + 1) == segments(buckets(range(0, steps[0] * (len(steps) + 1), steps[0])), [])


def test_the_chart_draws_a_line_between_samples_that_are_minutes_apart(documents: dict[str, dict[str, Any]]) -> None:
    """And a point where a sample stands alone, which no line could show."""
    minutes = [f"2021-09-25T14:{minute:02}:00+09:00" for minute in range(60)]
    values = [100 + minute if minute % 10 == 0 else None for minute in range(60)]
    documents["timeline"] |= {"buckets": minutes, "to": "2021-09-25T15:00:00+09:00"}
    documents["timeline"]["series"] = {"concurrent_viewers": values, "gmv": ["0.00"] * 60}
    samples = specification("timeline", documents, "ja", "light")["datasets"]["samples"]
    assert [100, 110, 120, 130, 140, 150] == [sample["viewers"] for sample in samples]
    assert {(0, False)} == {(sample["segment"], sample["alone"]) for sample in samples}
    again = [mark(25, "ended", "wechat"), mark(55, "started", "wechat")]
    values[55] = 7
    documents["timeline"]["marks"] += again
    samples = specification("timeline", documents, "ja", "light")["datasets"]["samples"]
    assert [(0, False)] * 6 + [(1, True)] == [(sample["segment"], sample["alone"]) for sample in samples]
