"""Targets: what a KPI should reach, what it should be by now, and whether it is.

In: a session's targets and figures, and how the brand's earlier sessions reached theirs. Out: figures against their targets, the
targets document. Never here: I/O, the system clock.

The pace of a sum (viewers, orders, GMV) is the target × the share that the brand's earlier sessions had reached at this point of
their time: what they had together, divided by what they had together at their end. Without earlier sessions the share is that of
the planned time that has passed. A ratio, an average or a rate has no course: its pace is the target itself. Of costs and
complaints the target is an upper limit.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from app.kpis.comparison.percentile import exact
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.metrics import BY_SLUG, Metric, Rule, Unit
from app.kpis.evaluation.rounding import digits_of, money, number
from app.storage.kpis.session_status import SessionStatus

STEPS = 100
"""The course of an earlier session is known at so many points of its time."""
LIMITS = frozenset(
    {"refunded_orders", "refund_amount", "refund_rate", "ad_spend", "support_requests", "average_response_seconds",
     "slow_responses", "average_ship_hours"}
)  # fmt: skip
"""KPIs whose target is an upper limit."""
_SUMS = (Rule.AUDIENCE, Rule.COMMERCE, Rule.LEDGER, Rule.COUNTED, Rule.BY_PRODUCT)
COURSES: Mapping[str, str] = {
    **{slug: slug for slug, metric in BY_SLUG.items() if metric.rule in _SUMS and slug not in LIMITS},
    # They grow as the sums that they are made of.
    "net_gmv": "gmv",
    "repeat_buyers": "buyers",
}
"""KPI that grows during a session → the sum whose course is that of its pace."""
_AT_ITS_END = "peak_concurrent_viewers"
"""The highest of all moments may be the last: it has no pace before the end."""

PaceBasis = Literal["history", "linear", "target"]


class State(StrEnum):
    """Where a figure stands against its target."""

    UNKNOWN = "unknown"
    """The figure is absent, or there is no pace to compare it with."""
    ON_PACE = "on_pace"
    BEHIND = "behind"
    REACHED = "reached"
    MISSED = "missed"
    EXCEEDED = "exceeded"
    """It is above its upper limit."""


class SessionTargets(NamedTuple):
    """What the plan of a session aims at."""

    values: Mapping[str, int | float | str]
    """KPI slug → target: a decimal string for money, else a number."""
    planned_minutes: int | None
    shared: bool
    """Whether readers outside the agency see them."""


NO_TARGETS = SessionTargets({}, None, shared=False)


class Course(NamedTuple):
    """What earlier sessions had reached together, after each hundredth of their time."""

    reached: tuple[int, ...]
    """`STEPS` + 1 sums that never fall; the last one is above 0."""
    sessions: int

    def share(self, progress: Fraction) -> Fraction:
        """Return the share that was reached at a point of time from 0 to 1; between two points of the course it grows evenly."""
        place = min(max(progress, Fraction(0)), Fraction(1)) * STEPS
        step = min(int(place), STEPS - 1)
        low, high = self.reached[step], self.reached[step + 1]
        return (low + (high - low) * (place - step)) / self.reached[-1]

    def first(self, share: Fraction) -> Fraction:
        """Return the first point of time at which a share up to 1 was reached."""
        wanted = share * self.reached[-1]
        step = bisect_left(self.reached, wanted)
        if step == 0:
            return Fraction(0)
        low, high = self.reached[step - 1], self.reached[step]
        return (step - 1 + (wanted - low) / (high - low)) / STEPS


def course_of(by_step: Sequence[Sequence[int]]) -> Course | None:
    """Return the course of sessions, of which each gained so much in each of `STEPS` + 1 steps; None if they gained nothing."""
    reached = tuple(accumulate(map(sum, zip(*by_step, strict=True)))) if by_step else ()
    return Course(reached, len(by_step)) if reached and reached[-1] > 0 else None


class History(NamedTuple):
    """The brand's earlier sessions."""

    length_us: Fraction | None
    """The median of their durations; None without earlier sessions."""
    courses: Mapping[str, Course]
    """KPI slug → the course of the earlier sessions that have this figure."""


NO_HISTORY = History(None, {})


class Timing(NamedTuple):
    """The time of a session."""

    length_us: Fraction | None
    """How long it lasts: as planned, else as the brand's earlier sessions did."""
    basis: Literal["planned", "history"] | None
    progress: Fraction | None
    """The share of it that has passed, 0 to 1; None before the start, or without a length."""


class TargetFigure(NamedTuple):
    """A KPI against its target. Amounts are in minor units."""

    metric: Metric
    target: Fraction
    value: Fraction | None
    pace: Fraction | None
    """What the figure should be by now; of a limit, the limit."""
    basis: PaceBasis | None
    course: Course | None
    state: State

    @property
    def is_limit(self) -> bool:
        """Return whether the figure should not exceed the target."""
        return self.metric.slug in LIMITS


