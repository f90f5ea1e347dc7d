"""Alerts: conditions of a live session that need action now.

In: a session's evaluation, its products' stock, viewers by the minute, a few recent sums. Out: alerts, and their document.
Never here: I/O, the system clock; alerts use the session's own time (`session_clock`).

A session that is not live has no alerts. The report shows the same conditions as results.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from hashlib import blake2b
from typing import Any

from app.kpis.concurrency import sums_by_minute
from app.kpis.evaluate import Evaluation
from app.kpis.number_format import format_count, format_span
from app.kpis.render import Document, local
from app.kpis.status import off_air_since, session_end
from app.labels.catalogue import Language, label, name_in
from app.storage.alert_states import AlertState
from app.storage.live_reads import OpenRequests
from app.storage.reads import ConcurrencyRow, SessionHead
from app.storage.session_status import SessionStatus

RECENT = timedelta(minutes=10)
"""The period from which current rates are computed: units sold, clicks on sold-out products, viewers."""
SUPPORT_RECENT = timedelta(minutes=15)
"""The same for answers, which are rarer. A request that waits for this much longer than the limit is no longer an alert."""
FALLEN, COLLAPSED = 0.7, 0.5
"""Remaining shares of the recent audience at which the alert is a warning, and critical."""
MOST_ALERTS = 200
"""Alerts of a session; the most urgent are kept."""
AUDIENCE_MATTERS = 20
"""An audience below this number fluctuates by chance."""
SETTLED = timedelta(minutes=2)
"""The most recent minutes, which are compared with the minutes before them."""
MINUTE = timedelta(minutes=1)


NO_STATES: Mapping[str, AlertState] = {}
"""Of readers who do not see who takes care of an alert."""


class Level(StrEnum):
    """The severity of an alert."""

    WARNING = "warning"
    CRITICAL = "critical"


_URGENCY = (Level.CRITICAL, Level.WARNING)
_CODES = ("no_telemetry", "sold_out_clicked", "low_stock", "slow_support", "audience_falling")


@dataclass(frozen=True, slots=True)
class AlertThresholds:
    """Thresholds from the settings."""

    low_stock: int
    slow_seconds: float
    silence: timedelta


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; its text is made from its figures."""

    code: str
    level: Level
    since: datetime
    figures: Mapping[str, int | float]
    product: str | None = None


@dataclass(frozen=True, slots=True)
class ProductState:
    """A product's stock over time, and what was counted of it recently."""

    levels: Sequence[tuple[datetime, int]]
    units: int
    """Sold within `RECENT`."""
    clicks: int
    """Clicks within `RECENT` since it was last sold out; 0 while it is not."""
    left: int
    """What is left: the reported stock minus the units paid since, or an estimate from the plan."""
    active: bool
    """True if it sold or was on air within `RECENT`."""
    fell_at: datetime | None = None
    """When paid units brought the stock down to the low threshold; None if a report did."""


@dataclass(frozen=True, slots=True)
class SupportState:
    """Customer service within `SUPPORT_RECENT`."""

    responses: int
    response_ms: int
    slow_since: datetime | None
    """The first minute whose answers took longer than the limit."""
    waiting: OpenRequests
    """Requests that wait longer than the limit."""


def alert_id(alert: Alert) -> str:
    """Return what identifies an alert within its session, however often it is raised: its code and its product."""
    if alert.product is None:
        return alert.code
    return f"{alert.code}-{blake2b(alert.product.encode(), digest_size=6).hexdigest()}"


def session_clock(head: SessionHead, now: datetime) -> datetime:
    """Return the current time of a live session: now, or the time of a replay's latest event."""
    return session_end(head, SessionStatus.LIVE, now) or now


def alerts_of(
    evaluation: Evaluation,
    products: Mapping[str, ProductState],
    support: SupportState,
    minutes: Sequence[ConcurrencyRow],
    limits: AlertThresholds,
) -> list[Alert]:
    """Return the alerts of a session, the most urgent first; none unless it is live."""
    if evaluation.status is not SessionStatus.LIVE:
        return []
    head = evaluation.head
    clock = session_clock(head, evaluation.as_of)
    found = [
        no_telemetry(head, clock, limits.silence),
        slow_support(support, clock, limits.slow_seconds),
        audience_falling(minutes, off_air_since(head.broadcasts), clock),
    ]
    for code, state in products.items():
        found += [sold_out_clicked(code, state), low_stock(code, state, limits.low_stock)]
    alerts = [alert for alert in found if alert is not None]
    alerts.sort(key=lambda one: (_URGENCY.index(one.level), _CODES.index(one.code), one.since, one.product or ""))
    return alerts[:MOST_ALERTS]


