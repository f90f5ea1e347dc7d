"""Stays follow from entries and exits alone, in whatever order and rows they are packed."""

from collections import Counter
from math import inf
from random import Random
from typing import NamedTuple

from hypothesis import given, strategies as st

from app.kpis.windows.stays import stays_of
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
@given(moves=st.lists(_moves, max_size=20), number=st.integers(1, 3), random=st.randoms(use_true_random=False))
def test_stays_do_not_depend_on_the_order_of_arrival(moves: list[Move], number: int, random: Random) -> None:
    """Entries and exits at one moment, exits without an entry, entries without an exit."""
    shuffled = random.sample(moves, len(moves))
    found = stays_of(packed(shuffled, number))
    assert told(moves) == ({minute: sorted(some) for minute, some in found.lengths.items()}, found.came_back)
