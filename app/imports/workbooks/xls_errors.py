"""Cells of an xls file that show an error, or formulas whose values were not stored.

In: the file. Out: where such cells are, and whether the workbook counts days from 1904. Never here: values, formats of numbers.

The records are those of BIFF5 and BIFF8 as [MS-XLS] describes them: an error is a BoolErr, or a Formula whose result is one.
Libraries that cannot compute write the empty text as the result of every formula. It is a value only in a sheet of which another
formula has one that is not empty.
"""

import re
import struct
from collections.abc import Iterator
from struct import unpack_from
from typing import BinaryIO

from app.imports.workbooks.cell_errors import UNCALCULATED, error_of
from app.imports.workbooks.compound_file import DamagedCompoundFile, stream_of
from app.imports.workbooks.workbook_gaps import CellsOfSheet, UnknownGaps

_FORMULA, _END, _DATE_MODE, _SHEET, _BOOL_ERR, _BEGIN = 0x0006, 0x000A, 0x0022, 0x0085, 0x0205, 0x0809
_ERROR_RESULT, _BLANK_RESULT = 2, 3
_ROW, _HIDDEN = 0x0208, 0x20
_SIGN = re.compile(
    rb"\x05\x02\x08\x00.{7}\x01|\x06\x00.{8}[\x02\x03].{5}\xff\xff|\x08\x02\x10\x00.{12}[\x20-\x3f\x60-\x7f\xa0-\xbf\xe0-\xff]",
    re.DOTALL,
)
"""A part of every such cell, and of every hidden row: to search for it costs a hundredth of reading the records."""


class XlsErrors:
    """Where an xls file has errors."""

    def __init__(self, file: BinaryIO) -> None:
        """Read where its sheets begin."""
        self.since_1904 = False
        self._starts: list[int] | None = None
        file.seek(0)
        try:
            self._stream = stream_of(file.read(), {"WORKBOOK", "BOOK"})
            self._starts = list(self._globals())
        except (DamagedCompoundFile, struct.error):
            self._starts = None

    def of_sheet(self, index: int) -> CellsOfSheet:
        """Return the cells with errors of a sheet, by its place among all sheets.

        Raises:
            TooManyGaps: they are too many to list. UnknownGaps: the records cannot be read.
        """
        if self._starts is None or index >= len(self._starts):
            raise UnknownGaps
        if _SIGN.search(self._stream, self._starts[index]) is None:
            return CellsOfSheet()
        try:
            return self._errors(self._starts[index])
        except struct.error:
            raise UnknownGaps from None

    def _errors(self, start: int) -> CellsOfSheet:
        found, blank, computed = CellsOfSheet(), list[tuple[int, int]](), False
        for kind, at in self._records(start):
            if kind == _BOOL_ERR:
                row, column, _, code, is_error = unpack_from("<HHHBB", self._stream, at)
                if is_error:
                    found.add(row + 1, column + 1, error_of(code))
            elif kind == _ROW:
                row, flags = unpack_from("<H10xB", self._stream, at)
                if flags & _HIDDEN:
                    found.hidden.append(row + 1)
            elif kind == _FORMULA:
                row, column, _, result, code, marker = unpack_from("<HHHBxBxxxH", self._stream, at)
                if (result, marker) == (_BLANK_RESULT, 0xFFFF):
                    blank.append((row + 1, column + 1))
                    continue
                computed = True
                if (result, marker) == (_ERROR_RESULT, 0xFFFF):
                    found.add(row + 1, column + 1, error_of(code))
        for row, column in [] if computed else blank:
            found.add(row, column, UNCALCULATED)
        return found

    def _globals(self) -> Iterator[int]:
        for kind, at in self._records(0):
            if kind == _DATE_MODE:
                self.since_1904 = unpack_from("<H", self._stream, at) == (1,)
            elif kind == _SHEET:
                yield unpack_from("<I", self._stream, at)[0]

    def _records(self, start: int) -> Iterator[tuple[int, int]]:
        """Return kind and place of the records of one substream, without those of charts inside it."""
        depth, at = 0, start
        while at < len(self._stream):
            kind, length = unpack_from("<HH", self._stream, at)
            at += 4
            depth += (kind == _BEGIN) - (kind == _END)
            if depth == 0:
                return
            if depth == 1:
                yield kind, at
            at += length
