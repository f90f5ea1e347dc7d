"""Consistency checks of the KPIs. Contradictions are reported, never corrected.

In: an evaluation. Out: warnings in one language, with their figures. Never here: I/O, changes of figures.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from app.kpis.evaluation import metrics
from app.kpis.evaluation.ad_spend import missing_rates
from app.kpis.evaluation.evaluate import Evaluation, Figure
from app.kpis.evaluation.metrics import BY_SLUG, DURATION_US, WATCH_MS, Rule, Unit
from app.kpis.evaluation.number_format import format_count, format_minutes, format_value
from app.kpis.evaluation.rounding import digits_of, fixed, money, number
from app.labels.catalogue import Language, label, label_or
from app.storage.kpis.reads import SessionFigures

AT_MOST: tuple[tuple[str, str, str], ...] = (
    ("buyers_exceed_viewers", "buyers", "viewers"),
    ("buyers_exceed_orders", "buyers", "orders"),
    ("orders_exceed_units", "orders", "units_sold"),
    ("commenters_exceed_comments", "commenters", "comments"),
    ("after_live_exceeds_orders", "after_live_orders_7d", "orders"),
    ("current_exceeds_peak", "concurrent_viewers", "peak_concurrent_viewers"),
    ("product_viewers_exceed_viewers", "product_viewers", "viewers"),
    ("clickers_exceed_viewers", "clickers", "viewers"),
    ("clickers_exceed_clicks", "clickers", "product_clicks"),
    ("clicks_exceed_impressions", "product_clicks", "product_impressions"),
    ("refunded_orders_exceed_orders", "refunded_orders", "orders"),
    ("refunds_exceed_gmv", "refund_amount", "gmv"),
)
"""(code, the figure that must not be greater, the other figure)."""

_AUDIENCE = metrics.of_rule(Rule.AUDIENCE)
_COMMERCE = metrics.of_rule(Rule.COMMERCE)
_TOLERANCE = 10
"""A tenth: counted and reported figures may differ by 10 % of the reported one."""


class KpiWarning(NamedTuple):
    """A contradiction: its code and the figures as the response prints them."""

    code: str
    figures: Mapping[str, Any]


def warnings_of(evaluation: Evaluation, figures: SessionFigures, language: Language) -> list[dict[str, Any]]:
    """Return the warnings of a session in a language."""
    return [
        {
            "code": finding.code,
            "message": message(finding, evaluation.head.currency, language),
            "figures": dict(finding.figures),
        }
        for finding in (*findings(evaluation, figures), *_corrected_clocks(figures))
    ]


_UNITS: Mapping[str, Unit] = {"products_gmv": Unit.MONEY, "difference": Unit.MONEY, "orders_without_buyer": Unit.COUNT}
"""Figures of a warning that are no KPIs."""
_PLAIN = {"source", "events", "orders_without_buyer", "currency", "target", "date"}


def message(warning: KpiWarning, currency: str, language: Language) -> str:
    """Return a warning as text, its figures formatted as everywhere else."""
    figures = dict(warning.figures)
    slug = figures.pop("metric", None)
    words: dict[str, str] = {}
    if slug is not None:
        words["label"] = label(f"metric.{slug}", language)
        platform = figures.pop("platform")
        words["platform"] = label_or(f"platform.{platform}", platform, language)
    for name, value in figures.items():
        if name in _PLAIN:
            words[name] = format_count(value) if isinstance(value, int) else value
        elif name == "duration_seconds":
            exact = Fraction(str(value))
            words["duration"] = format_minutes(exact.numerator, exact.denominator, language)
        else:
            of = slug or name
            words[name] = format_value(of, value, _UNITS.get(of) or BY_SLUG[of].unit, currency, language)
    return label(f"warning.{warning.code}", language).format(**words)


def findings(evaluation: Evaluation, figures: SessionFigures) -> Iterable[KpiWarning]:
    """Yield every contradiction between the figures; integers only, so to the cent."""
    total = evaluation.total
    digits = digits_of(evaluation.head.currency)
    watched, duration, peak = total[WATCH_MS], total[DURATION_US], total["peak_concurrent_viewers"]
    # Until the end the watched time of people who are still there is unknown, and a report may be minutes ahead of the clock.
    over = evaluation.status.is_over
    if over and watched[1] and peak[1] and duration[0] > 0 and watched[0] * 1000 > peak[0] * duration[0]:
        yield KpiWarning(
            "watch_time_exceeds_peak",
            {
                **{slug: _print(total[slug], slug, digits) for slug in ("viewers", "average_watch_seconds")},
                "duration_seconds": number(duration[0], 1_000_000),
                **{slug: _print(total[slug], slug, digits) for slug in ("average_concurrent_viewers",
                                                                        "peak_concurrent_viewers")},
            },
        )  # fmt: skip
    for code, lesser, greater in AT_MOST:
        low, high = total[lesser], total[greater]
        if low[1] and high[1] and low[0] > high[0]:
            yield KpiWarning(code, {lesser: _print(low, lesser, digits), greater: _print(high, greater, digits)})
    if unknown := sum(counted.get("orders_without_buyer", 0) for counted in figures.counted.values()):
        # Every figure per buyer rests on the known buyers only.
        yield KpiWarning(
            "buyers_unknown",
            {"orders_without_buyer": unknown, "orders": total["orders"][0], "buyers": total["buyers"][0]},
        )
    for lacking in missing_rates(figures.ad_rates, evaluation.head.currency):
        yield KpiWarning("ad_rate_missing", {"currency": lacking["from"], "target": lacking["to"], "date": lacking["date"]})
    yield from _products(figures, digits)
    for platform in figures.platforms():
        yield from _counted_and_reported(figures, platform, digits)


def _corrected_clocks(figures: SessionFigures) -> Iterable[KpiWarning]:
    """Yield the sources whose clock was wrong: their events stand at their arrival (app/ingest)."""
    for source, events in figures.corrected_clocks.items():
        yield KpiWarning("clock_corrected", {"source": source, "events": events})


def _products(figures: SessionFigures, digits: int) -> Iterable[KpiWarning]:
    gmv = sum(counted.get("gmv", 0) for counted in figures.counted.values())
    products = figures.products_gmv or 0
    if gmv != products:
        yield KpiWarning(
            "products_differ_from_total",
            {
                "gmv": fixed(gmv, digits),
                "products_gmv": fixed(products, digits),
                "difference": fixed(gmv - products, digits),
            },
        )


def _counted_and_reported(figures: SessionFigures, platform: str, digits: int) -> Iterable[KpiWarning]:
    counted, reported = figures.counted.get(platform), figures.reported.get(platform)
    if not counted or not reported:
        return
    # If one order was counted, a commerce figure without a row is zero.
    nothing = 0 if counted.get("orders") else None
    for slug in (*_AUDIENCE, *_COMMERCE):
        ours, theirs = counted.get(slug, nothing if slug in _COMMERCE else None), reported.get(slug)
        if ours is not None and theirs is not None and abs(ours - theirs) * _TOLERANCE > theirs:
            yield KpiWarning(
                "counted_and_reported_differ",
                {
                    "platform": platform,
                    "metric": slug,
                    "counted": _print((ours, 1, ""), slug, digits),
                    "reported": _print((theirs, 1, ""), slug, digits),
                },
            )
    watched, viewers, average = counted.get("watch_ms"), counted.get("viewers"), reported.get("average_watch_ms")
    if watched is None or not viewers or average is None:
        return
    if abs(watched - average * viewers) * _TOLERANCE > average * viewers:
        yield KpiWarning(
            "counted_and_reported_differ",
            {
                "platform": platform,
                "metric": "average_watch_seconds",
                "counted": number(watched, viewers * 1000),
                "reported": number(average, 1000),
            },
        )


def _print(figure: Figure, slug: str, digits: int) -> int | float | str:
    if BY_SLUG[slug].unit is Unit.MONEY:
        return money(figure[0], figure[1], digits)
    return number(figure[0], figure[1])
