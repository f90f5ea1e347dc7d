"""The payload of a platform's own comparison.

In: `data` of the event. Out: contributions. Never here: I/O, our own figures.
"""

from typing import Annotated

from msgspec import Meta
from pydantic import Field

from app.events.contributions import Contributions, FoldContext, Sample
from app.events.fields import Count, Seconds, Slug
from app.events.payload import Payload

BENCHMARK = "benchmark|"
"""Before KPI and indicator in the key of a comparison's samples."""
PERCENTILE, VALUE = "benchmark_percentile", "benchmark_value"
RECENT_MINUTES, RECENT_PERCENTILE, RECENT_VALUE = "benchmark_minutes", "benchmark_recent_percentile", "benchmark_recent_value"
SCALE = 1_000_000
"""Percentiles and values are stored in millionths."""
Percentile = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), Meta(ge=0, le=100)]


class BenchmarkSampled(Payload, type="live.benchmark.sampled", samples=True):
    """Where a platform ranks the broadcast among those that it compares it with; our figures do not change."""

    kpi: Slug
    """The KPI beside which it stands."""
    indicator: Slug
    """The platform's own name of the figure, which may be defined in another way than the KPI."""
    percentile: Percentile
    """Of the broadcast so far."""
    value: Seconds | None = None
    """The platform's figure: a ratio, or seconds."""
    recent_minutes: Count | None = None
    recent_percentile: Percentile | None = None
    recent_value: Seconds | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return a sample per figure that was sent."""
        key = f"{BENCHMARK}{self.kpi}|{self.indicator}"
        figures = (
            (PERCENTILE, _scaled(self.percentile)),
            (VALUE, _scaled(self.value)),
            (RECENT_MINUTES, self.recent_minutes),
            (RECENT_PERCENTILE, _scaled(self.recent_percentile)),
            (RECENT_VALUE, _scaled(self.recent_value)),
        )
        return Contributions(
            samples=tuple(Sample(metric, value, key, room=context.room) for metric, value in figures if value is not None)
        )


def _scaled(value: float | None) -> int | None:
    return None if value is None else round(value * SCALE)
