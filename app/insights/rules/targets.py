"""Targets against what was reached, or against the pace while the session is on air.

In: the session's targets with their state. Out: findings. Never here: the pace.
"""

from collections.abc import Iterable
from fractions import Fraction

from app.insights.evidence import Evidence
from app.insights.finding import ACTION, PICTURE, Finding, path_of
from app.insights.message_format import MessageFormatter
from app.kpis.comparison.targets import State, TargetFigure, shown
from app.kpis.evaluation.number_format import format_value
from app.kpis.evaluation.rounding import number
from app.labels.catalogue import label

STATES = (State.MISSED, State.BEHIND, State.EXCEEDED, State.REACHED)
"""The states that a finding states; the others say that nothing is decided yet."""


def target_pace(evidence: Evidence) -> Iterable[Finding]:
    """Find targets that were missed, reached or exceeded, and those that are behind their pace."""
    for one in evidence.targets:
        if one.state in STATES and one.value is not None and one.target > 0 and not (one.is_limit and one.state is State.REACHED):
            yield _finding(evidence, one, one.value)


def _finding(evidence: Evidence, one: TargetFigure, value: Fraction) -> Finding:
    slug, currency = one.metric.slug, evidence.evaluation.head.currency
    attained = value / one.target

    def words(say: MessageFormatter) -> dict[str, str]:
        def printed(figure: Fraction) -> str:
            text = shown(figure, one.metric, currency)
            assert text is not None
            return format_value(slug, text, one.metric.unit, currency, say.language)

        found = {
            "label": label(f"metric.{slug}", say.language),
            "value": printed(value),
            "target": printed(one.target),
            "share": say.share(attained.numerator, attained.denominator),
        }
        return found | ({"pace": printed(one.pace)} if one.state is State.BEHIND and one.pace is not None else {})

    off = abs(1 - value / (one.pace if one.state is State.BEHIND and one.pace else one.target))
    return Finding(
        "target_pace",
        "live" if slug in _AUDIENCE else "ec",
        f"target_pace.{one.state.value}",
        words,
        {
            "kpi": slug,
            "state": one.state.value,
            "value": shown(value, one.metric, currency),
            "target": shown(one.target, one.metric, currency),
            "attained": number(attained.numerator, attained.denominator),
            "pace": shown(one.pace, one.metric, currency),
        },
        [path_of(evidence.session, "targets")],
        PICTURE if one.state is State.REACHED else ACTION * min(Fraction(1), off),
        slug,
    )


_AUDIENCE = frozenset(
    {"viewers", "views", "peak_concurrent_viewers", "average_concurrent_viewers", "average_watch_seconds", "new_followers",
     "follow_rate", "comments", "commenters", "likes", "shares", "engagement_rate", "interaction_rate"}
)  # fmt: skip
"""KPIs of the sheet's live section; all others belong to its sales."""
