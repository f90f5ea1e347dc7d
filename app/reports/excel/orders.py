"""The third sheet: every order line, as many as there are.

In: orders in batches. Out: the sheet, row by row. Never here: all orders in memory at once, a buyer's raw id.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic_core import from_json
from xlsxwriter.worksheet import Worksheet

from app.kpis.orders_and_events import order_document
from app.kpis.render import Document, zone_of
from app.labels.catalogue import label, label_or
from app.reports.document import heading_of, subtitle_of
from app.reports.excel.formats import WorkbookStyle, guarded, money_format, print_setup
from app.storage.log_reads import OrderRow
from app.storage.reads import SessionHead

COLUMNS: Mapping[str, int] = {
    "order": 20, "platform": 12, "state": 11, "placed_at": 17, "paid_at": 17, "buyer": 39, "product": 14, "name": 20,
    "sku": 10, "quantity": 10, "amount": 12, "refunded_amount": 16, "shipped_at": 17, "delivered_at": 17,
}  # fmt: skip
"""Key of the label and width of each column."""
MOST_ROWS = 1_048_576
"""Rows that a sheet of Excel has."""
_MOMENTS = ("placed_at", "paid_at", "shipped_at", "delivered_at")


class Orders:
    """Writes the lines of orders, top to bottom, once each."""

    def __init__(self, style: WorkbookStyle, sheet: Worksheet, head: SessionHead, names: Mapping[str, str]) -> None:
        """Take an empty sheet; `names` are the products' by code."""
        self._style = style
        self._sheet = sheet
        self._head = head
        self._names = names
        self._zone = zone_of(head.time_zone)
        self._text = style.format()
        self._quoted = style.format(**guarded("=", {}))
        self._moment = style.format(num_format="yyyy/mm/dd hh:mm", align="center")
        self._amount = style.format(num_format=money_format(style.digits))
        self._pieces = style.format(num_format="0")
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
        print_setup(sheet, style, heading_of(report), subtitle_of(report)[-1])
        sheet.repeat_rows(0)

    def write(self, batches: Iterable[tuple[list[OrderRow], Mapping[str, str]]]) -> None:
        """Write orders with the codes that their products' aliases stand for."""
        for orders, codes in batches:
            for order in orders:
                lines = from_json(order.lines) if order.lines else []
                self._order(order, order_document(self._head, order, lines, codes))
        self._sheet.autofilter(0, 0, max(1, self._row - 1), len(COLUMNS) - 1)

    def _order(self, order: OrderRow, document: Document) -> None:
        # What nobody has told the lines of is one line without a product.
        lines = document["lines"] or [{"product": None, "sku": None, "quantity": None, "amount": document["amount"]}]
        for number, line in enumerate(lines):
            if self._row >= MOST_ROWS:
                return
            self._put(0, document["order"])
            self._put(1, label_or(f"platform.{document['platform']}", document["platform"], self._style.language))
            self._put(2, label(f"order.state.{document['state']}", self._style.language))
            for column, key in enumerate(COLUMNS):
                if key in _MOMENTS:
                    self._at(column, getattr(order, key))
            self._put(5, document["buyer"])
            self._put(6, line["product"])
            self._put(7, self._names.get(line["product"], line["product"]))
            self._put(8, line["sku"])
            self._number(9, line["quantity"], self._pieces)
            self._number(10, line["amount"], self._amount)
            # Of the order, not of the line: once, so that the column adds up.
            self._number(11, document["refunded_amount"] if number == 0 else None, self._amount)
            self._row += 1

    def _put(self, column: int, text: str | None) -> None:
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
