"""What the readers of imported files return: rows that belong together.

In: nothing, these are values. Out: reports of rows, with the events or records that the rows state. Never here: I/O.
"""

from collections.abc import Mapping
from typing import NamedTuple

from app.adapters.protocol import Event
from app.imports.csv_cells import BadCell
from app.imports.row_errors import RowError


class RowReport(NamedTuple):
    """What became of a row."""

    row: int
    """As the spreadsheet counts: the first row of the file is 1."""
    ok: bool
    events: int = 0
    """Events that begin in this row; 0 for a further row of an order."""
    column: str | None = None
    detail: str | None = None
    code: RowError | None = None
    """The rule that the row breaks; None if it is taken."""
    params: Mapping[str, str | int] = {}
    """What the rule's words name."""
    warnings: tuple[str, ...] = ()
    """What had to be assumed of a row that is taken."""


def failed(row: int, error: BadCell, column: str | None = None) -> RowReport:
    """Return the report of a row that is not taken."""
    return RowReport(row, ok=False, column=column, detail=str(error)[:300], code=error.code, params=error.params)


class Group(NamedTuple):
    """Rows that become events together, or fail together."""

    rows: tuple[RowReport, ...]
    events: tuple[Event, ...] = ()
