"""The share of core fans in the first arrivals.

In: arrivals of the first minutes by fan level. Out: at most one finding. Never here: I/O.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction

from app.events.traffic import arrival_of
from app.insights.evidence import Evidence
from app.insights.finding import PICTURE, Finding, capped, path_of
from app.kpis.audience.audience import CORE_FAN_LEVEL
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.evaluation.rounding import number

EARLY = timedelta(minutes=20)
"""The results sheet evaluates the first 20 minutes."""
ENOUGH = 100
"""The fewest arrivals for a share."""
MANY = Fraction(1, 2)
FEW = Fraction(1, 5)
"""A share between these values is not reported."""


def early_window(evaluation: Evaluation) -> tuple[datetime, datetime] | None:
    """Return the first minutes, to the second; None before their end."""
    begin = evaluation.head.started_at
    if begin is None or evaluation.as_of < begin + EARLY:
        return None
    begin = begin.replace(microsecond=0)
    return begin, begin + EARLY


def core_fans_early(evidence: Evidence) -> Iterable[Finding]:
    """Find the core fans' share of the early arrivals, if most fan levels are known."""
    window = early_window(evidence.evaluation)
    if window is None:
        return
    levels: Counter[int | None] = Counter()
    for key, viewers in evidence.early_arrivals.items():
        levels[arrival_of(key).fan_level] += viewers
    everybody = levels.total()
    known = everybody - levels[None]
    if everybody < ENOUGH or known * 2 < everybody:
        return
    core = sum(viewers for level, viewers in levels.items() if level is not None and level >= CORE_FAN_LEVEL)
    share = Fraction(core, everybody)
    if FEW < share < MANY:
        return
    yield Finding(
        "core_fans_early",
        "live",
        "core_fans_early." + ("many" if share >= MANY else "few"),
        lambda say: {
            "minutes": say.count(EARLY // timedelta(minutes=1)),
            "arrivals": say.count(everybody),
            "core": say.count(core),
            "share": say.share(core, everybody),
            "level": say.count(CORE_FAN_LEVEL),
        },
        {
            "minutes": EARLY // timedelta(minutes=1),
            "arrivals": everybody,
            "min_level": CORE_FAN_LEVEL,
            "core_fans": core,
            "share": number(core, everybody),
        },
        [path_of(evidence.session, "audience", from_=window[0], to=window[1])],
        PICTURE * capped(abs(2 * core - everybody), everybody),
    )
