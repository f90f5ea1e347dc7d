"""A packing list, put together order by order.

In: a session's orders by customer. Out: one document per customer, what was left out, totals, warnings. Never here: I/O, texts.

Orders come sorted by customer, so that a customer is complete as soon as the next one begins. What stays in memory is the totals,
whose number is that of the products, and a few examples per warning.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from app.kpis.render import Document
from app.labels.catalogue import Language, label, name_in
from app.logistics.pieces import ItemKey, OrderPieces, order_pieces
from app.storage.packing_reads import PackingRow

MOST_EXAMPLES = 20
"""Orders or products that a warning names; it counts all of them."""
CUSTOMS = ("name_zh", "name_en", "material", "hs_code", "origin", "net_weight_g")


class ProductFacts(NamedTuple):
    """What the catalogue and the line-up say about a product."""

    lineup_name: str | None = None
    names: Mapping[str, str] = {}
    customs: Mapping[str, Any] = {}

    def name(self, language: Language) -> str | None:
        """Return the name in a language: that of the session's line-up, else the catalogue's."""
        return self.lineup_name or name_in(self.names, language)


class Catalogue(NamedTuple):
    """The products of a session, as far as they were read: they are read with the orders that name them."""

    codes: dict[str, str]
    """Alias → code."""
    products: dict[str, ProductFacts]

    def facts(self, product: str) -> ProductFacts:
        """Return what is known about a product."""
        return self.products.get(product, _UNKNOWN)


_UNKNOWN = ProductFacts()


class Excluded(NamedTuple):
    """An order that is left out."""

    order: str
    platform: str
    reason: str


class PackedOrder(NamedTuple):
    """An order with its pieces."""

    row: PackingRow
    pieces: OrderPieces


class PackedCustomer(NamedTuple):
    """A customer with the orders that are to be sent."""

    customer: str
    orders: Sequence[PackedOrder]

    def items(self) -> Counter[ItemKey]:
        """Return the pieces of all orders by product and SKU."""
        found: Counter[ItemKey] = Counter()
        for order in self.orders:
            for line in order.pieces.lines:
                found[line.product, line.sku] += line.quantity
        return found


class PackingList:
    """Takes orders in; gives customers and excluded orders out as soon as they are complete."""

    def __init__(self) -> None:
        """Start empty."""
        self.totals: Counter[ItemKey] = Counter()
        self.catalogue = Catalogue({}, {})
        self._open: list[PackedOrder] = []
        self._warnings: dict[str, tuple[int, list[str]]] = {}

    def add(self, rows: Iterable[PackingRow]) -> tuple[list[PackedCustomer], list[Excluded]]:
        """Take the next orders in; return the customers that are complete, and the orders that are left out."""
        customers: list[PackedCustomer] = []
        excluded: list[Excluded] = []
        for row in rows:
            pieces = order_pieces(row, self.catalogue.codes)
            for code in pieces.warnings:
                self._warn(code, row.order_id)
            if pieces.excluded is not None:
                excluded.append(Excluded(row.order_id, row.platform, pieces.excluded))
            elif row.paid:
                if self._open and self._open[0].row.customer != row.customer:
                    customers += self.finish()
                self._open.append(PackedOrder(row, pieces))
                for line in pieces.lines:
                    self.totals[line.product, line.sku] += line.quantity
        return customers, excluded

    def finish(self) -> list[PackedCustomer]:
        """Return the last customer, if there is one."""
        orders, self._open = self._open, []
        return [PackedCustomer(orders[0].row.customer, orders)] if orders else []

    def items(self, found: Mapping[ItemKey, int], language: Language) -> list[Document]:
        """Return pieces as a document's lines, by product and SKU."""
        return [
            {
                "product": product,
                "sku": sku,
                "name": self.catalogue.facts(product).name(language) or product,
                "quantity": quantity,
            }
            for (product, sku), quantity in sorted(found.items(), key=_by_item)
        ]

    def customer(self, packed: PackedCustomer, language: Language) -> Document:
        """Return a customer's document."""
        items = packed.items()
        return {
            "customer": packed.customer,
            "orders": [order.row.order_id for order in packed.orders],
            "units": items.total(),
            "lines": self.items(items, language),
        }

    def warnings(self, language: Language) -> list[Document]:
        """Return the warnings of all that was taken in."""
        products = sorted({product for product, _ in self.totals})
        facts = {product: self.catalogue.facts(product) for product in products}
        self._warn_products("product_without_name", [p for p in products if facts[p].name(language) is None])
        self._warn_products("customs_missing", [p for p in products if any(not facts[p].customs.get(f) for f in CUSTOMS)])
        found = []
        for code, (count, examples) in sorted(self._warnings.items()):
            what = "products" if code in {"product_without_name", "customs_missing"} else "orders"
            message = label(f"packing.warning.{code}", language).format(count=count, examples=", ".join(examples))
            found.append({"code": code, "message": message, "figures": {"count": count, what: examples}})
        return found

    def _warn(self, code: str, example: str) -> None:
        count, examples = self._warnings.get(code, (0, []))
        if len(examples) < MOST_EXAMPLES:
            examples.append(example)
        self._warnings[code] = (count + 1, examples)

    def _warn_products(self, code: str, products: Sequence[str]) -> None:
        self._warnings.pop(code, None)
        for product in products:
            self._warn(code, product)


def _by_item(entry: tuple[ItemKey, int]) -> tuple[str, str]:
    (product, sku), _ = entry
    return product, sku or ""
