"""Files of exchange rates, as a bank publishes them or a back-end exports them.

In: a table and which column is what. Out: a record per row, or why the row has none. Never here: storage, a rate that no row
states.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO
from zoneinfo import ZoneInfo

from app.adapters import csv_cells
from app.adapters.column_survey import Survey, Surveyor
from app.adapters.csv_cells import BadCell
from app.adapters.import_options import RateOptions
from app.adapters.import_rows import Group, RowReport
from app.adapters.protocol import Event, Options
from app.adapters.table_heading import Hints, Layout
from app.adapters.table_reader import Row, open_table
from app.adapters.validation import Misconfigured, faults_of_model

_PLAIN = re.compile(r"\d{1,9}(?:[.,]\d{1,10})?", re.ASCII)
"""A rate without thousands; amounts of money have fewer decimals."""


class RateImport:
    """A file of rates whose columns are understood."""

    def __init__(self, file: BinaryIO, options: Options) -> None:
        """Find the heading and look at the columns.

        Raises:
            Misconfigured: the options are not valid.
            BadFile: the file cannot be read, lacks a column, or can be read in more than one way.
        """
        faults = list(faults_of_model(RateOptions, options, ""))
        if faults:
            raise Misconfigured(faults)
        self.options = RateOptions.model_validate(dict(options))
        chosen, columns = self.options, self.options.columns
        hints = Hints(chosen.encoding, chosen.separator, chosen.sheet, chosen.heading_row)
        self._table = open_table(file, list(dict.fromkeys(columns.values())), hints)
        # No currency decides what `1,234` is: a rate has as many decimals as its bank likes.
        surveyor = Surveyor(
            numbers={columns["rate"]} if "rate" in columns else set(),
            times={columns["date"]} if "date" in columns else set(),
            key=None, currency="", decimal=chosen.decimal, date_order=chosen.date_order,
        )  # fmt: skip
        self.survey: Survey = surveyor.survey(self._table.rows())
        self.layout: Layout = self._table.layout
        self.repeated_headings = tuple(self._table.repeated_headings)
        self._zone = ZoneInfo(chosen.timezone)

    def groups(self) -> Iterator[Group]:
        """Return each row with its record: `date`, `from`, `to`, `kind`, `rate` and `source` as text."""
        for row in self._table.rows():
            if not row.blank and row.number not in self.survey.total_rows:
                yield self._group(row)

    def _group(self, row: Row) -> Group:
        if row.fault is not None:
            return Group((RowReport(row.number, ok=False, detail=row.fault),))
        record: Event = {}
        for field, value in self.options.constants.items():
            record[field] = value
        for name, heading in self.options.columns.items():
            try:
                record[name] = self._cell(name, heading, row.cells[heading])
            except BadCell as error:
                return Group((RowReport(row.number, ok=False, column=heading, detail=str(error)),))
        return Group((RowReport(row.number, ok=True, events=1),), (record,))

    def _cell(self, name: str, heading: str, cell: str) -> str:
        found: str | None
        if name == "date":
            order, exact = self.survey.date_order.get(heading, "ymd"), self.survey.serial_dates.get(heading, False)
            time = csv_cells.time(cell, self._zone, order, exact_serials=exact)
            found = None if time is None else time.at.astimezone(self._zone).date().isoformat()
        elif name == "rate":
            mark = self.survey.decimal.get(heading, ".")
            found = (
                cell.replace(mark, ".") if _PLAIN.fullmatch(cell) and _marks(cell) in {"", mark} else csv_cells.money(cell, mark)
            )
        else:
            found = csv_cells.text(cell)
        if found is None:
            raise BadCell("is empty")
        return found


def _marks(cell: str) -> str:
    return "".join(mark for mark in ".," if mark in cell)
