"""The step of the funnel that fell furthest below the brand's own median.

In: a session's KPIs and those of the sessions before it. Out: at most one finding. Never here: other
brands.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from app.insights.evidence import Evidence
from app.insights.finding import ACTION, Finding, path_of
from app.kpis.comparison.percentile import PercentileRank, percentile_rank
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.rounding import number
from app.labels.catalogue import label

STEPS = (("impressions", "viewers"), ("viewers", "clickers"), ("clickers", "buyers"))
"""From one step to the next; the first is the entry rate, the others are people of people."""
ENOUGH = 200
"""The fewest of the step before."""
ENOUGH_EARLIER = 3
"""The fewest earlier sessions that know the step."""
BELOW = Fraction(9, 10)
"""The largest ratio of a share to its median."""


class Step(NamedTuple):
    """A step of the funnel against the sessions before."""

    name: str
    value: Fraction
    among: PercentileRank
    relative: Fraction
    """The share divided by its median."""


def funnel_narrows(evidence: Evidence) -> Iterable[Finding]:
    """Find the step that fell furthest below the brand's median; none while the session is live."""
    if evidence.live:
        return
    steps = [step for of, name in STEPS if (step := _step(evidence, of, name)) is not None and step.relative <= BELOW]
    if not steps:
        return
    worst = min(steps, key=lambda step: step.relative)
    median = worst.among.median
    assert median is not None
    head = evidence.evaluation.head
    yield Finding(
        "funnel_narrows",
        "ec",
        "funnel_narrows.step",
        lambda say: {
            "label": label(f"insight.funnel_step.{worst.name}", say.language),
            "value": say.share(worst.value.numerator, worst.value.denominator),
            "median": say.share(median.numerator, median.denominator),
        },
        {
            "step": worst.name,
            "value": number(worst.value.numerator, worst.value.denominator),
            "median": number(median.numerator, median.denominator),
            "earlier": worst.among.known,
        },
        [
            path_of(evidence.session, "kpis"),
            f"/v1/brands/{head.brand}/history?session={head.id}&kind={head.kind}&limit={len(evidence.earlier) + 1}",
        ],
        ACTION * (1 - worst.relative),
        worst.name,
    )


def _step(evidence: Evidence, of: str, name: str) -> Step | None:
    value = _share(evidence.evaluation, of, name)
    if value is None or evidence.evaluation.total[of][0] < ENOUGH:
        return None
    among = percentile_rank(value, [_share(one, of, name) for one in evidence.earlier])
    if among.known < ENOUGH_EARLIER or not among.median:
        return None
    return Step(name, value, among, value / among.median)


def _share(one: Evaluation, of: str, name: str) -> Fraction | None:
    below, above = one.total[of], one.total[name]
    return Fraction(above[0], below[0]) if below[1] and above[1] and below[0] > 0 else None
