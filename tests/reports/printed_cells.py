"""Cells of a workbook as Excel prints them."""

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


def printed(cell: Any) -> str:
    """Return a cell as Excel prints it, for the number formats that the sheet uses."""
    value, shown = cell.value, cell.number_format
    if isinstance(value, datetime):
        return f"{value.year}/{value.month}/{value.day}"
    if not isinstance(value, int | float):
        return str(value)
    found = re.fullmatch(r'(?:"(.*?)")?(?:#,##)?0(?:\.(0+))?(%)?(?:"(.*)")?', shown)
    assert found, f"{cell.coordinate} has the format {shown!r}"
    exact = Decimal(repr(value)) * (100 if found[3] else 1)
    rounded = exact.quantize(Decimal(1).scaleb(-len(found[2] or "")), ROUND_HALF_UP)
    return f"{found[1] or ''}{rounded:,}{found[3] or ''}{found[4] or ''}"


def right_of(sheet: Any, text: str) -> str:
    """Return what is printed right of a label."""
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value == text]
    assert cells, f"no cell says {text!r}"
    return printed(sheet.cell(cells[0].row, cells[0].column + 1))


def rows_under(sheet: Any, title: str) -> list[list[str]]:
    """Return the printed cells of each row under a section's title."""
    first = next(cell.row for row in sheet.iter_rows(max_col=1) for cell in row if cell.value == title)
    return [[printed(cell) for cell in row if cell.value is not None] for row in sheet.iter_rows(min_row=first + 1)]
