"""Files of exchange rates, as a bank publishes them or a back end exports them.

In: a table and which column is what. Out: `date`, `from`, `to`, `kind`, `rate` and `source` of each row. Never here: storage, a
rate that no row states.
"""

import re

from app.imports import csv_cells
from app.imports.options import RATE_FIELDS, RateOptions
from app.imports.record_import import RecordImport

_PLAIN = re.compile(r"\d{1,9}(?:[.,]\d{1,10})?", re.ASCII)
"""A rate without thousands; amounts of money have fewer decimals."""


class RateImport(RecordImport):
    """A file of rates."""

    model = RateOptions
    numbers = ("rate",)
    times = ("date",)
    needed = frozenset(RATE_FIELDS)

    def _cell(self, name: str, heading: str, cell: str) -> str | None:
        if name == "date":
            time = self._time(heading, cell)
            return None if time is None else time.at.astimezone(self._zone).date().isoformat()
        if name != "rate":
            return csv_cells.text(cell)
        mark = self.survey.decimal.get(heading, ".")
        return cell.replace(mark, ".") if _PLAIN.fullmatch(cell) and _marks(cell) in {"", mark} else csv_cells.money(cell, mark)


def _marks(cell: str) -> str:
    return "".join(mark for mark in ".," if mark in cell)
