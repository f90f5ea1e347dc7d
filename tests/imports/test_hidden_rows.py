"""Rows that a filter or a person has hidden are read like the others, and the report counts them."""

import io
from datetime import UTC, datetime
from struct import pack
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
import xlsxwriter

from app.imports.csv_import import Import
from app.imports.product_import import ProductImport
from tests.imports.error_files import compound_file, ods, ods_of, xls_stream

HEAD = ["order", "buyer", "product", "quantity", "amount", "paid"]
COLUMNS = {"order": "order", "product": "product", "quantity": "quantity", "line_amount": "amount", "paid_at": "paid"}


def imported(data: bytes) -> tuple[int, list[str]]:
    """Return how many rows are hidden, and the orders."""
    options = {"kind": "orders", "subject": "wechat:r", "columns": COLUMNS}
    found = Import(io.BytesIO(data), options, "s", datetime(2026, 10, 1, tzinfo=UTC))
    data_of: list[Any] = [event["data"] for group in found.groups() for event in group.events]
    return found.survey.hidden_rows, [one["order"] for one in data_of]


def xlsxwriter_file(*hidden: int, columns: bool = False) -> bytes:
    """Return three orders below a title and a heading; rows are counted from 1."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((["Orders"], HEAD, *(order(f"A{place}") for place in range(3)), ["合计", "", "", 3, 30])):
            sheet.write_row(number, 0, row)
        for place in hidden:
            sheet.set_row(place - 1, None, None, {"hidden": True})
        if columns:
            sheet.set_column(1, 2, None, None, {"hidden": True})
    return file.getvalue()


def order(number: str) -> list[Any]:
    """Return a row."""
    return [number, "u", "knit", 1, 10, "2026-09-25 14:05:00"]


@pytest.mark.parametrize(("hidden", "counted"), [((), 0), ((3,), 1), ((3, 4, 5), 3), ((1, 2), 0), ((6,), 0), ((5, 7, 8, 900), 1)])
@pytest.mark.parametrize("columns", [False, True])
def test_hidden_orders_are_counted_and_imported(hidden: tuple[int, ...], counted: int, columns: bool) -> None:
    """Not what is above them, a total, an empty row, or a column."""
    assert (counted, ["A0", "A1", "A2"]) == imported(xlsxwriter_file(*hidden, columns=columns))


def test_rows_that_another_program_has_hidden() -> None:
    """With a filter, and with cells that have errors elsewhere."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (HEAD, *(order(f"A{place}") for place in range(4))):
        sheet.append(row)
    sheet.auto_filter.ref = "A1:F5"
    sheet.row_dimensions[2].hidden = sheet.row_dimensions[4].hidden = True
    file = io.BytesIO()
    book.save(file)
    assert (2, ["A0", "A1", "A2", "A3"]) == imported(file.getvalue())


def test_hidden_products_are_counted_too() -> None:
    """Files of records have sheets as well; a text hides nothing."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((["商品コード", "商品名"], ["k1", "ニット"], ["k2", "コート"])):
            sheet.write_row(number, 0, row)
        sheet.set_row(2, None, None, {"hidden": True})
    assert 1 == ProductImport(file, {"kind": "products"}).survey.hidden_rows
    assert 0 == ProductImport(io.BytesIO(b"code,name_ja\nk1,x\n"), {"kind": "products"}).survey.hidden_rows


def test_rows_that_an_xls_file_hides() -> None:
    """Each row has a record with its height, in which one bit hides it; other bits do not."""
    sheet = xls_stream((HEAD, order("A0"), order("A1"), order("A2")))
    flags = (0x0100, 0x0120, 0x0140, 0x01A7)
    heights = b"".join(pack("<HHHHHHHHHH", 0x0208, 16, row, 0, 6, 255, 0, 0, flag, 15) for row, flag in enumerate(flags))
    assert (2, ["A0", "A1", "A2"]) == imported(compound_file(sheet[:-4] + heights + sheet[-4:]))
    assert (0, ["A0", "A1", "A2"]) == imported(compound_file(sheet))


@pytest.mark.parametrize(("word", "counted"), [("collapse", 2), ("filter", 2), ("visible", 0)])
def test_rows_that_an_ods_file_hides(word: str, counted: int) -> None:
    """One by one, or a million of empty ones below them."""
    hidden = f'<table:table-row table:visibility="{word}"'
    cells = ods((HEAD, order("A0"), order("A1"), order("A2")))
    with ZipFile(io.BytesIO(cells)) as archive:
        text = archive.read("content.xml").decode()
    head, *rows = text.partition('table:name="data">')[2].partition("</table:table>")[0].split("<table:table-row>")[1:]
    body = "".join((f"<table:table-row>{head}", f"{hidden}>{rows[0]}", f"<table:table-row>{rows[1]}", f"{hidden}>{rows[2]}"))
    below = f'{hidden} table:number-rows-repeated="99999999"><table:table-cell/></table:table-row>'
    assert (counted, ["A0", "A1", "A2"]) == imported(ods_of(f'<table:table table:name="data">{body}{below}</table:table>'))
