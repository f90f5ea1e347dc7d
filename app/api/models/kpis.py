"""Models of the KPI document, made from the registry.

In: the registry of KPIs. Out: models for the documentation. Never here: figures.
"""

from datetime import datetime
from typing import Any

from pydantic import Field, create_model

from app.api.models.benchmarks import Benchmark
from app.api.models.results import Amount, Basis, DocumentModel
from app.kpis.evaluation.ad_spend import CONVERTED
from app.kpis.evaluation.metrics import METRICS, Metric, Unit
from app.storage.kpis.session_status import SessionStatus


class NumberFigure(DocumentModel):
    """A figure that is a number."""

    value: int | float | None = Field(examples=[18052])
    unit: Unit
    basis: Basis


class MoneyFigure(DocumentModel):
    """A figure that is an amount."""

    value: str | None = Amount
    unit: Unit
    basis: Basis


class EnteredRate(DocumentModel):
    """An exchange rate as it was entered: the price of one unit of the first currency."""

    from_: str = Field(alias="from", examples=["USD"])
    to: str = Field(examples=["CNY"])
    date: str = Field(examples=["2021-09-25"])
    kind: str = Field(examples=["TTM"])
    rate: str = Field(examples=["6.4621"])


class LackingRate(DocumentModel):
    """An exchange rate that was not entered, neither for the day nor for the week before it."""

    from_: str = Field(alias="from", examples=["USD"])
    to: str = Field(examples=["CNY"])
    date: str = Field(examples=["2021-09-25"])


class _Converted(DocumentModel):
    rates: list[EnteredRate] = Field(
        default=[], description="with which ads in another currency were converted; absent without such ads"
    )
    missing_rates: list[LackingRate] = Field(default=[], description="without which the figure is absent")


class ConvertedFigure(NumberFigure, _Converted):
    """A ratio to an amount that may have been converted."""


class ConvertedMoney(MoneyFigure, _Converted):
    """An amount that may have been converted."""


def _model(metric: Metric) -> type[DocumentModel]:
    if metric.unit is Unit.MONEY:
        return ConvertedMoney if metric.slug in CONVERTED else MoneyFigure
    return ConvertedFigure if metric.slug in CONVERTED else NumberFigure


def _kpis() -> type[DocumentModel]:
    fields: dict[str, Any] = {
        metric.slug: (
            _model(metric),
            Field(description=metric.labels["en"] + (f": {metric.formula}" if metric.formula else "")),
        )
        for metric in METRICS
    }
    return create_model("Kpis", __base__=DocumentModel, __doc__="Every KPI with its basis.", **fields)


Kpis = _kpis()


class Contradiction(DocumentModel):
    """Figures that contradict each other."""

    code: str = Field(examples=["watch_time_exceeds_peak"])
    message: str
    figures: dict[str, Any]


class Final(DocumentModel):
    """The latest revision of a released session."""

    revision: int = Field(ge=1, examples=[1])
    changed: bool = Field(
        description="a figure of this document differs from the revision; `/revisions/{revision}/changes` lists all"
    )


class KpiDocument(DocumentModel):
    """A session's KPIs."""

    session: str
    status: SessionStatus
    as_of: datetime
    currency: str = Field(examples=["CNY"])
    duration_seconds: int | float | None = Field(examples=[8640])
    kpis: Kpis  # type: ignore[valid-type]
    by_platform: dict[str, Kpis]  # type: ignore[valid-type]
    benchmarks: list[Benchmark] = Field(description="the platforms' own comparisons, in the order of the KPIs")
    final: Final | None = Field(description="null before the first release")
    warnings: list[Contradiction]
