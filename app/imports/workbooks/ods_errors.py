"""Cells of an ods file that show an error, or a formula whose value was not stored.

In: the file. Out: where such cells are. Never here: values, formats of numbers.

A cell with an error has a text, and as its value none, the empty text or 0, by the program that wrote it. Most files have no
such cell: the text of the sheets is searched first, and parsed only if it has one.
"""

import re
from typing import BinaryIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from app.imports.workbooks.archive_parts import has_sign, parse_into
from app.imports.workbooks.cell_errors import UNCALCULATED, is_error
from app.imports.workbooks.workbook_gaps import MOST_ROWS, CellsOfSheet, UnknownGaps

_HIDDEN = frozenset(("collapse", "filter"))
_HIDDEN_SIGNS = tuple(b"%s%s%s" % (mark, word.encode(), mark) for mark in (b'"', b"'") for word in sorted(_HIDDEN))
_SIGNS = (b'value-type="error"', b"value-type='error'", b":formula=", b">#", b">Err:", *_HIDDEN_SIGNS)
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 "
_CELLS = frozenset((_TABLE + "table-cell", _TABLE + "covered-table-cell"))
_TOO_WIDE = re.compile("#+")
_PART = "content.xml"


class OdsErrors:
    """Where an ods file has errors."""

    since_1904 = False
    """Its dates are no numbers of days."""

    def __init__(self, file: BinaryIO) -> None:
        """Keep the file."""
        self._file = file
        self._sheets: list[CellsOfSheet] | None = None

    def of_sheet(self, index: int) -> CellsOfSheet:
        """Return such cells of a sheet, by its place among all sheets.

        Raises:
            TooManyGaps: they are too many to list. UnknownGaps: the file cannot be parsed.
        """
        if self._sheets is None:
            self._sheets = self._read()
        if not self._sheets:
            return CellsOfSheet()
        if index >= len(self._sheets):
            raise UnknownGaps
        return self._sheets[index]

    def _read(self) -> list[CellsOfSheet]:
        try:
            self._file.seek(0)
            with ZipFile(self._file) as archive:
                with archive.open(_PART) as part:
                    if not has_sign(part, _SIGNS):
                        return []
                with archive.open(_PART) as part:
                    reader = _ContentReader()
                    parse_into(reader, part, expat.ParserCreate(namespace_separator=" "))
                    return reader.sheets
        except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, expat.ExpatError):
            raise UnknownGaps from None


def _times(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(_TABLE + name, "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else 1


class _ContentReader:
    """Collects such cells of all sheets."""

    def __init__(self) -> None:
        self.sheets: list[CellsOfSheet] = []
        self._tables = 0
        self._row = self._rows = self._column = self._columns = 0
        self._cell: dict[str, str] | None = None
        self._notes = 0
        self._shown = ""
        self._reading = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        if name == _TABLE + "table":
            self._tables += 1
            if self._tables == 1:
                self.sheets.append(CellsOfSheet())
                self._row = self._rows = 0
        elif self._tables != 1:
            # A table inside a cell.
            return
        elif name == _TABLE + "table-row":
            self._row += self._rows
            self._rows = _times(attributes, "number-rows-repeated")
            self._column = self._columns = 0
            if attributes.get(_TABLE + "visibility") in _HIDDEN:
                rows = range(self._row + 1, min(self._row + self._rows, MOST_ROWS) + 1)
                self.sheets[-1].hidden.extend(rows)
        elif name in _CELLS:
            self._column += self._columns
            self._columns = _times(attributes, "number-columns-repeated")
            self._cell, self._shown = attributes, ""
        elif name == _OFFICE + "annotation":
            self._notes += 1
        elif name == _TEXT + "p" and not self._notes:
            self._reading += 1

    def text(self, data: str) -> None:
        """Take a part of what a cell shows."""
        if self._reading:
            self._shown += data[:64]

    def end(self, name: str) -> None:
        """End an element."""
        if name == _TABLE + "table":
            self._tables -= 1
        elif self._tables != 1:
            return
        elif name == _OFFICE + "annotation":
            self._notes -= 1
        elif name == _TEXT + "p" and not self._notes:
            self._reading -= 1
        elif name in _CELLS and self._cell is not None:
            if shown := _gap(self._cell, self._shown.strip()):
                for row in range(self._row + 1, self._row + self._rows + 1):
                    for column in range(self._column + 1, self._column + self._columns + 1):
                        self.sheets[-1].add(row, column, shown)
            self._cell = None


def _gap(cell: dict[str, str], shown: str) -> str | None:
    kind = cell.get(_OFFICE + "value-type")
    if cell.get(_CALC + "value-type") == "error":
        return shown if is_error(shown) else UNCALCULATED
    # A number that is wider than its column has its value.
    if is_error(shown) and not (_TOO_WIDE.fullmatch(shown) and kind not in {None, "string"}):
        return shown
    return UNCALCULATED if _TABLE + "formula" in cell and kind is None and not shown else None
