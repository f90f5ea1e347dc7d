"""Evaluates the registry: a session's rows become exact figures, per platform and in total.

In: `SessionFigures` of storage, the present moment. Out: an `Evaluation`. Never here: I/O, rounding, text.

A figure is a plain tuple (numerator, denominator, basis) since hundreds are made per request; denominator 0 is absent.
This is the hot path of `/kpis`: the lookups are compiled from the registry at import.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.kpis.evaluation import metrics
from app.kpis.evaluation.ad_spend import ad_spend, missing_rates
from app.kpis.evaluation.concurrency import highest_sum
from app.kpis.evaluation.metrics import DURATION_US, METRICS, SHIP_MS, SHIPPED, SUMMED, WATCH_MS, WATCHED_VIEWERS, Rule
from app.kpis.evaluation.rounding import digits_of
from app.kpis.reading.status import off_air_since, session_end, status_of
from app.storage.kpis.ad_rates import Rates
from app.storage.kpis.reads import AfterLive, ConcurrencyRow, SessionFigures, SessionHead
from app.storage.kpis.session_status import SessionStatus

Figure = tuple[int, int, str]
Values = dict[str, Figure]
"""Slug → figure, and a few sums under other names that only formulas read."""

ABSENT: Figure = (0, 0, "absent")

_AUDIENCE = metrics.of_rule(Rule.AUDIENCE)
_COMMERCE = metrics.of_rule(Rule.COMMERCE)
_LEDGER = metrics.of_rule(Rule.LEDGER)
_BY_PRODUCT = metrics.of_rule(Rule.BY_PRODUCT)
_BY_CAMPAIGN = metrics.of_rule(Rule.BY_CAMPAIGN)
_AFTER_LIVE = metrics.of_rule(Rule.AFTER_LIVE)
_NOTHING_LATER = AfterLive()
_COUNTED = (*metrics.of_rule(Rule.COUNTED), metrics.RESPONSE_MS, metrics.RESPONSES, SHIP_MS, SHIPPED)
_QUOTIENTS = tuple(
    (m.slug, m.quotient.numerators, m.quotient.denominator, m.quotient.times, m.quotient.per, m.quotient.from_parts)
    for m in METRICS
    if m.quotient is not None
)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of a session at one moment."""

    head: SessionHead
    status: SessionStatus
    as_of: datetime
    duration_us: int | None
    """Time on air in microseconds: from the start to the end, or to now while live."""
    total: Values
    by_platform: Mapping[str, Values]
    ad_rates: Rates = field(default_factory=dict)
    """The rates with which ad spend was converted, and the days for which one lacks."""


def several_sampled(figures: SessionFigures) -> bool:
    """Return whether several rooms sampled their viewers. The session's peak then requires the samples by minute."""
    return figures.sampled_rooms > 1


def evaluate(figures: SessionFigures, now: datetime, minutes: Sequence[ConcurrencyRow] = ()) -> Evaluation:
    """Return the figures of a session.

    Args:
        figures: the session's rows.
        now: the present moment, aware.
        minutes: samples of concurrent viewers by minute; required if `several_sampled`.
    """
    head = figures.head
    status = status_of(head)
    duration_us = _duration(head, status, now)
    duration = ABSENT if duration_us is None else (duration_us, 1, "counted")
    off_air = off_air_since(head.broadcasts) if status is SessionStatus.LIVE or minutes else {}
    by_platform: dict[str, Values] = {}
    rows_of: dict[str, list[ConcurrencyRow]] = defaultdict(list)
    for row in minutes:
        rows_of[row.platform].append(row)
    for platform in figures.platforms():
        values = _platform(figures, platform, on_air=status is SessionStatus.LIVE and platform not in off_air)
        _after_end(values, figures, platform, over=status is not SessionStatus.LIVE and head.ended_at is not None)
        own = rows_of.get(platform, ())
        if len({row.room for row in own}) > 1:
            peak = max(values["peak_concurrent_viewers"][0], highest_sum(own, off_air))
            values["peak_concurrent_viewers"] = (peak, 1, "reported")
        values[DURATION_US] = duration
        _derive(values)
        by_platform[platform] = values
    if len(by_platform) == 1:
        (total,) = by_platform.values()
    else:
        total = combine(by_platform.values(), SUMMED)
        total[DURATION_US] = duration
        if missing_rates(figures.ad_rates, head.currency):
            total["ad_spend"] = ABSENT
        total["peak_concurrent_viewers"] = _peak(by_platform.values(), total, minutes, off_air)
        _derive(total)
        if total["average_watch_seconds"][1] == 0:
            # Without viewers the platforms' averages have no weights. A single average is the session's average.
            known = [v["average_watch_seconds"] for v in by_platform.values() if v["average_watch_seconds"][1]]
            if len(known) == 1:
                total["average_watch_seconds"] = known[0]
    return Evaluation(head, status, now, duration_us, total, by_platform, figures.ad_rates)


