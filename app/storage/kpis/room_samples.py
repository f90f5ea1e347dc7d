"""The samples that the rooms of a platform report, combined to figures of the platform.

In: the latest samples of each room. Out: one figure per platform and metric. Never here: SQL.

Rooms of one platform add up: two accounts, or one broadcast that a lost signal split in two. A sample of the session itself (room
"") replaces the values of all rooms until one of them reports a newer value; the view `platform_gauges` implements the same rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

ROOM_TIMEOUT = timedelta(minutes=5)
"""A room that sampled no viewers for so long, while another of its platform did, has lost its signal: its viewers moved on."""


class RoomSample(NamedTuple):
    """The latest sample of one metric in one room, and the highest."""

    platform: str
    room: str
    metric: str
    latest: int
    at: datetime
    highest: int


@dataclass(frozen=True, slots=True)
class Reported:
    """What the platforms report."""

    figures: Mapping[str, Mapping[str, int]]
    """Platform → metric → value."""
    peaks: Mapping[str, int]
    """Platform → highest sample of concurrent viewers in one of its rooms."""
    sampled_rooms: int
    """Rooms, of all platforms, that sampled their viewers."""


def reported_by(samples: Iterable[RoomSample], ended: Iterable[tuple[str, str]] = ()) -> Reported:
    """Return the platforms' figures; rooms that are `ended`, as (platform, room), have no viewers any more."""
    by_figure: dict[tuple[str, str], list[RoomSample]] = defaultdict(list)
    for sample in samples:
        by_figure[sample.platform, sample.metric].append(sample)
    gone = set(ended)
    figures: dict[str, dict[str, int]] = defaultdict(dict)
    for (platform, metric), rows in by_figure.items():
        spoken = effective_samples(rows)
        if metric == "average_watch_ms":
            figures[platform][metric] = _average(spoken, by_figure.get((platform, "viewers"), ()))
            continue
        if metric == "concurrent_viewers" and len(spoken) > 1:
            newest = max(row.at for row in spoken)
            spoken = [row for row in spoken if row.at > newest - ROOM_TIMEOUT and (platform, row.room) not in gone]
        figures[platform][metric] = sum(row.latest for row in spoken)
    viewers = [row for (_, metric), rows in by_figure.items() if metric == "concurrent_viewers" for row in rows]
    peaks: dict[str, int] = {}
    for row in viewers:
        peaks[row.platform] = max(row.highest, peaks.get(row.platform, 0))
    return Reported(figures, peaks, len(viewers))


def effective_samples(rows: Sequence[RoomSample]) -> Sequence[RoomSample]:
    """Return the samples that count: the session's own if it is the latest, else the rooms'."""
    if len(rows) == 1:
        return rows
    rooms = [row for row in rows if row.room]
    whole = [row for row in rows if not row.room]
    return whole if whole and whole[0].at >= max(row.at for row in rooms) else rooms


def _average(rows: Sequence[RoomSample], viewers: Sequence[RoomSample]) -> int:
    """Return the average over rooms, weighted by their viewers; the latest one where nothing can weigh them."""
    weights = {row.room: row.latest for row in viewers}
    total = sum(weights.get(row.room, 0) for row in rows)
    if len(rows) > 1 and total and all(row.room in weights for row in rows):
        return round(sum(row.latest * weights[row.room] for row in rows) / total)
    return max(rows, key=lambda row: (row.at, row.room)).latest
