"""The third sheet: every order line, as many as there are.

In: orders in batches. Out: the sheet, row by row. Never here: all orders in memory at once, a buyer's raw id.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic_core import from_json
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from app.events.characters import clean_text
from app.kpis.documents.render import Document, zone_of
from app.kpis.timeline.orders_and_events import order_document
from app.labels.catalogue import label, label_or
from app.reports.document import heading_of, subtitle_of
from app.reports.excel.formats import WorkbookStyle, block_height, guarded, lines_of, print_setup
from app.storage.event_log.log_reads import OrderRow
from app.storage.kpis.reads import SessionHead

COLUMNS: Mapping[str, int] = {
    "order": 22, "platform": 12, "state": 11, "counts": 10, "placed_at": 17, "paid_at": 17, "buyer": 39, "product": 16,
    "name": 48, "sku": 12, "quantity": 10, "amount": 16, "counted_quantity": 12, "counted_amount": 18, "refunded_amount": 18,
    "shipped_at": 17, "delivered_at": 17,
}  # fmt: skip
"""Key of the label and width of each column."""
MOST_ROWS = 1_048_576
"""Rows that a sheet of Excel has."""
_MOMENTS = ("placed_at", "paid_at", "shipped_at", "delivered_at")
_PLACES = {key: place for place, key in enumerate(COLUMNS)}


class Orders:
    """Writes the lines of orders, top to bottom, once each."""

    def __init__(self, style: WorkbookStyle, sheet: Worksheet, head: SessionHead, names: Mapping[str, str]) -> None:
        """Take an empty sheet; `names` are the products' by code."""
        self._style = style
        self._sheet = sheet
        self._head = head
        self._names = names
        self._zone = zone_of(head.time_zone)
        self._text = style.format(text_wrap=True)
        self._quoted = style.format(**guarded("=", {"text_wrap": True}))
        self._moment = style.format(num_format="yyyy/mm/dd hh:mm", align="center")
        self._amount = style.format(num_format=style.amount)
        self._pieces = style.format(num_format="#,##0")
        self._units, self._gmv, self._refunded = 0, Decimal(0), Decimal(0)
        self._left_out = 0
        self._row = 1

    def begin(self, report: Document) -> None:
        """Write the heads."""
        sheet, style = self._sheet, self._style
        for column, width in enumerate(COLUMNS.values()):
            sheet.set_column(column, column, width)
        sheet.set_row(0, 34)
        for column, key in enumerate(COLUMNS):
            text = label(f"order.{key}", style.language).format(currency=self._head.currency)
            sheet.write_string(0, column, text, style.header())
        sheet.freeze_panes(1, 1)
        # On one page the columns would be too small to read: two, side by side, each with the order's number.
        print_setup(sheet, style, heading_of(report), subtitle_of(report)[-1], wide=2)
        sheet.print_across()
        sheet.repeat_rows(0)
        sheet.repeat_columns(0)

    def write(self, batches: Iterable[tuple[list[OrderRow], Mapping[str, str]]]) -> None:
        """Write orders with the product codes of the aliases in their lines."""
        for orders, codes in batches:
            for order in orders:
                lines = from_json(order.lines) if order.lines else []
                self._order(order, order_document(self._head, order, lines, codes))
        self._sheet.autofilter(0, 0, max(1, self._row - 1), len(COLUMNS) - 1)
        self._total()

    def _order(self, order: OrderRow, document: Document) -> None:
        # An order without reported lines is one line without a product.
        lines = document["lines"] or [{"product": None, "sku": None, "quantity": None, "amount": document["amount"]}]
        counts = order.paid_at is not None
        rest = Decimal(document["amount"] or 0) - sum(Decimal(line["amount"] or 0) for line in lines)
        if counts and rest:
            # Shipping, a coupon: what was paid for the order and for none of its lines.
            lines = [*lines, {"product": None, "sku": None, "quantity": None, "amount": str(rest), "name": "order.rest"}]
        if counts:
            self._units += sum(line["quantity"] or 0 for line in lines)
            self._gmv += Decimal(document["amount"] or 0)
        self._refunded += Decimal(document["refunded_amount"] or 0)
        for number, line in enumerate(lines):
            # The last row is the total's.
            if self._row >= MOST_ROWS - 1:
                self._left_out += 1
                continue
            self._line(order, document, line, counts=counts, first=number == 0)

    def _line(self, order: OrderRow, document: Document, line: Mapping[str, Any], *, counts: bool, first: bool) -> None:
        language = self._style.language
        own_name = label(line["name"], language) if "name" in line else None
        texts = {
            "order": document["order"],
            "platform": label_or(f"platform.{document['platform']}", document["platform"], language),
            "state": label(f"order.state.{document['state']}", language),
            "counts": label("order.counts.yes", language) if counts else None,
            "buyer": document["buyer"],
            "product": line["product"],
            "name": own_name or self._names.get(line["product"], line["product"]),
            "sku": line["sku"],
        }
        wraps = [(text, COLUMNS[key]) for key, text in texts.items() if text and 2 * len(text) > COLUMNS[key] - 2]
        if any(lines_of(text, width) > 1 for text, width in wraps):
            self._sheet.set_row(self._row, block_height(self._style, *wraps))
        for key in COLUMNS:
            if key in texts:
                self._put(_PLACES[key], texts[key])
            elif key in _MOMENTS:
                self._at(_PLACES[key], getattr(order, key))
        self._number(_PLACES["quantity"], line["quantity"], self._pieces)
        self._number(_PLACES["amount"], line["amount"], self._amount)
        if counts:
            self._number(_PLACES["counted_quantity"], line["quantity"], self._pieces)
            self._number(_PLACES["counted_amount"], line["amount"], self._amount)
        # Of the order, not of the line: once, so that the column adds up.
        self._number(_PLACES["refunded_amount"], document["refunded_amount"] if first else None, self._amount)
        self._row += 1

    def _total(self) -> None:
        """Write what the columns of what counts add up to: the sheet's units and GMV."""
        if self._row == 1:
            return
        style, last = self._style, self._row - 1
        looks: dict[str, Any] = {"bold": True, "top": 1}
        text = label("order.total", style.language)
        if self._left_out:
            text = label("order.total.left_out", style.language).format(count=f"{self._left_out:,}")
        self._sheet.write_string(self._row, 0, text, style.format(**looks))
        sums: dict[str, tuple[int | Decimal, str]] = {
            "counted_quantity": (self._units, "#,##0"), "counted_amount": (self._gmv, style.amount),
            "refunded_amount": (self._refunded, style.amount),
        }  # fmt: skip
        for key, place in _PLACES.items():
            if key not in sums:
                if place:
                    self._sheet.write_blank(self._row, place, None, style.format(**looks))
                continue
            value, shown = sums[key]
            cell = style.format(num_format=shown, **looks)
            if self._left_out:
                self._sheet.write_number(self._row, place, float(value), cell)
            else:
                column = f"{xl_rowcol_to_cell(1, place)}:{xl_rowcol_to_cell(last, place)}"
                self._sheet.write_formula(self._row, place, f"=SUM({column})", cell, float(value))

    def _put(self, column: int, text: str | None) -> None:
        text = clean_text(text or "")
        if text:
            looks = self._quoted if guarded(text, {}) else self._text
            self._sheet.write_string(self._row, column, text, looks)

    def _number(self, column: int, value: Any, looks: Any) -> None:
        if value is not None:
            self._sheet.write_number(self._row, column, float(value), looks)

    def _at(self, column: int, moment: datetime | None) -> None:
        if moment is not None:
            local = moment.astimezone(self._zone).replace(tzinfo=None)
            self._sheet.write_datetime(self._row, column, local, self._moment)
