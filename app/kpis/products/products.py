"""Results by product: the line-up, the products outside it, and the total.

In: rows per product, the session's evaluation, windows' sums. Out: exact figures. Never here: I/O, their form in a document.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from app.events.commerce import CLICKS_WITH_CLICKERS
from app.kpis.evaluation.evaluate import ABSENT, Evaluation, Figure, Values, combine
from app.kpis.evaluation.metrics import Unit
from app.kpis.products.showcases import Showcase
from app.kpis.products.stock import Remaining, SoldOut, missed_gmv, planned_remaining
from app.labels.catalogue import Language, name_in
from app.storage.kpis.product_reads import LineupRow, ProductRow
from app.storage.kpis.reads import SessionFigures

# field of the document → metric of the rows
_COMMERCE = {"orders": "orders", "buyers": "buyers", "units": "units_sold", "gmv": "gmv"}
_SUMS = ("impressions", "product_viewers", "clicks", "clickers", *_COMMERCE, "refund_amount")
UNITS: Mapping[str, Unit] = {
    "impressions": Unit.COUNT,
    "product_viewers": Unit.PEOPLE,
    "clicks": Unit.COUNT,
    "clickers": Unit.PEOPLE,
    "click_rate": Unit.RATIO,
    "product_click_rate": Unit.RATIO,
    "buyers": Unit.PEOPLE,
    "orders": Unit.COUNT,
    "units": Unit.PIECES,
    "gmv": Unit.MONEY,
    "refund_amount": Unit.MONEY,
    "click_to_buyer_rate": Unit.RATIO,
    "click_to_order_rate": Unit.RATIO,
    "gmv_per_click": Unit.MONEY,
    "share_of_gmv": Unit.RATIO,
    "stock": Unit.PIECES,
    "clicks_after_sold_out": Unit.COUNT,
    "missed_gmv_estimate": Unit.MONEY,
}
"""Figures of a product in the order of the document."""
_OF_SESSION = {
    "impressions": "product_impressions",
    "product_viewers": "product_viewers",
    "clicks": "product_clicks",
    "clickers": "clickers",
    "buyers": "buyers",
    "orders": "orders",
    "units": "units_sold",
    "gmv": "gmv",
    "refund_amount": "refund_amount",
}
_BY_PRODUCT = (
    ("impressions", "product_impressions", "impressions"),
    ("product_viewers", "product_viewers", "product_viewers"),
    ("clicks", "product_clicks", "product_clicks"),
    ("clickers", "clickers", "clickers"),
)
"""Figure, its counted metric, and its sampled metric."""
MOST_LISTED = 500
"""The most products of a line-up, and the most products outside it on one page."""
SHARED = ("impressions", "product_viewers", "clicks", "clickers", "click_rate", "product_click_rate", "buyers", "orders", "units",
           "gmv", "refund_amount", "click_to_buyer_rate", "click_to_order_rate", "gmv_per_click", "share_of_gmv")  # fmt: skip
"""The figures of the remainder and of the total."""


@dataclass(frozen=True, slots=True)
class ProductResult:
    """One product's figures."""

    code: str
    name: str
    listed: bool
    row: LineupRow | None
    """The line-up's prices, stock and promise."""
    stock_estimated: bool
    figures: Values
    sold_out: Sequence[SoldOut]
    """Every time at which it was sold out, in order."""
    sold_out_at: datetime | None
    showcases: Sequence[Showcase]

    @property
    def live_price(self) -> int | None:
        """The price in the session, in minor units."""
        return self.row.live_price if self.row else None

    @property
    def planned(self) -> int | None:
        """The line-up's stock."""
        return self.row.stock if self.row else None


@dataclass(frozen=True, slots=True)
class ProductTable:
    """All products of a session: the line-up's first, in its order, then the others."""

    products: Sequence[ProductResult]
    others: Sequence[ProductResult]
    other: Values
    """Sales outside the line-up: total minus line-up, to the cent."""
    total: Values


