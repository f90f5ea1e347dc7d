"""Tables: which rows of a file are the heading and the data, whatever the file's format, encoding and separator.

In: a file that can be read twice, the headings that must be in it, what the operator says of the file. Out: the rows below the
heading, and what was found out. Never here: what a column means.

The headings decide: the encoding, the separator, the sheet and the row of the heading are those under which all of them are
found. Whatever that leaves open is settled by the cells of the mapped columns if they are the same either way; else the reader
refuses the file and names the option that settles it.
"""

import codecs
import io
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import zip_longest
from typing import BinaryIO, NamedTuple

from app.imports.csv_cells import BadCell
from app.imports.csv_records import Record, UnclosedQuote, records
from app.imports.float_codes import without_fraction
from app.imports.table_heading import BadFile, Heading, HeadingAgain, Hints, Layout, clean, find_heading, lacks, leading_rows
from app.imports.text_encoding import codec_of, encodings_of, errors_of
from app.imports.workbooks.workbook_rows import MAGIC, UnreadableWorkbook, Workbook

MAX_ROWS = 200_000
SEPARATORS = (",", ";", "\t", "|")
HEAD_BYTES = 256 * 1024


class Row(NamedTuple):
    """A row below the heading."""

    number: int
    """As a spreadsheet counts: the first row of the file is 1."""
    cells: Mapping[str, str]
    """The mapped columns' cells by heading, without surrounding blanks; empty if the row is shorter."""
    fault: BadCell | None = None
    """Why nothing of the row can be relied on."""
    blank: bool = False
    """True if no cell of the row, mapped or not, holds anything."""
    others: Sequence[str] = ()
    """All cells of the row."""


class Table:
    """A file whose heading is found; its rows can be read more than once."""

    def __init__(self, file: BinaryIO, layout: Layout, workbook: Workbook | None, width: int) -> None:
        """Keep what `open_table` found."""
        self._file = file
        self._workbook = workbook
        self._width = width
        self.layout = layout
        self.repeated_headings: list[int] = []
        """Rows that repeat the heading, known once the rows were read."""
        self.float_codes: frozenset[str] = frozenset()
        """Headings of columns whose codes are read without a fraction of zero."""

    @property
    def since_1904(self) -> bool:
        """Whether numbers of days count from 1904."""
        return self._workbook is not None and self._workbook.since_1904

    def rows(self) -> Iterator[Row]:
        """Return the rows below the heading, without those that repeat it.

        Raises:
            BadFile: the file is damaged, or has more than `MAX_ROWS` rows.
        """
        self.repeated_headings = []
        yield from self._read(self._numbered())

    def heading(self) -> list[str]:
        """Return the cells of the heading."""
        with closing(self._numbered()) as found:
            return next([clean(cell) for cell in record.cells] for number, record in found if number == self.layout.heading_row)

    def covered(self) -> Mapping[tuple[int, str], int]:
        """Return row and heading of mapped cells that a merged cell covers → the row in which that begins.

        Only the first cell of a merged cell has its value; the others are empty.
        """
        if self._workbook is None or self.layout.sheet is None:
            return {}
        return {
            (row, heading): rows[0]
            for rows, columns in self._workbook.merged(self.layout.sheet)
            if rows[0] > self.layout.heading_row
            for heading, index in self.layout.columns.items()
            if index in columns
            for row in rows[1:]
        }

    def hidden(self) -> frozenset[int]:
        """Return the rows that the sheet hides."""
        return self._workbook.hidden(self.layout.sheet) if self._workbook and self.layout.sheet else frozenset()

    def read_too(self, heading: str, column: int) -> None:
        """Read a further column, counted from 1."""
        self.layout = replace(self.layout, columns={**self.layout.columns, heading: column})

    def _numbered(self) -> Generator[tuple[int, Record]]:
        layout = self.layout
        if self._workbook is not None:
            assert layout.sheet is not None
            try:
                yield from ((number, Record(cells)) for number, cells in self._workbook.rows(layout.sheet))
            except UnreadableWorkbook as error:
                raise BadFile(str(error)) from None
            return
        assert layout.encoding is not None
        assert layout.separator is not None
        with _text(self._file, layout.encoding) as lines:
            try:
                yield from enumerate(records(lines, layout.separator), 1)
            except UnclosedQuote as error:
                raise BadFile(str(error)) from None

    def _read(self, found: Iterable[tuple[int, Record]]) -> Iterator[Row]:
        layout, width = self.layout, self._width
        heading = HeadingAgain(layout)
        for number, record in found:
            cells = record.cells
            if number <= layout.heading_row:
                continue
            if number - layout.heading_row > MAX_ROWS:
                raise BadFile(f"has more than {MAX_ROWS} rows")
            mapped = {name: clean(cells[index]) if index < len(cells) else "" for name, index in heading.columns}
            for name in self.float_codes:
                mapped[name] = without_fraction(mapped[name])
            if heading.read(cells, mapped):
                self.repeated_headings.append(number)
                width = len(cells)
                continue
            fault = None
            if heading.lacks:
                fault = BadCell(f"is below a heading without {heading.lacks}, or with two", "other_heading", names=heading.lacks)
            elif record.faulty:
                fault = BadCell("has a quote inside a quoted cell that is not doubled", "quotes")
            elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
                fault = BadCell("has more cells than the heading: a cell that holds the separator is not quoted", "cells")
            elif not all(map(str.isascii, mapped.values())) and any(map(_undecodable, mapped.values())):
                fault = BadCell(f"has characters that are not {layout.encoding}", "characters", encoding=layout.encoding or "")
            yield Row(number, mapped, fault, not any(mapped.values()) and not any(map(clean, cells)), cells)


