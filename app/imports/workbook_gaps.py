"""Cells of an xlsx file that show no value: errors, and formulas whose value was not stored.

In: the file. Out: where such cells are, and whether the workbook counts days from 1904. Never here: values; the other formats
(xls, xlsb, ods), of which only values are read.

The reader of values returns such a cell as an empty one. An empty cell states nothing, and an order whose refund shows `#REF!`
would be one without a refund. Most files have none: the text of a sheet is searched first, and parsed only if it has one.
"""

import re
from collections.abc import Iterator
from typing import IO, BinaryIO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

MOST_GAPS = 200_000
UNCALCULATED = "#FORMULA!"
"""Replaces the value of a formula that was never computed, as libraries write it."""
Gaps = dict[tuple[int, int], str]
"""Row and column, counted from 1 → what the cell shows."""
_PIECE = 256 * 1024
_OVERLAP = 64
_SIGNS = (b't="e"', b"t='e'", *(begin + end for begin in (b"<f", b":f") for end in (b">", b" ", b"/", b"\n", b"\t", b"\r")))
"""A part of every such cell. Searching for texts costs less than searching for a pattern."""
_DATE_1904 = re.compile(rb"""\sdate1904=["'](?:1|true)["']""")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*>")
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_HEAD_BYTES = 4 * 1024 * 1024


class TooManyGaps(ValueError):
    """More cells without a value than are listed."""


class WorkbookGaps:
    """The parts of an xlsx file that its values do not tell."""

    def __init__(self, file: BinaryIO) -> None:
        """Read which sheet is where; a file of another format has nothing to tell."""
        self.since_1904 = False
        self._file = file
        self._parts: list[str] = []
        try:
            with self._opened() as archive:
                book = _head(archive, "xl/workbook.xml")
                relations = {
                    _attribute(found[0], b"Id"): _attribute(found[0], b"Target")
                    for found in _RELATION.finditer(_head(archive, "xl/_rels/workbook.xml.rels"))
                }
        except (BadZipFile, KeyError, OSError, ValueError, NotImplementedError, RuntimeError):
            return
        self.since_1904 = _DATE_1904.search(book) is not None
        for found in _SHEET.finditer(book):
            target = relations.get(_attribute(found[0], rb"\w+:id"), "")
            self._parts.append(target.removeprefix("/") if target.startswith("/") else f"xl/{target}")

    def of_sheet(self, index: int) -> Gaps:
        """Return the cells without a value of a sheet, by its place among all sheets; none if they cannot be found.

        Raises:
            TooManyGaps: they are more than `MOST_GAPS`.
        """
        if index >= len(self._parts):
            return {}
        try:
            with self._opened() as archive:
                with archive.open(self._parts[index]) as part:
                    if not _has_sign(part):
                        return {}
                with archive.open(self._parts[index]) as part:
                    return _parsed(part)
        except (BadZipFile, KeyError, OSError, NotImplementedError, RuntimeError, expat.ExpatError):
            # What is damaged, the reader of values names.
            return {}

    def _opened(self) -> ZipFile:
        self._file.seek(0)
        return ZipFile(self._file)


def _head(archive: ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(_HEAD_BYTES)


def _attribute(tag: bytes, name: bytes) -> str:
    found = re.search(rb"\s" + name + rb"""=["']([^"']*)["']""", tag)
    return "" if found is None else found[1].decode("utf-8", "replace")


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    while piece := part.read(_PIECE):
        yield piece


def _has_sign(part: IO[bytes]) -> bool:
    tail = b""
    for piece in _pieces(part):
        text = tail + piece
        if any(sign in text for sign in _SIGNS):
            return True
        tail = piece[-_OVERLAP:]
    return False


def _parsed(part: IO[bytes]) -> Gaps:
    reader = _SheetReader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entity
    for piece in _pieces(part):
        parser.Parse(piece, False)
    parser.Parse(b"", True)
    return reader.gaps


def _refuse_entity(*_: object) -> None:
    # Entities can multiply; no spreadsheet program declares one.
    raise expat.ExpatError


class _SheetReader:
    """Collects the cells without a value of one sheet."""

    def __init__(self) -> None:
        self.gaps: Gaps = {}
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
            case "c":
                found = _REFERENCE.fullmatch(attributes.get("r", ""))
                self._column = self._column + 1 if found is None else _column(found[1])
                self._kind, self._formula, self._value = attributes.get("t", "n"), False, ""
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
                self._add(self._value or UNCALCULATED)
            # The value of a formula of texts may be the empty text.
            case "c" if self._formula and not self._value and self._kind != "str":
                self._add(UNCALCULATED)

    def _add(self, shown: str) -> None:
        if len(self.gaps) == MOST_GAPS:
            raise TooManyGaps
        self.gaps[self._row, self._column] = shown


def _column(name: str) -> int:
    number = 0
    for character in name:
        number = number * 26 + ord(character) - ord("A") + 1
    return number
