"""Viewers at the same time over several rooms, from samples by the minute.

In: a room's latest and highest sample per minute. Out: the highest sum; the sum at a moment. Never here: I/O.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from app.storage.reads import ConcurrencyRow
from app.storage.room_samples import ROOM_TIMEOUT


class LastSamples:
    """The last sample of each room, for as long as it stands; the rules are those of `app.storage.room_samples`."""

    def __init__(self, before: "LastSamples | None" = None) -> None:
        """Carry nothing, or the same as another."""
        self._platforms: dict[str, dict[str, tuple[datetime, int]]] = {}
        if before is not None:
            self._platforms = {name: dict(rooms) for name, rooms in before._platforms.items()}  # noqa: SLF001 - its own kind

    def end(self, off_air: Mapping[str, datetime], moment: datetime) -> None:
        """Drop the platforms that went off air before a moment."""
        for platform in [name for name in self._platforms if name in off_air and off_air[name] < moment]:
            del self._platforms[platform]

    def take(self, platform: str, room: str, at: datetime, value: int) -> None:
        """Take a sample that is not older than those before it."""
        rooms = self._platforms.setdefault(platform, {})
        if room:
            rooms.pop("", None)
        else:
            rooms.clear()
        rooms[room] = (at, value)

    def total(self) -> int:
        """Return the sum of the rooms."""
        found = 0
        for rooms in self._platforms.values():
            newest = max(at for at, _ in rooms.values())
            found += sum(value for at, value in rooms.values() if at > newest - ROOM_TIMEOUT)
        return found


def sums_by_minute(rows: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> list[tuple[datetime, int, int]]:
    """Return (minute, latest sum, highest sum) of every sampled minute, in order.

    A room without a sample in a minute carries its latest one, until its platform goes off air or others have gone on without it.
    """
    carried = LastSamples()
    found = []
    for minute, group in groupby(sorted(rows, key=attrgetter("minute", "latest_at")), key=attrgetter("minute")):
        carried.end(off_air, minute)
        peaks = LastSamples(carried)
        for row in group:
            carried.take(row.platform, row.room, row.latest_at, row.latest)
            peaks.take(row.platform, row.room, row.latest_at, row.highest)
        found.append((minute, carried.total(), peaks.total()))
    return found


def highest_sum(rows: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> int:
    """Return the highest minute of the rooms' sum; 0 without samples."""
    return max((highest for _, _, highest in sums_by_minute(rows, off_air)), default=0)


def viewers_at(rows: Sequence[ConcurrencyRow], moment: datetime) -> int | None:
    """Return the sum of each room's last sample at a moment; None where nothing was sampled until then.

    A minute keeps only its last sample. Where that one lies after the moment, the minute before speaks, and without
    one the minute itself: it is at most a minute off.
    """
    last: dict[tuple[str, str], ConcurrencyRow] = {}
    for row in sorted(rows, key=attrgetter("minute")):
        room = (row.platform, row.room)
        if row.minute <= moment and (room not in last or row.latest_at <= moment):
            last[room] = row
    carried = LastSamples()
    for row in sorted(last.values(), key=attrgetter("latest_at")):
        carried.take(row.platform, row.room, row.latest_at, row.latest)
    return carried.total() if last else None
