"""Files that say the currency of a row in a column of its own: amounts in another one are refused by name."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter

from app.imports.csv_import import Import
from app.imports.number_notation import names_currency

COLUMNS = {"order": "Order", "product": "Product code", "quantity": "Qty", "amount": "Total", "paid_at": "Paid at"}


def read(data: bytes, currency: str = "USD", **options: Any) -> tuple[dict[str, str], list[str | None], dict[str, str]]:
    """Return order → amount, the code of each row, and the columns."""
    given = {"kind": "orders", "subject": "wechat:r", "currency": currency, "columns": COLUMNS} | options
    imported = Import(io.BytesIO(data), given, "s", datetime(2026, 10, 1, tzinfo=UTC))
    groups = list(imported.groups())
    codes = {row.row: row.code for group in groups for row in group.rows}
    stated: list[Any] = [event["data"] for group in groups for event in group.events]
    return {order["order"]: order["amount"] for order in stated}, [codes[row] for row in sorted(codes)], imported.columns


def csv(heading: str, *currencies: str) -> bytes:
    """Return orders of 70.00 each in a file whose third column names currencies."""
    rows = (f"{number},knit,{currency},1,70.00,2026-09-25 14:05:00\n" for number, currency in enumerate(currencies, 1))
    return "".join((f"Order,Product code,{heading},Qty,Total,Paid at\n", *rows)).encode()


@pytest.mark.parametrize("heading", ["Currency", "币种", "通貨", "支付币种(元)", "currency_code"])
@pytest.mark.parametrize("columns", [COLUMNS, {}])
def test_orders_in_another_currency_are_refused(heading: str, columns: dict[str, str]) -> None:
    """Whether the columns are mapped or guessed: their amounts are numbers like the others."""
    orders, codes, found = read(csv(heading, "USD", "EUR", "JPY", "usd"), columns=columns)
    assert ({"1": "70.00", "4": "70.00"}, heading) == (orders, found["currency"])
    assert [None, "foreign_currency", "foreign_currency", None] == codes


def test_an_empty_cell_names_none() -> None:
    """As in the further rows of an order."""
    orders, _, _ = read(csv("Currency", "USD", "", "-"))
    assert {"1", "2", "3"} == orders.keys()


def test_a_column_that_is_said_to_be_none_is_not_read() -> None:
    """An operator knows better; and two columns of one name name none."""
    assert {"1", "2"} == read(csv("Currency", "USD", "EUR"), columns={**COLUMNS, "currency": None})[0].keys()
    both = csv("Currency,Currency", "USD,EUR")
    assert {"1"} == read(both)[0].keys()


def test_sheets_of_workbooks_have_such_columns_too() -> None:
    """Beside a title."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Orders of September"])
        sheet.write_row(2, 1, ["Order", "Product code", "Qty", "Total", "Paid at", "Currency"])
        sheet.write_row(3, 1, ["1", "knit", 1, 70, "2026-09-25 14:05:00", "USD"])
        sheet.write_row(4, 1, ["2", "knit", 1, 70, "2026-09-25 14:05:00", "EUR"])
    assert ({"1": "70"}, [None, "foreign_currency"]) == read(file.getvalue())[:2]


def test_a_later_heading_moves_the_column() -> None:
    """As any other column."""
    data = csv("Currency", "USD") + b"Order,Currency,Product code,Qty,Total,Paid at\n2,USD,knit,1,5.00,2026-09-25 14:05:00\n"
    assert {"1": "70.00", "2": "5.00"} == read(data)[0]


@pytest.mark.parametrize(
    ("cell", "currency", "named"),
    [
        ("CNY", "CNY", True), ("RMB", "CNY", True), ("人民币元", "CNY", True), ("¥", "CNY", True), ("¥", "JPY", True),
        ("ＪＰＹ", "JPY", True), ("円", "JPY", True), ("日本円", "JPY", True), ("JPY (円)", "JPY", True), ("日元", "JPY", True),
        ("US$", "USD", True), ("$", "USD", True), ("us dollar usd", "USD", True), ("米ドル", "USD", True), ("HK$", "HKD", True),
        ("日元", "CNY", False), ("美元", "CNY", False), ("港元", "CNY", False), ("円", "CNY", False), ("US$", "HKD", False),
        ("人民币", "JPY", False), ("CNH", "CNY", False), ("本币", "CNY", False), ("1", "CNY", False),
    ],
)  # fmt: skip
def test_a_currency_is_named_by_its_code_its_sign_or_in_words(cell: str, currency: str, named: bool) -> None:
    """The longest name in a cell is the one that is meant."""
    assert named is names_currency(cell, currency)
