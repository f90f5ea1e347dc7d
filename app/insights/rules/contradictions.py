"""Figures that cannot all be right.

In: the read side's own checks. Out: a finding for each. Never here: checks of our own.
"""

from collections.abc import Iterable

from app.insights.evidence import Evidence
from app.insights.finding import PICTURE, Finding, path_of
from app.insights.message_format import MessageFormatter
from app.kpis.consistency import KpiWarning as Contradiction, findings
from app.labels.catalogue import label


def figures_contradict(evidence: Evidence) -> Iterable[Finding]:
    """Tell every contradiction that the KPIs warn of."""
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
    """Return the warning of the KPIs, its numbers as a sentence has them."""
    words = {name: say.plain(value) for name, value in found.figures.items()}
    if "metric" in words:
        words |= {"label": label(f"metric.{words['metric']}", say.language), "platform": say.platform(words["platform"])}
    return label(f"warning.{found.code}", say.language).format(**words)
