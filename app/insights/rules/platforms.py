"""Comparison of platforms.

In: KPIs by platform. Out: at most one finding. Never here: causes.
"""

from collections.abc import Iterable
from fractions import Fraction

from app.insights.evidence import Evidence
from app.insights.finding import ACTION, Finding, capped, path_of
from app.kpis.evaluation.rounding import digits_of, money, number

ENOUGH_VIEWERS = 200
ENOUGH_BUYERS = 20
"""The fewest buyers of all platforms: with fewer a single order decides the result."""
CONTRAST = Fraction(3, 2)
"""The smallest ratio of the platforms' GMV per viewer."""


def platform_contrast(evidence: Evidence) -> Iterable[Finding]:
    """Find the platforms with the highest and the lowest GMV per viewer."""
    total = evidence.evaluation.total
    platforms = {
        name: values
        for name, values in evidence.evaluation.by_platform.items()
        if values["viewers"][0] >= ENOUGH_VIEWERS and values["gmv"][1]
    }
    if len(platforms) < 2 or total["buyers"][0] < ENOUGH_BUYERS or total["gmv"][0] <= 0:
        return

    def worth(name: str) -> Fraction:
        return Fraction(platforms[name]["gmv"][0], platforms[name]["viewers"][0])

    ordered = sorted(platforms, key=lambda name: (-worth(name), name))
    best, worst = ordered[0], ordered[-1]
    if worth(best) < CONTRAST * worth(worst):
        return
    viewers, gmv = total["viewers"][0], total["gmv"][0]
    digits = digits_of(evidence.evaluation.head.currency)
    mine, theirs = platforms[best], platforms[worst]
    yield Finding(
        "platform_contrast",
        "ec",
        "platform_contrast",
        lambda say: {
            "best": say.platform(best),
            "viewers_share": say.share(mine["viewers"][0], viewers),
            "gmv_share": say.share(mine["gmv"][0], gmv),
            "value": say.money(*mine["gmv_per_viewer"][:2]),
            "worst": say.platform(worst),
            "other_value": say.money(*theirs["gmv_per_viewer"][:2]),
        },
        {
            "platform": best,
            "viewers": mine["viewers"][0],
            "viewers_share": number(mine["viewers"][0], viewers),
            "gmv": money(mine["gmv"][0], 1, digits),
            "gmv_share": number(mine["gmv"][0], gmv),
            "gmv_per_viewer": money(*mine["gmv_per_viewer"][:2], digits),
            "other_platform": worst,
            "other_gmv_per_viewer": money(*theirs["gmv_per_viewer"][:2], digits),
        },
        [path_of(evidence.session, "kpis")],
        ACTION * capped(abs(mine["gmv"][0] * viewers - mine["viewers"][0] * gmv), gmv * viewers),
        best,
    )
