"""Rows of an order export: the events that the rows of one order state.

In: the cells of an order's rows, already converted, and the cells that could not be converted. Out: order events with a
revision, warnings. Never here: the reading of cells, files, I/O.

The order, its lines, its amounts and its payment are the ledger entry: if one of them cannot be read, the whole order is
refused and stays open for a corrected file. Everything else (buyer, SKU, shipment, other times) is a side fact: if it is
missing or unreadable, the order is taken without it and the row carries a warning.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from app.adapters.protocol import Event
from app.adapters.signatures import key_of
from app.events.fields import Text
from app.imports.csv_cells import BadCell
from app.imports.order_export import Export, Line, OrderRow, plain, text_of
from app.imports.refund_columns import Refund, is_return, read_refunds

SIDE_FACTS = frozenset(
    (
        "buyer",
        "sku",
        "carrier",
        "tracking",
        "placed_at",
        "cancelled_at",
        "refunded_at",
        "shipped_at",
        "delivered_at",
        "updated_at",
    )
)
"""Fields without which an order is still taken."""
_TIMES = {state: f"{state}_at" for state in ("placed", "paid", "cancelled", "delivered", "updated")}
"""State → the field that dates it."""
_PARCEL = frozenset(("carrier", "tracking", "shipped_at"))
_SIDE_TEXTS = ("buyer", "sku", "carrier", "tracking")
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Text)
_NO_IDENTIFIER = BadCell("cannot be used as an identifier", "identifier")


@dataclass(slots=True)
class OrderEvents:
    """What the rows of one order state."""

    events: list[Event] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_order(order: str, rows: Sequence[OrderRow], export: Export) -> OrderEvents:
    """Return the events of an order, one per state that its rows date.

    Raises:
        BadCell: a part of the ledger entry is missing, unreadable or contradictory; nothing of the order is taken.
    """
    for row in rows:
        for name, problem in row.problems.items():
            if name not in SIDE_FACTS:
                raise problem.within(f"row {row.line}: {name}".removesuffix(" "))
    return _Order(order, [_without_unusable_texts(row) for row in rows], export).read()


def _without_unusable_texts(row: OrderRow) -> OrderRow:
    wrong = [name for name in _SIDE_TEXTS if (value := row.cells.get(name)) is not None and not _is_identifier(str(value))]
    if not wrong:
        return row
    cells = {name: value for name, value in row.cells.items() if name not in wrong}
    return OrderRow(row.line, cells, {**row.problems, **dict.fromkeys(wrong, _NO_IDENTIFIER)})


class _Order:
    """Collects what the rows of one order state."""

    def __init__(self, order: str, rows: Sequence[OrderRow], export: Export) -> None:
        self._order = order
        self._all_rows = rows
        self._returned = [row for row in rows if is_return(row)]
        self._rows = [row for row in rows if not is_return(row)] if self._returned else rows
        self._export = export
        self._found = OrderEvents()
        self._times: dict[str, datetime] = {}

    def read(self) -> OrderEvents:
        for row in self._all_rows:
            self._found.warnings += [
                f"row {row.line}: {name} {problem}: taken without it" for name, problem in row.problems.items()
            ]
        for state, name in _TIMES.items():
            if name in self._export.columns and (time := self._time_of(name)) is not None:
                self._times[state] = time
        whole = self._whole_amount() if self._rows else None
        lines = self._lines(whole) if self._rows else []
        purchase = self._purchase(whole, lines) if self._rows else {}
        dated = self._times.get("paid") or self._times.get("placed")
        refunds, warnings = read_refunds(self._rows, self._returned, lines, self._export, dated)
        self._found.warnings += [*warnings, *self._doubts(purchase, lines, refunds)]
        parcels = self._parcels()
        at = self._dated(refunds, parcels)
        revision = f"{at}/{_stamp(self._export.imported_at)}"
        for state in ("placed", "paid"):
            self._add(state, self._times.get(state), purchase, revision, at)
        self._add("cancelled", self._times.get("cancelled"), {"order": self._order}, revision, at)
        for refund in refunds:
            # A running total grows: of two that no column dates, the higher one is the newer.
            grown = not refund.dated and self._export.exported_at is None and "updated" not in self._times
            own = f"{_stamp(refund.time)}/+{refund.amount:020.6f}/{_stamp(self._export.imported_at)}"
            data = {"order": self._order, **refund.data}
            self._add("refunded", refund.time, data, *((own, "-") if grown else (revision, at)))
        for (carrier, tracking), time in parcels.items():
            data = {"order": self._order, "carrier": carrier, "tracking": tracking}
            self._add("shipped", time, {name: value for name, value in data.items() if value is not None}, revision, at)
        self._add("delivered", self._times.get("delivered"), {"order": self._order}, revision, at)
        if self._rows and "paid" not in self._times:
            self._found.warnings.append("has no time of payment: it is not counted")
        return self._found

    def _add(self, state: str, time: datetime | None, data: Mapping[str, object], revision: str, at: str) -> None:
        if time is None:
            return
        export, happened_at = self._export, time.isoformat()
        # The id says what is stated and as of when, as far as the file says so: the same statement again is the same event, and
        # one that a newer export repeats after another statement is a new one.
        key = key_of(export.subject, self._order, state, happened_at, to_json(data), at)
        self._found.events.append(
            {
                "specversion": "1.0",
                "id": f"csv/{key}",
                "source": export.source,
                "type": f"live.order.{state}",
                "subject": export.subject,
                "time": happened_at,
                "data": {**data, "revision": revision},
            }
        )

    def _stated(self, name: str) -> list[object]:
        return [value for row in self._rows if (value := row.cells.get(name)) is not None]

    def _time_of(self, name: str) -> datetime | None:
        times = {value for value in self._stated(name) if isinstance(value, datetime)}
        if len(times) > 1 and name in {"placed_at", "paid_at"}:
            self._found.warnings.append(f"the rows differ in {name}: the earliest is taken")
        return max(times, default=None) if name == "updated_at" else min(times, default=None)

    def _whole_amount(self) -> str | None:
        amounts = {Decimal(str(value)): str(value) for value in self._stated("amount")}
        if len(amounts) > 1:
            raise BadCell("its rows differ in amount; an amount of each line is a line_amount", "amounts_differ")
        return next(iter(amounts.values()), None)

    def _lines(self, whole: str | None) -> list[Line]:
        """Return the rows that are lines, each with its total; a row of the order alone names neither product nor pieces."""
        rows = [row for row in self._rows if row.cells.get("product") is not None or row.cells.get("quantity") is not None]
        rows = rows or list(self._rows)
        sold = [row for row in rows if not row.cells.get("gift")]
        found = []
        for row in rows:
            for name in ("product", "quantity"):
                if row.cells.get(name) is None:
                    raise BadCell(f"row {row.line}: has no {name}", "empty")
            given, price = row.cells.get("line_amount"), row.cells.get("unit_price")
            if given is not None:
                found.append((row, str(given)))
            elif row.cells.get("gift"):
                # Its price is that of the product, which was not paid.
                found.append((row, "0"))
            elif price is not None:
                found.append((row, plain(Decimal(str(price)) * Decimal(str(row.cells["quantity"])))))
            elif whole is not None and len(sold) == 1:
                found.append((row, whole))
            elif whole is None:
                raise BadCell("has neither an amount nor an amount for every line", "no_amount")
            else:
                raise BadCell("has several lines and no line_amount for each", "no_line_amounts")
        return found

    def _purchase(self, whole: str | None, lines: Iterable[Line]) -> dict[str, object]:
        stated = [
            {
                "product": row.cells["product"],
                **({"sku": sku} if (sku := row.cells.get("sku")) is not None else {}),
                "quantity": row.cells["quantity"],
                "amount": amount,
                **({"gift": True} if row.cells.get("gift") else {}),
            }
            for row, amount in lines
        ]
        # Pieces that came free with the paid ones of the same line.
        stated += [
            {"product": row.cells["product"], "quantity": pieces, "amount": "0", "gift": True}
            for row, _ in lines
            if (pieces := row.cells.get("gift_quantity"))
        ]
        buyer = self._buyer()
        return {
            "order": self._order,
            **({"buyer": buyer} if buyer is not None else {}),
            "currency": self._export.currency,
            "amount": whole if whole is not None else plain(sum((Decimal(amount) for _, amount in lines), Decimal(0))),
            # The order of rows is the exporting program's affair: it must not make another statement.
            "lines": sorted(stated, key=to_json) if len(stated) > 1 else stated,
        }

    def _doubts(self, purchase: Mapping[str, object], lines: Sequence[Line], refunds: Iterable[Refund]) -> Iterator[str]:
        """Yield what is counted as it stands, and may be a mistake of the file."""
        if not self._rows:
            yield "has rows of returns alone: they are read as all that went back so far"
            return
        costs = sum((Decimal(amount) for _, amount in lines), Decimal(0))
        if costs > Decimal(str(purchase["amount"])):
            # A discount of the order, or the amount of one line in the place of the order's.
            yield "its lines cost more than the order: the order counts with its own amount, the lines with theirs"
        sold = [row for row, _ in lines if not row.cells.get("gift")]
        if self._export.repeats_line_amounts and len({row.cells["product"] for row in sold}) > 1:
            yield (
                "line_amount is the same in all rows of every order of the file: all are added; if the column states the order's "
                "amount, map it as amount"
            )
        equal = defaultdict[tuple[object, ...], list[int]](list)
        for row, amount in lines:
            if row.cells.get("gift") and Decimal(amount):
                yield f"row {row.line}: is a free gift and has an amount, which is counted"
            equal[*map(row.cells.get, ("product", "sku", "quantity", "gift")), Decimal(amount)].append(row.line)
        for rows in equal.values():
            if len(rows) > 1:
                # Two pieces on two lines, or one line that is repeated for each of its parcels or refunds.
                yield f"the rows {', '.join(map(str, rows[:5]))} state the same line: all of them are counted"
        if sum((refund.amount for refund in refunds), Decimal(0)) > Decimal(str(purchase["amount"])):
            yield "the refund is greater than the order: it is counted as it stands"

    def _buyer(self) -> str | None:
        named = sorted({str(value) for value in self._stated("buyer")})
        if not named:
            self._found.warnings.append("has no buyer: the order counts without one")
        elif len(named) > 1:
            self._found.warnings.append("the rows differ in buyer: the first by name is taken")
        return named[0] if named else None

    def _parcels(self) -> dict[tuple[str | None, str | None], datetime]:
        """Return (carrier, tracking) → when it was shipped, the earliest first."""
        found: dict[tuple[str | None, str | None], datetime] = {}
        if not _PARCEL & self._export.columns:
            return found
        undated = set()
        for row in self._rows:
            parcel = text_of(row.cells, "carrier"), text_of(row.cells, "tracking")
            time = row.cells.get("shipped_at")
            if isinstance(time, datetime):
                found[parcel] = min(time, found.get(parcel, time))
            elif parcel[1] is not None:
                undated.add(parcel)
        if undated - found.keys():
            self._found.warnings.append("has a tracking number without shipped_at: the parcel is not recorded")
        if len(found) > 1:
            found.pop((None, None), None)
        return dict(sorted(found.items(), key=lambda parcel: (parcel[1], str(parcel[0]))))

    def _dated(self, refunds: Iterable[Refund], parcels: Mapping[tuple[str | None, str | None], datetime]) -> str:
        """Return as of when the export states the order, `-` if it does not say so; of two equal ones the later import counts.

        Without `exported_at` and `updated_at`, the newest refund, shipment, delivery or cancellation dates the statement.
        """
        progress = [time for state, time in self._times.items() if state in {"cancelled", "delivered"}]
        progress += [*parcels.values(), *(refund.time for refund in refunds if refund.dated)]
        at = self._export.exported_at or self._times.get("updated") or max(progress, default=None)
        return "-" if at is None else _stamp(at)


def _is_identifier(value: str) -> bool:
    try:
        _IDENTIFIER.validate_python(value)
    except ValidationError:
        return False
    return True


@lru_cache(1_024)
def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
