"""Hosts, coupons and giveaways, the time after the show, the minute that lost most viewers.

In: a session's sales by time, entries and exits by the minute. Out: findings. Never here: causes. A finding about a mark or a
host states what was sold meanwhile, not that one brought the other.
"""

from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

from app.insights.evidence import MINUTE, Evidence, Presented, Stretch
from app.insights.finding import ACTION, PICTURE, Finding, capped, path_of
from app.insights.message_format import MessageFormatter
from app.kpis.documents.render import local
from app.kpis.evaluation.metrics import DAY
from app.kpis.evaluation.rounding import digits_of, fixed, money, number
from app.kpis.windows.effects import Effect, Window, overlap, per_minute

LONG_ENOUGH_US = 600_000_000
"""The shortest time of a host: ten minutes."""
ENOUGH_ORDERS = 10
"""The fewest orders of the host who sold most, of a mark with the time before it, or after the show."""
LEAD = Fraction(6, 5)
"""The smallest ratio of the best host's GMV per minute to the other's."""
SHORTEST = timedelta(minutes=2)
"""The shortest window of a mark."""
DIFFERENT = Fraction(3, 2)
"""The smallest ratio of the GMV per minute during a mark and before it, either way."""
SMALLEST_SHARE = Fraction(1, 50)
"""The smallest share of the GMV after the show."""
ENOUGH_LOST = 30
"""The fewest viewers of a minute who left and did not enter."""
LAST_MINUTES = timedelta(minutes=10)
"""At the end of a broadcast everybody leaves."""
_NAMED = 3
"""Marks that a sentence names."""
_MINUTE_US = 60_000_000


def host_sales(evidence: Evidence) -> Iterable[Finding]:
    """Find the host with the highest GMV per minute of presentation, against the one with the lowest."""
    hosts = [one for one in evidence.presented if one.microseconds >= LONG_ENOUGH_US]
    if len(hosts) < 2:
        return

    def rate(one: Presented) -> Fraction:
        return Fraction(one.sold.gmv, one.microseconds)

    ordered = sorted(hosts, key=lambda one: (-rate(one), one.host))
    best, worst = ordered[0], ordered[-1]
    if best.sold.orders < ENOUGH_ORDERS or rate(best) < LEAD * rate(worst):
        return
    digits = digits_of(evidence.evaluation.head.currency)
    total = evidence.evaluation.total["gmv"]
    yield Finding(
        "host_sales",
        "live",
        "host_sales.best",
        lambda say: {
            "host": best.host,
            "best": say.about(best.sold.gmv * _MINUTE_US, best.microseconds),
            "minutes": say.minutes(best.microseconds),
            "orders": say.count(best.sold.orders),
            "other": worst.host,
            "worst": say.about(worst.sold.gmv * _MINUTE_US, worst.microseconds),
        },
        {
            "host": best.host,
            "minutes": round(best.microseconds / _MINUTE_US, 6),
            "orders": best.sold.orders,
            "gmv": fixed(best.sold.gmv, digits),
            "gmv_per_minute": money(best.sold.gmv * _MINUTE_US, best.microseconds, digits),
            "other_host": worst.host,
            "other_gmv_per_minute": money(worst.sold.gmv * _MINUTE_US, worst.microseconds, digits),
        },
        [path_of(evidence.session, "hosts")],
        ACTION * capped(best.sold.gmv, total[0] if total[1] else 0) / 2,
        best.host,
    )


def mark_coincidence(evidence: Evidence) -> Iterable[Finding]:
    """Find coupons and giveaways during which much more, or much less, was sold by the minute than before."""
    effects = evidence.effects
    if effects is None or not effects.sales.known:
        return
    for one in effects.shown:
        alone = not any(overlap(one, other) for other in effects.shown if other is not one)
        if one.before is not None and alone and not one.lasts:
            yield from _coincidence(evidence, one, one.before)


