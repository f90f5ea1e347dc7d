"""Payloads of orders: placed, paid, cancelled, refunded, shipped, delivered.

In: `data` of the order events. Out: contributions, money in minor units. Never here: I/O.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from msgspec import Meta
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError, to_json

from app.events.audience import person
from app.events.contributions import (
    CUSTOMER,
    Claim,
    Contributions,
    Count,
    FoldContext,
    OrderPatch,
    Refund,
    SpanEdge,
    digest,
)
from app.events.fields import Count as CountField, Currency, Label, Money, ProductCode, Text, canonical_code
from app.events.money import in_minor_units
from app.events.payload import OpenModel, Payload, Unfoldable, timestamp_in

Revision = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=r"^[ -~]+$"),
    Meta(min_length=1, max_length=128, pattern=r"\A[ -~]+\Z"),
]
"""Orders the statements of one source about one thing, byte by byte; the highest counts."""


class OrderLine(OpenModel):
    """One product of an order: `amount` is the line's total, `unit_price` the price of one piece; one of them is required."""

    product: ProductCode
    sku: Text | None = None
    quantity: CountField
    amount: Money | None = None
    unit_price: Money | None = None
    gift: bool | None = None
    """A free gift: its pieces are no sales."""

    def check(self) -> None:
        """Refuse a line without a price.

        Raises:
            PydanticCustomError: it has neither `amount` nor `unit_price`.
        """
        if self.amount is None and self.unit_price is None:
            raise PydanticCustomError("line_amount", "needs amount or unit_price")

    def total(self) -> str:
        """Return the line's total in major units, exactly."""
        if self.amount is not None:
            return self.amount
        return format(Decimal(self.unit_price or 0) * self.quantity, "f")

    @model_validator(mode="after")
    def _checked(self) -> "OrderLine":
        self.check()
        return self


Lines = Annotated[list[OrderLine], Field(max_length=500), Meta(max_length=500)]


_COUNT_ORDER = Count("orders", 1)
_WITHOUT_BUYER = Count("orders_without_buyer", 1)
_COUNT_BUYER = (Count("buyers", 1),)
_COUNT_NEW_BUYER = (Count("new_buyers", 1),)


# Most orders have equal parts: the objects are created once and shared.


@lru_cache(4096)
def _sold(product: str, units: int, gmv: int) -> tuple[Count, ...]:
    return (
        Count("orders", 1, product, by_second=True),
        Count("units_sold", units, product, by_second=True),
        Count("gmv", gmv, product, by_second=True),
    )


@lru_cache(4096)
def _total(units: int, gmv: int) -> tuple[Count, ...]:
    return (_COUNT_ORDER, Count("gmv", gmv), Count("units_sold", units))


@lru_cache(4096)
def _buyer_of(product: str) -> tuple[Count, ...]:
    return (Count("buyers", 1, product),)


def _lines_json(lines: list[OrderLine]) -> str:
    return to_json([_stored(line) for line in lines]).decode()


def _stored(line: OrderLine) -> dict[str, object]:
    stored: dict[str, object] = {
        "product": canonical_code(line.product),
        "sku": line.sku,
        "quantity": line.quantity,
        "amount": line.total(),
    }
    return {**stored, "gift": True} if line.gift else stored


class _OrderEvent(Payload):
    order: Text
    revision: Revision | None = None

    def statement(self) -> tuple[str, str] | None:
        """Return what the event is a statement about, and its revision."""
        return None if self.revision is None else (self.order, self.revision)


class _Purchase(_OrderEvent):
    buyer: Text | None = None
    currency: Currency
    amount: Money
    lines: Lines

    def amount_minor(self, context: FoldContext) -> int:
        """Return the order's amount in minor units, once its currency is known to be the session's."""
        if self.currency != context.currency:
            raise Unfoldable("/currency", f"the session's currency is {context.currency}")
        return in_minor_units(self.amount, context, "/amount")

    def by_product(self, context: FoldContext) -> dict[str, tuple[int, int, int]]:
        """Return units sold, amount in minor units and free gifts per product code."""
        found: dict[str, tuple[int, int, int]] = {}
        for index, line in enumerate(self.lines):
            product = context.product(line.product)
            units, amount, gifts = found.get(product, (0, 0, 0))
            total = line.total() if line.amount is None else line.amount
            amount += in_minor_units(total, context, f"/lines/{index}/{'unit_price' if line.amount is None else 'amount'}")
            if line.gift:
                found[product] = (units, amount, gifts + line.quantity)
            else:
                found[product] = (units + line.quantity, amount, gifts)
        return found


class OrderPlaced(_Purchase, type="live.order.placed", person_fields=("buyer",)):
    """An order exists; it counts once it is paid."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as placed."""
        amount = self.amount_minor(context)
        self.by_product(context)
        return Contributions(order=OrderPatch(self.order, "placed", self.buyer, amount, _lines_json(self.lines)))


