"""Effects of promotions, from the traffic sources that platforms report.

In: promotions with their views, arrivals by source, sell-outs. Out: findings. Never here: causes. A finding
states that a product was promoted and that it sold out, not that one caused the other.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction

from app.events.traffic import arrival_of
from app.insights.evidence import Evidence
from app.insights.finding import ACTION, Finding, capped, path_of
from app.kpis.documents.render import local
from app.kpis.evaluation.rounding import number
from app.kpis.products.products import ProductResult

SOURCES = frozenset({"promotion", "advertisement", "ad", "ads"})
"""Traffic sources that are promotions; the kinds of the session's promotions are added."""
ENOUGH_ARRIVALS = 50
SHARE = Fraction(1, 50)
"""The smallest share of the arrivals."""
SOON = Fraction(1, 2)
"""The part of the broadcast in which a sell-out is early."""


def promotion_effect(evidence: Evidence) -> Iterable[Finding]:
    """Find the arrivals from promotions, and promoted products that sold out early."""
    viewed = [row for row in evidence.promotions if row.views]
    if not viewed:
        return
    sources = SOURCES | {row.kind for row in viewed if row.kind}
    arrived = sum(viewers for key, viewers in evidence.arrivals.items() if arrival_of(key).source in sources)
    everybody = sum(evidence.arrivals.values())
    views = sum(row.views or 0 for row in viewed)
    links = [path_of(evidence.session, "report")]
    if arrived >= ENOUGH_ARRIVALS and arrived >= SHARE * everybody:
        yield Finding(
            "promotion_effect",
            "promotion",
            "promotion_effect.arrivals",
            lambda say: {
                "views": say.count(views),
                "arrivals": say.count(arrived),
                "share": say.share(arrived, everybody),
            },
            {
                "promotions": len(viewed),
                "promotion_views": views,
                "arrivals": arrived,
                "arrivals_share": number(arrived, everybody),
            },
            [*links, path_of(evidence.session, "audience")],
            ACTION * capped(arrived, everybody) / 2,
            "arrivals",
        )
    yield from _sold_out_soon(evidence, views, links)


def _sold_out_soon(evidence: Evidence, views: int, links: list[str]) -> Iterable[Finding]:
    course, begin = evidence.course, evidence.evaluation.head.started_at
    if course is None or begin is None:
        return
    titles = " ".join(row.title or "" for row in evidence.promotions if row.views).casefold()
    for product in evidence.products():
        at = product.sold_out_at
        if at is None or not begin <= at <= course.begin + (course.end - course.begin) * SOON.numerator / SOON.denominator:
            continue
        if not _shown(evidence, product, titles):
            continue
        yield _sold_out(evidence, product, at, at - begin, views, links)


def _shown(evidence: Evidence, product: ProductResult, titles: str) -> bool:
    """Return whether a promotion's title contains the product's name."""
    names = {product.code, product.name, *evidence.names.get(product.code, {}).values()}
    return any(len(name) > 1 and name.casefold() in titles for name in names)


def _sold_out(
    evidence: Evidence, product: ProductResult, at: datetime, after: timedelta, views: int, links: list[str]
) -> Finding:
    minutes = after // timedelta(minutes=1)
    gmv, total = product.figures["gmv"], evidence.evaluation.total["gmv"]
    return Finding(
        "promotion_effect",
        "promotion",
        "promotion_effect.sold_out",
        lambda say: {
            "product": say.product(product.code),
            "views": say.count(views),
            "minutes": say.count(minutes),
        },
        {
            "product": product.code,
            "promotion_views": views,
            "sold_out_at": local(at, evidence.evaluation.head.time_zone),
            "minutes": minutes,
        },
        [*links, path_of(evidence.session, "products"), f"/v1/sessions/{evidence.session}"],
        ACTION * capped(gmv[0], total[0] if total[1] else 0) / 2,
        product.code,
    )