def _coincidence(evidence: Evidence, one: Effect, earlier: Window) -> Iterable[Finding]:
    effects = evidence.effects
    if effects is None or min(window.end - window.begin for window in (earlier, one.during)) < SHORTEST:
        return
    head, sales = effects.head, effects.sales
    digits = digits_of(head.currency)

    def rate(window: Window) -> tuple[int, int]:
        return per_minute(sales.between(*window), window)

    before, during = Fraction(*rate(earlier)), Fraction(*rate(one.during))
    orders_before, orders = sales.between(*earlier).orders, sales.between(*one.during).orders
    higher = max(during, before)
    if orders_before + orders < ENOUGH_ORDERS or not higher or higher < DIFFERENT * min(during, before):
        return
    later = None if one.after is None or one.after.end - one.after.begin < SHORTEST else one.after
    lasted = later is not None and during > before and Fraction(*rate(later)) >= DIFFERENT * before > 0
    wording = "lasted" if lasted else "higher" if during > before else "lower"

    def words(say: MessageFormatter) -> dict[str, str]:
        found = {
            "time": say.clock(one.during.begin),
            "mark": say.mark(one.mark.name),
            "before": say.about(*rate(earlier)),
            "during": say.about(*rate(one.during)),
        }
        return found | ({"after": say.about(*rate(later))} if lasted and later is not None else {})

    yield Finding(
        "mark_coincidence",
        "ec",
        f"mark_coincidence.{wording}",
        words,
        {
            "label": one.mark.name,
            "at": local(one.mark.at, head.time_zone),
            "orders_before": orders_before,
            "orders": orders,
            "gmv_per_minute_before": money(*rate(earlier), digits),
            "gmv_per_minute": money(*rate(one.during), digits),
            "gmv_per_minute_after": None if later is None else money(*rate(later), digits),
        },
        [path_of(evidence.session, "effects")],
        # A description: what coincided may have another cause.
        PICTURE * abs(during - before) / higher,
        f"{one.mark.at.isoformat()} {one.mark.name}",
    )


def after_live_sales(evidence: Evidence) -> Iterable[Finding]:
    """Find the share of the GMV that was paid in the day after the show, once the day is over."""
    evaluation = evidence.evaluation
    total, head = evaluation.total, evaluation.head
    orders, gmv, all_gmv = total["after_live_orders_24h"], total["after_live_gmv_24h"], total["gmv"]
    if not orders[1] or head.ended_at is None or evaluation.as_of < head.ended_at + DAY:
        return
    if orders[0] < ENOUGH_ORDERS or all_gmv[0] <= 0 or gmv[0] < SMALLEST_SHARE * all_gmv[0]:
        return
    digits = digits_of(head.currency)
    yield Finding(
        "after_live_sales",
        "ec",
        "after_live_sales.share",
        lambda say: {
            "orders": say.count(orders[0]),
            "gmv": say.money(gmv[0]),
            "share": say.share(gmv[0], all_gmv[0]),
        },
        {
            "orders": orders[0],
            "gmv": fixed(gmv[0], digits),
            "session_gmv": fixed(all_gmv[0], digits),
            "share": number(gmv[0], all_gmv[0]),
        },
        [path_of(evidence.session, "kpis")],
        ACTION * capped(gmv[0], all_gmv[0]) / 2,
    )


def viewers_lost(evidence: Evidence) -> Iterable[Finding]:
    """Find the minute in which most more viewers left than entered; none while the session is live, nor of its end."""
    course = evidence.course
    exits, views = evidence.counts.get("exits", {}), evidence.counts.get("views", {})
    if course is None or evidence.live or not exits or not views:
        return
    last = (course.end - LAST_MINUTES - course.begin) // MINUTE
    lost = {minute: left - views.get(minute, 0) for minute, left in exits.items() if 0 <= minute < last}
    worst = min(lost, key=lambda minute: (-lost[minute], minute), default=None)
    if worst is None or lost[worst] < ENOUGH_LOST:
        return
    window = Stretch(course.begin + worst * MINUTE, course.begin + (worst + 1) * MINUTE)
    on_air = evidence.on_air(*window)
    product = on_air[0] if on_air and on_air[1] >= Fraction(1, 2) else None
    marks = evidence.marked(*window)
    viewers = evidence.evaluation.total["viewers"][0]

    def words(say: MessageFormatter) -> dict[str, str]:
        found = {
            "time": say.clock(window.begin),
            "exits": say.count(exits[worst]),
            "entries": say.count(views.get(worst, 0)),
        }
        if marks:
            found["marks"] = say.listed(say.mark(name) for name in marks[:_NAMED])
        return found | ({} if product is None else {"product": say.product(product)})

    yield Finding(
        "viewers_lost",
        "live",
        "viewers_lost." + ("bare" if product is None else "product") + ("_marked" if marks else ""),
        words,
        {
            "at": local(window.begin, evidence.evaluation.head.time_zone),
            "exits": exits[worst],
            "entries": views.get(worst, 0),
            "product": product,
            "marks": marks,
        },
        [
            path_of(evidence.session, "timeline", metrics="views,exits", step="1m", from_=window.begin, to=window.end),
            *([] if product is None else [path_of(evidence.session, "showcases")]),
            *([path_of(evidence.session, "timeline", metrics="exits", step="1h")] if marks else []),
        ],
        PICTURE * capped(lost[worst], viewers),
    )
