"""The few figures that a message about a session names.

In: an evaluation, or values of a document. Out: slug → value; a line of text. Never here: formulas, I/O.
"""

from collections.abc import Mapping

from app.kpis.documents.render import plain
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.metrics import METRICS
from app.kpis.evaluation.number_format import format_value
from app.kpis.evaluation.rounding import digits_of
from app.labels.catalogue import Language, label

HEADLINE = ("gmv", "orders", "buyers", "viewers", "peak_concurrent_viewers")
_UNITS = {metric.slug: metric.unit for metric in METRICS}


def headline_figures(evaluation: Evaluation) -> dict[str, int | float | str | None]:
    """Return the values of `HEADLINE`, as a KPI document has them; null if a figure is absent."""
    digits = digits_of(evaluation.head.currency)
    return {slug: plain(evaluation.total[slug], _UNITS[slug], digits) for slug in HEADLINE}


def headline_text(figures: Mapping[str, int | float | str | None], currency: str, language: Language) -> str:
    """Return the figures that are known as running text: GMV 481,888元 · 注文数 302."""
    known = [(slug, figures[slug]) for slug in HEADLINE if figures.get(slug) is not None]
    return " · ".join(
        f"{label(f'metric.{slug}', language)} {format_value(slug, value, _UNITS[slug], currency, language)}"
        for slug, value in known
        if value is not None
    )
