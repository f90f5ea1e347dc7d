"""Files of tracking numbers, as a carrier's program exports them.

In: a table and which column is what. Out: a record per row, or why the row has none. Never here: storage, which orders exist.
"""

from collections.abc import Iterator
from typing import BinaryIO
from zoneinfo import ZoneInfo

from app.adapters import csv_cells
from app.adapters.column_survey import Survey, Surveyor
from app.adapters.csv_cells import BadCell
from app.adapters.import_options import TrackingOptions
from app.adapters.import_rows import Group, RowReport
from app.adapters.protocol import Event, Options
from app.adapters.table_heading import Hints, Layout
from app.adapters.table_reader import Row, open_table
from app.adapters.validation import Misconfigured, faults_of_model

_TIMES = ("shipped_at", "accepted_at")
_NEEDED = ("order", "tracking")


class TrackingImport:
    """A file of tracking numbers whose columns are understood."""

    def __init__(self, file: BinaryIO, options: Options) -> None:
        """Find the heading and look at the columns.

        Raises:
            Misconfigured: the options are not valid.
            BadFile: the file cannot be read, lacks a column, or can be read in more than one way.
        """
        faults = list(faults_of_model(TrackingOptions, options, ""))
        if faults:
            raise Misconfigured(faults)
        self.options = TrackingOptions.model_validate(dict(options))
        chosen, columns = self.options, self.options.columns
        hints = Hints(chosen.encoding, chosen.separator, chosen.sheet, chosen.heading_row)
        self._table = open_table(file, list(dict.fromkeys(columns.values())), hints)
        surveyor = Surveyor(
            numbers=set(), times={columns[name] for name in _TIMES if name in columns}, key=None, currency="",
            decimal=chosen.decimal, date_order=chosen.date_order,
        )  # fmt: skip
        self.survey: Survey = surveyor.survey(self._table.rows())
        self.layout: Layout = self._table.layout
        self.repeated_headings = tuple(self._table.repeated_headings)
        self._zone = ZoneInfo(chosen.timezone)

    def groups(self) -> Iterator[Group]:
        """Return each row with its record: `order`, `tracking`, and of `carrier`, `shipped_at`, `accepted_at` what is known."""
        for row in self._table.rows():
            if not row.blank and row.number not in self.survey.total_rows:
                yield self._group(row)

    def _group(self, row: Row) -> Group:
        if row.fault is not None:
            return Group((RowReport(row.number, ok=False, detail=row.fault),))
        record: Event = dict(self.options.constants.items())
        for name, heading in self.options.columns.items():
            try:
                found = self._cell(name, heading, row.cells[heading])
            except BadCell as error:
                return Group((RowReport(row.number, ok=False, column=heading, detail=str(error)),))
            if found is not None:
                record[name] = found
            elif name in _NEEDED:
                return Group((RowReport(row.number, ok=False, column=heading, detail="is empty"),))
        return Group((RowReport(row.number, ok=True, events=1),), (record,))

    def _cell(self, name: str, heading: str, cell: str) -> str | None:
        if name not in _TIMES:
            return csv_cells.text(cell)
        order, exact = self.survey.date_order.get(heading, "ymd"), self.survey.serial_dates.get(heading, False)
        time = csv_cells.time(cell, self._zone, order, exact_serials=exact)
        return None if time is None else time.at.isoformat()
