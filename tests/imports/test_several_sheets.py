"""Workbooks with several sheets: no sheet of the kind is left out without a word."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter

from app.imports.csv_import import Import
from app.imports.product_import import ProductImport
from app.imports.record_import import RecordImport
from app.imports.table_heading import BadFile

CN = ["订单号", "商品编码", "数量", "实付", "支付时间"]
JA = ["注文番号", "購入者ID", "商品コード", "数量", "小計", "支払日時"]
COLUMNS = {"order": "订单号", "product": "商品编码", "quantity": "数量", "line_amount": "实付", "paid_at": "支付时间"}


def cn(order: str) -> list[Any]:
    """Return a row below the Chinese headings."""
    return [order, "knit-01", 1, 100, "2026-09-25 14:05:00"]


def workbook(**sheets: list[list[Any]]) -> io.BytesIO:
    """Return a file with these sheets."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file


def orders(file: io.BytesIO, **options: Any) -> list[str]:
    """Return the numbers of the orders of a file."""
    given = {"kind": "orders", "subject": "wechat:r"} | options
    imported = Import(file, given, "s", datetime(2026, 10, 1, tzinfo=UTC))
    return [str(event["data"]["order"]) for group in imported.groups() for event in group.events]  # type: ignore[index]


@pytest.mark.parametrize("columns", [{}, COLUMNS], ids=["guessed", "named"])
def test_two_sheets_of_orders_are_asked_for(columns: dict[str, str]) -> None:
    """One for each day, or one for each state; the first alone would be half of the orders."""
    file = workbook(d25=[CN, cn("A1")], d26=[["26"], CN, cn("A2")])
    with pytest.raises(BadFile, match="d25, d26") as refused:
        orders(file, columns=columns)
    assert "sheet" == refused.value.option
    assert ["A2"] == orders(file, columns=columns, sheet="d26")


def test_sheets_with_other_headings_are_asked_for_too() -> None:
    """Of another back end, with further columns: both have all that an order needs."""
    with pytest.raises(BadFile, match="cn, ja"):
        orders(workbook(cn=[CN, cn("A1")], ja=[JA, ["1001", "u", "knit-01", 1, 100, "2026-09-25 14:05:00"]]))


@pytest.mark.parametrize("columns", [{}, COLUMNS], ids=["guessed", "named"])
def test_other_sheets_are_not_in_the_way(columns: dict[str, str]) -> None:
    """Refunds without pieces, sums, notes, and the heading of a template without a row."""
    file = workbook(
        note=[["made on", "2026-09-26"]], empty=[CN], refunds=[["订单号", "退款金额"], ["A1", 5]], sales=[CN, cn("A1"), cn("A2")],
        sums=[["商品编码", "数量"], ["knit-01", 2]], blank=[CN, [""] * 5],
    )  # fmt: skip
    assert ["A1", "A2"] == orders(file, columns=columns)


def test_a_template_alone_is_a_file_without_orders() -> None:
    """Neither of two is asked for."""
    assert [] == orders(workbook(one=[CN], two=[CN]), columns=COLUMNS)


def test_sheets_of_records() -> None:
    """A list of codes is no second catalogue; a list of codes with names is."""
    catalogue = [["商品コード", "商品名"], ["k1", "ニット"]]
    stock: list[list[Any]] = [["商品コード", "在庫"], ["k1", 3]]
    imported: RecordImport = ProductImport(workbook(a=catalogue, b=stock), {"kind": "products"})
    assert "a" == imported.layout.sheet
    with pytest.raises(BadFile, match="a, c"):
        ProductImport(workbook(a=catalogue, b=stock, c=catalogue), {"kind": "products"})