@dataclass(frozen=True, slots=True)
class SellOut:
    """The times at which a product was sold out, its counts before the first one, and its clicks while sold out."""

    stretches: Sequence[SoldOut]
    before: Mapping[str, int]
    clicks_after: int


@dataclass(frozen=True, slots=True)
class StockHistory:
    """What is left of each product with a reported stock, and when products were sold out."""

    remaining: Mapping[str, Remaining]
    sell_outs: Mapping[str, SellOut]


def product_table(
    evaluation: Evaluation,
    figures: SessionFigures,
    rows: Sequence[ProductRow],
    lineup: Sequence[LineupRow],
    names: Mapping[str, Mapping[str, str]],
    showcases: Sequence[Showcase],
    stock: StockHistory,
    language: Language,
) -> ProductTable:
    """Return the products' figures; without a line-up up to `MOST_LISTED` products that were seen are listed, by GMV."""
    found: dict[str, dict[str, dict[tuple[bool, str], int]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        found[row.product][row.platform][row.reported, row.metric] = row.value
    sampled = {(row.platform, row.metric) for row in rows if row.reported}
    listed = {row.product: row for row in lineup}
    seen = sorted({*found, *(showcase.product for showcase in showcases)} - listed.keys())
    on_air: dict[str, list[Showcase]] = defaultdict(list)
    for showcase in showcases:
        on_air[showcase.product].append(showcase)

    def result(code: str) -> ProductResult:
        row = listed.get(code)
        values = _values(figures, found.get(code, {}), sampled)
        sell_out = stock.sell_outs.get(code)
        left = _remaining(values, stock.remaining.get(code), row.stock if row else None)
        if left is None or left.estimated:
            values["clicks_after_sold_out"] = values["missed_gmv_estimate"] = ABSENT
        else:
            _missed(values, figures, sell_out)
        _rates(values, evaluation.total)
        return ProductResult(
            code=code,
            name=(row.name if row else None) or name_in(names.get(code, {}), language) or code,
            listed=row is not None,
            row=row,
            stock_estimated=left is not None and left.estimated,
            figures=values,
            sold_out=sell_out.stretches if sell_out else (),
            sold_out_at=sell_out.stretches[-1].since if sell_out and sell_out.stretches[-1].until is None else None,
            showcases=on_air.get(code, ()),
        )

    products = [result(code) for code in listed]
    others = [result(code) for code in seen]
    total = {field: evaluation.total[slug] for field, slug in _OF_SESSION.items()}
    shown, rest = (products, others) if listed else _foremost(others)
    other = _remainder(total, shown, rest)
    _rates(other, evaluation.total)
    _rates(total, evaluation.total)
    return ProductTable(shown, rest, other, total)


def _foremost(products: list[ProductResult]) -> tuple[list[ProductResult], list[ProductResult]]:
    """Return the products to list of a session without a line-up, and the others; both in their order."""
    if len(products) <= MOST_LISTED:
        return products, []
    ranked = sorted(products, key=lambda one: (-one.figures["gmv"][0], -one.figures["clicks"][0], one.code))
    foremost = {one.code for one in ranked[:MOST_LISTED]}
    return [one for one in products if one.code in foremost], [one for one in products if one.code not in foremost]


def _values(
    figures: SessionFigures, by_platform: Mapping[str, Mapping[tuple[bool, str], int]], sampled: AbstractSet[tuple[str, str]]
) -> Values:
    """Return a product's sums; `sampled` are the figures, as (platform, metric), that platforms report of any product."""
    parts: list[Values] = []
    # A platform may have reported products only, for example with an event addressed to the session.
    for platform in sorted({*figures.platforms(), *by_platform}):
        values = by_platform.get(platform, {})
        session = figures.counted.get(platform, {})
        # Versions before migration 0044 count clickers of the session alone: those of its products are too few until a rebuild.
        partial = {"clickers"} if session.get("product_clicks") != session.get(CLICKS_WITH_CLICKERS) else set()
        part: Values = {}
        for field, metric, reported in _BY_PRODUCT:
            figure = _reported(values, reported)
            counts = metric not in partial and (
                (metric in session and (platform, reported) not in sampled) or (False, metric) in values
            )
            # If a platform's clicks are counted, a product without a row has none. If they are reported, its clicks are unknown.
            if not figure[1] and counts:
                figure = (values.get((False, metric), 0), 1, "counted")
            part[field] = figure
        has_orders = session.get("orders", 0) > 0
        for field, metric in _COMMERCE.items():
            part[field] = (values.get((False, metric), 0), 1, "counted") if has_orders else _reported(values, metric)
        refunds = values.get((False, "refund_amount"))
        part["refund_amount"] = (refunds or 0, 1, "counted") if has_orders or refunds is not None else ABSENT
        parts.append(part)
    return combine(parts, _SUMS)


def _remaining(values: Values, reported: Remaining | None, planned: int | None) -> Remaining | None:
    """Set what is left of a product; the planned stock stands in until a stock was reported."""
    left = reported
    if left is None and planned is not None:
        left = planned_remaining(planned, values["units"][0])
    values["stock"] = ABSENT if left is None else (left.pieces, 1, "derived" if left.estimated or left.paid else "reported")
    return left


def _reported(values: Mapping[tuple[bool, str], int], metric: str) -> Figure:
    value = values.get((True, metric))
    return ABSENT if value is None else (value, 1, "reported")


def _missed(values: Values, figures: SessionFigures, sell_out: SellOut | None) -> None:
    clicks: Figure = ABSENT
    estimate: Figure = ABSENT
    counts_clicks = any("product_clicks" in counted for counted in figures.counted.values())
    if counts_clicks:
        clicks = (sell_out.clicks_after if sell_out else 0, 1, "counted")
        gmv, units = values["gmv"], values["units"]
        if sell_out is None or clicks[0] == 0:
            estimate = (0, 1, "derived")
        elif gmv[1] and units[1]:
            quotient = missed_gmv(clicks[0], sell_out.before, gmv[0], units[0])
            estimate = ABSENT if quotient is None else (*quotient, "derived")
    values["clicks_after_sold_out"] = clicks
    values["missed_gmv_estimate"] = estimate


def _rates(values: Values, session: Values) -> None:
    values["click_rate"] = _over(values["clicks"], session["viewers"])
    values["product_click_rate"] = _over(values["clicks"], values["impressions"])
    values["click_to_order_rate"] = _over(values["orders"], values["clicks"])
    values["click_to_buyer_rate"] = _over(values["buyers"], values["clicks"])
    values["gmv_per_click"] = _over(values["gmv"], values["clicks"])
    values["share_of_gmv"] = _over(values["gmv"], session["gmv"])


def _over(above: Figure, below: Figure) -> Figure:
    return (above[0], below[0], "derived") if above[1] and below[0] > 0 else ABSENT


def _remainder(total: Values, shown: Sequence[ProductResult], rest: Sequence[ProductResult]) -> Values:
    """Return the total minus the listed products.

    People cannot be subtracted. Orders can if no order contains two products. If the remainder is one product or none, both
    are known.
    """
    sums = combine([product.figures for product in shown], _SUMS)
    other: Values = dict.fromkeys(("product_viewers", "clickers", "buyers"), ABSENT)
    for field in ("impressions", "clicks", "orders", "units", "gmv", "refund_amount"):
        whole, part = total[field], sums[field]
        other[field] = (whole[0] - part[0], 1, "derived") if whole[1] else ABSENT
    everything = combine([product.figures for product in (*shown, *rest)], ("orders",))["orders"]
    if everything[0] != total["orders"][0]:
        other["orders"] = ABSENT
    units, gmv = other["units"], other["gmv"]
    if units[1] and gmv[1]:
        for field in ("orders", "buyers"):
            if units[0] == 0 == gmv[0] and not rest:
                other[field] = (0, 1, "derived")
            elif len(rest) == 1 and rest[0].figures["units"][0] == units[0] and rest[0].figures["gmv"][0] == gmv[0]:
                other[field] = rest[0].figures[field]
    return other
