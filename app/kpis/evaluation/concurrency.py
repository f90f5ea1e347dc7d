"""Concurrent viewers over several rooms, from samples by the minute.

In: the latest and the highest sample of each room and minute. Out: the highest sum; the sum at given times. Never here: I/O.

All functions take time in proportion to the number of samples, however many rooms they come from.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from app.storage.kpis.reads import ConcurrencyRow
from app.storage.kpis.room_samples import ROOM_TIMEOUT

_NEVER_OFF_AIR: Mapping[str, datetime] = {}


class _Sample(NamedTuple):
    at: datetime
    latest: int
    highest: int


class LastSamples:
    """The last sample of each room, as long as it is effective; the rules are those of `app.storage.kpis.room_samples`.

    `latest` and `highest` are running sums, so that a minute costs only its own samples.
    """

    def __init__(self, off_air: Mapping[str, datetime] = _NEVER_OFF_AIR) -> None:
        """Start without samples; `off_air` is when each platform went off air."""
        self.latest = 0
        """The sum of the rooms' last samples."""
        self.highest = 0
        """The same, with the highest sample of each room that was sampled in this minute."""
        self._off_air = off_air
        self._ending = sorted(((at, platform) for platform, at in off_air.items()), reverse=True)
        # A platform's rooms are in the order of their samples: the samples that time out first come first.
        self._rooms: dict[str, dict[str, _Sample]] = defaultdict(dict)
        self._sampled: list[tuple[str, str]] = []

    def copy(self) -> "LastSamples":
        """Return an independent copy."""
        copied = LastSamples(self._off_air)
        copied.latest, copied.highest = self.latest, self.highest
        copied._ending = list(self._ending)
        copied._rooms = defaultdict(dict, {platform: dict(rooms) for platform, rooms in self._rooms.items()})
        return copied

    def begin(self, minute: datetime) -> None:
        """Begin a minute: drop the platforms that went off air before it, and forget the highest samples of the last one."""
        for platform, room in self._sampled:
            if platform in self._off_air and self._off_air[platform] < minute:
                self._drop(platform)
            elif (sample := self._rooms[platform].get(room)) is not None:
                self.highest += sample.latest - sample.highest
                self._rooms[platform][room] = sample._replace(highest=sample.latest)
        self._sampled.clear()
        while self._ending and self._ending[-1][0] < minute:
            self._drop(self._ending.pop()[1])

    def take(self, platform: str, room: str, at: datetime, latest: int, highest: int) -> None:
        """Take a sample that is not older than the samples before it."""
        rooms = self._rooms[platform]
        if not room:
            self._drop(platform)
        else:
            self._remove(rooms, "")
            self._remove(rooms, room)
        rooms[room] = _Sample(at, latest, highest)
        self.latest += latest
        self.highest += highest
        self._sampled.append((platform, room))
        oldest = next(iter(rooms))
        while rooms[oldest].at <= at - ROOM_TIMEOUT:
            self._remove(rooms, oldest)
            oldest = next(iter(rooms))

    def _drop(self, platform: str) -> None:
        rooms = self._rooms[platform]
        for sample in rooms.values():
            self.latest -= sample.latest
            self.highest -= sample.highest
        rooms.clear()

    def _remove(self, rooms: dict[str, _Sample], room: str) -> None:
        sample = rooms.pop(room, None)
        if sample is not None:
            self.latest -= sample.latest
            self.highest -= sample.highest


def sums_by_minute(rows: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> list[tuple[datetime, int, int]]:
    """Return (minute, latest sum, highest sum) of every sampled minute, in order.

    A room without a sample in a minute keeps its last one until its platform goes off air, or until `ROOM_TIMEOUT` after it
    other rooms of the platform are still sampled.
    """
    samples = LastSamples(off_air)
    found = []
    for minute, group in groupby(sorted(rows, key=attrgetter("minute", "latest_at")), key=attrgetter("minute")):
        samples.begin(minute)
        for row in group:
            samples.take(row.platform, row.room, row.latest_at, row.latest, row.highest)
        found.append((minute, samples.latest, samples.highest))
    return found


def highest_sum(rows: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> int:
    """Return the highest minute of the rooms' sum; 0 without samples."""
    return max((highest for _, _, highest in sums_by_minute(rows, off_air)), default=0)


def viewers_at(rows: Sequence[ConcurrencyRow], moments: Sequence[datetime]) -> dict[datetime, int | None]:
    """Return for each moment the sum of each room's last sample; None where nothing was sampled until then.

    A minute keeps only its last sample. If that sample is later than the moment, the room's sample of an earlier minute is
    used; if there is none, the later sample is used, which is at most a minute off.
    """
    ordered = sorted(rows, key=attrgetter("latest_at"))
    first_of: dict[tuple[str, str], ConcurrencyRow] = {}
    for row in ordered:
        first_of.setdefault((row.platform, row.room), row)
    first_by_minute: dict[datetime, list[ConcurrencyRow]] = defaultdict(list)
    for row in first_of.values():
        first_by_minute[row.minute].append(row)
    found: dict[datetime, int | None] = {}
    samples = LastSamples()
    place = 0
    for moment in sorted(set(moments)):
        while place < len(ordered) and ordered[place].latest_at <= moment:
            row = ordered[place]
            samples.take(row.platform, row.room, row.latest_at, row.latest, row.latest)
            place += 1
        later = [row for row in first_by_minute.get(_minute(moment), ()) if row.latest_at > moment]
        if later:
            with_later = samples.copy()
            for row in later:
                with_later.take(row.platform, row.room, row.latest_at, row.latest, row.latest)
            found[moment] = with_later.latest
        else:
            found[moment] = samples.latest if place else None
    return found


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
