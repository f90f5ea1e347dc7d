"""Viewers at the same time over several rooms: running sums equal the definition, which looks at every room each time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hypothesis import given, strategies as st

from app.kpis.evaluation.concurrency import sums_by_minute, viewers_at
from app.storage.kpis.reads import ConcurrencyRow
from app.storage.kpis.room_samples import ROOM_TIMEOUT
from tests.kpis.event_builders import START

PLATFORMS, ROOMS = ("a", "b"), ("", "1", "2", "3")


def effective(last: Mapping[tuple[str, str], tuple[datetime, int]]) -> int:
    """Return the sum of the effective rooms: those that the platform's newest sample does not leave too far behind."""
    total = 0
    for platform in {platform for platform, _ in last}:
        rooms = [sample for (name, _), sample in last.items() if name == platform]
        newest = max(at for at, _ in rooms)
        total += sum(value for at, value in rooms if at > newest - ROOM_TIMEOUT)
    return total


def taken(
    last: Mapping[tuple[str, str], tuple[datetime, int]], row: ConcurrencyRow, value: int
) -> dict[tuple[str, str], tuple[datetime, int]]:
    """Return the last samples after one more: a room replaces the session's own sample, and the other way round."""
    replaced = {(row.platform, "")} if row.room else {key for key in last if key[0] == row.platform}
    return {key: sample for key, sample in last.items() if key not in replaced} | {
        (row.platform, row.room): (row.latest_at, value)
    }


def expected_sums(rows: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> list[tuple[datetime, int, int]]:
    """Return what `sums_by_minute` must return."""
    found = []
    last: dict[tuple[str, str], tuple[datetime, int]] = {}
    for minute in sorted({row.minute for row in rows}):
        last = {key: value for key, value in last.items() if not (key[0] in off_air and off_air[key[0]] < minute)}
        peaks = dict(last)
        for row in sorted((row for row in rows if row.minute == minute), key=lambda row: row.latest_at):
            last, peaks = taken(last, row, row.latest), taken(peaks, row, row.highest)
        found.append((minute, effective(last), effective(peaks)))
    return found


def expected_viewers(rows: Sequence[ConcurrencyRow], moment: datetime) -> int | None:
    """Return what `viewers_at` must return for one moment."""
    chosen: dict[tuple[str, str], ConcurrencyRow] = {}
    for row in sorted(rows, key=lambda row: row.minute):
        room = (row.platform, row.room)
        if row.minute <= moment and (room not in chosen or row.latest_at <= moment):
            chosen[room] = row
    last: dict[tuple[str, str], tuple[datetime, int]] = {}
    for row in sorted(chosen.values(), key=lambda row: row.latest_at):
        last = taken(last, row, row.latest)
    return effective(last) if chosen else None


@st.composite
def samples(draw: st.DrawFn) -> list[ConcurrencyRow]:
    """Return at most one row per minute and room, no two at the same moment."""
    keys = draw(st.sets(st.tuples(st.integers(0, 15), st.sampled_from(PLATFORMS), st.sampled_from(ROOMS)), max_size=40))
    rows = []
    for number, (minute, platform, room) in enumerate(sorted(keys)):
        begin = START + timedelta(minutes=minute)
        at = begin + timedelta(seconds=draw(st.integers(0, 58)), microseconds=number)
        latest = draw(st.integers(0, 50))
        rows.append(ConcurrencyRow(begin, platform, room, latest, at, latest + draw(st.integers(0, 50))))
    return rows


@given(samples(), st.dictionaries(st.sampled_from(PLATFORMS), st.integers(-60, 1000)))
def test_sums_by_minute_equal_their_definition(rows: list[ConcurrencyRow], ends: dict[str, int]) -> None:
    """With rooms that time out, platforms that go off air, and samples of the session itself."""
    off_air = {platform: START + timedelta(seconds=second) for platform, second in ends.items()}
    assert expected_sums(rows, off_air) == sums_by_minute(rows, off_air)


@given(samples(), st.lists(st.integers(-60, 1000), min_size=1, max_size=20))
def test_viewers_at_moments_equal_their_definition(rows: list[ConcurrencyRow], seconds: list[int]) -> None:
    """In any order, also before the first sample."""
    moments = [START + timedelta(seconds=second) for second in seconds]
    assert {moment: expected_viewers(rows, moment) for moment in moments} == viewers_at(rows, moments)