def _undecodable(cell: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in cell)


@contextmanager
def _text(file: BinaryIO, encoding: str) -> Iterator[Iterable[str]]:
    """Lend the lines of a file in an encoding; the file stays open."""
    file.seek(0)
    # Bytes that are no character become lone surrogates, so that only their own rows fail.
    wrapper = io.TextIOWrapper(file, codec_of(encoding), errors=errors_of(encoding), newline=None)
    try:
        yield wrapper
    finally:
        wrapper.detach()


def open_table(file: BinaryIO, headings: Sequence[str], hints: Hints = Hints()) -> Table:  # noqa: B008 (frozen)
    """Find the heading of a file and all that is needed to read its rows.

    Raises:
        BadFile: the file is no table, lacks a heading, or can be read in more than one way.
    """
    head = head_of(file)
    if head.startswith(MAGIC):
        return _open_workbook(file, headings, hints)
    found = _headings_of_text(head, headings, hints, whole=len(head) < HEAD_BYTES)
    complete = [heading for heading in found if not heading.missing]
    if not complete:
        raise lacks(found, hints)
    by_encoding: dict[str, Heading] = {}
    for heading in complete:
        known = by_encoding.get(heading.layout.encoding or "")
        # One mapped column alone is found whatever separates the others.
        if known is None or heading.width > known.width:
            by_encoding[heading.layout.encoding or ""] = heading
    tables = {encoding: _table(file, heading) for encoding, heading in by_encoding.items()}
    return next(iter(tables.values())) if len(tables) == 1 else _decide_encoding(file, tables)


