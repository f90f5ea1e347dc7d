"""Rows of a spreadsheet file: xlsx, xlsb, xls or ods.

In: a file. Out: sheets and their rows, every cell as the text that a CSV export of the sheet would hold. Never here: headings,
the meaning of a cell.

A number is written with the 15 digits that spreadsheets compute and show; a longer integer was rounded by the spreadsheet and
is written in scientific notation, so that no identifier is read from it. A cell that shows an error, or whose formula has no
value, is written as that error (`workbook_formats`): it is not empty. A number of an xlsx file that its format shows as a code
keeps both.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from app.imports.workbooks.workbook_formats import beside_values
from app.imports.workbooks.workbook_gaps import MOST_GAPS, CellsOfSheet, DateOfSpreadsheet, TooManyGaps, UnknownGaps, code_of

MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""First bytes of zip archives (xlsx, xlsb, ods) and of compound files (xls)."""

_EXACT = 10**15


class UnreadableWorkbook(ValueError):
    """The file is no spreadsheet, is encrypted, or is damaged."""


class Workbook:
    """An opened spreadsheet file."""

    def __init__(self, file: BinaryIO) -> None:
        """Open it.

        Raises:
            UnreadableWorkbook: it cannot be opened.
        """
        try:
            self._workbook = CalamineWorkbook.from_filelike(file)
        except PasswordError:
            raise UnreadableWorkbook("is protected by a password; remove it and save the file again") from None
        except (CalamineError, OSError, ValueError) as error:
            raise UnreadableWorkbook(f"cannot be opened as a spreadsheet ({type(error).__name__})") from None
        self._last: CalamineSheet | None = None
        self._gaps = beside_values(file)
        self._gaps_of: dict[str, tuple[dict[int, list[tuple[int, str]]], CellsOfSheet]] = {}
        self.sheets = [
            sheet.name
            for sheet in self._workbook.sheets_metadata
            if sheet.typ is SheetTypeEnum.WorkSheet and sheet.visible is SheetVisibleEnum.Visible
        ]
        """Names of the visible sheets of cells."""

    @property
    def since_1904(self) -> bool:
        """Whether numbers of days count from 1904, as workbooks of old Macs do."""
        return self._gaps.since_1904

    def rows(self, sheet: str) -> Iterator[tuple[int, list[str]]]:
        """Return the rows of a sheet with their numbers, which begin with 1.

        Raises:
            UnreadableWorkbook: the sheet cannot be read.
        """
        found = self._sheet(sheet)
        if found.start is None:
            return
        # The rows begin with the sheet's first, their cells with the first column that holds anything.
        margin = [""] * found.start[1]
        gaps, styled = self._beside_values(sheet)
        for number, row in enumerate(found.iter_rows(), 1):
            cells = margin + [_text(cell) for cell in row]
            for column in styled.styles:
                if column <= len(cells) and (pieces := styled.format_of(number, column)) is not None:
                    cells[column - 1] = code_of(pieces, cells[column - 1])
            for column, shown in gaps.get(number, ()):
                cells += [""] * (column - len(cells))
                cells[column - 1] = shown
            yield number, cells

    def hidden(self, sheet: str) -> frozenset[int]:
        """Return the hidden rows of a sheet, which have values like the others; none of an xlsb file."""
        return frozenset(self._beside_values(sheet)[1].hidden)

    def merged(self, sheet: str) -> Iterator[tuple[range, range]]:
        """Return the rows and the columns, counted from 1, of each merged cell that has several rows.

        Raises:
            UnreadableWorkbook: the sheet cannot be read.
        """
        found = self._sheet(sheet)
        if found.end is None:
            return
        for (top, left), (bottom, right) in found.merged_cell_ranges or ():
            if bottom > top:
                yield range(top + 1, min(bottom, found.end[0]) + 2), range(left + 1, right + 2)

    def _beside_values(self, sheet: str) -> tuple[dict[int, list[tuple[int, str]]], CellsOfSheet]:
        if sheet not in self._gaps_of:
            index = self._workbook.sheet_names.index(sheet)
            try:
                found = self._gaps.of_sheet(index)
            except TooManyGaps:
                detail = f"has more than {MOST_GAPS} formulas without a value; open it in a spreadsheet program and save it"
                raise UnreadableWorkbook(detail) from None
            except UnknownGaps:
                detail = "does not tell its errors from empty cells; open it in a spreadsheet program and save it as xlsx"
                raise UnreadableWorkbook(detail) from None
            by_row = dict[int, list[tuple[int, str]]]()
            for (row, column), shown in found.gaps.items():
                by_row.setdefault(row, []).append((column, shown))
            self._gaps_of[sheet] = by_row, found
        return self._gaps_of[sheet]

    def _sheet(self, name: str) -> CalamineSheet:
        if self._last is not None and self._last.name == name:
            return self._last
        try:
            self._last = self._workbook.get_sheet_by_name(name)
            return self._last
        except (CalamineError, OSError, ValueError) as error:
            raise UnreadableWorkbook(f"its sheet cannot be read ({type(error).__name__})") from None


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return _number(cell)
    return DateOfSpreadsheet(_time(cell)) if isinstance(cell, date | time | timedelta) else "" if cell is None else str(cell)


def _time(cell: date | time | timedelta) -> str:
    if isinstance(cell, datetime):
        # A date is a fraction of a day: 14:05:00 is stored as 14:04:59.9999997.
        rounded = cell + timedelta(microseconds=500)
        return rounded.isoformat(" ", "milliseconds" if rounded.microsecond >= 1000 else "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat("seconds")
    seconds = round(cell.total_seconds())
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _number(value: float) -> str:
    if isinstance(value, float) and not value.is_integer():
        text = f"{value:.15g}"
        return text if "e" not in text else format(value, ".15f").rstrip("0")
    whole = int(value)
    return str(whole) if abs(whole) < _EXACT else f"{whole:.5E}"
