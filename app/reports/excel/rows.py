"""Sheets of many rows, written row by row.

In: cells as XML, made by the functions here. Out: rows in the sheet's temporary file. Never here: layout, which rows there are.

XlsxWriter takes a sheet cell by cell, at a dozen calls each: ten seconds of computing for a million cells. Here a row is one
string, and a text that comes again, such as the name of a product, is prepared once.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from xml.sax.saxutils import escape

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.events.characters import clean_text
from app.labels.catalogue import Language
from app.reports.excel.formats import cell_text, guarded

_ESCAPE_SIGN = re.compile("_(?=x[0-9a-fA-F]{4}_)")
"""Excel reads `_x0041_` in a text as the character A."""


class RowSheet(Worksheet):  # type: ignore[misc] # XlsxWriter is not typed
    """A sheet that takes whole rows besides cells; its workbook has the option `constant_memory`."""

    previous_row: int

    def write_row_xml(self, row: int, cells: Sequence[str], height: float | None = None) -> None:
        """Write a row, of which no cell is written otherwise; `cells` are in order, `height` is in points."""
        assert row >= self.previous_row
        if row > self.previous_row:
            self._write_single_row(row)
        self._check_dimensions(row, 0)
        self._check_dimensions(row, len(cells) - 1)
        looks = "" if height is None else f' ht="{height:g}" customHeight="1"'
        self.row_data_fh.write(f'<row r="{row + 1}"{looks}>{"".join(cells)}</row>')
        self.previous_row = row + 1


def format_number(looks: Format) -> int:
    """Return the number by which cells name a format."""
    return int(looks._get_xf_index())  # noqa: SLF001 - XlsxWriter's own writer of cells asks for it


def blank_cell(place: str, looks: int) -> str:
    """Return an empty cell at a place such as B7."""
    return f'<c r="{place}" s="{looks}"/>'


def number_cell(place: str, looks: int, value: float) -> str:
    """Return a cell with a number."""
    return f'<c r="{place}" s="{looks}"><v>{value!r}</v></c>'


class CellText(NamedTuple):
    """A text as a cell shows it."""

    text: str
    """Clean, and no longer than a cell may be."""
    is_guarded: bool
    """Whether its format needs a quote, since it looks like a formula."""
    xml: str


@lru_cache(8192)
def prepared(text: str, language: Language) -> CellText:
    """Return what a cell shows of a text."""
    text = cell_text(clean_text(text), language)
    escaped = escape(_ESCAPE_SIGN.sub("_x005F_", text).replace("\r\n", "\n").replace("\r", "_x000D_"))
    space = "" if text == text.strip() else ' xml:space="preserve"'
    return CellText(text, bool(guarded(text, {})), f' t="inlineStr"><is><t{space}>{escaped}</t></is></c>')


def text_cell(place: str, looks: int, found: CellText) -> str:
    """Return a cell with a text."""
    return f'<c r="{place}" s="{looks}"{found.xml}'