def timing_of(evaluation: Evaluation, targets: SessionTargets, history: History) -> Timing:
    """Return a session's length and how much of it has passed; a session that is over is at its end."""
    planned, earlier = targets.planned_minutes, history.length_us
    length = earlier if planned is None else Fraction(planned * 60_000_000)
    basis: Literal["planned", "history"] | None = None if length is None else ("history" if planned is None else "planned")
    passed = evaluation.duration_us
    if evaluation.status.is_over:
        return Timing(length, basis, Fraction(1))
    if evaluation.status is not SessionStatus.LIVE or not length or passed is None:
        return Timing(length, basis, None)
    return Timing(length, basis, min(Fraction(passed) / length, Fraction(1)))


def target_figures(evaluation: Evaluation, targets: SessionTargets, history: History = NO_HISTORY) -> list[TargetFigure]:
    """Return where each target stands, in the order of the KPIs."""
    timing = timing_of(evaluation, targets, history)
    digits = digits_of(evaluation.head.currency)
    found = []
    for slug, metric in BY_SLUG.items():
        if slug not in targets.values:
            continue
        target = Fraction(str(targets.values[slug])) * (10**digits if metric.unit is Unit.MONEY else 1)
        pace, basis, course = _pace(slug, target, evaluation.status, timing, history)
        value = exact(evaluation.total[slug])
        state = _state(value, target, pace, over=evaluation.status.is_over,
                       limit=slug in LIMITS, grows=slug in COURSES or slug == _AT_ITS_END)  # fmt: skip
        found.append(TargetFigure(metric, target, value, pace, basis, course, state))
    return found


def _pace(
    slug: str, target: Fraction, status: SessionStatus, timing: Timing, history: History
) -> tuple[Fraction | None, PaceBasis | None, Course | None]:
    over = status.is_over
    if status is SessionStatus.SCHEDULED or (slug == _AT_ITS_END and not over):
        return None, None, None
    if over or slug not in COURSES:
        return target, "target", None
    if timing.progress is None:
        return None, None, None
    course = history.courses.get(slug)
    if course is None:
        return target * timing.progress, "linear", None
    return target * course.share(timing.progress), "history", course


def _state(value: Fraction | None, target: Fraction, pace: Fraction | None, *, over: bool, limit: bool, grows: bool) -> State:
    if value is None:
        return State.UNKNOWN
    if limit:
        return State.EXCEEDED if value > target else State.REACHED if over else State.ON_PACE
    if value >= target and (over or grows):
        return State.REACHED
    if over:
        return State.MISSED
    if pace is None:
        return State.UNKNOWN
    return State.ON_PACE if value >= pace else State.BEHIND


def shown(value: Fraction | None, metric: Metric, currency: str) -> int | float | str | None:
    """Return a value of a target figure in the format of its KPI."""
    if value is None:
        return None
    if metric.unit is Unit.MONEY:
        return money(value.numerator, value.denominator, digits_of(currency))
    return number(value.numerator, value.denominator)


def targets_document(
    evaluation: Evaluation, targets: SessionTargets, history: History = NO_HISTORY, *, client: bool = False
) -> Document:
    """Return the targets document (`TargetsDocument`); a client sees targets that are shared, and no others."""
    seen = NO_TARGETS if client and not targets.shared else targets
    head, timing = evaluation.head, timing_of(evaluation, seen, history)
    length, progress = (timing.length_us, timing.progress) if seen.values else (None, None)
    return {
        "session": str(head.id),
        "status": evaluation.status.value,
        "as_of": local(evaluation.as_of, head.time_zone),
        "currency": head.currency,
        "shared": seen.shared,
        "length": None if length is None else
        {"seconds": number(length.numerator, length.denominator * 1_000_000), "basis": timing.basis},
        "progress": None if progress is None else number(progress.numerator, progress.denominator),
        "targets": [_target(one, evaluation) for one in target_figures(evaluation, seen, history)],
    }  # fmt: skip


def _target(one: TargetFigure, evaluation: Evaluation) -> dict[str, Any]:
    currency = evaluation.head.currency
    attained = None if one.value is None or not one.target else one.value / one.target
    return {
        "kpi": one.metric.slug,
        "unit": one.metric.unit.value,
        "target": shown(one.target, one.metric, currency),
        "value": shown(one.value, one.metric, currency),
        "basis": evaluation.total[one.metric.slug][2],
        "attained": None if attained is None else number(attained.numerator, attained.denominator),
        "pace": shown(one.pace, one.metric, currency),
        "pace_basis": one.basis,
        "sessions": 0 if one.course is None else one.course.sessions,
        "bound": "at_most" if one.is_limit else "at_least",
        "state": one.state.value,
    }


def behind_since(one: TargetFigure, timing: Timing, share: Fraction) -> timedelta | None:
    """Return how long after the start the present figure first was less than a share of the pace; None if it is not.

    A figure that grows was no more than now at any earlier moment, so it has been behind at least since then.
    """
    if one.value is None or one.pace is None:
        return None
    if one.is_limit or one.metric.slug not in COURSES:
        wrong = one.value > one.target if one.is_limit else one.value < one.pace * share
        return timedelta(0) if wrong else None
    if one.value >= one.pace * share or timing.length_us is None:
        return None
    # A pace above 0 is that of a target above 0.
    needed = max(one.value, Fraction(0)) / (one.target * share) if one.target else Fraction(0)
    point = needed if one.course is None else one.course.first(needed)
    return timedelta(microseconds=int(point * timing.length_us))
