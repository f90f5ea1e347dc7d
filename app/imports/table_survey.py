"""The headings of a table of which nothing is known, and its first rows.

In: a file, the kind of import, what the operator says of the file. Out: where the headings stand, and what is below them. Never
here: which column is which field (`column_guess`); the reading of all rows (`table_reader`).
"""

import codecs
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import BinaryIO

from app.imports.column_guess import SeenRows, known_names
from app.imports.csv_records import UnclosedQuote, records
from app.imports.number_notation import BadNumber, decimal
from app.imports.table_heading import HEADING_ROWS, BadFile, Hints, Layout, clean
from app.imports.table_reader import HEAD_BYTES, SEPARATORS, head_of
from app.imports.text_encoding import codec_of, encodings_of, errors_of
from app.imports.workbooks.workbook_rows import MAGIC, UnreadableWorkbook, Workbook

MOST_COLUMNS = 500
_ROWS = 2_000
"""Rows of a workbook that are looked at."""
_SURE = 1_000
"""A heading that is known outweighs any width of a row."""


@dataclass(frozen=True, slots=True)
class TableSurvey:
    """What the head of a file shows."""

    layout: Layout
    sheets: Sequence[str]
    """Of a workbook."""
    seen: SeenRows
    others: Mapping[str, SeenRows] = field(default_factory=dict)
    """Other sheets of a workbook with rows below a heading that names a field of the kind."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A way to read the file, and how well it fits."""

    score: int
    layout: Layout
    cells: Sequence[str]


def survey_table(file: BinaryIO, kind: str, hints: Hints = Hints()) -> TableSurvey:  # noqa: B008 (frozen)
    """Find the headings of a file: the row that names the most fields of the kind, else the first full row of texts.

    Raises:
        BadFile: the file is no table, or has no row that could be its heading.
    """
    head = head_of(file)
    try:
        return _workbook(file, kind, hints) if head.startswith(MAGIC) else _text(head, kind, hints)
    except UnreadableWorkbook as error:
        raise BadFile(str(error)) from None


def _workbook(file: BinaryIO, kind: str, hints: Hints) -> TableSurvey:
    file.seek(0)
    workbook = Workbook(file)
    names = [name for name in workbook.sheets if hints.sheet in {None, name}]
    found = [
        one
        for name in names
        for one in _candidates(workbook.rows(name), kind, hints, Layout("workbook", None, None, name, 0))
    ]  # fmt: skip
    headings = {name: max(_of(name, found), key=lambda one: one.score) for name in names if _of(name, found)}
    sheets = {name: _of_sheet(workbook, name, heading) for name, heading in headings.items()}
    # The heading of a template has no rows.
    best = _best([heading for name, heading in headings.items() if sheets[name].rows] or found)
    assert best.layout.sheet is not None
    others = {
        name: seen for name, seen in sheets.items() if seen.rows and headings[name].score >= _SURE and name != best.layout.sheet
    }
    return TableSurvey(best.layout, workbook.sheets, sheets[best.layout.sheet], others)


def _of(name: str, found: Iterable[_Candidate]) -> list[_Candidate]:
    return [one for one in found if one.layout.sheet == name]


def _of_sheet(workbook: Workbook, name: str, heading: _Candidate) -> SeenRows:
    rows = list(islice(workbook.rows(name), _ROWS + 1))
    return _seen(heading, rows[:_ROWS], whole=len(rows) <= _ROWS)


def _text(head: bytes, kind: str, hints: Hints) -> TableSurvey:
    whole = len(head) < HEAD_BYTES
    found, texts = list[_Candidate](), dict[str, list[str]]()
    for encoding in encodings_of(head, hints):
        decoder = codecs.getincrementaldecoder(codec_of(encoding))(errors_of(encoding))
        text = decoder.decode(head, final=whole).removeprefix("\ufeff")
        lines = texts[encoding] = io.StringIO(text, newline=None).readlines()
        if not whole and len(lines) > 1:
            lines.pop()
        damaged = sum("\ud800" <= sign <= "\udfff" for sign in text[:HEAD_BYTES])
        for separator in [hints.separator] if hints.separator else SEPARATORS:
            layout = Layout("csv", encoding, separator, None, 0)
            rows = ((number, cells) for number, cells in _records(lines, separator) if number <= HEADING_ROWS)
            # A text that has no such characters is no text of this encoding, unless its headings prove it.
            found += [replace(one, score=one.score - 100 * bool(damaged)) for one in _candidates(rows, kind, hints, layout)]
    best = _best(found)
    assert best.layout.encoding is not None
    assert best.layout.separator is not None
    return TableSurvey(best.layout, (), _seen(best, _records(texts[best.layout.encoding], best.layout.separator), whole=whole))


def _records(lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, record in enumerate(records(lines, separator), 1):
            yield number, record.cells
    except UnclosedQuote:
        return


def _candidates(rows: Iterable[tuple[int, list[str]]], kind: str, hints: Hints, layout: Layout) -> Iterator[_Candidate]:
    for number, row in rows:
        if number > HEADING_ROWS:
            return
        if hints.heading_row is not None and number != hints.heading_row:
            continue
        cells = [clean(cell) for cell in row[:MOST_COLUMNS]]
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        known = known_names(kind, filled)
        texts = len(filled) if len({*filled}) > 1 and not any(map(_is_number, filled)) else 0
        if known or texts > 1 or hints.heading_row is not None:
            yield _Candidate(known * _SURE + min(texts, _SURE // 2), replace(layout, heading_row=number), cells)


def _best(found: Sequence[_Candidate]) -> _Candidate:
    if not found:
        raise BadFile(f"has no row that could be the heading in its first {HEADING_ROWS} rows", "heading_row")
    # The first of several that fit as well: encodings, separators and sheets are tried in order.
    return max(found, key=lambda one: one.score)


def _seen(best: _Candidate, rows: Iterable[tuple[int, list[str]]], *, whole: bool) -> SeenRows:
    times: dict[str, int] = {}
    headings = []
    for cell in best.cells:
        times[cell] = times.get(cell, 0) + 1
        headings.append(f"{cell}#{times[cell]}" if cell and best.cells.count(cell) > 1 else cell)
    below = [cells for number, cells in rows if number > best.layout.heading_row and any(map(clean, cells))]
    return SeenRows(headings, below, whole)


def _is_number(cell: str) -> bool:
    try:
        decimal(cell, ".")
    except BadNumber:
        return False
    return True