def combine(parts: Iterable[Values], slugs: Iterable[str]) -> Values:
    """Return the sums over platforms without the absent parts; the basis is `mixed` if the parts differ in it."""
    parts = list(parts)
    total: Values = {}
    for slug in slugs:
        value, basis = 0, ""
        for part in parts:
            figure = part[slug]
            if figure[1]:
                value += figure[0]
                if not basis:
                    basis = figure[2]
                elif basis != figure[2]:
                    basis = "mixed"
        total[slug] = (value, 1, basis) if basis else ABSENT
    return total


def combined(evaluations: Sequence[Evaluation]) -> Values:
    """Return the figures of several sessions of one currency together; the peak is the highest of them."""
    totals = [one.total for one in evaluations]
    values = combine(totals, SUMMED)
    durations = [one.duration_us for one in evaluations if one.duration_us is not None]
    values[DURATION_US] = (sum(durations), 1, "counted") if durations else ABSENT
    values["concurrent_viewers"] = ABSENT
    if any(missing_rates(one.ad_rates, one.head.currency) for one in evaluations):
        values["ad_spend"] = ABSENT
    peaks = [total["peak_concurrent_viewers"] for total in totals if total["peak_concurrent_viewers"][1]]
    values["peak_concurrent_viewers"] = max(peaks, default=ABSENT)
    _derive(values)
    return values


def _duration(head: SessionHead, status: SessionStatus, now: datetime) -> int | None:
    if head.started_at is None:
        return None
    end = session_end(head, status, now)
    if end is None or end < head.started_at:
        return None
    return (end - head.started_at) // _MICROSECOND


def _platform(figures: SessionFigures, platform: str, *, on_air: bool) -> Values:
    counted = figures.counted.get(platform, {})
    reported = figures.reported.get(platform, {})
    values: Values = {}
    for slug in _AUDIENCE:
        if slug in reported:
            values[slug] = (reported[slug], 1, "reported")
        else:
            values[slug] = (counted[slug], 1, "counted") if slug in counted else ABSENT
    for slug in _COUNTED:
        values[slug] = (counted[slug], 1, "counted") if slug in counted else ABSENT
    if values["slow_responses"][1] == 0 and values[metrics.RESPONSES][1]:
        values["slow_responses"] = (0, 1, "counted")
    if counted.get("orders", 0) > 0:
        for slug in _COMMERCE:
            values[slug] = (counted.get(slug, 0), 1, "counted")
        for slug in _LEDGER:
            values[slug] = (counted.get(slug, 0), 1, "counted")
        values["repeat_buyers"] = (counted.get("buyers", 0) - counted.get("new_buyers", 0), 1, "derived")
    else:
        for slug in _COMMERCE:
            values[slug] = (reported[slug], 1, "reported") if slug in reported else ABSENT
        for slug in _LEDGER:
            # An order may have been paid before the first event was sent, and refunded after it.
            values[slug] = (counted[slug], 1, "counted") if slug in counted else ABSENT
        values["repeat_buyers"] = ABSENT
    _sum_parts(values, counted, figures.parts.get(platform, {}), figures)
    current = reported.get("concurrent_viewers")
    values["concurrent_viewers"] = (current, 1, "reported") if on_air and current is not None else ABSENT
    peak = figures.peaks.get(platform)
    values["peak_concurrent_viewers"] = ABSENT if peak is None else (peak, 1, "reported")
    _watch(values, counted, reported)
    return values


