"""Products that sold on air, products that were clicked but not bought, and products that sold out.

In: results by product, showcases. Out: findings. Never here: buyers of products added up.
"""

from collections.abc import Iterable
from fractions import Fraction

from app.insights.evidence import Evidence
from app.insights.finding import ACTION, MONEY, Finding, capped, path_of
from app.kpis.documents.render import local
from app.kpis.evaluation.evaluate import Figure
from app.kpis.evaluation.rounding import digits_of, fixed, money, number

ENOUGH_UNITS = 5
"""The fewest pieces sold on air."""
LEAD = Fraction(6, 5)
"""The smallest ratio of a product's GMV per minute to that of all presented products."""
ENOUGH_CLICKS = 200
"""The fewest clicks: at one to two buyers per hundred clicks, fewer clicks may have no buyer by chance."""
SELDOM = Fraction(1, 2)
"""The largest ratio of a product's buyers per click to that of all products."""
ENOUGH_MISSED = 10
"""The fewest clicks after a sell-out."""

_MINUTE_US = 60_000_000


def on_air_winners(evidence: Evidence) -> Iterable[Finding]:
    """Find the product with the highest GMV per minute on air."""
    units: dict[str, int] = {}
    gmv: dict[str, int] = {}
    length: dict[str, int] = {}
    for showcase, sums in evidence.aired:
        code = showcase.product
        units[code] = units.get(code, 0) + sums.get("units_sold", 0)
        gmv[code] = gmv.get(code, 0) + sums.get("gmv", 0)
        length[code] = length.get(code, 0) + showcase.seconds_us()
    long_enough = [code for code in sorted(length) if length[code] >= _MINUTE_US and gmv[code] > 0]
    if len([code for code in length if length[code] >= _MINUTE_US]) < 2 or not long_enough:
        return
    best = max(long_enough, key=lambda code: Fraction(gmv[code], length[code]))
    overall = Fraction(sum(gmv.values()), sum(length.values()))
    if units[best] < ENOUGH_UNITS or Fraction(gmv[best], length[best]) < LEAD * overall:
        return
    digits = digits_of(evidence.evaluation.head.currency)
    total = evidence.evaluation.total["gmv"]
    yield Finding(
        "on_air_winners",
        "ec",
        "on_air_winners",
        lambda say: {
            "product": say.product(best),
            "minutes": say.minutes(length[best]),
            "units": say.count(units[best]),
            "gmv": say.money(gmv[best]),
            "per_minute": say.about(gmv[best] * _MINUTE_US, length[best]),
            "overall": say.about(overall.numerator * _MINUTE_US, overall.denominator),
        },
        {
            "product": best,
            "on_air_seconds": number(length[best], 1_000_000),
            "units": units[best],
            "gmv": fixed(gmv[best], digits),
            "gmv_per_minute": money(gmv[best] * _MINUTE_US, length[best], digits),
            "gmv_per_minute_of_all": money(overall.numerator * _MINUTE_US, overall.denominator, digits),
        },
        [path_of(evidence.session, "showcases")],
        ACTION * capped(gmv[best], total[0] if total[1] else 0) / 2,
        best,
    )


def clicked_not_bought(evidence: Evidence) -> Iterable[Finding]:
    """Find products with many clicks and few buyers that were in stock."""
    session = evidence.table.total["click_to_buyer_rate"]
    gmv = evidence.evaluation.total["gmv"]
    if not session[1] or session[0] == 0:
        return
    typical = Fraction(session[0], session[1])
    for product in evidence.products():
        clicks, buyers = product.figures["clicks"], product.figures["buyers"]
        if product.figures["clicks_after_sold_out"][0] > 0 or product.sold_out_at is not None:
            continue  # A sold-out product cannot be bought.
        if not clicks[1] or not buyers[1] or clicks[0] < ENOUGH_CLICKS or Fraction(buyers[0], clicks[0]) > SELDOM * typical:
            continue
        price = _price(product.live_price, product.figures["gmv"], product.figures["units"])
        missed = (typical * clicks[0] - buyers[0]) * price
        yield _clicked(evidence, product.code, clicks[0], buyers[0], session, ACTION * capped_by(missed, gmv))


def _clicked(evidence: Evidence, code: str, clicks: int, buyers: int, session: Figure, weight: Fraction) -> Finding:
    return Finding(
        "clicked_not_bought",
        "ec",
        "clicked_not_bought" + ("" if buyers else ".no_buyer"),
        lambda say: {
            "product": say.product(code),
            "clicks": say.count(clicks),
            "overall": say.share(session[0], session[1]),
            **({"buyers": say.count(buyers), "rate": say.share(buyers, clicks)} if buyers else {}),
        },
        {
            "product": code,
            "clicks": clicks,
            "buyers": buyers,
            "click_to_buyer_rate": number(buyers, clicks),
            "click_to_buyer_rate_of_all": number(session[0], session[1]),
        },
        [path_of(evidence.session, "products")],
        weight,
        code,
    )


def _price(listed: int | None, gmv: Figure, units: Figure) -> Fraction:
    if units[0] > 0 and gmv[1]:
        return Fraction(gmv[0], units[0])
    return Fraction(listed or 0)


def capped_by(amount: Fraction, whole: Figure) -> Fraction:
    """Return an amount as a share of the session's GMV."""
    return capped(amount.numerator, amount.denominator * whole[0]) if whole[1] and whole[0] > 0 else Fraction(0)


def stock_out_missed_demand(evidence: Evidence) -> Iterable[Finding]:
    """Find products that were clicked while they were sold out."""
    head = evidence.evaluation.head
    digits = digits_of(head.currency)
    gmv, all_clicks = evidence.evaluation.total["gmv"], evidence.evaluation.total["product_clicks"]
    for product in evidence.products():
        clicks, estimate = product.figures["clicks_after_sold_out"], product.figures["missed_gmv_estimate"]
        if not clicks[1] or clicks[0] < ENOUGH_MISSED:
            continue
        at = product.sold_out_at
        known = estimate[1] > 0 and estimate[0] > 0
        wording = "stock_out_missed_demand" + (".for_good" if at else ".for_a_while") + ("" if known else "_unvalued")
        weight = (
            _at_stake(Fraction(estimate[0], estimate[1]), product.figures["gmv"], gmv)
            if known
            else ACTION * capped(clicks[0], all_clicks[0] if all_clicks[1] else 0)
        )
        yield Finding(
            "stock_out_missed_demand",
            "ec",
            wording,
            lambda say, code=product.code, at=at, clicks=clicks[0], estimate=estimate, known=known: {  # type: ignore[misc]
                "product": say.product(code),
                "clicks": say.count(clicks),
                **({"at": say.clock(at)} if at else {}),
                **({"missed": say.about(estimate[0], estimate[1])} if known else {}),
            },
            {
                "product": product.code,
                "sold_out_at": local(at, head.time_zone),
                "clicks_after": clicks[0],
                "missed_gmv_estimate": money(estimate[0], estimate[1], digits) if estimate[1] else None,
            },
            [path_of(evidence.session, "products")],
            weight,
            product.code,
        )


def _at_stake(missed: Fraction, own: Figure, session: Figure) -> Fraction:
    """Return the weight of missed sales: their share of the session's GMV, or of the product's own demand if that is greater."""
    demand = missed + own[0]
    return max(MONEY * capped_by(missed, session), ACTION * (missed / demand if demand > 0 else Fraction(0)))
