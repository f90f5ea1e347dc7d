"""Where the line of a sampled series breaks.

In: the buckets that hold a sample, the moments at which a broadcast began again. Out: the number of each sample's segment. Never
here: values, pixels.

Senders sample at intervals of their own: a figure that is read every ten minutes has no gap after one. The line joins two
samples of one broadcast, unless they are further apart than `SILENCE` and further apart than `USUAL_FACTOR` times what is usual
before and after them: the medians of up to `NEIGHBOURS` intervals on each side. A tool that samples less often from some moment
on has no gap, since the intervals after it are as long.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median_low
from typing import Any

from app.storage.kpis.room_samples import ROOM_TIMEOUT

SILENCE = ROOM_TIMEOUT
"""A shorter gap never breaks a line: a room that is silent for longer has lost its signal."""
USUAL_FACTOR = 3
NEIGHBOURS = 5
_SESSION = "direct"
"""The platform of a start or an end that is addressed to the session, if it has several platforms."""


def restarts(marks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return when a broadcast began after every platform had ended, from the marks of a timeline, which are in order."""
    found, on, over = [], set[str](), False
    for mark in marks:
        if mark["kind"] == "started":
            if over:
                found.append(mark["at"])
            over = False
            on.add(mark["platform"])
        elif mark["kind"] == "ended":
            on = set() if mark["platform"] == _SESSION else on - {mark["platform"]}
            over = not on
    return found


def segments(buckets: Sequence[tuple[datetime, datetime]], begun_again: Sequence[datetime]) -> list[int]:
    """Return the segment of each sample; samples of one segment are joined.

    Args:
        buckets: begin and end of each bucket that holds a sample, in order.
        begun_again: when another broadcast began, in order.
    """
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(buckets)]
    broadcasts = [bisect_left(begun_again, end) for _, end in buckets]
    found = [0] * len(buckets)
    for place, step in enumerate(steps):
        sides = (steps[max(0, place - NEIGHBOURS) : place], steps[place + 1 : place + 1 + NEIGHBOURS])
        usual = max((median_low(side) for side in sides if side), default=step)
        silent = step > SILENCE and step > USUAL_FACTOR * usual
        found[place + 1] = found[place] + (silent or broadcasts[place] != broadcasts[place + 1])
    return found
