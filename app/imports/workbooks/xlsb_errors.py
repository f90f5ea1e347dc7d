"""Cells of an xlsb file that show an error.

In: the file. Out: where such cells are, and whether the workbook counts days from 1904. Never here: values, formats of numbers.

The records are those of [MS-XLSB]: an error is a BrtCellError, or a BrtFmlaError of a formula.
"""

import re
import struct
from collections.abc import Iterator
from struct import unpack_from
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from app.imports.workbooks.archive_parts import relations_of
from app.imports.workbooks.cell_errors import error_of
from app.imports.workbooks.workbook_gaps import CellsOfSheet, UnknownGaps

_ROW, _CELL_ERROR, _FORMULA_ERROR, _PROPERTIES, _SHEET = 0, 3, 11, 153, 156
_SIGN = re.compile(rb"\x03\x09.{2}\x00\x00|\x0b(?:[\x00-\x7f]|[\x80-\xff][\x00-\x7f]).{2}\x00\x00", re.DOTALL)
"""A part of every cell with an error: to search for it costs a hundredth of reading the records."""


class XlsbErrors:
    """Where an xlsb file has errors."""

    def __init__(self, file: BinaryIO) -> None:
        """Read which sheet is where."""
        self.since_1904 = False
        self._file = file
        self._parts: list[str] | None = None
        try:
            with self._opened() as archive:
                relations = relations_of(archive, "xl/_rels/workbook.bin.rels")
                self._parts = [relations.get(name, "") for name in self._sheets(archive.read("xl/workbook.bin"))]
        except (BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError, struct.error, IndexError):
            self._parts = None

    def of_sheet(self, index: int) -> CellsOfSheet:
        """Return the cells with errors of a sheet, by its place among all sheets.

        Raises:
            TooManyGaps: they are too many to list. UnknownGaps: the records cannot be read.
        """
        if self._parts is None or index >= len(self._parts):
            raise UnknownGaps
        found, row = CellsOfSheet(), 0
        try:
            with self._opened() as archive:
                data = archive.read(self._parts[index])
            if _SIGN.search(data) is None:
                return found
            for kind, at in _records(data):
                if kind == _ROW:
                    row = unpack_from("<I", data, at)[0] + 1
                elif kind in {_CELL_ERROR, _FORMULA_ERROR}:
                    column, _, code = unpack_from("<IIB", data, at)
                    found.add(row, column + 1, error_of(code))
        except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, struct.error, IndexError):
            raise UnknownGaps from None
        return found

    def _sheets(self, data: bytes) -> Iterator[str]:
        for kind, at in _records(data):
            if kind == _PROPERTIES:
                self.since_1904 = bool(unpack_from("<I", data, at)[0] & 1)
            elif kind == _SHEET:
                length = unpack_from("<I", data, at + 8)[0]
                yield data[at + 12 : at + 12 + 2 * min(length, 256)].decode("utf-16-le")

    def _opened(self) -> ZipFile:
        self._file.seek(0)
        return ZipFile(self._file)


def _records(data: bytes) -> Iterator[tuple[int, int]]:
    """Return kind and place of the records."""
    at = 0
    while at < len(data):
        kind = data[at]
        at += 1
        if kind > 0x7F:
            kind = kind & 0x7F | (data[at] & 0x7F) << 7
            at += 1
        length = 0
        for shift in (0, 7, 14, 21):
            byte = data[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        yield kind, at
        at += length
