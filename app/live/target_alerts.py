"""The alert that a KPI is behind its target.

In: a session's evaluation, its targets, the brand's history. Out: alerts. Never here: I/O, words, the formula of the pace.
"""

from datetime import timedelta
from fractions import Fraction

from app.kpis.comparison.targets import History, SessionTargets, behind_since, shown, target_figures, timing_of
from app.kpis.evaluation.evaluate import Evaluation
from app.live.alerts import BEHIND_TARGET, Alert, Level

BEHIND = Fraction(9, 10)
"""A figure below this share of its pace is behind: one that is on pace is a little above it and a little below it by turns."""
FIRST_TENTH = Fraction(1, 10)
"""The share of a session's time before which its figures say little."""
WITHOUT_LENGTH = timedelta(minutes=10)
"""The same of a session whose length is not known."""


def behind_target(evaluation: Evaluation, targets: SessionTargets, history: History) -> list[Alert]:
    """Return an alert for each target whose pace is missed by more than a tenth, or whose limit is exceeded.

    `since` is the moment from which the present figure was too low, at the earliest the end of the first tenth of the time.
    """
    head, timing = evaluation.head, timing_of(evaluation, targets, history)
    if head.started_at is None or evaluation.duration_us is None:
        return []
    length = timing.length_us
    quiet = WITHOUT_LENGTH if length is None else timedelta(microseconds=int(length * FIRST_TENTH))
    passed = timedelta(microseconds=evaluation.duration_us)
    found = []
    for one in target_figures(evaluation, targets, history):
        behind = behind_since(one, timing, BEHIND)
        if behind is None or (passed < quiet and not one.is_limit):
            continue
        since = head.started_at + (behind if one.is_limit else max(behind, quiet))
        values = {"value": one.value, "target": one.target} | ({} if one.is_limit else {"pace": one.pace})
        figures = {name: text for name, value in values.items() if (text := shown(value, one.metric, head.currency)) is not None}
        slug, internal = one.metric.slug, not targets.shared
        found.append(Alert(BEHIND_TARGET, Level.WARNING, since, figures, kpi=slug, currency=head.currency, internal=internal))
    return found
