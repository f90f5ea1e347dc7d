"""Cells that show no value: what says nothing is empty, and an error of a spreadsheet is neither a value nor empty."""

import io
import re
from collections.abc import Callable
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from app.imports import csv_cells
from app.imports.csv_cells import BadCell
from app.imports.workbooks.cell_errors import UNCALCULATED
from app.imports.workbooks.workbook_rows import UnreadableWorkbook, Workbook
from tests.imports.order_table import HEAD, ROW, imported

_ZONE = ZoneInfo("Asia/Shanghai")
_READERS: list[Callable[[str], object]] = [
    csv_cells.text, csv_cells.money, csv_cells.number, csv_cells.seconds, csv_cells.flag, lambda cell: csv_cells.time(cell, _ZONE),
]  # fmt: skip
_ERRORS = (
    "#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#BEZUG!", "#NV", "########", "Err:502", UNCALCULATED, "#N/D", "#n/a", "#¡REF!",
    "#¿NOMBRE?", "#ДЕЛ/0!", "#名前?", "#GETTING_DATA", "#SPILL!", "#N/A N/A", "エラー:502", "错误:502", "=A2&B2", "=$A$2", "=Sheet1!A2",
    "='2026 9'!A2*2", '=IF(A1="","",A1)', "=VLOOKUP(A2,B:C,2,0)",
)  # fmt: skip


@pytest.mark.parametrize("read", _READERS)
@pytest.mark.parametrize("cell", _ERRORS)
def test_an_error_is_no_value_of_any_kind(cell: str, read: Callable[[str], object]) -> None:
    """Neither an identifier, nor an amount, nor an empty cell."""
    with pytest.raises(BadCell) as error:
        read(cell)
    assert "spreadsheet_error" == error.value.code


@pytest.mark.parametrize("cell", ["#1001", "#1001!", "E12", "Nan", "无", "#", "=_=", "=LOVE=", "=", "=1001", "错", "#1"])
def test_what_only_resembles_one_is_an_identifier(cell: str) -> None:
    """Shopify's order numbers begin with #, and people have such names."""
    assert cell == csv_cells.text(cell)


@pytest.mark.parametrize("cell", ["", "—", "–", "---", "nan", "NaN", "NaT", "N/A", "\\N", "(null)", " N/A\t", "<NA>"])
def test_what_says_nothing_is_empty(cell: str) -> None:
    """Whatever database or data frame wrote it: no buyer is called so."""
    assert [None, None, None] == [csv_cells.text(cell), csv_cells.money(cell), csv_cells.time(cell, _ZONE)]


@pytest.mark.parametrize("cell", ["0000-00-00 00:00:00", "1970-01-01 08:00:00", "0001-01-01T00:00:00", "1900-01-00", "0", "无"])
def test_a_time_that_was_never_set_is_none(cell: str) -> None:
    """Databases and spreadsheets write the zero of their calendar."""
    assert csv_cells.time(cell, _ZONE) is None


@pytest.mark.parametrize("cell", ["\u200eA1\u202c", "A1\u200b", "\ufeff A1", "\u202d'A1"])
def test_characters_without_a_width_make_no_other_order(cell: str) -> None:
    """Marks of the direction of writing come along when a number is copied."""
    assert "A1" == csv_cells.text(cell)


def _xlsxwriter(column: int, error: str) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ROW)
        sheet.write_formula(1, column, "=X1", None, error)
        sheet.write_row(2, 0, ["A2", "u2", *ROW[2:]])
    return file.getvalue()


def _openpyxl(cell: str, formula: str | float, *, since_1904: bool = False) -> bytes:
    book = openpyxl.Workbook()
    if since_1904:
        book.epoch = CALENDAR_MAC_1904
    book.create_sheet("hidden", 0).sheet_state = "hidden"
    sheet = book["Sheet"]
    for row in ([], HEAD, ROW, ["A2", "u2", *ROW[2:]]):
        sheet.append(row)
    sheet.delete_rows(1)
    sheet[cell] = formula
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("column", [0, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("error", ["#N/A", "#REF!"])
def test_an_order_of_which_a_cell_is_an_error_is_not_imported(column: int, error: str) -> None:
    """The reader of values calls such a cell empty: an order without a refund, which has one."""
    events, rows = imported(_xlsxwriter(column, error))
    assert {"A2"} == {event["data"]["order"] for event in events}
    assert [("spreadsheet_error", False), (None, True)] == [(row.code, row.ok) for row in sorted(rows, key=lambda row: row.row)]


def test_a_buyer_that_is_an_error_is_a_warning() -> None:
    """A side fact never refuses the sale."""
    events, rows = imported(_xlsxwriter(1, "#NAME?"))
    assert {"A1", "A2"} == {event["data"]["order"] for event in events}
    assert any("an error of a spreadsheet" in warning for row in rows for warning in row.warnings)


@pytest.mark.parametrize("cell", ["E2", "G2"])
def test_a_formula_that_was_never_computed_is_not_empty(cell: str) -> None:
    """Libraries write formulas without their values, also beside hidden sheets."""
    events, _ = imported(_openpyxl(cell, "=10+20"))
    assert {"A2"} == {event["data"]["order"] for event in events}


def _as_text(data: bytes) -> bytes:
    """Return a workbook whose formulas have texts for values, as spreadsheet programs write an empty text."""
    file = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as read, ZipFile(file, "w") as written:
        for name in read.namelist():
            written.writestr(name, re.sub(rb'(<c r="[A-Z]+2")(><f>)', rb'\1 t="str"\2', read.read(name)))
    return file.getvalue()


def test_a_formula_with_its_value_is_that_value() -> None:
    """Also one whose value is the empty text."""
    events, _ = imported(_xlsxwriter(1, "u9"))
    assert "u9" in {event["data"].get("buyer") for event in events}
    data = _xlsxwriter(6, "")
    assert ["A2", "A2"] == sorted(event["data"]["order"] for event in imported(data)[0])
    assert ["A1", "A2", "A2"] == sorted(event["data"]["order"] for event in imported(_as_text(data))[0])


def test_numbers_of_days_of_a_workbook_count_from_its_first_day() -> None:
    """A cell without a format of dates, in a workbook of 1904."""
    events, _ = imported(_openpyxl("F2", 44828.8368055556, since_1904=True))
    paid = {event["data"]["order"]: event["time"] for event in events if event["type"] == "live.order.paid"}
    assert {"2026-09-25T12:05:00+00:00"} == {paid["A1"], paid["A2"]}


def test_more_gaps_than_can_be_listed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the sheet is taken."""
    monkeypatch.setattr("app.imports.workbooks.workbook_gaps.MOST_GAPS", 0)
    with pytest.raises(UnreadableWorkbook, match="formulas without a value"):
        list(Workbook(io.BytesIO(_openpyxl("E2", "=1"))).rows("Sheet"))
