"""The pieces of an order that are still to be sent.

In: an order's lines and refunds. Out: its pieces, why it is left out, and what could not be decided. Never here: I/O, names.

The rule of refunds is that of docs/reference/orders.md: single refunds and running totals describe the same pieces; the greater
one counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from app.events.fields import canonical_code
from app.storage.backoffice.packing_reads import PackingRow

StoredLine = Mapping[str, Any]
"""A line of an order as the orders table holds it: `product`, `sku`, `quantity`, `amount`, `gift`?."""
ItemKey = tuple[str, str | None]
"""A product's code and the SKU."""
Items = dict[ItemKey, int]
"""Pieces."""
Refunded = dict[tuple[str, str | None, bool], int]
"""Pieces by product, SKU and whether the refund names a gift."""


class Refunds(NamedTuple):
    """What was refunded of an order, as `PackingRow` describes it."""

    singles: Sequence[Mapping[str, Any]] = ()
    totals: Sequence[Mapping[str, Any]] = ()

    def products(self) -> Iterator[str]:
        """Return the products that refunds name, by whatever code."""
        return (canonical_code(line["product"]) for stated in (*self.singles, *self.totals) for line in stated["lines"] or ())


NO_REFUNDS = Refunds()


class Line(NamedTuple):
    """Pieces of an order."""

    product: str
    sku: str | None
    quantity: int
    gift: bool = False


class OrderPieces(NamedTuple):
    """What is to be packed of an order."""

    items: Items
    """Empty if the order is left out."""
    excluded: str | None = None
    """`cancelled`, `refunded` or `shipped`."""
    warnings: tuple[str, ...] = ()


def order_pieces(
    row: PackingRow, lines: Sequence[StoredLine], codes: Mapping[str, str], refunds: Refunds = NO_REFUNDS
) -> OrderPieces:
    """Return the pieces of an order; `codes` turns a product's alias into its code."""
    excluded = _excluded(row)
    if excluded is not None:
        return OrderPieces({}, excluded)
    if not row.paid:
        return OrderPieces({}, None, ("order_not_paid",))
    warnings = () if row.known else ("order_without_buyer",)
    if row.refunded_amount > 0:
        return _after_refunds(row, lines, codes, refunds, warnings)
    return _packed(line_items(lines, codes), warnings)


def line_items(lines: Iterable[StoredLine], codes: Mapping[str, str]) -> Items:
    """Return the pieces of an order's lines."""
    items: Items = {}
    for line in lines:
        product = line["product"]
        key = (codes.get(product, product), line["sku"])
        items[key] = items.get(key, 0) + line["quantity"]
    return {key: quantity for key, quantity in items.items() if quantity} if 0 in items.values() else items


def _excluded(row: PackingRow) -> str | None:
    if row.cancelled:
        return "cancelled"
    if row.refunded_amount > 0 and row.amount is not None and row.refunded_amount >= row.amount:
        return "refunded"
    return "shipped" if row.shipped else None


def _packed(items: Items, warnings: tuple[str, ...]) -> OrderPieces:
    return OrderPieces(items, None, warnings if items else (*warnings, "order_without_lines"))


def _after_refunds(
    row: PackingRow, stored: Sequence[StoredLine], codes: Mapping[str, str], refunds: Refunds, warnings: tuple[str, ...]
) -> OrderPieces:
    lines = [Line(codes.get(line["product"], line["product"]), line["sku"], line["quantity"], "gift" in line) for line in stored]
    left, excess = without(lines, refunded_pieces(refunds.singles, refunds.totals, codes))
    if excess:
        warnings += ("refund_exceeds_order",)
    if _unallocated(refunds.singles, refunds.totals, total_counts=row.total_counts):
        warnings += ("refund_without_lines",)
    if not left and any(line.quantity for line in lines):
        return OrderPieces({}, "refunded", warnings)
    items: Items = {}
    for product, sku, quantity, _ in left:
        items[product, sku] = items.get((product, sku), 0) + quantity
    return _packed(items, warnings)


def stored_items(items: Items) -> str:
    """Return pieces as they are stored."""
    return to_json(
        sorted(([*key, quantity] for key, quantity in items.items()), key=lambda item: (item[0], item[1] or ""))
    ).decode()


def items_of(text: str) -> Items:
    """Return stored pieces."""
    return {(product, sku): quantity for product, sku, quantity in from_json(text)}


def refunded_pieces(
    singles: Iterable[Mapping[str, Any]], totals: Iterable[Mapping[str, Any]], codes: Mapping[str, str]
) -> Refunded:
    """Return the refunded pieces that count."""
    added: dict[str, Refunded] = {}
    for refund in singles:
        # If the event states a total too, its lines are those of the total.
        if refund["total"] is None and _positive(refund["amount"]):
            _add(added, refund["lines"], codes)
    running: dict[str, Refunded] = {}
    for total in totals:
        if total["key"]:
            _add(running, total["lines"], codes, only=total["key"])
    found: Refunded = {}
    for product in added.keys() | running.keys():
        single, newest = added.get(product, {}), running.get(product, {})
        found |= single if sum(single.values()) >= sum(newest.values()) else newest
    return found


def without(lines: Sequence[Line], refunded: Mapping[tuple[str, str | None, bool], int]) -> tuple[list[Line], int]:
    """Return the lines without the refunded pieces, and how many refunded pieces the lines do not have.

    A refund that names a SKU takes pieces of this SKU, then pieces without one. Pieces that are no gift come first, unless the
    refund says that it is one.
    """
    left = [line.quantity for line in lines]
    excess = 0
    # Those that name a SKU choose first: the others can take any.
    for (product, sku, gift), quantity in sorted(refunded.items(), key=_by_choice) if len(refunded) > 1 else refunded.items():
        places = [number for number, line in enumerate(lines) if line.product == product and _fits(line.sku, sku)]
        if len(places) > 1:
            places.sort(key=lambda number: (lines[number].sku != sku, lines[number].gift != gift))
        wanted = quantity
        for number in places:
            taken = min(wanted, left[number])
            left[number] -= taken
            wanted -= taken
        excess += wanted
    return [line._replace(quantity=rest) for line, rest in zip(lines, left, strict=True) if rest], excess


def _by_choice(refunded: tuple[tuple[str, str | None, bool], int]) -> tuple[bool, str, str, bool]:
    (product, sku, gift), _ = refunded
    return sku is None, sku or "", product, gift


def _fits(sku: str | None, wanted: str | None) -> bool:
    return wanted is None or sku is None or sku == wanted


def _add(
    found: dict[str, Refunded],
    lines: Sequence[Mapping[str, Any]] | None,
    codes: Mapping[str, str],
    only: str | None = None,
) -> None:
    for line in lines or ():
        product = _code(line["product"], codes)
        if only is None or product == only:
            key = (product, line.get("sku"), bool(line.get("gift")))
            pieces = found.setdefault(product, {})
            pieces[key] = pieces.get(key, 0) + line["quantity"]


def _unallocated(singles: Sequence[Mapping[str, Any]], totals: Sequence[Mapping[str, Any]], *, total_counts: bool) -> bool:
    """Return whether money went back without a statement of the pieces."""
    whole = next((total for total in totals if not total["key"]), None)
    if whole is not None and whole["lines"]:
        return False
    if total_counts:
        return True
    return any(not refund["lines"] and _positive(refund["amount"]) for refund in singles)


def _positive(amount: str | None) -> bool:
    return amount is not None and any(sign in "123456789" for sign in amount)


def _code(product: str, codes: Mapping[str, str]) -> str:
    product = canonical_code(product)
    return codes.get(product, product)
