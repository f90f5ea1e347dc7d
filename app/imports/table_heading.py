"""The heading of a table: the row that holds the mapped columns.

In: the first rows of a file, the headings that must be in it. Out: where they are, or what is missing. Never here: bytes,
encodings.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from app.imports.csv_records import UnclosedQuote, records

HEADING_ROWS = 50
"""Rows among which the heading is looked for."""


class BadFile(ValueError):
    """The file as a whole cannot be read; `option` names the option that would help, if one would."""

    def __init__(self, detail: str, option: str | None = None) -> None:
        super().__init__(detail)
        self.option = option


@dataclass(frozen=True, slots=True)
class Hints:
    """What the operator says of the file; None is found out."""

    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    heading_row: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What was found out of a file."""

    format: str
    """`csv` or `workbook`."""
    encoding: str | None
    separator: str | None
    sheet: str | None
    heading_row: int
    columns: Mapping[str, int] = field(default_factory=dict)
    """Heading as mapped → column, counted from 1."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A row that holds some of the headings."""

    layout: Layout
    width: int
    missing: list[str]
    twins: dict[str, list[int]]


class HeadingAgain:
    """Tells rows below a heading that are headings too, as in files that were put one behind the other."""

    def __init__(self, layout: Layout) -> None:
        """Begin with the columns of the first heading."""
        self._names = list(layout.columns)
        self._seen = frozenset(clean(name) for name in self._names)
        self.columns = [(heading, column - 1) for heading, column in layout.columns.items()]
        """Heading as mapped → place in a row, under the last heading that was read."""
        self.lacks = ""
        """What the last heading has not at all, or twice; rows below it cannot be read."""

    def read(self, cells: Sequence[str], mapped: Mapping[str, str]) -> bool:
        """Return whether a row is a heading; the rows below it have its columns."""
        # Most rows hold no heading at all; only the others are compared as the first heading was.
        if self._seen.isdisjoint(cells) and self._seen.isdisjoint(mapped.values()):
            return False
        columns, twins = _columns(cells, self._names)
        if len(columns) < min(2, len(self._names)):
            return False
        self.lacks = ", ".join([name for name in self._names if name not in columns or name in twins][:5])
        if not self.lacks:
            self.columns = [(heading, columns[heading] - 1) for heading in self._names]
        return True


_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
"""Characters that take no room: marks of the direction of writing come along when a number is copied."""


def clean(cell: str) -> str:
    """Return a cell without what spreadsheets and back ends add to keep a number a text.

    That is blanks, tabs, a quote or a grave accent (bills of WeChat Pay) in front, `="…"`. Characters without a width are taken
    off its ends too.
    """
    # Nothing is added to a cell whose first and last characters are alphanumeric, as most are.
    if cell[:1].isalnum() and cell[-1:].isalnum():
        return cell
    cell = cell.strip().strip(_UNSEEN).strip()
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        cell = cell[2:-1]
    return (cell[1:] if cell[:1] in {"'", "`"} else cell).strip()


def leading_rows(lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Return the first rows of a text, numbered from 1."""
    try:
        for number, record in enumerate(islice(records(lines, separator), HEADING_ROWS), 1):
            yield number, record.cells
    except UnclosedQuote:
        # The heading may be above it; reading all rows raises the error again.
        return


def find_heading(rows: Iterable[tuple[int, list[str]]], headings: Sequence[str], hints: Hints, layout: Layout) -> Heading | None:
    """Return the first row that holds all headings, else the one that holds the most of them; None for no row at all."""
    best: Heading | None = None
    for number, cells in rows:
        if number > HEADING_ROWS:
            break
        if hints.heading_row is not None and number != hints.heading_row:
            continue
        columns, twins = _columns(cells, headings)
        missing = [name for name in headings if name not in columns]
        if best is None or len(missing) < len(best.missing):
            best = Heading(replace(layout, heading_row=number, columns=columns), len(cells), missing, twins)
        if not missing:
            break
    return best


def _columns(cells: Sequence[str], headings: Sequence[str]) -> tuple[dict[str, int], dict[str, list[int]]]:
    exact: dict[str, list[int]] = {}
    alike: dict[str, list[int]] = {}
    for column, cell in enumerate(cells, 1):
        name = clean(cell)
        exact.setdefault(name, []).append(column)
        alike.setdefault(_alike(name), []).append(column)
    columns: dict[str, int] = {}
    twins: dict[str, list[int]] = {}
    for heading in headings:
        places = exact.get(heading.strip()) or alike.get(_alike(heading)) or []
        name, mark, number = heading.rpartition("#")
        if not places and mark and number.isascii() and number.isdigit():
            numbered = exact.get(name.strip()) or alike.get(_alike(name)) or []
            places = numbered[int(number) - 1 : int(number)] if int(number) else []
        if places:
            columns[heading] = places[0]
            if len(places) > 1:
                twins[heading] = places
    return columns, twins


def _alike(name: str) -> str:
    """Return a heading without the differences that a reader does not see: full-width characters, blanks, line breaks, case."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def lacks(found: Sequence[Heading], hints: Hints) -> BadFile:
    """Return what to say of a file in which no row holds all headings."""
    best = min(found, key=lambda heading: len(heading.missing), default=None)
    if best is None:
        return BadFile("has no row that could be the heading")
    names = ", ".join(best.missing[:5])
    if best.layout.columns:
        return BadFile(f"has no column {names}; its heading was taken to be row {best.layout.heading_row}")
    helps = ", or its encoding is not UTF-8, UTF-16, GB 18030 or Shift_JIS and must be named" if hints.encoding is None else ""
    return BadFile(f"has no column {names} in its first {HEADING_ROWS} rows{helps}")
