"""The traffic source whose viewers bought most.

In: arrivals and sales by source. Out: at most one finding. Never here: causes, costs.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from app.insights.evidence import Evidence
from app.insights.finding import ACTION, Finding, capped, path_of
from app.insights.message_format import MessageFormatter
from app.kpis.evaluation.rounding import digits_of, fixed, money
from app.labels.catalogue import label, label_or
from app.storage.kpis.sources import Source, SourceSales

ENOUGH_ARRIVALS = 100
ENOUGH_ORDERS = 10
"""The fewest orders of the source that pays best."""
LEAD = Fraction(3, 2)
"""The smallest ratio of the best source's GMV per arrival to the other's."""
_NOTHING = SourceSales()


def compared(arrivals: Mapping[Source | None, int]) -> list[Source]:
    """Return the named sources with enough arrivals; with fewer than two the rule needs no sales."""
    return [one for one, viewers in arrivals.items() if one is not None and one.name is not None and viewers >= ENOUGH_ARRIVALS]


def source_pays(evidence: Evidence) -> Iterable[Finding]:
    """Find the named source with the highest GMV per arrival, against the one with the lowest."""
    arrivals, sales = evidence.sources.arrivals, evidence.sources.sales
    known = compared(arrivals)
    if len(known) < 2 or not any(one.orders for one in sales.values()):
        return

    def worth(one: Source) -> Fraction:
        return Fraction(sales.get(one, _NOTHING).gmv, arrivals[one])

    ordered = sorted(known, key=lambda one: (-worth(one), one.name or "", str(one.paid)))
    best, worst = ordered[0], ordered[-1]
    sold, other = sales.get(best, _NOTHING), sales.get(worst, _NOTHING)
    if sold.orders < ENOUGH_ORDERS or worth(best) < LEAD * worth(worst):
        return
    digits = digits_of(evidence.evaluation.head.currency)
    total = evidence.evaluation.total["gmv"]
    yield Finding(
        "source_pays",
        "ec",
        "source_pays.best",
        lambda say: {
            "source": _name(say, best),
            "best": say.money(sold.gmv, arrivals[best]),
            "arrivals": say.count(arrivals[best]),
            "gmv": say.money(sold.gmv),
            "other": _name(say, worst),
            "worst": say.money(other.gmv, arrivals[worst]),
        },
        {
            "source": best.name,
            "paid": best.paid,
            "viewers": arrivals[best],
            "orders": sold.orders,
            "gmv": fixed(sold.gmv, digits),
            "gmv_per_viewer": money(sold.gmv, arrivals[best], digits),
            "other_source": worst.name,
            "other_paid": worst.paid,
            "other_gmv_per_viewer": money(other.gmv, arrivals[worst], digits),
        },
        [path_of(evidence.session, "sources")],
        ACTION * capped(sold.gmv, total[0] if total[1] else 0) / 2,
    )


def _name(say: MessageFormatter, one: Source) -> str:
    name = label_or(f"source.{one.name}", one.name or "", say.language)
    if one.paid is None:
        return name
    flow = label("insight.source_flow." + ("paid" if one.paid else "organic"), say.language)
    return label("insight.source_flow.of", say.language).format(source=name, flow=flow)
