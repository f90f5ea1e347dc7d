"""What the reference model does with orders: the earliest payment counts, and each buyer, refund and parcel once.

In: an event, the records of its session. Out: changed records. Never here: other events, code of `app`.
"""

from tests.pipeline.reference_events import EventTeller
from tests.pipeline.reference_records import Order, Refunds
from tests.pipeline.reference_values import minor, sums, total_of


class Teller(EventTeller):
    """Applies one event after all earlier ones."""

    def _order(self, moment: str) -> Order:
        order = self.story.orders.setdefault((self.platform, self.data["order"]), Order())
        order.moments.setdefault(moment, self.at)
        return order

    def _tell_order(self, moment: str) -> None:
        order = self._order(moment)
        # The earliest payment tells what an order holds; before any payment its earliest placement does.
        if not order.told_by or (moment == "paid" and order.told_by == "placed"):
            order.told_by = moment
            order.buyer, order.lines = self.data.get("buyer"), self.data["lines"]
            order.amount = minor(self.data["amount"], self.show.digits)

    def _order_placed(self) -> None:
        self._tell_order("placed")

    def _order_paid(self) -> None:
        self._tell_order("paid")
        sold = [line for line in self.data["lines"] if not line.get("gift")]
        self._count_buyer({self.product(line["product"]) for line in sold})
        if not self.first("paid", self.platform, self.data["order"]):
            return
        self.count("orders")
        self.count("gmv", minor(self.data["amount"], self.show.digits))
        self.count("units_sold", sum(line["quantity"] for line in sold))
        if len(sold) < len(self.data["lines"]):
            self.count("gift_units", sum(line["quantity"] for line in self.data["lines"] if line.get("gift")))
        for product in {self.product(line["product"]) for line in self.data["lines"]}:
            lines = [line for line in self.data["lines"] if self.product(line["product"]) == product]
            pieces = [line["quantity"] for line in lines if not line.get("gift")]
            if pieces:
                self.count("orders", product=product)
                self.count("units_sold", sum(pieces), product)
            amount = sum(minor(total_of(line), self.show.digits) for line in lines)
            # A free gift is no sale of its product.
            if pieces or amount:
                self.count("gmv", amount, product)

    def _count_buyer(self, bought: set[str]) -> None:
        if (name := self.data.get("buyer")) is not None:
            buyer = (self.platform, name)
            if self.first("buyer", *buyer):
                self.count("buyers", who=buyer)
            if self._first("customer", self.show.brand, *buyer):
                self.count("new_buyers")
            for product in bought:
                if self.first("product buyer", product, *buyer):
                    self.count("buyers", product=product)

    def _order_cancelled(self) -> None:
        self._order("cancelled")

    def _order_refunded(self) -> None:
        lines = [
            (self.product(line["product"]), minor(total_of(line), self.show.digits)) for line in self.data.get("lines") or ()
        ]
        single, total = (
            None if self.data.get(name) is None else minor(self.data[name], self.show.digits)
            for name in ("amount", "refunded_total")
        )
        refund = self.story.refunds.setdefault((self.platform, self.data["order"]), Refunds())
        if single or total:
            self._order("refunded")
            refund.first_at = refund.first_at or self.at
        if total is not None:
            for key, amount in [("", total), *sums(lines).items()]:
                refund.totals[key] = (self.at, amount)
        named = ("refund", self.data["refund"]) if "refund" in self.data else ("refund of order", self.data["order"])
        parts = [] if single is None else [("", single), *(() if total is not None else sums(lines).items())]
        if not any(amount for _, amount in parts):
            # Nothing went back: the zero counts, and is no refund that a later one could repeat.
            for key, amount in parts:
                self.count("refund_amount", amount, key)
        elif self.first(self.platform, *named):
            for key, amount in parts:
                refund.singles[key] = refund.singles.get(key, 0) + amount
                self.count("refund_amount", amount, key)

    def _order_shipped(self) -> None:
        earlier = self.story.orders.get((self.platform, self.data["order"]))
        again = earlier is not None and "shipped" in earlier.moments
        order = self._order("shipped")
        carrier, tracking = self.data.get("carrier"), self.data.get("tracking")
        if not again:
            order.carrier, order.tracking = carrier, tracking
        if carrier is not None or tracking is not None:
            order.parcels.setdefault((carrier, tracking), self.at)

    def _order_settled(self) -> None:
        """No figure of a session counts what a platform settles."""

    def _funds_moved(self) -> None:
        """Nor what moves on the merchant's account."""

    def _order_delivered(self) -> None:
        self._order("delivered")
