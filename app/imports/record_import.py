"""Files whose every row is a record of its own: what products, exchange rates and tracking numbers have in common.

In: a table and which column is what. Out: a record per row, or why the row has none. Never here: storage, the meaning of a field.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO, ClassVar
from zoneinfo import ZoneInfo

from app.adapters.protocol import Event, Options
from app.adapters.validation import Misconfigured, faults_of_model
from app.imports import csv_cells
from app.imports.cell_kinds import CODES
from app.imports.cell_times import CellTime
from app.imports.column_survey import Survey, Surveyor
from app.imports.columns import columns_of
from app.imports.csv_cells import BadCell
from app.imports.options import ProductOptions, RateOptions, TrackingOptions
from app.imports.rows import Group, RowReport, failed
from app.imports.table_heading import Layout
from app.imports.table_reader import Row, open_table


class RecordImport(ABC):
    """A file of records whose columns are understood."""

    model: ClassVar[type[ProductOptions | RateOptions | TrackingOptions]]
    numbers: ClassVar[tuple[str, ...]] = ()
    times: ClassVar[tuple[str, ...]]
    needed: ClassVar[frozenset[str]]
    """Fields that no row may leave empty."""

    def __init__(self, file: BinaryIO, options: Options) -> None:
        """Find the heading and look at the columns.

        Raises:
            Misconfigured: the options are not valid.
            BadFile: the file cannot be read, lacks a column, or can be read in more than one way.
        """
        faults = list(faults_of_model(self.model, options, ""))
        if faults:
            raise Misconfigured(faults)
        self.options = self.model.model_validate(dict(options))
        chosen = self.options
        found = columns_of(file, chosen.kind, chosen)
        self.guessed = found.guessed
        self.columns = columns = found.columns
        self._table = open_table(file, list(dict.fromkeys(columns.values())), found.hints)
        # No currency decides what `1,234` is: a rate has as many decimals as its bank likes.
        surveyor = Surveyor(
            numbers={columns[name] for name in self.numbers if name in columns},
            times={columns[name] for name in self.times if name in columns},
            hidden=self._table.hidden(),
            codes={columns[name] for name in columns if name in CODES},
            key=None, currency="", decimal=chosen.decimal, date_order=chosen.date_order,
        )  # fmt: skip
        self.survey: Survey = surveyor.survey(self._table.rows())
        self._table.float_codes = self.survey.float_codes
        self.layout: Layout = self._table.layout
        self.repeated_headings = tuple(self._table.repeated_headings)
        self._zone = ZoneInfo(chosen.timezone)

    def groups(self) -> Iterator[Group]:
        """Return each row with its record: the fields that are known, as text."""
        for row in self._table.rows():
            if not row.blank and row.number not in self.survey.total_rows:
                yield self._group(row)

    def _group(self, row: Row) -> Group:
        if row.fault is not None:
            return Group((failed(row.number, row.fault),))
        record: Event = {str(name): value for name, value in self.options.constants.items()}
        for name, heading in self.columns.items():
            try:
                found = self._cell(name, heading, row.cells[heading])
            except BadCell as error:
                return Group((failed(row.number, error, heading),))
            if found is not None:
                record[name] = found
            elif name in self.needed:
                return Group((failed(row.number, BadCell("is empty", "empty"), heading),))
        return Group((RowReport(row.number, ok=True, events=1),), (record,))

    @abstractmethod
    def _cell(self, name: str, heading: str, cell: str) -> str | None:
        """Return a field as text; None if the cell is empty."""

    def _time(self, heading: str, cell: str) -> CellTime | None:
        order, exact = self.survey.date_order.get(heading, "ymd"), self.survey.serial_dates.get(heading, False)
        return csv_cells.time(cell, self._zone, order, exact_serials=exact, since_1904=self._table.since_1904)