def head_of(file: BinaryIO) -> bytes:
    """Return the first bytes of a file.

    Raises:
        BadFile: it is empty, or HTML.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.startswith(MAGIC):
        return head
    if not head.strip(b"\0\t\n\r \xef\xbb\xbf\xff\xfe"):
        raise BadFile("is empty")
    if head.lstrip()[:9].lower().startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise BadFile("is HTML or XML; save it as CSV or xlsx")
    return head


def _table(file: BinaryIO, heading: Heading, workbook: Workbook | None = None) -> Table:
    for name, columns in heading.twins.items():
        places = " and ".join(str(column) for column in columns)
        raise BadFile(f'has the heading {name} in columns {places}; write "{name}#1" for the first of them', "columns")
    return Table(file, heading.layout, workbook, heading.width)


def _headings_of_text(head: bytes, headings: Sequence[str], hints: Hints, *, whole: bool) -> list[Heading]:
    found = []
    for encoding in encodings_of(head, hints):
        decoder = codecs.getincrementaldecoder(codec_of(encoding))(errors_of(encoding))
        text = decoder.decode(head, final=whole).removeprefix("\ufeff")
        lines = io.StringIO(text, newline=None).readlines()
        if not whole and len(lines) > 1:
            lines.pop()
        named = lines[0][4:5] if lines and lines[0].lower().startswith("sep=") else None
        for separator in [hints.separator] if hints.separator else [named] if named else SEPARATORS:
            rows = leading_rows(lines, separator)
            best = find_heading(rows, headings, hints, Layout("csv", encoding, separator, None, 0))
            if best is not None:
                found.append(best)
    return found


def _decide_encoding(file: BinaryIO, tables: Mapping[str, Table]) -> Table:
    """Return the table whose encoding the bytes prove, or whose mapped cells are the same in every encoding that is possible.

    Raises:
        BadFile: several are possible, or none.
    """
    whole, broken = _utf8_lines(file)
    if "utf-8" in tables and (not broken or whole > broken):
        return tables["utf-8"]
    others = {encoding: table for encoding, table in tables.items() if encoding != "utf-8"}
    possible = dict(others)
    differ = False
    for rows in zip_longest(*(table.rows() for table in others.values())):
        cells = []
        for encoding, row in zip(others, rows, strict=True):
            if row is not None and any(_undecodable(cell) for cell in row.cells.values()):
                possible.pop(encoding, None)
            elif row is not None and encoding in possible:
                cells.append(row.cells)
        differ = differ or any(cell != cells[0] for cell in cells[1:])
    if len(possible) == 1 or (possible and not differ):
        return next(iter(possible.values()))
    if possible:
        raise BadFile(f"can be read as {' and as '.join(possible)}; name the encoding", "encoding")
    raise BadFile(f"is neither UTF-8, nor {', nor '.join(others)}; name the encoding", "encoding")


def _utf8_lines(file: BinaryIO) -> tuple[int, int]:
    """Return how many lines hold UTF-8 beyond ASCII, and how many hold what is no UTF-8."""
    whole = broken = 0
    file.seek(0)
    for line in file:
        if not line.isascii():
            try:
                line.decode()
                whole += 1
            except UnicodeDecodeError:
                broken += 1
    return whole, broken


def _open_workbook(file: BinaryIO, headings: Sequence[str], hints: Hints) -> Table:
    file.seek(0)
    try:
        workbook = Workbook(file)
        names = workbook.sheets if hints.sheet is None else [name for name in workbook.sheets if name == hints.sheet]
        if not names:
            raise BadFile(f"has no visible sheet {hints.sheet}" if hints.sheet else "has no visible sheet", "sheet")
        found = [
            heading
            for name in names
            if (heading := find_heading(workbook.rows(name), headings, hints, Layout("workbook", None, None, name, 0)))
            is not None
        ]
    except UnreadableWorkbook as error:
        raise BadFile(str(error)) from None
    complete = [heading for heading in found if not heading.missing]
    if len(complete) > 1:
        # A sheet of the heading alone, as templates have, holds nothing.
        complete = [heading for heading in complete if _has_rows(workbook, heading.layout)] or complete[:1]
    if len(complete) > 1:
        sheets = ", ".join(str(heading.layout.sheet) for heading in complete)
        raise BadFile(f"has the columns in the sheets {sheets}; name one", "sheet")
    if not complete:
        raise lacks(found, Hints(encoding="workbook"))
    return _table(file, complete[0], workbook)


def _has_rows(workbook: Workbook, layout: Layout) -> bool:
    assert layout.sheet is not None
    return any(number > layout.heading_row and any(map(clean, cells)) for number, cells in workbook.rows(layout.sheet))
