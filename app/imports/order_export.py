"""The rows of an order export, as the readers of its columns share them.

In: nothing, these are values. Out: rows, and what all rows of a file have in common. Never here: the meaning of a column, I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

from app.imports.csv_cells import BadCell

Cells = dict[str, object]
RefundLevel = Literal["line", "order"]


class OrderRow(NamedTuple):
    """One row of an export."""

    line: int
    """As a spreadsheet counts: the heading is 1."""
    cells: Cells
    problems: Mapping[str, BadCell] = MappingProxyType({})
    """Field → why its cell cannot be read; the field is empty if the row as a whole cannot be read."""
    warnings: tuple[str, ...] = ()
    """What was assumed of a cell."""


Line = tuple[OrderRow, str]
"""A row that is a line of the order, and the line's total."""


@dataclass(frozen=True, slots=True)
class Export:
    """What the rows of one file have in common."""

    source: str
    subject: str
    currency: str
    columns: frozenset[str]
    """The mapped fields."""
    imported_at: datetime
    exported_at: datetime | None = None
    refunds_per: RefundLevel | None = None
    """Whether a refund column states the line's or the order's refund; read from the rows if None."""
    shared_refunds: frozenset[str] = frozenset()
    """Numbers of refunds that stand in several orders: they name none."""
    repeats_line_amounts: bool = False
    """Whether each order with several rows has one and the same `line_amount` in all of them."""


def text_of(cells: Cells, name: str) -> str | None:
    """Return a cell as text."""
    value = cells.get(name)
    return None if value is None else str(value)


def plain(amount: Decimal) -> str:
    """Return an exact amount as events carry it, without an exponent."""
    return format(amount, "f")
