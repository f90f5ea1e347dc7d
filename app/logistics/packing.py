"""A packing list, put together order by order.

In: a session's orders by customer. Out: one document per customer, what was left out, totals, warnings. Never here: I/O, texts.

Orders come sorted by customer, so that a customer is complete as soon as the next one begins. What stays in memory is the totals,
whose number is that of the products, and a few examples per warning.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic_core import from_json

from app.kpis.documents.render import Document
from app.labels.catalogue import Language, label, name_in
from app.logistics.carts import Carts, Pieces
from app.logistics.pieces import NO_REFUNDS, ItemKey, Items, Refunds, items_of, order_pieces
from app.storage.backoffice.packing_reads import PackingRow

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

    order: str
    platform: str
    pieces: Pieces
    carton: int | None = None

    @property
    def items(self) -> Items:
        """The pieces by product and SKU."""
        return self.pieces.items


class PackedCustomer(NamedTuple):
    """A customer with the orders that are to be sent."""

    customer: str
    orders: list[PackedOrder]

    def pieces(self) -> Pieces:
        """Return the pieces of all orders by product and SKU."""
        if len(self.orders) == 1:
            return self.orders[0].pieces
        found: Items = {}
        for order in self.orders:
            add_items(found, order.pieces.items)
        return Pieces(found)


def add_items(to: Items, items: Mapping[ItemKey, int], times: int = 1) -> None:
    """Add pieces to others."""
    for key, quantity in items.items():
        to[key] = to.get(key, 0) + quantity * times


class PackingList:
    """Takes orders in; gives customers and excluded orders out as soon as they are complete."""

    def __init__(self, language: Language) -> None:
        """Start empty."""
        self.language = language
        self.totals: Items = {}
        self.catalogue = Catalogue({}, {})
        self._carts = Carts()
        self._refunds: Iterator[Refunds] = iter(())
        self._open: PackedCustomer | None = None
        self._names: dict[str, str] = {}
        self._has_cartons = False
        self._warned: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def read(self, rows: Iterable[PackingRow]) -> set[str]:
        """Read a batch of orders; return the products that are to be known before `add` takes it in."""
        refunded = [(row.singles or "[]", row.totals or "[]") for row in rows if row.refunded_amount]
        parsed = from_json("[" + ",".join(f"[{singles},{totals}]" for singles, totals in refunded) + "]")
        self._refunds = iter([Refunds(*stated) for stated in parsed])
        named = {product for stated in parsed for product in Refunds(*stated).products()}
        return named | self._carts.read([row.lines for row in rows])

    def add(self, rows: Iterable[PackingRow]) -> tuple[list[PackedCustomer], list[Excluded]]:
        """Take in the batch that was read; return the customers that are complete, and the orders that are left out."""
        customers: list[PackedCustomer] = []
        excluded: list[Excluded] = []
        unpacked: list[str] = []
        codes, carts = self.catalogue.codes, self._carts
        for row in rows:
            if row.customer is None:
                # A carton has the order, and the session has not.
                self._warn("packed_order_changed", row.order_id)
                continue
            cart, reason = carts[row.lines], None
            if not row.whole or not (pieces := cart.pieces(codes)).items:
                refunds = next(self._refunds) if row.refunded_amount else NO_REFUNDS
                items, reason, warnings = order_pieces(row, cart.lines, codes, refunds)
                pieces = Pieces(items)
                for code in warnings:
                    self._warn(code, row.order_id)
            if reason is not None:
                excluded.append(Excluded(row.order_id, row.platform, reason))
            elif row.paid:
                if self._open is None or self._open.customer != row.customer:
                    customers += self.finish()
                    self._open = PackedCustomer(row.customer, [])
                self._open.orders.append(PackedOrder(row.order_id, row.platform, pieces, row.carton))
            if row.packed is not None:
                self._compare(row.packed, row.order_id, pieces.items, reason)
            elif row.paid and reason is None:
                unpacked.append(row.order_id)
        self._warn("order_not_packed", *unpacked)
        return customers, excluded

    def _compare(self, packed: str, order: str, items: Items, reason: str | None) -> None:
        """Note what a carton has and should not have."""
        self._has_cartons = True
        if reason != "shipped" and items != items_of(packed):
            self._warn("packed_order_changed", order)

    def finish(self) -> list[PackedCustomer]:
        """Return the last customer, if there is one."""
        last, self._open = self._open, None
        return [] if last is None else [last]

    def lines(self, items: Mapping[ItemKey, int]) -> list[Document]:
        """Return pieces as a document's lines, by product and SKU."""
        ordered = sorted(items.items(), key=_by_item) if len(items) > 1 else items.items()
        names = self._names
        return [
            {"product": product, "sku": sku, "name": names.get(product) or self._name(product), "quantity": quantity}
            for (product, sku), quantity in ordered
        ]

    def customers(self, packed: Iterable[PackedCustomer]) -> Iterator[tuple[PackedCustomer, list[Document]]]:
        """Return customers with their lines, and add their pieces to the totals."""
        counted: Counter[Pieces] = Counter()
        for one in packed:
            pieces = one.pieces()
            if pieces.document is None:
                pieces.document = self.lines(pieces.items)
            counted[pieces] += 1
            yield one, pieces.document
        for pieces, times in counted.items():
            add_items(self.totals, pieces.items, times)

    def _name(self, product: str) -> str:
        name = self._names.get(product)
        if name is None:
            name = self._names[product] = self.catalogue.facts(product).name(self.language) or product
        return name

    def warnings(self) -> list[Document]:
        """Return the warnings of all that was taken in."""
        products = sorted({product for product, _ in self.totals})
        facts = {product: self.catalogue.facts(product) for product in products}
        self._warn_products("product_without_name", [p for p in products if facts[p].name(self.language) is None])
        self._warn_products("customs_missing", [p for p in products if any(not facts[p].customs.get(f) for f in CUSTOMS)])
        found = []
        for code, count in sorted(self._warned.items()):
            if not count or (code == "order_not_packed" and not self._has_cartons):
                continue
            examples = self._examples[code]
            what = "products" if code in {"product_without_name", "customs_missing"} else "orders"
            named = label("insight.separator", self.language).join(examples)
            message = label(f"packing.warning.{code}", self.language).format(count=count, examples=named)
            found.append({"code": code, "message": message, "figures": {"count": count, what: examples}})
        return found

    def _warn(self, code: str, *of: str) -> None:
        self._warned[code] += len(of)
        examples = self._examples.setdefault(code, [])
        examples += of[: MOST_EXAMPLES - len(examples)]

    def _warn_products(self, code: str, products: Sequence[str]) -> None:
        self._warned.pop(code, None)
        self._examples.pop(code, None)
        self._warn(code, *products)


def _by_item(entry: tuple[ItemKey, int]) -> tuple[str, str]:
    (product, sku), _ = entry
    return product, sku or ""
