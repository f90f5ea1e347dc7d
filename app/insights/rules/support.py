"""Response times of customer service, and shipping times.

In: KPIs, slow answers by the minute, the orders' moments. Out: findings. Never here: I/O.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from app.insights.evidence import MINUTE, Evidence
from app.insights.finding import ACTION, Finding, capped, path_of
from app.kpis.documents.render import local
from app.kpis.evaluation.metrics import SHIPPED
from app.kpis.evaluation.rounding import half_up, number

ENOUGH_SLOW = 3
"""The fewest slow answers."""
MANY_SLOW = Fraction(1, 5)
"""The smallest share of slow answers."""
TOGETHER = Fraction(1, 3)
"""The smallest share of the slow answers in one quarter of an hour."""
BUNCH = timedelta(minutes=15)
LONG_HOURS = 72
"""WeChat and Douyin require shops to ship goods in stock within 48 hours; this is a day more."""
ENOUGH_PARCELS = 5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_MS = 3_600_000


def slow_support(evidence: Evidence) -> Iterable[Finding]:
    """Find the number of slow answers, and the time with the most of them."""
    total = evidence.evaluation.total
    requests, slow, average = total["support_requests"], total["slow_responses"], total["average_response_seconds"]
    if not requests[1] or not slow[1] or slow[0] < ENOUGH_SLOW or slow[0] < MANY_SLOW * requests[0]:
        return
    bunch = _bunch(evidence, slow[0])
    links = [path_of(evidence.session, "kpis")]
    figures: dict[str, object] = {
        "support_requests": requests[0],
        "slow_responses": slow[0],
        "average_response_seconds": number(average[0], average[1]) if average[1] else None,
    }
    if bunch is not None:
        begin, late = bunch
        zone = evidence.evaluation.head.time_zone
        figures |= {"from": local(begin, zone), "to": local(begin + BUNCH, zone), "slow_responses_between": late}
        links.append(
            path_of(evidence.session, "timeline", metrics="slow_responses", step="15m", from_=begin, to=begin + BUNCH)
        )  # fmt: skip
    yield Finding(
        "slow_support",
        "ec",
        "slow_support" + (".bunched" if bunch else ""),
        lambda say: {
            "requests": say.count(requests[0]),
            "slow": say.count(slow[0]),
            "limit": say.span(evidence.slow_after_ms),
            "average": say.span(average[0] * 1000, max(1, average[1])),
            **({"from": say.clock(bunch[0]), "to": say.clock(bunch[0] + BUNCH), "late": say.count(bunch[1])} if bunch else {}),
        },
        figures,
        links,
        ACTION * capped(slow[0], max(requests[0], slow[0])),
    )


def _bunch(evidence: Evidence, slow: int) -> tuple[datetime, int] | None:
    """Return the quarter of an hour with the most slow answers, if it has enough of them."""
    course = evidence.course
    if course is None:
        return None
    found: dict[datetime, int] = {}
    for minute, count in evidence.counts.get("slow_responses", {}).items():
        at = course.begin + minute * MINUTE
        begin = _EPOCH + (at - _EPOCH) // BUNCH * BUNCH
        found[begin] = found.get(begin, 0) + count
    busiest = max(sorted(found), key=lambda quarter: found[quarter], default=None)
    if busiest is None or found[busiest] < ENOUGH_SLOW or found[busiest] < TOGETHER * slow:
        return None
    return busiest, found[busiest]


def long_shipping(evidence: Evidence) -> Iterable[Finding]:
    """Find whether orders took long to ship."""
    hours, shipped = evidence.evaluation.total["average_ship_hours"], evidence.evaluation.total[SHIPPED]
    found = evidence.shipping
    if found is None or not hours[1] or not shipped[1] or shipped[0] < ENOUGH_PARCELS or hours[0] < LONG_HOURS * hours[1]:
        return
    yield Finding(
        "long_shipping",
        "ec",
        "long_shipping",
        lambda say: {
            "days": format_days(hours[0], hours[1]),
            "shipped": say.count(found.shipped),
            "late": say.count(found.late),
            "limit": say.count(LONG_HOURS),
        },
        {
            "average_ship_hours": number(hours[0], hours[1]),
            "shipped_orders": found.shipped,
            "limit_hours": LONG_HOURS,
            "late_orders": found.late,
        },
        [path_of(evidence.session, "kpis"), path_of(evidence.session, "orders", limit="200")],
        ACTION * capped(hours[0] - LONG_HOURS * hours[1], hours[0]),
    )


def format_days(hours: int, per: int) -> str:
    """Return hours as days, with one decimal unless it is zero."""
    tenths = half_up(hours * 10, per * 24)
    return str(tenths // 10) + (f".{tenths % 10}" if tenths % 10 else "")
