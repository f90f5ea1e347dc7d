"""Records of a CSV text, as spreadsheets and back ends write them.

In: lines of text, a separator. Out: records of cells. Never here: encodings, headings, the meaning of a cell.

RFC 4180 and four deviations of real exports: blanks and tabs around a quoted cell, `="…"` in place of a quoted cell, quotes in
the middle of an unquoted cell, and any end of line. A quote in the middle of a quoted cell that is not doubled makes the record
faulty: its cells are returned, but nothing in the record can be relied on.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_CELL = 131_072
"""Characters of one cell; a longer one means that a quote is never closed."""

_BLANKS = "[ \\t\\u00a0\\u3000]*"
_QUOTED_TEXT = re.compile('[^"]*(?:""[^"]*)*')


class UnclosedQuote(ValueError):
    """A quote that opens a cell is not closed."""

    def __init__(self, record: int) -> None:
        super().__init__(f"row {record}: a quote that opens a cell is never closed")


class Record(NamedTuple):
    """One record."""

    cells: list[str]
    faulty: bool = False


class _Parser:
    """Reads lines until they make a record."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        # A tab that separates cells is no blank around a quote.
        blanks = _BLANKS.replace("\\t", "") if separator == "\t" else _BLANKS
        self._opening = re.compile(f'{blanks}=?"')
        self._closing = re.compile(f'"{blanks}({re.escape(separator)}|$)')
        self._cells: list[str] = []
        self._open: list[str] | None = None
        self._length = 0
        self.faulty = False

    @property
    def inside(self) -> bool:
        """True if a quoted cell goes on in the next line."""
        return self._open is not None

    @property
    def too_long(self) -> bool:
        """True if the open cell is longer than any cell may be, or began with a faulty quote."""
        return self._length > MAX_CELL or self.faulty

    def feed(self, line: str) -> list[str] | None:
        """Return the record that ends with this line; None if a quoted cell goes on."""
        position = 0
        while True:
            if self._open is None:
                opening = self._opening.match(line, position)
                if opening is not None:
                    self._open, position = [], opening.end()
                    continue
                end = line.find(self._separator, position)
                if end < 0:
                    self._cells.append(line[position:])
                    return self._cells
                self._cells.append(line[position:end])
                position = end + len(self._separator)
                continue
            found = _QUOTED_TEXT.match(line, position)
            assert found is not None, "the pattern matches the empty text"
            self._open.append(found[0].replace('""', '"'))
            self._length += len(found[0]) + 1
            position = found.end()
            if position == len(line):
                self._open.append("\n")
                return None
            closing = self._closing.match(line, position)
            if closing is None:
                self.faulty = True
                self._open.append('"')
                position += 1
                continue
            self._cells.append("".join(self._open))
            self._open, self._length, position = None, 0, closing.end()
            if not closing[1]:
                return self._cells


def records(lines: Iterable[str], separator: str) -> Iterator[Record]:
    """Return the records of lines that end with a line feed; an empty line is a record of one empty cell.

    Raises:
        UnclosedQuote: the text ends inside a quoted cell, or one is longer than `MAX_CELL`.
    """
    number = 1
    parser: _Parser | None = None
    for raw in lines:
        line = raw.removesuffix("\n")
        if parser is None:
            if '"' not in line:
                yield Record(line.split(separator))
                number += 1
                continue
            parser = _Parser(separator)
        cells = parser.feed(line)
        if cells is not None:
            yield Record(cells, parser.faulty)
            number += 1
            parser = None
        elif parser.too_long:
            raise UnclosedQuote(number)
    if parser is not None:
        raise UnclosedQuote(number)
