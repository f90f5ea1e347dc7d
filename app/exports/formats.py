"""The file formats of exports.

In: rows. Out: bytes of a file, as they come. Never here: what the rows hold, I/O.
"""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, Protocol, get_args

from app.events.characters import FORMULA_SIGNS
from app.exports.columns import Columns, Row, Value
from app.exports.parquet import ParquetFile

FormatName = Literal["csv", "parquet"]
FORMATS: tuple[FormatName, ...] = get_args(FormatName)
QUOTE = "'"
"""Stands before a text that a spreadsheet could take for a formula, and before one that begins with itself."""


class ExportFile(Protocol):
    """A file that is written batch by batch."""

    media_type: str

    def add(self, rows: Sequence[Row]) -> bytes:
        """Take rows, and return what of the file is complete."""
        ...

    def end(self) -> bytes:
        """Return the rest of the file."""
        ...


class CsvFile:
    """CSV by RFC 4180 in UTF-8, with a heading; a missing value is an empty field."""

    media_type = "text/csv; charset=utf-8"

    def __init__(self, columns: Columns) -> None:
        """Begin with the heading."""
        self._heading: Row | None = tuple(columns)

    def add(self, rows: Sequence[Row]) -> bytes:
        """Return the lines of the rows."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        if self._heading is not None:
            writer.writerow(self._heading)
            self._heading = None
        writer.writerows([_cell(value) for value in row] for row in rows)
        return text.getvalue().encode()

    def end(self) -> bytes:
        """Return the heading if there was no row."""
        return self.add(())


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return QUOTE + value if value.startswith((QUOTE, *FORMULA_SIGNS)) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def file_of(name: FormatName, columns: Columns) -> ExportFile:
    """Return an empty file.

    Raises:
        ProblemError: 422 for Parquet where its library is not installed.
    """
    return CsvFile(columns) if name == "csv" else ParquetFile(columns)
