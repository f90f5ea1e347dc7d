"""Figures that contradict each other.

In: the KPI warnings. Out: a finding for each. Never here: further checks.
"""

from collections.abc import Iterable

from app.insights.evidence import Evidence
from app.insights.finding import PICTURE, Finding, path_of
from app.kpis.evaluation.consistency import findings, message


def figures_contradict(evidence: Evidence) -> Iterable[Finding]:
    """Return a finding for each KPI warning."""
    for found in findings(evidence.evaluation, evidence.figures):
        yield Finding(
            "figures_contradict",
            "live",
            "figures_contradict",
            lambda say, found=found: {"message": message(found, say.head.currency, say.language)},  # type: ignore[misc]
            {"warning": found.code, **found.figures},
            [path_of(evidence.session, "kpis")],
            PICTURE / 2,
            ":".join([found.code, *(str(found.figures.get(name, "")) for name in ("platform", "metric"))]),
        )
