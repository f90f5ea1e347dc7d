"""All rules, and the ranking of their findings.

In: evidence. Out: findings by weight. Never here: thresholds, text, I/O.
"""

from collections.abc import Callable, Iterable

from app.insights.evidence import Evidence
from app.insights.finding import CODES, Finding
from app.insights.rules import (
    audience,
    comments,
    contradictions,
    core_fans,
    funnel,
    history,
    platforms,
    products,
    promotions,
    support,
    targets,
    traffic,
    windows,
)

Rule = Callable[[Evidence], Iterable[Finding]]

MOST = 100
"""The most findings of one session; those with the least weight are left out."""
RULES: tuple[Rule, ...] = (
    audience.busier_half,
    audience.audience_peak,
    audience.audience_decline,
    audience.steepest_fall,
    core_fans.core_fans_early,
    products.on_air_winners,
    products.clicked_not_bought,
    products.stock_out_missed_demand,
    history.spend_against_history,
    history.pace,
    support.slow_support,
    support.long_shipping,
    promotions.promotion_effect,
    platforms.platform_contrast,
    comments.comment_topics,
    contradictions.figures_contradict,
    windows.host_sales,
    windows.mark_coincidence,
    windows.after_live_sales,
    windows.viewers_lost,
    funnel.funnel_narrows,
    traffic.source_pays,
    targets.target_pace,
)


def findings_of(evidence: Evidence) -> list[Finding]:
    """Return the findings of all rules by weight, then by code, then by subject."""
    found = [finding for rule in RULES for finding in rule(evidence)]
    return sorted(found, key=lambda one: (-one.weight, CODES.index(one.code), one.wording, one.subject))[:MOST]
