"""One table of a sheet, written row by row.

In: columns, rows. Out: cells that fit. Never here: which rows; a row that was written before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from app.events.characters import clean_text
from app.labels.catalogue import label
from app.reports.excel.formats import WorkbookStyle, block_height, cell_text, guarded, lines_of
from app.reports.excel.rows import RowSheet, blank_cell, format_number, number_cell, prepared, text_cell

MOST_ROWS = 1_048_576
"""Rows that a sheet of Excel has."""
Cell = str | int | float | None


class Column(NamedTuple):
    """A column: its label and its width in characters."""

    key: str
    width: float


class Sheet:
    """A table that grows downward; the last column holds pieces."""

    def __init__(self, style: WorkbookStyle, sheet: RowSheet, columns: Sequence[Column]) -> None:
        """Take an empty sheet."""
        self.style = style
        self.sheet = sheet
        self.place = 0
        self._columns = columns
        self._widths = [column.width for column in columns]
        self._first = 0
        self._left_out = 0
        self._sum = 0
        self._names = [xl_col_to_name(number) for number in range(len(columns))]
        self._text = format_number(style.cell(text_wrap=True, indent=1))
        self._quoted = format_number(style.cell(**guarded("=", {"text_wrap": True, "indent": 1})))
        self._number = format_number(style.cell(num_format="#,##0"))
        sheet.set_default_row(style.line + 3)
        for number, width in enumerate(self._widths):
            sheet.set_column(number, number, width)

    def heading(self, text: str) -> None:
        """Write a line above the table."""
        self.sheet.set_row(self.place, self.style.line + 10)
        self.sheet.write_string(self.place, 0, text, self.style.format(bold=True, font_size=12))
        self.place += 1

    def text(self, text: str) -> None:
        """Write a text across all columns."""
        text = cell_text(clean_text(text), self.style.language)
        self.sheet.set_row(self.place, block_height(self.style, (text, sum(self._widths))))
        looks = self.style.format(text_wrap=True, valign="top")
        self.sheet.merge_range(self.place, 0, self.place, len(self._widths) - 1, text, looks)
        self.place += 1

    def skip(self) -> None:
        """Leave a row free."""
        self.place += 1

    def begin(self, *, filtered: bool = True) -> None:
        """Write the heads."""
        heads = [label(column.key, self.style.language) for column in self._columns]
        self.sheet.set_row(self.place, block_height(self.style, *zip(heads, self._widths, strict=True)))
        for number, text in enumerate(heads):
            self.sheet.write_string(self.place, number, text, self.style.header())
        if filtered:
            self.sheet.freeze_panes(self.place + 1, 0)
            self.sheet.repeat_rows(self.place)
        self.place += 1
        self._first = self.place

    def row(self, cells: Sequence[Cell]) -> None:
        """Write a row; one that the sheet has no place for is counted."""
        if isinstance(cells[-1], int):
            self._sum += cells[-1]
        if self.place >= MOST_ROWS - 2:
            self._left_out += 1
            return
        lines, row, language = 1, self.place + 1, self.style.language
        written = []
        for name, width, cell in zip(self._names, self._widths, cells, strict=True):
            place = f"{name}{row}"
            if isinstance(cell, int | float):
                written.append(number_cell(place, self._number, cell))
                continue
            if not cell:
                written.append(blank_cell(place, self._text))
                continue
            found = prepared(cell, language)
            written.append(text_cell(place, self._quoted if found.is_guarded else self._text, found))
            # A text of a third of the width fits on one line in any script.
            if len(found.text) * 3 > width:
                lines = max(lines, lines_of(found.text, width))
        self.sheet.write_row_xml(self.place, written, lines * self.style.line + 6 if lines > 1 else None)
        self.place += 1

    def end(self, *, total: bool) -> None:
        """Write the sum of the pieces, and how many rows had no place."""
        last = len(self._columns) - 1
        if total and self.place > self._first:
            self.sheet.autofilter(self._first - 1, 0, self.place - 1, last)
            looks = self.style.cell(bold=True, indent=1)
            self.sheet.write_string(self.place, 0, label("packing.total", self.style.language), looks)
            for number in range(1, last):
                self.sheet.write_blank(self.place, number, None, looks)
            cell = self.style.cell(bold=True, num_format="#,##0")
            if self._left_out:
                self.sheet.write_number(self.place, last, self._sum, cell)
            else:
                begin, end = xl_rowcol_to_cell(self._first, last), xl_rowcol_to_cell(self.place - 1, last)
                self.sheet.write_formula(self.place, last, f"=SUM({begin}:{end})", cell, self._sum)
            self.place += 1
        if self._left_out:
            text = label("packing.left_out", self.style.language).format(count=f"{self._left_out:,}")
            self.sheet.write_string(self.place, 0, text, self.style.format(bold=True))
