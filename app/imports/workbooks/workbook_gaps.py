"""Cells of an xlsx file that show other than their value: errors, formulas whose value was not stored, codes such as 00123.

In: the file. Out: where such cells are, and whether the workbook counts days from 1904. Never here: values; the errors of the
other formats (`xls_errors`, `xlsb_errors`, `ods_errors`).

The reader of values returns an error as an empty cell. An empty cell states nothing, and an order whose refund shows `#REF!`
would be one without a refund. A number whose format is `00000` has lost its zeros. Most files have none of these: the text of a
sheet is searched first, and parsed only if it has one.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import IO, BinaryIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from app.imports.workbooks.archive_parts import attribute_of, has_sign, head_of_part, parse_into, relations_of
from app.imports.workbooks.cell_errors import UNCALCULATED

MOST_GAPS = 200_000
Gaps = dict[tuple[int, int], str]
"""Row and column, counted from 1 → what the cell shows."""
MOST_ROWS = 1_048_576
_SIGNS = (b't="e"', b"t='e'", *(begin + end for begin in (b"<f", b":f") for end in (b">", b" ", b"/", b"\n", b"\t", b"\r")))
"""A part of every cell without a value. Searching for texts costs less than searching for a pattern."""
_HIDDEN = (b'hidden="1"', b"hidden='1'", b'hidden="true"', b"hidden='true'")
"""A part of every row, and of every column, that is hidden."""
_DATE_1904 = re.compile(rb"""\sdate1904=["'](?:1|true)["']""")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
Pieces = Sequence[str]
"""`0` for each digit, and the texts between them."""
MOST_DIGITS = 40
_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\s[^>]*>")
_CELL_STYLES = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_CELL_STYLE = re.compile(rb"<(?:\w+:)?xf\s[^>]*>")
_FORMAT_PART = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<digit>0)|(?P<plain>[-+()& ])|(?:[_*].|\[[^\]]*\])(?P<none>)')
"""What such a format consists of; `_x`, `*x` and `[…]` make room, fill and colour."""


@dataclass(slots=True)
class CellsOfSheet:
    """What the values of a sheet's cells do not tell."""

    gaps: Gaps = field(default_factory=dict)
    styles: dict[int, bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    """Column → for each row one more than the place of its cell's format in `formats`, or 0: a byte per cell, since whole columns
    have such formats."""
    formats: list[Pieces] = field(default_factory=list)
    hidden: "array[int]" = field(default_factory=lambda: array("I"))
    """Hidden rows, in order."""

    def add(self, row: int, column: int, shown: str) -> None:
        """Add a cell that shows other than its value.

        Raises:
            TooManyGaps: they are more than `MOST_GAPS`.
        """
        if len(self.gaps) == MOST_GAPS:
            raise TooManyGaps
        self.gaps[row, column] = shown

    def format_of(self, row: int, column: int) -> Pieces | None:
        """Return the format of a cell that makes a code of a number."""
        styles = self.styles[column]
        return self.formats[styles[row] - 1] if row < len(styles) and styles[row] else None


class TooManyGaps(ValueError):
    """More cells without a value than are listed."""


class UnknownGaps(ValueError):
    """The cells of a file have values, and which of them are errors cannot be read."""


class WorkbookGaps:
    """The parts of an xlsx file that its values do not tell."""

    def __init__(self, file: BinaryIO) -> None:
        """Read which sheet is where; a file of another format has nothing to tell."""
        self.since_1904 = False
        self._file = file
        self._parts: list[str] = []
        self._formats: Mapping[int, Pieces] = {}
        try:
            with self._opened() as archive:
                book = head_of_part(archive, "xl/workbook.xml")
                relations = relations_of(archive, "xl/_rels/workbook.xml.rels")
                if "xl/styles.xml" in archive.namelist():
                    self._formats = code_formats(head_of_part(archive, "xl/styles.xml"))
        except (BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError):
            return
        self.since_1904 = _DATE_1904.search(book) is not None
        for found in _SHEET.finditer(book):
            self._parts.append(relations.get(attribute_of(found[0], rb"\w+:id"), ""))

    def of_sheet(self, index: int) -> CellsOfSheet:
        """Return such cells of a sheet, by its place among all sheets; none if they cannot be found.

        Raises:
            TooManyGaps: they are more than `MOST_GAPS`.
        """
        if index >= len(self._parts):
            return CellsOfSheet()
        signs = (*_SIGNS, *_HIDDEN, *(sign % style for style in self._formats for sign in (b' s="%d"', b" s='%d'")))
        try:
            with self._opened() as archive:
                with archive.open(self._parts[index]) as part:
                    if not has_sign(part, signs):
                        return CellsOfSheet()
                with archive.open(self._parts[index]) as part:
                    return _parsed(part, self._formats)
        except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, expat.ExpatError):
            # What is damaged, the reader of values names.
            return CellsOfSheet()

    def _opened(self) -> ZipFile:
        self._file.seek(0)
        return ZipFile(self._file)


