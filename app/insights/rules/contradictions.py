"""Figures that contradict each other.

In: the KPI warnings. Out: a finding for each. Never here: further checks.
"""

from collections.abc import Iterable

from app.insights.evidence import Evidence
from app.insights.finding import PICTURE, Finding, path_of
from app.insights.message_format import MessageFormatter
from app.kpis.consistency import KpiWarning as Contradiction, findings
from app.labels.catalogue import label


def figures_contradict(evidence: Evidence) -> Iterable[Finding]:
    """Return a finding for each KPI warning."""
    for found in findings(evidence.evaluation, evidence.figures):
        yield Finding(
            "figures_contradict",
            "live",
            "figures_contradict",
            lambda say, found=found: {"message": _message(found, say)},  # type: ignore[misc]
            {"warning": found.code, **found.figures},
            [path_of(evidence.session, "kpis")],
            PICTURE / 2,
            ":".join([found.code, *(str(found.figures.get(name, "")) for name in ("platform", "metric"))]),
        )


def _message(found: Contradiction, say: MessageFormatter) -> str:
    """Return the text of a KPI warning, with its numbers in the format of running text."""
    words = {name: say.plain(value) for name, value in found.figures.items()}
    if "metric" in words:
        words |= {"label": label(f"metric.{words['metric']}", say.language), "platform": say.platform(words["platform"])}
    return label(f"warning.{found.code}", say.language).format(**words)
