"""Codes that spreadsheets keep as numbers or as dates: what the sheet shows is what identifies an order or a product."""

import io
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from app.imports.csv_import import Import
from app.imports.workbooks.workbook_gaps import code_formats, shown

HEAD = ["order", "buyer", "product", "quantity", "amount", "paid"]
ROW = ["A1", "u1", "knit", 2, 100, "2026-09-25 20:05:00"]
OPTIONS: dict[str, Any] = {
    "kind": "orders", "subject": "wechat:r",
    "columns": {
        "order": "order", "buyer": "buyer", "product": "product", "quantity": "quantity", "line_amount": "amount", "paid_at": "paid",
    },
}  # fmt: skip


def workbook(*cells: tuple[int, int, Any, str], rows: int = 1) -> bytes:
    """Return a file of equal orders, in which cells (row, column, value, number format) are replaced."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        for row in range(1, rows + 1):
            sheet.write_row(row, 0, [f"A{row}", *ROW[1:]])
        for row, column, value, code in cells:
            write = sheet.write_datetime if isinstance(value, datetime) else sheet.write_number
            write(row, column, value, book.add_format({"num_format": code}))
    return file.getvalue()


def read(data: bytes) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the data of the orders that were paid, and the rows of the report in their order."""
    groups = list(Import(io.BytesIO(data), OPTIONS, "s", datetime(2026, 10, 1, tzinfo=UTC)).groups())
    stated: list[Any] = [event["data"] for group in groups for event in group.events]
    return stated, sorted((row for group in groups for row in group.rows), key=lambda row: row.row)


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [
        ("00000", 123, "00123"),
        ("0000000000000", 4901234567894, "4901234567894"),
        ('"SKU-"0000', 12, "SKU-0012"),
        ("000-0000", 1001, "000-1001"),
        ("000000_ ;[Red]-000000", 42, "000042"),
        ("00", 12345, "12345"),
        (r"\A\-000", 7, "A-007"),
        # Formats of amounts and counts say how a number looks, not what it is called.
        ("0", 123, "123"),
        ("#,##0", 1234, "1234"),
        ("0.00", 12, "12"),
        ("0.00E+00", 12, "12"),
    ],
)
def test_a_number_identifies_as_its_format_shows_it(code: str, number: int, text: str) -> None:
    """A product and an order alike."""
    [paid], _ = read(workbook((1, 0, number, code), (1, 2, number, code)))
    assert (text, text) == (paid["order"], paid["lines"][0]["product"])


def test_the_value_of_pieces_and_amounts_is_the_number() -> None:
    """Whatever the format adds."""
    [paid], _ = read(workbook((1, 3, 2, '00"件"'), (1, 4, 100, '"¥"000000')))
    assert (2, "100") == (paid["lines"][0]["quantity"], paid["amount"])


def test_rows_of_one_order_may_hold_its_number_as_text_and_as_a_number() -> None:
    """They are one order."""
    data = workbook((2, 0, 7, "000"), rows=2)
    book = openpyxl.load_workbook(io.BytesIO(data))
    book["Sheet1"]["A2"] = "007"
    file = io.BytesIO()
    book.save(file)
    [paid], _ = read(file.getvalue())
    assert ("007", "200") == (paid["order"], paid["amount"])


@pytest.mark.parametrize("column", [0, 2])
def test_a_code_that_became_a_date_is_refused(column: int) -> None:
    """`1-2` becomes the second of January, and the code is lost."""
    paid, rows = read(workbook((1, column, datetime(2026, 1, 2), "m-d"), rows=2))  # noqa: DTZ001 (as in a cell)
    assert ["A2"] == [order["order"] for order in paid]
    assert ["date_for_text", None] == [row.code for row in rows]


def test_a_buyer_that_became_a_date_is_a_warning() -> None:
    """A side fact never refuses the sale."""
    [paid], rows = read(workbook((1, 1, datetime(2026, 1, 2), "m-d")))  # noqa: DTZ001 (as in a cell)
    assert "buyer" not in paid
    assert any("is a date" in warning for warning in rows[0].warnings)


def test_styles_without_such_formats_have_none() -> None:
    """Formats are found by the place of the style that uses them."""
    assert {} == code_formats(b"<styleSheet/>")
    styles = b'<numFmts><numFmt numFmtId="164" formatCode="0&quot;0&quot;0"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs>'
    assert "102" == shown(code_formats(styles)[1], 12)
