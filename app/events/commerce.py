"""Payloads of commerce: products on air, clicks, stock, orders, their shipping and refunds.

In: `data` of the commerce events. Out: contributions, money in minor units. Never here: I/O.
"""

from functools import lru_cache
from typing import Annotated

from msgspec import Meta
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from app.events.audience import person
from app.events.contributions import (
    CUSTOMER,
    Claim,
    Contributions,
    Count,
    FoldContext,
    OrderPatch,
    Refund,
    Sample,
    SpanEdge,
    digest,
)
from app.events.fields import Count as CountField, Currency, Money, ProductCode, Text, canonical_code
from app.events.money import in_minor_units
from app.events.payload import Payload, Unfoldable


class ProductShowcased(Payload, type="live.product.showcased"):
    """The host begins to present a product."""

    product: ProductCode

    def fold(self, context: FoldContext) -> Contributions:
        """Return the product's state: on air."""
        return Contributions(samples=(Sample("on_air", 1, context.product(self.product), by_second=True),))


class ProductWithdrawn(Payload, type="live.product.withdrawn"):
    """The host ends the presentation of a product."""

    product: ProductCode

    def fold(self, context: FoldContext) -> Contributions:
        """Return the product's state: off air."""
        return Contributions(samples=(Sample("on_air", 0, context.product(self.product), by_second=True),))


COUNT_CLICKER = (Count("clickers", 1),)


@lru_cache(4096)
def _clicks(product: str, count: int) -> Contributions:
    # Most clicks have equal contributions: the objects are created once and shared.
    return Contributions(counts=(Count("product_clicks", count), Count("product_clicks", count, product, by_second=True)))


class ProductClicked(Payload, type="live.product.clicked", person_fields=("viewer",)):
    """Clicks on a product's card."""

    viewer: Text | None = None
    product: ProductCode
    count: CountField = 1

    def fold(self, context: FoldContext) -> Contributions:
        """Return the clicks, of the session and of the product, and the clicker that the earliest click owns."""
        clicks = _clicks(context.product(self.product), self.count)
        if self.viewer is None:
            return clicks
        return Contributions(counts=clicks.counts, claims=(Claim("clicker", person(self.viewer), COUNT_CLICKER),))


class ProductSampled(Payload, type="live.product.sampled"):
    """The platform's own cumulative figures of one product."""

    product: ProductCode
    impressions_total: CountField | None = None
    clicks_total: CountField | None = None
    buyers_total: CountField | None = None
    orders_total: CountField | None = None
    units_total: CountField | None = None
    gmv_total: Money | None = None
    stock: CountField | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return a sample per figure that was sent."""
        product = context.product(self.product)
        figures = (
            ("impressions", self.impressions_total),
            ("product_clicks", self.clicks_total),
            ("buyers", self.buyers_total),
            ("orders", self.orders_total),
            ("units_sold", self.units_total),
            ("gmv", in_minor_units(self.gmv_total, context, "/gmv_total")),
        )
        samples = [Sample(metric, value, product, room=context.room) for metric, value in figures if value is not None]
        if self.stock is not None:
            samples.append(Sample("stock", self.stock, product, by_second=True))
        return Contributions(samples=tuple(samples))


class StockChanged(Payload, type="live.stock.changed"):
    """Pieces left of a product."""

    product: ProductCode
    stock: CountField

    def fold(self, context: FoldContext) -> Contributions:
        """Return the stock of this moment."""
        return Contributions(samples=(Sample("stock", self.stock, context.product(self.product), by_second=True),))


class OrderLine(BaseModel):
    """One product of an order; `amount` is the line's total."""

    model_config = ConfigDict(extra="ignore", strict=True)

    product: ProductCode
    sku: Text | None = None
    quantity: CountField
    amount: Money


Lines = Annotated[list[OrderLine], Field(max_length=500), Meta(max_length=500)]


def _lines_json(lines: list[OrderLine]) -> str:
    named = (
        {"product": canonical_code(line.product), "sku": line.sku, "quantity": line.quantity, "amount": line.amount}
        for line in lines
    )
    return to_json(list(named), exclude_none=True).decode()