def no_telemetry(head: SessionHead, clock: datetime, silence: timedelta) -> Alert | None:
    """Return the alert that no telemetry arrives.

    It ends with the first event, and when the broadcast has lasted for a day (`status.LONGEST_BROADCAST`).
    """
    moments = [moment for moment in (head.last_heard, *(b.at for b in head.broadcasts)) if moment is not None]
    if not moments:
        return None
    heard = max(moments)
    # What was counted is known by its minute: anything in it may have been heard at its end.
    quiet = clock - (heard + MINUTE if heard.second == heard.microsecond == 0 else heard)
    if quiet < silence:
        return None
    return Alert("no_telemetry", Level.CRITICAL, heard, {"minutes": (clock - heard) // MINUTE})


def sold_out_clicked(product: str, state: ProductState) -> Alert | None:
    """Return the alert that viewers still click what is sold out."""
    since = since_when(state.levels, lambda pieces: pieces <= 0)
    if since is None or state.clicks <= 0:
        return None
    return Alert("sold_out_clicked", Level.CRITICAL, since, {"clicks": state.clicks, "stock": 0}, product)


def low_threshold(units: int, limit: int) -> int:
    """Return the stock that is low: the limit, or the units that were sold within `RECENT`."""
    return max(limit, units)


def low_stock(product: str, state: ProductState, limit: int) -> Alert | None:
    """Return the alert that few pieces are left of a product that sold or was on air within `RECENT`."""
    threshold = low_threshold(state.units, limit)
    if not state.active or not 0 < state.left <= threshold:
        return None
    reported = since_when(state.levels, lambda pieces: 0 < pieces <= threshold)
    since = reported or state.fell_at or (state.levels[-1][0] if state.levels else None)
    if since is None:
        return None
    figures: dict[str, int | float] = {"stock": state.left, "units_recent": state.units}
    if state.units > 0:
        figures["minutes_left"] = state.left * (RECENT // MINUTE) // state.units
    return Alert("low_stock", Level.WARNING, since, figures, product)


def since_when(levels: Sequence[tuple[datetime, int]], holds: Callable[[int], bool]) -> datetime | None:
    """Return since when the level is as asked; None where it is not now."""
    since = None
    for at, pieces in reversed(levels):
        if not holds(pieces):
            break
        since = at
    return since


def slow_support(support: SupportState, clock: datetime, limit: float) -> Alert | None:
    """Return the alert that answers take longer than the limit, on average of late or since requests wait for longer."""
    average = support.response_ms / support.responses / 1000 if support.responses > 0 else 0.0
    waiting, first = support.waiting
    if average <= limit and not waiting:
        return None
    figures: dict[str, int | float] = {"answered": support.responses, "waiting": waiting, "limit_seconds": limit}
    if support.responses > 0:
        figures["average_seconds"] = round(average, 3)
    if first is not None:
        figures["longest_minutes"] = (clock - first) // MINUTE
    moments = [support.slow_since if average > limit else None, first + timedelta(seconds=limit) if first else None]
    since = min((moment for moment in moments if moment is not None), default=clock)
    return Alert("slow_support", Level.WARNING, since, figures)


def audience_falling(minutes: Sequence[ConcurrencyRow], off_air: Mapping[str, datetime], clock: datetime) -> Alert | None:
    """Return the alert that the audience is much smaller than its average over the recent past."""
    sums = [(minute, viewers) for minute, viewers, _ in sums_by_minute(minutes, off_air) if minute > clock - RECENT - MINUTE]
    past = [(minute, viewers) for minute, viewers in sums if minute <= clock - SETTLED]
    if len(past) < 3 or sums[-1][0] <= clock - SETTLED:
        return None
    viewers = sums[-1][1]
    before = sum(count for _, count in past) / len(past)
    if before < AUDIENCE_MATTERS or viewers > FALLEN * before:
        return None
    peak = max(past, key=lambda one: (one[1], one[0]))
    level = Level.CRITICAL if viewers <= COLLAPSED * before else Level.WARNING
    figures = {"viewers": viewers, "viewers_before": round(before), "share_left": round(viewers / before, 6)}
    return Alert("audience_falling", level, peak[0], figures)


def alerts_document(
    head: SessionHead,
    clock: datetime,
    alerts: Sequence[Alert],
    names: Mapping[str, Mapping[str, str]],
    language: Language,
    states: Mapping[str, AlertState] = NO_STATES,
) -> Document:
    """Return the alerts document; `names` are the products' names by language, `states` who takes care of which alert."""
    return {
        "session": str(head.id),
        "as_of": local(clock, head.time_zone),
        "alerts": [
            {
                "id": alert_id(alert),
                "code": alert.code,
                "level": alert.level.value,
                "product": alert.product,
                "since": local(alert.since, head.time_zone),
                "text": alert_text(alert, names, language),
                "figures": dict(alert.figures),
                **_care(states.get(alert_id(alert)), head.time_zone),
            }
            for alert in alerts
        ],
    }


def _care(state: AlertState | None, time_zone: str) -> Document:
    if state is None:
        return {"taken_by": None, "taken_at": None, "snoozed_until": None}
    return {
        "taken_by": state.taken_by,
        "taken_at": local(state.taken_at, time_zone),
        "snoozed_until": local(state.snoozed_until, time_zone),
    }


def alert_text(alert: Alert, names: Mapping[str, Mapping[str, str]], language: Language) -> str:
    """Return an alert in words; `names` are the products' names by language."""
    shown: dict[str, Any] = dict(alert.figures)
    kind = alert.code
    if alert.product is not None:
        shown["name"] = name_in(names.get(alert.product, {}), language) or alert.product
    if kind == "low_stock" and "minutes_left" in shown and shown["units_recent"] >= shown["stock"]:
        kind = "low_stock.fast"
    elif kind == "slow_support" and shown["waiting"]:
        kind = "slow_support.waiting"
    elif kind == "slow_support":
        shown["average"] = _span(shown["average_seconds"], language)
    elif kind == "audience_falling":
        shown["percent"] = 100 - math.floor(100 * shown["share_left"])
    if "limit_seconds" in shown:
        shown["limit"] = _span(shown["limit_seconds"], language)
    texts = {name: format_count(value) if isinstance(value, int) else value for name, value in shown.items()}
    return label(f"alert.{kind}", language).format_map(texts)


def _span(seconds: float, language: Language) -> str:
    exact = Fraction(str(seconds))
    return format_span(exact.numerator, exact.denominator, language)
