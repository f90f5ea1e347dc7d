"""The platforms' own comparisons in the KPI document.

In: nothing. Out: models for the documentation. Never here: figures.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from app.api.models.results import DocumentModel

_PERCENTILE: dict[str, JsonValue] = {"minimum": 0, "maximum": 100}


class RecentBenchmark(DocumentModel):
    """The platform's comparison of the last minutes."""

    minutes: int = Field(examples=[10])
    percentile: int | float | None = Field(json_schema_extra=_PERCENTILE)
    value: int | float | None


class Benchmark(DocumentModel):
    """A platform's own comparison of the broadcast with others. It stands beside a KPI and is no part of it."""

    kpi: str = Field(description="the KPI beside which it stands", examples=["average_watch_seconds"])
    platform: str = Field(examples=["wechat"])
    indicator: str = Field(description="the platform's own name of its figure", examples=["average_watch_seconds"])
    percentile: int | float = Field(examples=[20], json_schema_extra=_PERCENTILE)
    value: int | float | None = Field(description="the platform's own figure: a ratio, or seconds", examples=[60])
    recent: RecentBenchmark | None
    basis: Literal["reported"]
    at: datetime
