"""Payloads of products: on air, clicks, stock, a platform's own figures.

In: `data` of the commerce events. Out: contributions, money in minor units. Never here: I/O.
"""

from functools import lru_cache

from app.events.audience import person
from app.events.contributions import Claim, Contributions, Count, FoldContext, Sample, digest
from app.events.fields import Count as CountField, Money, ProductCode, Text
from app.events.money import in_minor_units
from app.events.payload import Payload


class ProductShowcased(Payload, type="live.product.showcased", samples=True):
    """The host begins to present a product."""

    product: ProductCode

    def fold(self, context: FoldContext) -> Contributions:
        """Return the product's state: on air."""
        return Contributions(samples=(Sample("on_air", 1, context.product(self.product), by_second=True),))


class ProductWithdrawn(Payload, type="live.product.withdrawn", samples=True):
    """The host ends the presentation of a product."""

    product: ProductCode

    def fold(self, context: FoldContext) -> Contributions:
        """Return the product's state: off air."""
        return Contributions(samples=(Sample("on_air", 0, context.product(self.product), by_second=True),))


CLICKS_WITH_CLICKERS = "clicks_with_clickers"
"""The clicks whose clickers were counted by product: all of them, unless a version before migration 0044 folded some."""
COUNT_CLICKER = (Count("clickers", 1),)
COUNT_PRODUCT_VIEWER = (Count("product_viewers", 1),)


@lru_cache(4096)
def _clicks(product: str, count: int) -> Contributions:
    # Most clicks have equal contributions: the objects are created once and shared.
    of_product = Count("product_clicks", count, product, by_second=True)
    return Contributions(counts=(Count("product_clicks", count), Count(CLICKS_WITH_CLICKERS, count), of_product))


@lru_cache(4096)
def _clicker_of(product: str) -> tuple[int, tuple[Count, ...]]:
    return int.from_bytes(digest(product)), (Count("clickers", 1, product),)


def _with_product(viewer: bytes, product: int) -> bytes:
    """Return the member of a viewer and a product: what their digests differ by, which costs less than a digest of both."""
    return (int.from_bytes(viewer) ^ product).to_bytes(16)


class ProductClicked(Payload, type="live.product.clicked", person_fields=("viewer",)):
    """Clicks on a product's card."""

    viewer: Text | None = None
    product: ProductCode
    count: CountField = 1

    def fold(self, context: FoldContext) -> Contributions:
        """Return the clicks, and the clicker that the earliest one owns: both of the session and of the product."""
        product = context.product(self.product)
        clicks = _clicks(product, self.count)
        if self.viewer is None:
            return clicks
        viewer = person(self.viewer)
        of_product, counts = _clicker_of(product)
        claims = (
            Claim("clicker", viewer, COUNT_CLICKER),
            Claim("clicker_of_product", _with_product(viewer, of_product), counts),
        )
        return Contributions(counts=clicks.counts, claims=claims)


@lru_cache(4096)
def _impressions(product: str, count: int) -> Contributions:
    return Contributions(counts=(Count("product_impressions", count), Count("product_impressions", count, product)))


class ProductDisplayed(Payload, type="live.product.displayed", person_fields=("viewer",)):
    """A product's card is shown to viewers: impressions of the product."""

    viewer: Text | None = None
    product: ProductCode
    count: CountField = 1

    def fold(self, context: FoldContext) -> Contributions:
        """Return the impressions, and the viewer of products that the earliest one owns: of the session and of the product."""
        product = context.product(self.product)
        shown = _impressions(product, self.count)
        if self.viewer is None:
            return shown
        viewer = person(self.viewer)
        claims = (
            Claim("product_viewer", viewer, COUNT_PRODUCT_VIEWER),
            Claim("viewer_of_product", digest(product, viewer.hex()), (Count("product_viewers", 1, product),)),
        )
        return Contributions(counts=shown.counts, claims=claims)


class ProductSampled(Payload, type="live.product.sampled", samples=True):
    """The platform's own cumulative figures of one product."""

    product: ProductCode
    impressions_total: CountField | None = None
    clicks_total: CountField | None = None
    buyers_total: CountField | None = None
    orders_total: CountField | None = None
    units_total: CountField | None = None
    gmv_total: Money | None = None
    stock: CountField | None = None
    viewers_total: CountField | None = None
    """People who saw its card."""
    clickers_total: CountField | None = None
    """People who clicked it."""

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
            ("product_viewers", self.viewers_total),
            ("clickers", self.clickers_total),
        )
        samples = [Sample(metric, value, product, room=context.room) for metric, value in figures if value is not None]
        if self.stock is not None:
            samples.append(Sample("stock", self.stock, product, by_second=True))
        return Contributions(samples=tuple(samples))


class StockChanged(Payload, type="live.stock.changed", samples=True):
    """Pieces left of a product."""

    product: ProductCode
    stock: CountField

    def fold(self, context: FoldContext) -> Contributions:
        """Return the stock of this moment."""
        return Contributions(samples=(Sample("stock", self.stock, context.product(self.product), by_second=True),))
