"""Stays: how long viewers were there, by the minute of their entry, and who came back.

In: entries and exits of a session, packed into bytes. Out: rows by the minute. Never here: SQL, ids of persons.

A viewer's exit that follows their entry ends a stay; of an entry and an exit at one moment the exit is first, so that a page that
was loaded again is no stay of no length. A stay is as long as the sender measured, else as the time between.
"""

import sys
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from math import inf
from operator import xor
from typing import Any, NamedTuple
from uuid import UUID

from app.kpis.reading.computation import compute
from app.storage.database import Connection
from app.storage.kpis import stays
from app.storage.kpis.stays import MinuteCounts, Moves

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MINUTE = 60_000_000
_AT_ONCE = 60_000
"""Moves that are sorted at a time: some 25 ms, in which the interpreter's lock is held and no other request is answered."""


class StaysOfMinute(NamedTuple):
    """A minute's entries and exits, and the stays that began in it."""

    minute: datetime
    entries: int
    first_entries: int
    """Of viewers who had not been in the session before."""
    came_back: int
    """Of these first entries, those of viewers who entered again later."""
    exits: int
    stays: int
    """Stays that began in this minute and whose length is known."""
    ms: int
    """The sum of their lengths in milliseconds."""
    stayed: Sequence[int]
    """How many of them lasted at least as long as each limit."""


class Stays(NamedTuple):
    """What entries and exits tell, by the minute since 2000."""

    lengths: defaultdict[int, list[int]]
    """Milliseconds of the stays that began in it."""
    came_back: Counter[int]


async def stays_by_minute(
    connection: Connection, session: UUID, limits: Sequence[int], begin: datetime, end: datetime
) -> list[StaysOfMinute]:
    """Return the minutes of a time range in which something happened, in order; `limits` are lengths in milliseconds.

    Raises:
        ProblemError: 410, the log was dropped.
    """
    moves = await stays.moves(connection, session)
    counts = await stays.counts_by_minute(connection, session, begin, end)
    return await compute(sum(sum(one.number()) for one in moves), _by_minute, moves, counts, limits, begin, end)


def _by_minute(
    moves: Iterable[Moves], counts: Iterable[MinuteCounts], limits: Sequence[int], begin: datetime, end: datetime
) -> list[StaysOfMinute]:
    return rows_of(stays_of(moves), counts, limits, begin, end)


class _Portion(NamedTuple):
    """Moves of some viewers, exits first, and what each exit states."""

    viewers: list[int]
    times: list[int]
    stated: list[float]


def stays_of(moves: Iterable[Moves]) -> Stays:
    """Return the stays of all viewers. Some of them at a time: the tables of some thousand stay in the processor's cache."""
    found = Stays(defaultdict(list), Counter())
    for one in moves:
        for portion in _portions(one):
            _add_stays(found, *portion)
    return found


def _portions(moves: Moves) -> Iterable[_Portion]:
    """Return the moves in portions of about `_AT_ONCE`, all moves of a viewer in one."""
    entries, exits = _numbers("q", moves.entries), _numbers("q", moves.exits)
    stated = _numbers("d", moves.exits)[2::3]
    number = -(-sum(moves.number()) // _AT_ONCE)
    if number <= 1:
        return [_Portion((exits[0::3] + entries[0::2]).tolist(), (exits[1::3] + entries[1::2]).tolist(), stated.tolist())]
    portions = [_Portion([], [], []) for _ in range(number)]
    for viewer, at, seconds in zip(exits[0::3], exits[1::3], stated, strict=True):
        portion = portions[viewer % number]
        portion.viewers.append(viewer)
        portion.times.append(at)
        portion.stated.append(seconds)
    for viewer, at in zip(entries[0::2], entries[1::2], strict=True):
        portion = portions[viewer % number]
        portion.viewers.append(viewer)
        portion.times.append(at)
    return portions


def _add_stays(found: Stays, viewers: list[int], times: list[int], stated: list[float]) -> None:
    """Go through the moves of some viewers in order of time."""
    order = _in_order(viewers, times, stated)
    watched = [*stated, *repeat(None, len(times) - len(stated))]
    lengths = found.lengths
    entered: dict[int, int] = {}
    first: dict[int, int] = {}
    again: set[int] = set()
    for viewer, at, seconds in zip(*(map(one.__getitem__, order) for one in (viewers, times, watched)), strict=True):
        if seconds is None:
            entered[viewer] = at
            if viewer in first:
                again.add(viewer)
            else:
                first[viewer] = at
            continue
        since = entered.pop(viewer, None)
        if seconds != inf:
            lengths[(at - round(seconds * 1_000_000) if since is None else since) // _MINUTE].append(round(seconds * 1000))
        elif since is not None:
            lengths[since // _MINUTE].append((at - since + 500) // 1000)
    found.came_back.update([first[viewer] // _MINUTE for viewer in again])


def _in_order(viewers: Sequence[int], times: Sequence[int], watched: Sequence[float]) -> Sequence[int]:
    """Return the places of the moves in order of time; exits, whose places are the lowest, are before entries of the same moment.

    Of exits of one viewer at one moment, the one that states the shortest stay is first, so that nothing depends on arrival.
    """
    number = len(watched)
    exits: Sequence[int] = range(number)
    # Such exits have the same xor; of others hardly two have.
    if len(set(map(xor, viewers[:number], times))) < number:
        exits = sorted(exits, key=watched.__getitem__)
    return sorted((*exits, *range(number, len(times))), key=times.__getitem__)


def rows_of(
    found: Stays, counts: Iterable[MinuteCounts], limits: Sequence[int], begin: datetime, end: datetime
) -> list[StaysOfMinute]:
    """Return the minutes of a time range with what was counted in them."""
    rows: dict[datetime, StaysOfMinute] = {
        one.minute: StaysOfMinute(one.minute, one.entries, one.first_entries, 0, one.exits, 0, 0, (0,) * len(limits))
        for one in counts
    }
    first, after = (-((_EPOCH - moment) // timedelta(minutes=1)) for moment in (begin, end))
    for number in found.lengths.keys() | found.came_back.keys():
        if first <= number < after:
            minute = _EPOCH + timedelta(minutes=number)
            row = rows.get(minute) or StaysOfMinute(minute, 0, 0, 0, 0, 0, 0, ())
            lengths = sorted(found.lengths.get(number, ()))
            rows[minute] = row._replace(
                came_back=found.came_back[number],
                stays=len(lengths),
                ms=sum(lengths),
                stayed=tuple(len(lengths) - bisect_left(lengths, limit) for limit in limits),
            )
    return [rows[minute] for minute in sorted(rows)]


def _numbers(kind: str, packed: bytes) -> "array[Any]":
    """Return the numbers of 8 bytes, the highest first, that are packed: whole ones or fractions."""
    found = array(kind, packed)
    if sys.byteorder == "little":
        found.byteswap()
    return found
