"""An independent reader of CSV texts and workbooks: character by character, cell by cell, slow and plain.

In: a text or a file. Out: records and rows. Never here: code of the product.
"""

from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

import openpyxl

BLANKS = " \t\u00a0\u3000"


class Unclosed(ValueError):
    """A quoted cell has no end."""


class _Text:
    """A text with a position."""

    def __init__(self, text: str, separator: str) -> None:
        self.text = text
        self.at = 0
        self.separator = separator
        self.blanks = BLANKS.replace(separator, "")

    @property
    def here(self) -> str:
        return self.text[self.at : self.at + 1]

    def after_blanks(self, position: int) -> int:
        while position < len(self.text) and self.text[position] in self.blanks:
            position += 1
        return position

    def ends_cell(self, position: int) -> bool:
        return position >= len(self.text) or self.text[position] in {self.separator, "\n"}


def slow_records(text: str, separator: str) -> list[tuple[list[str], bool]]:
    """Return (cells, faulty) of every record."""
    source = _Text(text.replace("\r\n", "\n").replace("\r", "\n"), separator)
    found: list[tuple[list[str], bool]] = []
    while source.at < len(source.text):
        cells: list[str] = []
        faulty = False
        while True:
            cell, faulty = _cell(source, faulty)
            cells.append(cell)
            if source.here != separator:
                break
            source.at += 1
        source.at += 1
        found.append((cells, faulty))
    return found


def _cell(source: _Text, faulty: bool) -> tuple[str, bool]:
    start = source.after_blanks(source.at)
    if source.text[start : start + 2] == '="':
        start += 1
    if source.text[start : start + 1] == '"':
        source.at = start + 1
        return _quoted(source, faulty)
    cell = ""
    while not source.ends_cell(source.at):
        cell += source.here
        source.at += 1
    return cell, faulty


def _quoted(source: _Text, faulty: bool) -> tuple[str, bool]:
    cell = ""
    while source.here:
        if source.text[source.at : source.at + 2] == '""':
            cell += '"'
            source.at += 2
        elif source.here == '"':
            end = source.after_blanks(source.at + 1)
            if source.ends_cell(end):
                source.at = end
                return cell, faulty
            faulty = True
            cell += '"'
            source.at += 1
        else:
            if source.here == "\n" and faulty:
                raise Unclosed
            cell += source.here
            source.at += 1
    raise Unclosed


def slow_rows(file: BinaryIO) -> list[list[str]]:
    """Return the rows of a workbook's first sheet, without empty cells and rows at the end, as a CSV export would hold them."""
    sheet = openpyxl.load_workbook(file, data_only=True).worksheets[0]
    rows = [[_shown(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    for row in rows:
        while row and not row[-1]:
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).upper()
    if isinstance(value, datetime):
        seconds = round((value - datetime(2000, 1, 1)).total_seconds() * 1000)  # noqa: DTZ001
        rounded = datetime(2000, 1, 1) + timedelta(milliseconds=seconds)  # noqa: DTZ001
        if rounded == datetime(rounded.year, rounded.month, rounded.day):  # noqa: DTZ001
            return rounded.strftime("%Y-%m-%d")
        return rounded.strftime("%Y-%m-%d %H:%M:%S") + (f".{rounded.microsecond // 1000:03d}" if rounded.microsecond else "")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float):
        return f"{value:.15g}" if value != int(value) else str(int(value)) if abs(value) < 1e15 else f"{value:.5E}"
    return str(value)
