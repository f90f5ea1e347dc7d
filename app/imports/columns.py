"""The columns of an import: those that are chosen, and those that are guessed.

In: a file and the options of its import. Out: field → heading for every field that is read. Never here: rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from app.adapters.validation import InvalidField, Misconfigured
from app.imports.column_guess import GuessedColumn, SeenRows, guess, missing
from app.imports.options import TableOptions
from app.imports.table_heading import BadFile, Hints
from app.imports.table_reader import Table
from app.imports.table_survey import survey_table

MOST_EXAMPLES = 3
_LONGEST_EXAMPLE = 80


@dataclass(frozen=True, slots=True)
class ImportColumns:
    """Which column is which field, and where they stand."""

    columns: dict[str, str]
    guessed: dict[str, GuessedColumn]
    hints: Hints


def columns_of(file: BinaryIO, kind: str, options: TableOptions, known: Iterable[str] | None = None) -> ImportColumns:
    """Return the columns of an import; `known` are the fields that it may have, if they are fewer than those of its kind.

    Raises:
        Misconfigured: a field is needed and has no column; it is named.
        BadFile: the file is no table.
    """
    chosen = options.chosen
    hints = Hints(options.encoding, options.separator, options.sheet, options.heading_row)
    if not options.guesses:
        return ImportColumns(chosen, {}, hints)
    survey = survey_table(file, kind, hints)
    found = _guessed(survey.seen, kind, options, known)
    columns = chosen | {field: one.heading for field, one in found.items()}
    if lacking := missing(kind, [*columns, *options.constants]):
        raise Misconfigured(
            InvalidField(
                f"/options/columns/{group[0]}", f"the file does not tell the column of {' or '.join(group)}: choose it",
                "column_needed", {"names": ", ".join(group)},
            )
            for group in lacking
        )  # fmt: skip
    layout = survey.layout
    alike = [name for name, seen in survey.others.items() if _complete(seen, kind, options, known)]
    if layout.sheet is not None and alike:
        sheets = ", ".join(name for name in survey.sheets if name in {layout.sheet, *alike})
        raise BadFile(f"has the columns in the sheets {sheets}; name one", "sheet")
    # The encoding is decided by the whole file.
    return ImportColumns(columns, found, Hints(options.encoding, layout.separator, layout.sheet, layout.heading_row))


def with_currency(found: ImportColumns, table: Table) -> ImportColumns:
    """Return the columns with the one that says in which currency a row is, if the file has one; the table reads it too."""
    seen = SeenRows(table.heading(), (), whole=False)
    one = guess("orders", seen, found.columns).get("currency")
    if one is None:
        return found
    table.read_too(one.heading, seen.headings.index(one.heading) + 1)
    return replace(found, columns={**found.columns, "currency": one.heading}, guessed={**found.guessed, "currency": one})


def _guessed(seen: SeenRows, kind: str, options: TableOptions, known: Iterable[str] | None) -> dict[str, GuessedColumn]:
    settled = options.columns | dict.fromkeys(options.constants)
    found = guess(kind, seen, settled)
    allowed = None if known is None else set(known)
    return {field: one for field, one in found.items() if allowed is None or field in allowed}


def _complete(seen: SeenRows, kind: str, options: TableOptions, known: Iterable[str] | None) -> bool:
    """Return whether a sheet has the columns that are chosen, all that are needed, and more than a key or a time alone."""
    there = [field for field, heading in options.chosen.items() if heading in seen.headings]
    fields = [*there, *_guessed(seen, kind, options, known)]
    return len(there) == len(options.chosen) and len(fields) > 1 and not missing(kind, [*fields, *options.constants])


def describe_columns(file: BinaryIO, kind: str, options: TableOptions, known: Iterable[str] | None = None) -> dict[str, object]:
    """Return the headings of a file with examples of their cells, the guess, and the fields that must be chosen.

    Raises:
        BadFile: the file is no table.
    """
    hints = Hints(options.encoding, options.separator, options.sheet, options.heading_row)
    survey = survey_table(file, kind, hints)
    layout, seen = survey.layout, survey.seen
    found = _guessed(seen, kind, options, known)
    fields = [*options.chosen, *found, *options.constants]
    return {
        "format": layout.format, "encoding": layout.encoding, "separator": layout.separator, "sheet": layout.sheet,
        "sheets": survey.sheets, "heading_row": layout.heading_row,
        "headings": [
            {"heading": heading, "column": index + 1, "examples": _examples(seen.rows, index)}
            for index, heading in enumerate(seen.headings)
            if heading
        ],
        "guessed": {field: {"heading": one.heading, "by": one.by} for field, one in found.items()},
        "missing": missing(kind, fields),
    }  # fmt: skip


def _examples(rows: Iterable[Sequence[str]], index: int) -> list[str]:
    examples: list[str] = []
    for row in rows:
        cell = row[index].strip()[:_LONGEST_EXAMPLE] if index < len(row) else ""
        if cell and cell not in examples:
            examples.append(cell)
            if len(examples) == MOST_EXAMPLES:
                break
    return examples
