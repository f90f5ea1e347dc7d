"""Converts exact figures to the values of a response.

In: exact figures of an evaluation. Out: plain dicts, ready for JSON. Never here: formulas, I/O.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from app.kpis.documents.benchmarks import Benchmark, benchmarks_of
from app.kpis.documents.final import final_of
from app.kpis.evaluation.ad_spend import CONVERTED, missing_rates, used_rates
from app.kpis.evaluation.consistency import warnings_of
from app.kpis.evaluation.evaluate import Evaluation, Figure, Values
from app.kpis.evaluation.metrics import METRICS, Unit
from app.kpis.evaluation.rounding import digits_of, money, number
from app.labels.catalogue import Language
from app.storage.kpis.reads import SessionFigures

Document = dict[str, Any]

# Strings instead of enum members: the serializer writes strings several times faster.
_SHOWN = tuple(
    (m.slug, m.unit.value, m.unit is Unit.MONEY, {"value": None, "unit": m.unit.value, "basis": "absent"}) for m in METRICS
)


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """Return a session's time zone."""
    return ZoneInfo(name)


def local(moment: datetime | None, time_zone: str) -> str | None:
    """Return a moment as RFC 3339 with the offset of the session's time zone."""
    return None if moment is None else moment.astimezone(zone_of(time_zone)).isoformat()


def plain(figure: Figure, unit: Unit, digits: int) -> int | float | str | None:
    """Return a figure's value: a decimal string for money, else a number; None if it is absent."""
    if figure[1] == 0:
        return None
    return money(figure[0], figure[1], digits) if unit is Unit.MONEY else number(figure[0], figure[1])


def figures_document(values: Values, digits: int) -> Document:
    """Return slug → value, unit, basis for every KPI."""
    shown: Document = {}
    for slug, unit, is_money, absent in _SHOWN:
        numerator, denominator, basis = values[slug]
        if denominator == 0:
            shown[slug] = absent
        elif is_money:
            shown[slug] = {"value": money(numerator, denominator, digits), "unit": unit, "basis": basis}
        elif denominator == 1:
            shown[slug] = {"value": numerator, "unit": unit, "basis": basis}
        else:
            shown[slug] = {"value": number(numerator, denominator), "unit": unit, "basis": basis}
    return shown


def _add_rates(evaluation: Evaluation, documents: Iterable[Document]) -> None:
    """Add the exchange rates to the figures that rest on them, and the rates without which they are absent."""
    used, missing = used_rates(evaluation.ad_rates), missing_rates(evaluation.ad_rates, evaluation.head.currency)
    for cells in documents:
        for slug in CONVERTED:
            # Cells may be shared with other documents.
            cells[slug] = cells[slug] | {"rates": used, "missing_rates": missing}


def kpi_document(evaluation: Evaluation, figures: SessionFigures, language: Language, *, client: bool = False) -> Document:
    """Return the KPI document (`KpiDocument`); for a client without contradictions of figures."""
    head = evaluation.head
    digits = digits_of(head.currency)
    by_platform = {name: figures_document(values, digits) for name, values in evaluation.by_platform.items()}
    # The total of a single platform is the platform's figure.
    total = next(iter(by_platform.values())) if len(by_platform) == 1 else figures_document(evaluation.total, digits)
    if evaluation.ad_rates:
        _add_rates(evaluation, [total, *by_platform.values()])
    duration = evaluation.duration_us
    seconds = None if duration is None else number(duration, 1_000_000)
    return {
        "session": str(head.id),
        "status": evaluation.status.value,
        "as_of": local(evaluation.as_of, head.time_zone),
        "currency": head.currency,
        "duration_seconds": seconds,
        "kpis": total,
        "by_platform": by_platform,
        "benchmarks": [_benchmark(one, head.time_zone) for one in benchmarks_of(figures.benchmarks)],
        "final": final_of(head.revision, figures.released, seconds, total, by_platform),
        "warnings": [] if client else warnings_of(evaluation, figures, language),
    }


def _benchmark(one: Benchmark, time_zone: str) -> Document:
    recent = None if one.recent is None else one.recent._asdict()
    return one._asdict() | {"recent": recent, "basis": "reported", "at": local(one.at, time_zone)}
