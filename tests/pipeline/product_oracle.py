"""The oracle of products: their figures and what is left of their stock, by one plain loop each.

In: the records of a session. Out: the values that the products document must contain. Never here: SQL, code of `app`.
"""

from datetime import timedelta

from tests.pipeline.oracle import Exact, Figures, counted, products, readings, told
from tests.pipeline.reference_records import Story


def product_figures(story: Story, product: str) -> Figures:
    """Return a product's clicks, orders, buyers, units, GMV, refunds and stock over all platforms."""
    total: Figures = dict.fromkeys(
        ("impressions", "product_viewers", "clicks", "clickers", "orders", "buyers", "units", "gmv", "refund_amount", "stock")
    )

    def add(name: str, value: Exact) -> None:
        if value is not None:
            total[name] = (total[name] or 0) + value

    for platform in story.platforms:
        ledger = counted(story, "orders", platform=platform) is not None
        add("impressions", _shown(story, platform, product, "impressions", "product_impressions"))
        add("stock", remaining_stock(story, platform, product))
        add("clicks", _shown(story, platform, product, "product_clicks", "product_clicks"))
        add("product_viewers", _shown(story, platform, product, "product_viewers", "product_viewers"))
        add("clickers", _shown(story, platform, product, "clickers", "clickers"))
        for name, what in (("orders", "orders"), ("buyers", "buyers"), ("units", "units_sold"), ("gmv", "gmv")):
            own = counted(story, what, platform=platform, product=product)
            add(name, (own or 0) if ledger else told(story, what, platform, product))
        refunds = counted(story, "refund_amount", platform=platform, product=product)
        add("refund_amount", (refunds or 0) if ledger else refunds)
    return total


def remaining_stock(story: Story, platform: str, product: str) -> int | None:
    """Return what is left of a platform's stock: the latest report less what was paid in later seconds, never below zero.

    Platforms that report none of their own take from the session's stock, or from the only one.
    """
    reported = readings(story, "stock", platform, product)
    if not reported:
        return None
    pools = {one.platform for one in story.readings if (one.what, one.of) == ("stock", product)}
    shared = platform == "direct" or len(pools) == 1
    begin = reported[-1].at.replace(microsecond=0) + timedelta(seconds=1)
    paid = sum(
        one.amount
        for one in story.happenings
        if (one.what, one.product) == ("units_sold", product)
        and one.at >= begin
        and (one.platform == platform or (shared and one.platform not in pools))
    )
    return max(0, reported[-1].value - paid)


def _shown(story: Story, platform: str, product: str, reported: str, occurrence: str) -> int | None:
    value = told(story, reported, platform, product)
    if value is None:
        value = counted(story, occurrence, platform=platform, product=product)
    reports = any(told(story, reported, platform, other) is not None for other in products(story))
    counts = any(counted(story, occurrence, platform=platform, product=other) is not None for other in products(story))
    # Where every click comes to us one by one, a product without any has none; it is not unknown.
    return 0 if value is None and counts and not reports else value