def _sum_parts(values: Values, counted: Mapping[str, int], parts: Mapping[str, tuple[int, int]], figures: SessionFigures) -> None:
    for slug in _BY_PRODUCT:
        values[slug] = _by_product(counted.get(slug), parts.get(slug))
    for slug in _BY_CAMPAIGN:
        values[slug] = (parts[slug][0], 1, "reported") if slug in parts else ABSENT
    if figures.ad_rates:
        values["ad_spend"] = ad_spend(parts, figures.ad_rates, digits_of(figures.head.currency))


def _after_end(values: Values, figures: SessionFigures, platform: str, *, over: bool) -> None:
    if not over or values["orders"][2] != "counted":
        values |= dict.fromkeys(_AFTER_LIVE, ABSENT)
        return
    sold = figures.after_live.get(platform, _NOTHING_LATER)
    values["after_live_orders_24h"] = (sold.day_orders, 1, "counted")
    values["after_live_gmv_24h"] = (sold.day_gmv, 1, "counted")
    values["after_live_net_gmv_24h"] = (sold.day_gmv - sold.day_refunds, 1, "derived")
    values["after_live_orders_7d"] = (sold.week_orders, 1, "counted")
    values["after_live_gmv_7d"] = (sold.week_gmv, 1, "counted")
    values["after_live_net_gmv_7d"] = (sold.week_gmv - sold.week_refunds, 1, "derived")


def _by_product(own: int | None, reported: tuple[int, int] | None) -> Figure:
    """Return a platform's sum over products: of each the reported figure, or the counted one if none was reported."""
    if reported is None:
        return ABSENT if own is None else (own, 1, "counted")
    amount, counted_too = reported
    unreported = (own or 0) - counted_too
    return (amount + unreported, 1, "mixed" if unreported else "reported")


def _watch(values: Values, counted: Mapping[str, int], reported: Mapping[str, int]) -> None:
    viewers = values["viewers"]
    average = reported.get("average_watch_ms")
    watched = counted.get("watch_ms")
    if viewers[0] > 0 and (average is not None or watched is not None):
        total, basis = (watched, "counted") if average is None else (average * viewers[0], "reported")
        values[WATCH_MS] = (total or 0, 1, basis)
        values[WATCHED_VIEWERS] = (viewers[0], 1, basis)
    else:
        values[WATCH_MS] = values[WATCHED_VIEWERS] = ABSENT
        if average is not None:
            values["average_watch_seconds"] = (average, 1000, "reported")


def _derive(values: Values) -> None:
    gmv, refunds = values["gmv"], values["refund_amount"]
    values["net_gmv"] = (gmv[0] - refunds[0], 1, "derived") if gmv[1] and refunds[1] else ABSENT
    for slug, numerators, denominator, times, per, from_parts in _QUOTIENTS:
        below = values[denominator]
        if below[0] > 0:
            if len(numerators) == 1:
                above = values[numerators[0]]
                if above[1]:
                    values[slug] = (above[0] * times, below[0] * per, above[2] if from_parts else "derived")
                    continue
            else:
                parts = [values[name] for name in numerators if values[name][1]]
                if parts:
                    values[slug] = (sum(part[0] for part in parts) * times, below[0] * per, "derived")
                    continue
        if not from_parts or slug not in values:
            values[slug] = ABSENT


def _peak(parts: Iterable[Values], total: Values, minutes: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime]) -> Figure:
    peaks = [part["peak_concurrent_viewers"] for part in parts if part["peak_concurrent_viewers"][1]]
    if not peaks:
        return ABSENT
    candidates = [*(peak[0] for peak in peaks), total["concurrent_viewers"][0]]
    if len(peaks) > 1:
        candidates.append(highest_sum(minutes, off_air))
    return (max(candidates), 1, "reported")
