"""Exports of a back-end, as CSV or as a spreadsheet: orders, or figures of the audience.

In: an export's file and which column is what. Out: events and a report per row, order by order. Never here: a platform's column
names, storage.

An import is idempotent: the id of an event is made of what the rows state, so the same file again adds nothing. Rows of one
order (one per product) become one order. A corrected order is a new statement with a higher revision, which replaces the
earlier one.

The file is read twice: `Surveyor` looks at whole columns, then every row is read. No more rows are in memory than the orders
that are still open.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, BinaryIO, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError, to_json

from app.adapters import csv_cells
from app.adapters.coerce import coerce
from app.adapters.column_survey import Survey, Surveyor
from app.adapters.csv_cells import BadCell
from app.adapters.event_collector import cloud_event, validation_error
from app.adapters.order_export import Export, OrderRow, RefundLevel
from app.adapters.order_rows import SIDE_FACTS, read_order
from app.adapters.protocol import Event, Options
from app.adapters.signatures import key_of
from app.adapters.table_heading import HEADING_ROWS, Hints, Layout
from app.adapters.table_reader import Row, open_table
from app.adapters.validation import Misconfigured, faults_of_model
from app.events import envelope  # noqa: F401 (registers the payloads)
from app.events.fields import EARLIEST, LATEST, Currency, LongText
from app.events.payload import PAYLOADS

_MONEY = frozenset(("amount", "gmv_total", "line_amount", "unit_price", "refunded_amount", "refunded_total"))
_SECONDS = frozenset(("watched_seconds", "average_watch_seconds", "response_seconds"))
_TIMES = frozenset(("time", "placed_at", "paid_at", "cancelled_at", "refunded_at", "shipped_at", "delivered_at", "updated_at"))
_COUNTS = frozenset(("quantity", "gift_quantity", "count", "concurrent", "stock", "fan_level"))
_ORDER_COLUMNS = (
    frozenset(("order", "buyer", "amount", "product", "sku", "quantity", "line_amount", "unit_price", "refund"))
    | frozenset(("refunded_amount", "carrier", "tracking", "gift", "gift_quantity"))
    | (_TIMES - {"time"})
)
_ORDER_NEEDS = ("order", "product", "quantity", "paid_at")
_AMOUNTS = ("amount", "line_amount", "unit_price")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # an unknown zone is a KeyError
        raise PydanticCustomError("time_zone", "is no time zone of the tz database") from None
    return name


Heading = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class ImportOptions(BaseModel):
    """What a file holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["orders", "audience"]
    subject: LongText
    """The session's id, or platform:room."""
    columns: Annotated[dict[str, Heading], Field(min_length=1, max_length=50)]
    """Field → the column's heading; `heading#2` is the second column of that heading.

    Fields of `orders`: see `_ORDER_COLUMNS`; else `time` and the fields of the event's data.
    """
    type: str = "live.audience.sampled"
    """The event that a row of `audience` is."""
    currency: Currency = "CNY"
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """Of times without an offset."""
    encoding: (
        Literal["utf-8", "utf-16", "gb18030", "shift_jis", "big5", "euc-jp", "euc-kr", "windows-1252", "iso-8859-15"] | None
    ) = None
    """Found out if absent, as all of the following."""
    separator: Annotated[str, StringConstraints(min_length=1, max_length=1, pattern=r'^[^"\r\n]$')] | None = None
    sheet: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    """Of a spreadsheet."""
    heading_row: Annotated[int, Field(ge=1, le=HEADING_ROWS)] | None = None
    decimal: Literal[".", ","] | None = None
    """The decimal mark of amounts and counts."""
    date_order: Literal["dmy", "mdy"] | None = None
    """The order of day and month in dates that do not begin with the year."""
    exported_at: Annotated[AwareDatetime, Field(strict=False, ge=EARLIEST, lt=LATEST)] | None = None
    """When the export was made: of two exports that state an order differently, the newer one counts."""
    refunds_per: RefundLevel | None = None
    """Whether a refund column states each line's refund or repeats the order's; read from the rows if absent."""

    @model_validator(mode="after")
    def _knows_its_columns(self) -> "ImportOptions":
        if self.type not in PAYLOADS:
            raise PydanticCustomError("event_type", "type: is no event type of ours")
        known = _ORDER_COLUMNS if self.kind == "orders" else {"time", *PAYLOADS[self.type].model_fields}
        for name in self.columns:
            if name not in known:
                raise PydanticCustomError("column", "columns: {name} is no field of {kind}", {"name": name, "kind": self.kind})
        needs = [name for name in (_ORDER_NEEDS if self.kind == "orders" else ("time",)) if name not in self.columns]
        if self.kind == "orders" and not self.columns.keys() & _AMOUNTS:
            needs.append("amount, line_amount or unit_price")
        if needs:
            raise PydanticCustomError("column", "columns: needs {names}", {"names": ", ".join(needs)})
        return self


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
        chosen, columns = self.options, self.options.columns
        self._source = source
        self._imported_at = imported_at
        self._zone = ZoneInfo(chosen.timezone)
        hints = Hints(chosen.encoding, chosen.separator, chosen.sheet, chosen.heading_row)
        self._table = open_table(file, list(dict.fromkeys(columns.values())), hints)
        surveyor = Surveyor(
            numbers={heading for name, heading in columns.items() if _is_number(name)},
            times={heading for name, heading in columns.items() if name in _TIMES},
            key=columns["order"] if chosen.kind == "orders" else None,
            currency=chosen.currency,
            decimal=chosen.decimal,
            date_order=chosen.date_order,
        )
        self.survey: Survey = surveyor.survey(self._table.rows())
        self.layout: Layout = self._table.layout
        self.repeated_headings = tuple(self._table.repeated_headings)

    def groups(self) -> Iterator[Group]:
        """Return the rows in groups with their events; a row that cannot be read does not keep another group from being imported.

        A group is returned once its last row is read.
        """
        return self._orders() if self.options.kind == "orders" else self._samples()

    def _rows(self) -> Iterator[Row]:
        return (row for row in self._table.rows() if not row.blank and row.number not in self.survey.total_rows)

    def _samples(self) -> Iterator[Group]:
        chosen, seen = self.options, dict[str, int]()
        for row in map(self._read, self._rows()):
            time = row.cells.pop("time", None)
            if row.problems or not isinstance(time, datetime):
                yield Group((self._failed(row, "has no time"),))
                continue
            data = coerce(PAYLOADS[chosen.type], row.cells)
            said = key_of(chosen.type, chosen.subject, time.isoformat(), to_json(data))
            # Two equal rows of one file are two events; the same file again is not.
            seen[said] = seen.get(said, 0) + 1
            number = f"csv/{said}/{seen[said]}"
            yield self._checked([row], [cloud_event(self._source, chosen.type, number, chosen.subject, time, data)])

    def _orders(self) -> Iterator[Group]:
        chosen = self.options
        export = Export(
            self._source, chosen.subject, chosen.currency, frozenset(chosen.columns),
            self._imported_at, chosen.exported_at, chosen.refunds_per,
        )  # fmt: skip
        pending: dict[str, list[OrderRow]] = {}
        heading, last = chosen.columns["order"], self.survey.last_row_of
        complete: str | None = None
        above: tuple[int, str | None] = (0, None)
        """The row before, and its order."""
        for found in self._rows():
            row, key = self._read(found), found.cells[heading]
            if key not in csv_cells.EMPTY:
                if complete is not None:
                    yield self._order(complete, pending.pop(complete), export)
                pending.setdefault(key, []).append(row)
                complete, above = (key if last[key] == row.line else None), (row.line, key)
            elif above[0] == row.line - 1 and above[1] in pending and row.cells.get("product") is not None:
                # A merged cell, or a number that was lost: without this line the order above would be another order.
                problems = {**row.problems, "order": "is empty in a row that names a product"}
                pending[above[1]].append(replace(row, problems=problems))
                above = (row.line, above[1])
            else:
                yield Group((self._failed(row, "has no order"),))
        if complete is not None:
            yield self._order(complete, pending.pop(complete), export)

    def _order(self, order: str, rows: list[OrderRow], export: Export) -> Group:
        try:
            made = read_order(order, rows, export)
        except BadCell as error:
            # An order without one of its rows would be another order.
            return Group(tuple(self._failed(row, f"order {order}: {error}"[:300]) for row in rows))
        if not made.events:
            return Group(tuple(self._failed(row, f"order {order}: has none of the times that are mapped"[:300]) for row in rows))
        return self._checked(rows, made.events, tuple(made.warnings))

    def _checked(self, rows: list[OrderRow], events: list[Event], warnings: tuple[str, ...] = ()) -> Group:
        reason = next((found for event in events if (found := validation_error(event))), None)
        if reason is not None:
            return Group(tuple(self._failed(row, reason) for row in rows))
        return Group(
            tuple(
                RowReport(
                    row.line, ok=True, events=0 if index else len(events),
                    warnings=row.warnings if index else (*row.warnings, *warnings),
                )
                for index, row in enumerate(rows)
            ),
            tuple(events),
        )  # fmt: skip

    def _failed(self, row: OrderRow, reason: str) -> RowReport:
        name = next((name for name in row.problems if name not in SIDE_FACTS), None)
        if name is not None:
            return RowReport(row.line, ok=False, column=self.options.columns.get(name), detail=row.problems[name])
        return RowReport(row.line, ok=False, detail=reason)

    def _read(self, row: Row) -> OrderRow:
        if row.fault is not None:
            return OrderRow(row.number, {}, {"": row.fault})
        cells: dict[str, object] = {}
        problems: dict[str, str] = {}
        warnings: list[str] = []
        for name, heading in self.options.columns.items():
            try:
                cells[name] = self._cell(name, heading, row.cells[heading], warnings)
            except BadCell as error:
                problems[name] = str(error)
        return OrderRow(row.number, cells, problems, tuple(warnings))

    def _cell(self, name: str, heading: str, cell: str, warnings: list[str]) -> object:
        if name in _TIMES:
            order, exact = self.survey.date_order.get(heading, "ymd"), self.survey.serial_dates.get(heading, False)
            found = csv_cells.time(cell, self._zone, order, exact_serials=exact)
            if found is not None and found.remark is not None:
                warnings.append(f"{heading}: {found.remark}")
            return found.at if found is not None else None
        mark = self.survey.decimal.get(heading, ".")
        if name in _MONEY:
            return csv_cells.money(cell, mark, self.options.currency)
        if name in _SECONDS:
            return csv_cells.seconds(cell, mark)
        if name == "gift":
            return csv_cells.flag(cell)
        if _is_number(name):
            return csv_cells.number(cell, mark)
        return csv_cells.text(cell)


def _is_number(name: str) -> bool:
    return name in _MONEY or name in _SECONDS or name in _COUNTS or name.endswith("_total")
