"""Alerts: conditions of a live session that need action now.

In: a session's evaluation, its products' stock, viewers by the minute, a few recent sums. Out: alerts. Never here: I/O, words,
the system clock; alerts use the session's own time (`session_clock`).

A session that is not live has no alerts. The report shows the same conditions as results.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from app.kpis.evaluation.concurrency import sums_by_minute
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.reading.status import off_air_since, session_end
from app.storage.kpis.reads import ConcurrencyRow, SessionHead
from app.storage.kpis.session_status import SessionStatus
from app.storage.live.live_reads import OpenRequests

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


class Level(StrEnum):
    """The severity of an alert."""

    WARNING = "warning"
    CRITICAL = "critical"


BEHIND_TARGET = "behind_target"
_URGENCY = (Level.CRITICAL, Level.WARNING)
_CODES = ("no_telemetry", "sold_out_clicked", "low_stock", "slow_support", "audience_falling", BEHIND_TARGET)


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
    figures: Mapping[str, Any]
    """Figures that it is based on: numbers; an amount of money is a decimal string."""
    product: str | None = None
    kpi: str | None = None
    """The KPI that is behind its target."""
    currency: str | None = None
    """Of amounts among the figures."""
    internal: bool = False
    """Only the agency reads it."""


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
    """Return what identifies an alert within its session, however often it is raised: its code, and its product or its KPI."""
    if alert.kpi is not None:
        return f"{alert.code}-{alert.kpi}"
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
    targets: Sequence[Alert] = (),
) -> list[Alert]:
    """Return the alerts of a session, the most urgent first, with those of its targets; none unless it is live."""
    if evaluation.status is not SessionStatus.LIVE:
        return []
    head = evaluation.head
    clock = session_clock(head, evaluation.as_of)
    found = [
        no_telemetry(head, clock, limits.silence),
        slow_support(support, clock, limits.slow_seconds),
        audience_falling(minutes, off_air_since(head.broadcasts), clock),
        *targets,
    ]
    for code, state in products.items():
        found += [sold_out_clicked(code, state), low_stock(code, state, limits.low_stock)]
    alerts = [alert for alert in found if alert is not None]
    alerts.sort(key=lambda one: (_URGENCY.index(one.level), _CODES.index(one.code), one.since, one.product or one.kpi or ""))
    return alerts[:MOST_ALERTS]


def no_telemetry(head: SessionHead, clock: datetime, silence: timedelta) -> Alert | None:
    """Return the alert that no telemetry arrives.

    It ends with the first event, and when the broadcast has lasted for a day (`status.LONGEST_BROADCAST`).
    """
    moments = [moment for moment in (head.last_telemetry, *(b.at for b in head.broadcasts)) if moment is not None]
    if not moments:
        return None
    latest = max(moments)
    # What was counted is known by its minute: anything in it may have arrived at its end.
    quiet = clock - (latest + MINUTE if latest.second == latest.microsecond == 0 else latest)
    if quiet < silence:
        return None
    return Alert("no_telemetry", Level.CRITICAL, latest, {"minutes": (clock - latest) // MINUTE})


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
