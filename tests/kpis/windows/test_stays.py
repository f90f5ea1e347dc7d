"""Stays follow from entries and exits alone, in whatever order and rows they are packed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from math import inf
from random import Random
from threading import current_thread
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from hypothesis import given, strategies as st

from app.kpis.reading.computation import LARGE
from app.kpis.windows import stays
from app.kpis.windows.stays import rows_of, stays_by_minute, stays_of
from app.storage.ingest.movement_writes import ENTRY, EXIT
from app.storage.kpis.stays import Moves
from tests.properties import examples

MINUTE = 60_000_000


class Move(NamedTuple):
    """An entry, or an exit that may state a length."""

    viewer: int
    at: int
    entry: bool
    watched: float | None


_moves = st.builds(
    Move,
    st.integers(0, 5),
    st.integers(-6, 12).map(lambda half: half * MINUTE // 2) | st.integers(0, 2 * MINUTE),
    st.booleans(),
    st.none() | st.sampled_from((0.0, 0.0005, 1e8)) | st.floats(0, 400),
)


def packed(moves: list[Move], number: int) -> list[Moves]:
    """Return the moves in so many rows, those of a viewer in one."""
    rows = []
    for part in range(number):
        some = [(move, move.viewer.to_bytes(16, "little")) for move in moves if move.viewer % number == part]
        entries = [ENTRY.pack(viewer, move.at) for move, viewer in some if move.entry]
        exits = [
            EXIT.pack(viewer, move.at, inf if move.watched is None else move.watched) for move, viewer in some if not move.entry
        ]
        rows.append(Moves(b"".join(entries), b"".join(exits)))
    return rows


def told(moves: list[Move]) -> tuple[dict[int, list[int]], Counter[int]]:
    """Return lengths and the minutes of those who came back, by going through each viewer's moves."""
    lengths: dict[int, list[int]] = {}
    came_back: Counter[int] = Counter()
    for viewer in {move.viewer for move in moves}:
        own = sorted(
            (move for move in moves if move.viewer == viewer),
            key=lambda move: (move.at, move.entry, move.watched is None, move.watched or 0),
        )
        entries = [move.at for move in own if move.entry]
        if len(entries) > 1:
            came_back[entries[0] // MINUTE] += 1
        for before, move in zip([None, *own], own, strict=False):
            if move.entry:
                continue
            since = before.at if before is not None and before.entry else None
            if move.watched is not None:
                since = move.at - round(move.watched * 1_000_000) if since is None else since
                lengths.setdefault(since // MINUTE, []).append(round(move.watched * 1000))
            elif since is not None:
                lengths.setdefault(since // MINUTE, []).append((move.at - since + 500) // 1000)
    return {minute: sorted(some) for minute, some in lengths.items()}, came_back


@examples(200)
@given(
    moves=st.lists(_moves, max_size=20),
    number=st.integers(1, 3),
    at_once=st.sampled_from((1, 4, 60_000)),
    random=st.randoms(use_true_random=False),
)
def test_stays_do_not_depend_on_the_order_of_arrival(moves: list[Move], number: int, at_once: int, random: Random) -> None:
    """Entries and exits at one moment, exits without an entry, entries without an exit; rows that are divided again, and not."""
    shuffled = random.sample(moves, len(moves))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stays, "_AT_ONCE", at_once)
        found = stays_of(packed(shuffled, number))
    assert told(moves) == ({minute: sorted(some) for minute, some in found.lengths.items()}, found.came_back)


def test_few_moves_are_sorted_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is answered while a list is sorted: of the moves of a row a few are sorted at a time."""
    random, sorted_at_once = Random(1), []
    in_order = stays._in_order

    def counted(viewers: Any, times: Any, watched: Any) -> Any:
        sorted_at_once.append(len(times))
        return in_order(viewers, times, watched)

    monkeypatch.setattr(stays, "_in_order", counted)
    monkeypatch.setattr(stays, "_AT_ONCE", 500)
    entries = b"".join(ENTRY.pack(random.randbytes(8), at) for at in range(10_000))
    found = stays_of([Moves(entries, b"")])
    assert (10_000, 0, 0) == (sum(sorted_at_once), len(found.lengths), len(found.came_back))
    assert max(sorted_at_once) < 2 * 500


async def test_a_large_session_does_not_hold_up_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of minutes sort the lengths of all stays: they are made in the thread too."""
    moves = [Move(viewer, viewer * 1_000_000 + left, not left, None) for viewer in range(LARGE) for left in (0, 1)]
    threads = []

    async def read_moves(*_: object) -> list[Moves]:
        return packed(moves, 3)

    async def read_counts(*_: object) -> list[Any]:
        return []

    def rows(*arguments: Any) -> list[stays.StaysOfMinute]:
        threads.append(current_thread().name.rpartition("_")[0])
        return rows_of(*arguments)

    monkeypatch.setattr("app.storage.kpis.stays.moves", read_moves)
    monkeypatch.setattr("app.storage.kpis.stays.counts_by_minute", read_counts)
    monkeypatch.setattr(stays, "rows_of", rows)
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    connection: Any = None
    found = await stays_by_minute(connection, uuid4(), [1], begin, begin + timedelta(hours=1))
    assert (["computation"], LARGE) == (threads, sum(row.stays for row in found))