class OrderPaid(_Purchase, type="live.order.paid", person_fields=("buyer",)):
    """An order was paid: the ledger entry from which orders, buyers, units and GMV are counted, once per order."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order's figures, owned by the earliest event that says it was paid."""
        amount = self.amount_minor(context)
        products = self.by_product(context)
        order = digest(context.platform, self.order)
        counts = [*_total(sum(units for units, _, _ in products.values()), amount)]
        claims: list[Claim] = []
        buyer, elsewhere = None, frozenset[str]()
        if self.buyer is None:
            counts.append(_WITHOUT_BUYER)
        else:
            buyer = person(self.buyer)
            elsewhere = context.elsewhere(self.order, self.buyer)
            claims += (Claim("buyer", buyer, _COUNT_BUYER), Claim(CUSTOMER, buyer, _COUNT_NEW_BUYER))
            if elsewhere:
                claims = [claim for claim in claims if claim.set not in elsewhere]
        if gifts := sum(pieces for _, _, pieces in products.values()):
            counts.append(Count("gift_units", gifts))
        bought = {context.product(line.product) for line in self.lines if not line.gift}
        for product, (units, gmv, gifts) in products.items():
            if gifts:
                counts.append(Count("gift_units", gifts, product))
            if product in bought:
                counts += _sold(product, units, gmv)
                if buyer is not None and (not elsewhere or f"product:{product}" not in elsewhere):
                    claims.append(Claim("product_buyer", digest(product, buyer.hex()), _buyer_of(product)))
            elif gmv:
                counts.append(Count("gmv", gmv, product, by_second=True))
        return Contributions(
            claims=(Claim("paid_order", order, tuple(counts)), *claims),
            spans=(SpanEdge("shipping", order, ends=False),),
            order=OrderPatch(self.order, "paid", self.buyer, amount, _lines_json(self.lines)),
        )


class OrderCancelled(_OrderEvent, type="live.order.cancelled"):
    """An order was cancelled; what was paid stays counted until it is refunded."""

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as cancelled."""
        return Contributions(order=OrderPatch(self.order, "cancelled"))


class OrderRefunded(_OrderEvent, type="live.order.refunded"):
    """Money went back: `amount` is one refund, `refunded_total` all refunds of the order so far; one of them is required.

    A single refund is counted once per `refund`, or per order if the platform names no refund.
    """

    refund: Text | None = None
    amount: Money | None = None
    refunded_total: Money | None = None
    lines: Lines | None = None

    def check(self) -> None:
        """Refuse a refund without an amount.

        Raises:
            PydanticCustomError: it has neither `amount` nor `refunded_total`.
        """
        if self.amount is None and self.refunded_total is None:
            raise PydanticCustomError("refund_amount", "needs amount or refunded_total")

    @model_validator(mode="after")
    def _checked(self) -> "OrderRefunded":
        self.check()
        return self

    def statement(self) -> tuple[str, str] | None:
        """Return the single refund that the event is a statement about; running totals are ordered among themselves."""
        if self.revision is None or self.amount is None:
            return None
        return (f"{self.order}\0" if self.refund is None else f"\0{self.refund}", self.revision)

    def fold(self, context: FoldContext) -> Contributions:
        """Return the refund, owned by the earliest event that names it, and the refunded order if money went back."""
        amount = in_minor_units(self.amount, context, "/amount")
        total = in_minor_units(self.refunded_total, context, "/refunded_total")
        lines: dict[str, int] = {}
        for index, line in enumerate(self.lines or ()):
            pointer = f"/lines/{index}/{'unit_price' if line.amount is None else 'amount'}"
            product = context.product(line.product)
            lines[product] = lines.get(product, 0) + in_minor_units(line.total(), context, pointer)
        # Lines belong to the total if there is one.
        totals = () if total is None else (("", total), *lines.items())
        single = () if amount is None else (("", amount), *(() if totals else lines.items()))
        counts = tuple(Count("refund_amount", part, key) for key, part in single)
        if not any(part for _, part in single):
            # Nothing went back, as in an exchange: the zero counts, and is not the one refund of this id or order.
            refund = Refund(self.order, (), totals, self.revision) if totals else None
            return Contributions(counts=counts, order=OrderPatch(self.order, "refunded") if total else None, refund=refund)
        refund = Refund(self.order, single, totals, self.revision)
        order = digest(context.platform, self.order)
        # An order's id and a refund's id may be equal: their digests must differ.
        member = digest(context.platform, "refund", self.refund) if self.refund else order
        claim = Claim("refund", member, counts, refund)
        state = OrderPatch(self.order, "refunded") if amount or total else None
        return Contributions(claims=(claim,), order=state, refund=refund)


class OrderShipped(_OrderEvent, type="live.order.shipped"):
    """An order, or one parcel of it, left the warehouse."""

    carrier: Label | None = None
    tracking: Text | None = None
    accepted_at: Text | None = None
    """When the carrier accepted the parcel, as RFC 3339."""

    def statement(self) -> tuple[str, str] | None:
        """Return the parcel that the event is a statement about, and its revision."""
        return (
            None if self.revision is None else ("\0".join((self.order, self.carrier or "", self.tracking or "")), self.revision)
        )

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as shipped, and the end of its shipping time."""
        accepted = timestamp_in(self.accepted_at, "/accepted_at")
        return Contributions(
            spans=(SpanEdge("shipping", digest(context.platform, self.order), ends=True),),
            order=OrderPatch(self.order, "shipped", carrier=self.carrier, tracking=self.tracking, accepted_at=accepted),
        )


class OrderDelivered(_OrderEvent, type="live.order.delivered"):
    """An order reached the buyer."""

    carrier: Label | None = None
    tracking: Text | None = None

    def fold(self, context: FoldContext) -> Contributions:
        """Return the order as delivered."""
        return Contributions(order=OrderPatch(self.order, "delivered"))