def _parsed(part: IO[bytes], formats: Mapping[int, Pieces]) -> CellsOfSheet:
    reader = _SheetReader(formats)
    parse_into(reader, part, expat.ParserCreate())
    return reader.found


class _SheetReader:
    """Collects such cells of one sheet."""

    def __init__(self, formats: Mapping[int, Pieces]) -> None:
        # A file with more such formats than a byte counts has its first ones.
        known = list(formats.items())[:255]
        self.found = CellsOfSheet(formats=[pieces for _, pieces in known])
        self._places = {str(style): place for place, (style, _) in enumerate(known, 1)}
        self._row = 0
        self._column = 0
        self._kind = ""
        self._formula = False
        self._reading = False
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        match name.rpartition(":")[2]:
            case "row":
                self._row = int(attributes["r"]) if attributes.get("r", "").isdigit() else self._row + 1
                self._column = 0
                if attributes.get("hidden") in {"1", "true"} and 0 < self._row <= MOST_ROWS:
                    self.found.hidden.append(self._row)
            case "c":
                found = _REFERENCE.fullmatch(attributes.get("r", ""))
                self._column = self._column + 1 if found is None else _column(found[1])
                self._kind, self._formula, self._value = attributes.get("t", "n"), False, ""
                if (place := self._places.get(attributes.get("s", ""))) and 0 < self._row <= MOST_ROWS:
                    styles = self.found.styles[self._column]
                    styles.extend(bytes(max(0, self._row + 1 - len(styles))))
                    styles[self._row] = place
            case "f":
                self._formula = True
            case "v":
                self._reading = True

    def text(self, data: str) -> None:
        """Take a part of a value."""
        if self._reading:
            self._value += data[:64]

    def end(self, name: str) -> None:
        """End an element."""
        match name.rpartition(":")[2]:
            case "v":
                self._reading = False
            case "c" if self._kind == "e":
                self.found.add(self._row, self._column, self._value or UNCALCULATED)
            # The value of a formula of texts may be the empty text.
            case "c" if self._formula and not self._value and self._kind != "str":
                self.found.add(self._row, self._column, UNCALCULATED)


class CodeOfSpreadsheet(str):
    """The number of a cell whose format makes a code of it: its value is the number, `shown` the code."""

    __slots__ = ("shown",)
    shown: str


class DateOfSpreadsheet(str):
    """The text of a cell that a spreadsheet stored as a date or a time, into which it also turns codes such as 1-2."""

    __slots__ = ()


def code_of(pieces: Pieces, number: str) -> str:
    """Return the text of a cell with a number; one that is no code has its number alone."""
    if not number.isdigit():
        return number
    code = CodeOfSpreadsheet(number)
    code.shown = shown(pieces, int(number))
    return code


def code_formats(styles: bytes) -> Mapping[int, Pieces]:
    """Return the number of a cell style → its format, of those that make a code of a number."""
    formats: dict[str, Pieces] = {}
    for found in _FORMAT.finditer(styles):
        pieces = _pieces_of(unescape(attribute_of(found[0], b"formatCode")))
        if pieces is not None:
            formats[attribute_of(found[0], b"numFmtId")] = pieces
    cell_styles = _CELL_STYLES.search(styles)
    if not formats or cell_styles is None:
        return {}
    used = [attribute_of(found[0], b"numFmtId") for found in _CELL_STYLE.finditer(cell_styles[0])]
    return {index: formats[number] for index, number in enumerate(used) if number in formats}


def shown(pieces: Pieces, number: int) -> str:
    """Return the text that a cell with a number shows.

    >>> shown(["0", "0", "0", "-", "0", "0", "0", "0"], 11234)
    '001-1234'
    """
    digits = str(number).zfill(pieces.count("0"))
    # The first digit of the format takes all digits for which there is no other.
    first = len(digits) - pieces.count("0") + 1
    return "".join(_filled(pieces, [digits[:first], *digits[first:]])).strip()


def _filled(pieces: Pieces, digits: Sequence[str]) -> Iterator[str]:
    left = iter(digits)
    for piece in pieces:
        yield next(left) if piece == "0" else piece.removeprefix("\0")


def _pieces_of(code: str) -> Pieces | None:
    """Return the pieces of a format; None if it is one of another kind."""
    pieces: list[str] = []
    place = 0
    while place < len(code) and code[place] != ";":
        found = _FORMAT_PART.match(code, place)
        if found is None:
            return None
        if found["digit"]:
            pieces.append("0")
        elif text := found["quoted"] or found["escaped"] or found["plain"]:
            # A zero in quotes is a text.
            pieces.append(f"\0{text}")
        place = found.end()
    digits = pieces.count("0")
    return pieces if 0 < digits <= MOST_DIGITS and len(pieces) > 1 else None


def _column(name: str) -> int:
    number = 0
    for character in name:
        number = number * 26 + ord(character) - ord("A") + 1
    return number
