"""Refunds of an order export: columns per line or per order, single or running totals, and rows of returns.

In: the rows of one order. Out: its refunds, each with its time, and warnings. Never here: events, I/O.

With a `refund` column each refund is a single one, named by its id. Without it the column is a running total of the order. A row
with negative pieces or a negative amount is a return: it states what was paid back, also as a total.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from pydantic_core import to_json

from app.imports.csv_cells import BadCell
from app.imports.order_export import Export, Line, OrderRow, plain, text_of

_SIGNED = ("quantity", "line_amount", "amount", "unit_price")
"""Fields whose negative value says that something went back."""


@dataclass(frozen=True, slots=True)
class Refund:
    """A single refund, or the running total of an order."""

    time: datetime
    amount: Decimal
    data: Mapping[str, object]
    dated: bool
    """False if no column says when it was made: it is put at the payment."""


def read_refunds(
    sales: Sequence[OrderRow], returned: Sequence[OrderRow], lines: Iterable[Line], export: Export, dated: datetime | None
) -> tuple[list[Refund], list[str]]:
    """Return the refunds of an order's sales and returns, and warnings; `dated` is the time of a refund that has none.

    Raises:
        BadCell: the rows contradict each other, or nothing dates a refund.
    """
    if not returned and "refunded_amount" not in export.columns:
        return [], []
    reader = _Refunds(sales, {row.line: Decimal(amount) for row, amount in lines}, export, dated)
    if any(row.cells.get("refund") is not None for row in sales):
        singles = reader.singles()
        if export.shared_refunds.isdisjoint(str(row.cells.get("refund")) for row in sales):
            return singles, reader.warnings
        # Numbers that begin again in each order: of two refunds with one number the second would be taken for the first.
        reader.warnings.append("its refund numbers stand in other orders too: read as the total of the order's refunds")
        return [total_of(singles)] if singles else [], reader.warnings
    totals = [*reader.running_total(), *reader.returns(returned)]
    # Both state the same money.
    return sorted(totals, key=lambda refund: refund.amount)[-1:], reader.warnings


def total_of(singles: Sequence[Refund]) -> Refund:
    """Return the running total that single refunds of an order make."""
    amount = sum((refund.amount for refund in singles), Decimal(0))
    newest = max(singles, key=lambda refund: refund.time)
    return Refund(newest.time, amount, {"refunded_total": plain(amount)}, newest.dated)


def is_return(row: OrderRow) -> bool:
    """Return whether a row states pieces or money that went back."""
    # Cells are read as plain decimals, and a zero has no sign.
    return any(value is not None and str(value)[0] == "-" for value in map(row.cells.get, _SIGNED))


class _Refunds:
    def __init__(self, rows: Sequence[OrderRow], costs: Mapping[int, Decimal], export: Export, dated: datetime | None) -> None:
        self._rows = rows
        self._costs = costs
        """Row → its line's total."""
        self._export = export
        self._dated = dated
        # Some exports write refunds as negative amounts.
        self._stated = [
            (row, abs(Decimal(str(value)))) for row in rows if (value := row.cells.get("refunded_amount")) is not None
        ]
        self.warnings: list[str] = []

    def running_total(self) -> list[Refund]:
        stated = self._stated
        positive = [row for row, amount in stated if amount]
        # Most orders are not refunded: a zero is stated only if the export is dated, since it may then correct an earlier one.
        if not stated or not (positive or self._export.exported_at):
            return []
        per_line = self._per_line()
        amount = sum((amount for _, amount in stated), Decimal(0)) if per_line else max(amount for _, amount in stated)
        data: dict[str, object] = {"refunded_total": plain(amount)}
        if len(stated) == len(self._costs) == len(self._rows) and (per_line or len(stated) == 1):
            data["lines"] = sorted((self._line(row, part) for row, part in stated), key=to_json)
        time, dated = self._time(positive or [row for row, _ in stated])
        return [Refund(time, amount, data, dated)]

    def returns(self, rows: Sequence[OrderRow]) -> list[Refund]:
        """Return the total of the rows of returns."""
        if not rows:
            return []
        lines = []
        whole = {row.cells.get("amount") for row in self._rows} - {None}
        for row in rows:
            cells = row.cells
            if int(str(cells.get("quantity") or 0)) > 0:
                # Discounts are written so too, and they are no refunds.
                self.warnings.append(
                    f"row {row.line}: has a negative amount and pieces that are not: read as a return; a discount belongs into "
                    "the amount of the order or of its lines"
                )
            given = next((cells[name] for name in ("line_amount", "amount") if cells.get(name) is not None), None)
            price, pieces = cells.get("unit_price"), cells.get("quantity")
            # The amount of the order, repeated in the rows of its returns, is not what went back.
            if (
                cells.get("line_amount") is None
                and (given is None or given in whole)
                and price is not None
                and pieces is not None
            ):
                given = Decimal(str(price)) * Decimal(str(pieces))
            if given is None:
                raise BadCell(f"row {row.line}: has no amount of the return", "return_amount")
            lines.append((row, abs(Decimal(str(given)))))
        amount = sum((amount for _, amount in lines), Decimal(0))
        data: dict[str, object] = {"refunded_total": plain(amount)}
        if all(row.cells.get("product") is not None for row in rows):
            data["lines"] = sorted(
                (
                    {
                        "product": row.cells["product"],
                        "quantity": abs(int(str(row.cells.get("quantity") or 0))),
                        "amount": plain(part),
                    }
                    for row, part in lines
                ),
                key=to_json,
            )
        times = [
            time for row, _ in lines for name in ("refunded_at", "paid_at") if isinstance(time := row.cells.get(name), datetime)
        ]
        if not times and self._dated is None:
            raise BadCell("has a return and no time at all", "no_time")
        return [Refund(max(times, default=self._dated or datetime.min.replace(tzinfo=UTC)), amount, data, bool(times))]

    def singles(self) -> list[Refund]:
        by_refund: dict[str, list[tuple[OrderRow, Decimal]]] = {}
        for row, amount in self._stated:
            refund = text_of(row.cells, "refund")
            if refund is not None:
                by_refund.setdefault(refund, []).append((row, amount))
            elif amount:
                detail = f"row {row.line}: has a refunded_amount and no refund, unlike other rows of the order"
                raise BadCell(detail, "refund_number")
        found = []
        for refund, stated in sorted(by_refund.items()):
            amounts = [amount for _, amount in stated]
            summed = len(set(amounts)) > 1 or self._export.refunds_per == "line"
            amount = sum(amounts, Decimal(0)) if summed else amounts[0]
            # As of running totals: a zero of a dated export may correct an earlier refund.
            if amount or self._export.exported_at is not None:
                time, dated = self._time(row for row, _ in stated)
                found.append(Refund(time, amount, {"refund": refund, "amount": plain(amount)}, dated))
        return found

    def _per_line(self) -> bool:
        """Return whether the column states each line's refund rather than the order's, repeated.

        Different values can only be the lines'. Equal values are the lines' if the amounts are per line too and no line gives
        back more than it cost. `refunds_per` decides otherwise.
        """
        amounts = [amount for _, amount in self._stated]
        if self._export.refunds_per is not None:
            return self._export.refunds_per == "line"
        if len(amounts) < 2:
            return False
        if len(set(amounts)) > 1:
            return True
        fits = all(amount <= self._costs.get(row.line, amount) for row, amount in self._stated)
        per_line = "amount" not in self._export.columns and fits
        if amounts[0]:
            level = "each line's" if per_line else "the order's, repeated"
            self.warnings.append(f"every row states the same refund: read as {level} (option refunds_per)")
        return per_line

    def _line(self, row: OrderRow, amount: Decimal) -> dict[str, object]:
        cost = self._costs[row.line]
        # No column states returned pieces; a line of which all money went back came back as a whole. What exceeds the line,
        # such as a shipping fee, belongs to the order alone.
        quantity = row.cells["quantity"] if amount and amount >= cost else 0
        return {"product": row.cells["product"], "quantity": quantity, "amount": plain(min(amount, cost))}

    def _time(self, rows: Iterable[OrderRow]) -> tuple[datetime, bool]:
        times = [time for row in rows if isinstance(time := row.cells.get("refunded_at"), datetime)]
        if times:
            return max(times), True
        if self._dated is None:
            raise BadCell("has a refund and no time at all", "no_time")
        self.warnings.append("the refund has no time: it is dated at the payment")
        return self._dated, False
