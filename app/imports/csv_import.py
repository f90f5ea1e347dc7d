"""Exports of a back end, as CSV or as a spreadsheet: orders, or figures of the audience.

In: an export's file and which column is what. Out: events and a report per row, order by order. Never here: a platform's column
names, storage.

An import is idempotent: the id of an event is made of what the rows state, so the same file again adds nothing. Rows of one
order (one per product) become one order. A corrected order is a new statement with a higher revision, which replaces the
earlier one.

The file is read twice: `Surveyor` looks at whole columns, then every row is read. No more rows are in memory than the orders
that are still open.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import BinaryIO
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from app.adapters.coerce import coerce
from app.adapters.event_collector import all_ordinary, cloud_event, validation_error
from app.adapters.protocol import Event, Options
from app.adapters.signatures import key_of
from app.adapters.validation import Misconfigured, faults_of_model
from app.events.registry import PAYLOADS
from app.imports import csv_cells
from app.imports.cell_kinds import CODES, NUMBERS, CellKind
from app.imports.cell_times import CellTime
from app.imports.column_survey import Survey, Surveyor
from app.imports.columns import columns_of, with_currency
from app.imports.csv_cells import BadCell
from app.imports.options import ImportOptions
from app.imports.order_export import Export, OrderRow
from app.imports.order_rows import SIDE_FACTS, read_order
from app.imports.rows import Group, RowReport, failed
from app.imports.table_heading import Layout
from app.imports.table_reader import Row, open_table

_REPEATED = 4_096
"""Contents of a column that are remembered: amounts, counts and times repeat."""

_CHECKED_AT_ONCE = 50


def _group(rows: list[OrderRow], events: list[Event], warnings: tuple[str, ...] = ()) -> Group:
    first, *others = rows
    reports = [RowReport(first.line, ok=True, events=len(events), warnings=(*first.warnings, *warnings))]
    reports += [RowReport(row.line, ok=True, warnings=row.warnings) for row in others]
    return Group(tuple(reports), tuple(events))


def _checked(group: Group) -> Group:
    """Return the group, or failed rows if the envelope rejects one of its events."""
    reason = next((found for event in group.events if (found := validation_error(event))), None)
    return group if reason is None else Group(tuple(failed(row.row, BadCell(reason, "invalid")) for row in group.rows))


class Import:
    """A file whose columns are understood."""

    def __init__(self, file: BinaryIO, options: Options, source: str, imported_at: datetime) -> None:
        """Find the heading and look at the columns.

        `source` must be the same for every import of a brand's files; `imported_at` is now.

        Raises:
            Misconfigured: the options are not valid.
            BadFile: the file cannot be read, lacks a column, or can be read in more than one way.
        """
        faults = list(faults_of_model(ImportOptions, options, ""))
        if faults:
            raise Misconfigured(faults)
        self.options = ImportOptions.model_validate(dict(options))
        chosen = self.options
        found = columns_of(file, chosen.kind, chosen, chosen.fields)
        self._kinds = chosen.fields
        self._source = source
        self._imported_at = imported_at
        self._zone = ZoneInfo(chosen.timezone)
        self._table = open_table(file, list(dict.fromkeys(found.columns.values())), found.hints)
        if chosen.kind == "orders" and "currency" not in {*chosen.columns, *found.columns}:
            # Amounts in another currency are numbers like any others: the column is read although it is not mapped.
            found = with_currency(found, self._table)
        self.guessed = found.guessed
        self.columns = columns = found.columns
        surveyor = Surveyor(
            numbers={heading for name, heading in columns.items() if self._kinds[name] in NUMBERS},
            times={heading for name, heading in columns.items() if self._kinds[name] is CellKind.TIME},
            key=columns["order"] if chosen.kind == "orders" else None,
            currency=chosen.currency,
            decimal=chosen.decimal,
            date_order=chosen.date_order,
            owned=columns.get("refund") if chosen.kind == "orders" else None,
            hidden=self._table.hidden(),
            codes={heading for name, heading in columns.items() if name in CODES},
            parts=columns.get("line_amount") if chosen.kind == "orders" else None,
        )
        self.survey: Survey = surveyor.survey(self._table.rows())
        self._table.float_codes = self.survey.float_codes
        self.layout: Layout = self._table.layout
        self.repeated_headings = tuple(self._table.repeated_headings)
        self._readers = [(name, heading, self._reader(name, heading)) for name, heading in columns.items()]

    def groups(self) -> Iterator[Group]:
        """Return the rows in groups with their events; a row that cannot be read does not keep another group from being imported.

        A group is returned once its last row is read.
        """
        groups = self._orders() if self.options.kind == "orders" else self._samples()
        while some := list(islice(groups, _CHECKED_AT_ONCE)):
            # One look at the events of many groups costs a third of a look at each.
            if all_ordinary([event for group in some for event in group.events]):
                yield from some
            else:
                yield from map(_checked, some)

    def _rows(self) -> Iterator[Row]:
        return (row for row in self._table.rows() if not row.blank and row.number not in self.survey.total_rows)

    def _samples(self) -> Iterator[Group]:
        chosen, seen = self.options, dict[str, int]()
        for row in map(self._read, self._rows()):
            time = row.cells.pop("time", None)
            if row.problems or not isinstance(time, datetime):
                yield Group((self._failed(row, BadCell("has no time", "no_time")),))
                continue
            data = coerce(PAYLOADS[chosen.type], row.cells)
            said = key_of(chosen.type, chosen.subject, time.isoformat(), to_json(data))
            # Two equal rows of one file are two events; the same file again is not.
            seen[said] = seen.get(said, 0) + 1
            number = f"csv/{said}/{seen[said]}"
            yield _group([row], [cloud_event(self._source, chosen.type, number, chosen.subject, time, data)])

    def _orders(self) -> Iterator[Group]:
        chosen = self.options
        export = Export(
            self._source, chosen.subject, chosen.currency, frozenset(self.columns),
            self._imported_at, chosen.exported_at, chosen.refunds_per, self.survey.shared,
            self.survey.repeats_parts,
        )  # fmt: skip
        pending: dict[str, list[OrderRow]] = {}
        heading, last = self.columns["order"], self.survey.last_row_of
        complete: str | None = None
        above: tuple[int, str | None] = (0, None)
        """The row before, and its order."""
        covered, orders = self._table.covered(), dict[int, str]()
        for found in self._rows():
            row, key = self._read(found), csv_cells.identifying(found.cells[heading])
            if key not in csv_cells.EMPTY:
                if covered:
                    orders[row.line] = key
                    row = self._without_others(row, key, covered, orders)
                if complete is not None:
                    yield self._order(complete, pending.pop(complete), export)
                pending.setdefault(key, []).append(row)
                complete, above = (key if last[key] == row.line else None), (row.line, key)
            elif above[0] == row.line - 1 and above[1] in pending and row.cells.get("product") is not None:
                # A merged cell, or a number that was lost: without this line the order above would be another order.
                lost = BadCell("is empty in a row that names a product", "order_number")
                problems = {**row.problems, "order": lost}
                pending[above[1]].append(row._replace(problems=problems))
                above = (row.line, above[1])
            else:
                yield Group((self._failed(row, BadCell("has no order", "no_order")),))
        if complete is not None:
            yield self._order(complete, pending.pop(complete), export)

    def _order(self, order: str, rows: list[OrderRow], export: Export) -> Group:
        try:
            made = read_order(order, rows, export)
        except BadCell as error:
            # An order without one of its rows would be another order.
            return Group(tuple(self._failed(row, error.within(f"order {order}:")) for row in rows))
        if not made.events:
            undated = BadCell(f"order {order}: has none of the times that are mapped", "no_time")
            return Group(tuple(self._failed(row, undated) for row in rows))
        return _group(rows, made.events, tuple(made.warnings))

    def _failed(self, row: OrderRow, reason: BadCell) -> RowReport:
        name = next((name for name in row.problems if name not in SIDE_FACTS), None)
        return failed(row.line, reason) if name is None else failed(row.line, row.problems[name], self.columns.get(name))

    def _read(self, row: Row) -> OrderRow:
        if row.fault is not None:
            return OrderRow(row.number, {}, {"": row.fault})
        cells: dict[str, object] = {}
        problems: dict[str, BadCell] = {}
        warnings: list[str] = []
        for name, heading, read in self._readers:
            try:
                found = read(row.cells[heading])
            except BadCell as error:
                problems[name] = error
                continue
            if isinstance(found, CellTime):
                if found.remark is not None:
                    warnings.append(f"{heading}: {found.remark}")
                found = found.at
            cells[name] = found
        return OrderRow(row.number, cells, problems, tuple(warnings))

    def _without_others(
        self, row: OrderRow, order: str, covered: Mapping[tuple[int, str], int], orders: Mapping[int, str]
    ) -> OrderRow:
        """Return a row in which no cell is taken for empty that belongs to a merged cell of another order."""
        problems = dict(row.problems)
        for name, heading in self.columns.items():
            first = covered.get((row.line, heading))
            if first is not None and orders.get(first) != order and name not in problems:
                detail = f"is a part of a merged cell that begins in row {first}, in another order"
                problems[name] = BadCell(detail, "merged_cell", first=first)
        return OrderRow(row.line, row.cells, problems, row.warnings)

    def _reader(self, name: str, heading: str) -> Callable[[str], object]:
        """Return what reads the cells of a column; contents that a column repeats are read once."""
        mark = self.survey.decimal.get(heading, ".")
        match self._kinds[name]:
            case CellKind.TIME:
                order, exact = self.survey.date_order.get(heading, "ymd"), self.survey.serial_dates.get(heading, False)
                from_1904 = self._table.since_1904
                return lru_cache(_REPEATED)(
                    lambda cell: csv_cells.time(cell, self._zone, order, exact_serials=exact, since_1904=from_1904)
                )
            case CellKind.MONEY | CellKind.CURRENCY as kind:
                of_import = self.options.currency
                if kind is CellKind.CURRENCY:
                    return lru_cache(_REPEATED)(lambda cell: csv_cells.currency(cell, of_import))
                # Rows of events that name their own currency are not in the import's.
                currency = None if "currency" in self.columns and self.options.kind != "orders" else of_import
                return lru_cache(_REPEATED)(lambda cell: csv_cells.money(cell, mark, currency))
            case CellKind.SECONDS | CellKind.FLAG as kind:
                return csv_cells.flag if kind is CellKind.FLAG else lambda cell: csv_cells.seconds(cell, mark)
            case CellKind.COUNT:
                return lru_cache(_REPEATED)(lambda cell: csv_cells.number(cell, mark))
            case CellKind.TEXT:
                return csv_cells.text
