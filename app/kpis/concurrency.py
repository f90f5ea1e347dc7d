"""Viewers at the same time over several platforms, from samples by the minute.

In: a platform's latest and highest sample per minute. Out: the highest sum; the sum at a moment. Never here: I/O.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from app.storage.reads import ConcurrencyRow


def sums_by_minute(rows: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> list[tuple[datetime, int, int]]:
    """Return (minute, latest sum, highest sum) of every sampled minute, in order.

    A platform without a sample in a minute carries its latest one, until it goes off air.
    """
    carried: dict[str, int] = {}
    found = []
    for minute, group in groupby(sorted(rows, key=attrgetter("minute")), key=attrgetter("minute")):
        for platform in [name for name in carried if name in off_air and off_air[name] < minute]:
            del carried[platform]
        now = dict(carried)
        for row in group:
            carried[row.platform] = row.latest
            now[row.platform] = row.highest
        found.append((minute, sum(carried.values()), sum(now.values())))
    return found


def highest_sum(rows: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> int:
    """Return the highest minute of the platforms' sum; 0 without samples."""
    return max((highest for _, _, highest in sums_by_minute(rows, off_air)), default=0)


def viewers_at(rows: Sequence[ConcurrencyRow], moment: datetime) -> int | None:
    """Return the sum of each platform's last sample at a moment; None where nothing was sampled until then.

    A minute keeps only its last sample. Where that one lies after the moment, the minute before speaks, and without
    one the minute itself: it is at most a minute off.
    """
    last: dict[str, ConcurrencyRow] = {}
    for row in sorted(rows, key=attrgetter("minute")):
        if row.minute <= moment and (row.platform not in last or row.latest_at <= moment):
            last[row.platform] = row
    return sum(row.latest for row in last.values()) if last else None
