"""The platforms' own comparisons, which stand beside our KPIs and are no part of them.

In: samples of percentiles. Out: one comparison per KPI, platform and indicator. Never here: I/O, our own figures, JSON.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from app.events.benchmarks import BENCHMARK, PERCENTILE, RECENT_MINUTES, RECENT_PERCENTILE, RECENT_VALUE, SCALE, VALUE
from app.kpis.evaluation.metrics import BY_SLUG
from app.kpis.evaluation.rounding import number
from app.storage.kpis.reads import BenchmarkSample

_ORDER = {slug: place for place, slug in enumerate(BY_SLUG)}


class Recent(NamedTuple):
    """The comparison of the last minutes."""

    minutes: int | float
    percentile: int | float | None
    value: int | float | None


class Benchmark(NamedTuple):
    """A platform's comparison of a broadcast with others."""

    kpi: str
    platform: str
    indicator: str
    percentile: int | float | None
    value: int | float | None
    recent: Recent | None
    at: datetime


def benchmarks_of(samples: Iterable[BenchmarkSample]) -> list[Benchmark]:
    """Return the comparisons in the order of the KPIs; of a platform's rooms the latest sample counts."""
    rooms: dict[tuple[str, str], dict[str, dict[str, BenchmarkSample]]] = defaultdict(lambda: defaultdict(dict))
    for sample in samples:
        rooms[sample.key, sample.platform][sample.room][sample.metric] = sample
    found = []
    for (key, platform), by_room in rooms.items():
        kpi, _, indicator = key.removeprefix(BENCHMARK).partition("|")
        known = [figures for figures in by_room.values() if PERCENTILE in figures]
        if kpi in BY_SLUG and known:
            latest = max(known, key=lambda figures: (figures[PERCENTILE].at, figures[PERCENTILE].room))
            found.append(_benchmark(kpi, platform, indicator, latest))
    return sorted(found, key=lambda one: (_ORDER[one.kpi], one.platform, one.indicator))


def _benchmark(kpi: str, platform: str, indicator: str, figures: Mapping[str, BenchmarkSample]) -> Benchmark:
    at = figures[PERCENTILE].at

    def shown(metric: str, scale: int = SCALE) -> int | float | None:
        # A figure that the latest sample does not have is not of this moment.
        sample = figures.get(metric)
        return None if sample is None or sample.at != at else number(sample.latest, scale)

    minutes = shown(RECENT_MINUTES, 1)
    recent = None if minutes is None else Recent(minutes, shown(RECENT_PERCENTILE), shown(RECENT_VALUE))
    return Benchmark(kpi, platform, indicator, shown(PERCENTILE), shown(VALUE), recent, at)