class _Purchase(Payload):
    order: Text
    buyer: Text
    currency: Currency
    amount: Money
    lines: Lines

    def amount_minor(self, context: FoldContext) -> int:
        """Return the order's amount in minor units.

        Raises:
            Unfoldable: the currency is not the session's, or the amount has too many decimals.
        """
        if self.currency != context.currency:
            raise Unfoldable("/currency", f"the session's currency is {context.currency}")
        return in_minor_units(self.amount, context, "/amount")

    def by_product(self, context: FoldContext) -> dict[str, tuple[int, int]]:
        """Return units and amount in minor units per product code."""
        found: dict[str, tuple[int, int]] = {}
        for index, line in enumerate(self.lines):
            product = context.product(line.product)
            units, amount = found.get(product, (0, 0))
            found[product] = (
                units + line.quantity,
                amount + in_minor_units(line.amount, context, f"/lines/{index}/amount"),
            )
        return found


class OrderPlaced(_Purchase, type="live.order.placed", person_fields=("buyer",)):
    """An order was placed; it counts when it is paid."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as placed."""
        amount = self.amount_minor(context)
        self.by_product(context)
        return Contributions(order=OrderPatch(self.order, "placed", self.buyer, amount, _lines_json(self.lines)))


class OrderPaid(_Purchase, type="live.order.paid", person_fields=("buyer",)):
    """An order was paid: orders, buyers, units and GMV are counted from it, once per order."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order's figures, owned by the earliest event that says it was paid."""
        amount = self.amount_minor(context)
        products = self.by_product(context)
        order = digest(context.platform, self.order)
        buyer = person(self.buyer)
        counts = [
            Count("orders", 1),
            Count("gmv", amount),
            Count("units_sold", sum(units for units, _ in products.values())),
        ]
        claims = [Claim("buyer", buyer, (Count("buyers", 1),)), Claim(CUSTOMER, buyer, (Count("new_buyers", 1),))]
        for product, (units, gmv) in products.items():
            counts += (
                Count("orders", 1, product, by_second=True),
                Count("units_sold", units, product, by_second=True),
                Count("gmv", gmv, product, by_second=True),
            )
            claims.append(Claim("product_buyer", digest(product, buyer.hex()), (Count("buyers", 1, product),)))
        return Contributions(
            claims=(Claim("paid_order", order, tuple(counts)), *claims),
            spans=(SpanEdge("shipping", order, ends=False),),
            order=OrderPatch(self.order, "paid", self.buyer, amount, _lines_json(self.lines)),
        )


class OrderCancelled(Payload, type="live.order.cancelled"):
    """An order was cancelled; a paid amount stays counted until it is refunded."""

    order: Text

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as cancelled."""
        return Contributions(order=OrderPatch(self.order, "cancelled"))


class OrderRefunded(Payload, type="live.order.refunded"):
    """An amount was refunded; counted once per refund, or once per order if the platform names no refund."""

    order: Text
    refund: Text | None = None
    amount: Money
    lines: Lines | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return the refund, owned by the earliest event that names it, and the refunded order."""
        amount = in_minor_units(self.amount, context, "/amount")
        counts = [Count("refund_amount", amount)]
        for index, line in enumerate(self.lines or ()):
            part = in_minor_units(line.amount, context, f"/lines/{index}/amount")
            counts.append(Count("refund_amount", part, context.product(line.product)))
        # An order's id and a refund's id may be equal: their digests must differ.
        refund = digest(context.platform, "refund", self.refund) if self.refund else digest(context.platform, self.order)
        return Contributions(
            claims=(
                Claim("refund", refund, tuple(counts), Refund(self.order, amount)),
                Claim("refunded_order", digest(context.platform, self.order), (Count("refunded_orders", 1),)),
            ),
            order=OrderPatch(self.order, "refunded"),
        )


class OrderShipped(Payload, type="live.order.shipped"):
    """An order left the warehouse."""

    order: Text
    carrier: Text | None = None
    tracking: Text | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as shipped, and the end of its shipping time."""
        return Contributions(
            spans=(SpanEdge("shipping", digest(context.platform, self.order), ends=True),),
            order=OrderPatch(self.order, "shipped", carrier=self.carrier, tracking=self.tracking),
        )


class OrderDelivered(Payload, type="live.order.delivered"):
    """An order reached the buyer."""

    order: Text
    carrier: Text | None = None
    tracking: Text | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as delivered."""
        return Contributions(order=OrderPatch(self.order, "delivered"))
