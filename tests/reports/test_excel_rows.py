"""Rows that are written as XML, opened again by a reader that did not write them."""

from pathlib import Path

from openpyxl import load_workbook
from xlsxwriter import Workbook

from app.reports.excel.rows import RowSheet, blank_cell, format_number, number_cell, prepared, text_cell

TEXTS = ["plain", "<b>&amp;\"'", " between ", "two\nlines", "\r\nline", "=1+1", "ニット 针织衫 \U0001f9f6", "bell\x07"]


def test_rows_and_cells_read_back_as_they_were_written(tmp_path: Path) -> None:
    """Every text, a number, an empty cell; cells before and behind the rows stay; a formula's look gets a quote."""
    book = Workbook(tmp_path / "rows.xlsx", {"constant_memory": True, "tmpdir": str(tmp_path)})
    sheet: RowSheet = book.add_worksheet("rows", RowSheet)
    looks = format_number(book.add_format({"bold": True}))
    sheet.write_string(0, 0, "head")
    for row, text in enumerate(TEXTS, 2):
        cells = [
            text_cell(f"A{row}", looks, prepared(text, "ja")),
            number_cell(f"B{row}", looks, row),
            blank_cell(f"C{row}", looks),
        ]
        sheet.write_row_xml(row - 1, cells, 40 if row == 3 else None)
    sheet.write_string(len(TEXTS) + 2, 1, "end")
    book.close()
    read = load_workbook(tmp_path / "rows.xlsx").active
    assert read is not None
    rows = list(read.iter_rows(values_only=True))
    shown = [text.replace("\r\n", "\n").replace("\x07", "") for text in TEXTS]
    assert [("head", None, None), *((text, row, None) for row, text in enumerate(shown, 2))] == rows[: len(TEXTS) + 1]
    assert (None, "end", None) == rows[-1]
    assert {"=1+1", "\r\nline"} == {text for text in TEXTS if prepared(text, "ja").is_guarded}
    # Excel would read it as the character A.
    assert "_x005F_x0041_" in prepared("_x0041_", "ja").xml
    assert (40, True) == (read.row_dimensions[3].height, read.cell(3, 1).font.bold)
