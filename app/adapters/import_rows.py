"""What the readers of imported files return: rows that belong together.

In: nothing, these are values. Out: reports of rows, with the events or records that the rows state. Never here: I/O.
"""

from dataclasses import dataclass

from app.adapters.protocol import Event


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of a row."""

    row: int
    """As the spreadsheet counts: the first row of the file is 1."""
    ok: bool
    events: int = 0
    """Events that begin in this row; 0 for a further row of an order."""
    column: str | None = None
    detail: str | None = None
    warnings: tuple[str, ...] = ()
    """What had to be assumed of a row that is taken."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that become events together, or fail together."""

    rows: tuple[RowReport, ...]
    events: tuple[Event, ...] = ()
