"""CSV exports of a back-end: orders, or figures of the audience.

In: an export's bytes and which column is what. Out: events and a report per row. Never here: I/O, a platform's column names.

An import is idempotent: the id of an event is made of what the row says, so the same file twice adds nothing. A
corrected row is a new event; an order is counted once all the same. Rows of one order (one per product) become one order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, to_json

from app.adapters import csv_cells
from app.adapters.coerce import coerce
from app.adapters.csv_cells import BadCell, BadFile, read_rows
from app.adapters.event_collector import cloud_event, validation_error
from app.adapters.protocol import Event, Options
from app.adapters.signatures import key_of
from app.adapters.validation import Misconfigured, faults_of_model
from app.events import envelope  # noqa: F401 (registers the payloads)
from app.events.fields import Currency, LongText
from app.events.payload import PAYLOADS

_MONEY = frozenset(("amount", "gmv_total", "line_amount", "refunded_amount"))
_SECONDS = frozenset(("watched_seconds", "average_watch_seconds", "response_seconds"))
_TIMES = frozenset(("time", "placed_at", "paid_at", "cancelled_at", "refunded_at", "shipped_at", "delivered_at"))
_COUNTS = frozenset(("quantity", "count", "concurrent", "stock", "fan_level"))
_ORDER_COLUMNS = (
    frozenset(("order", "buyer", "amount", "product", "sku", "quantity", "line_amount", "refund", "refunded_amount"))
    | frozenset(("carrier", "tracking"))
    | (_TIMES - {"time"})
)
_ORDER_NEEDS = ("order", "buyer", "product", "quantity", "paid_at")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # an unknown zone is a KeyError
        raise PydanticCustomError("time_zone", "is no time zone of the tz database") from None
    return name


class ImportOptions(BaseModel):
    """What a CSV file holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["orders", "audience"]
    subject: LongText
    """The session's id, or platform:room."""
    columns: Annotated[dict[str, str], Field(min_length=1, max_length=50)]
    """Field → the column's heading. Fields of `orders`: see `_ORDER_COLUMNS`; else `time` and the fields of the event's data."""
    type: str = "live.audience.sampled"
    """The event that a row of `audience` is."""
    currency: Currency = "CNY"
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    """Of times without an offset."""

    @model_validator(mode="after")
    def _knows_its_columns(self) -> "ImportOptions":
        if self.type not in PAYLOADS:
            raise PydanticCustomError("event_type", "type: is no event type of ours")
        known = _ORDER_COLUMNS if self.kind == "orders" else {"time", *PAYLOADS[self.type].model_fields}
        for name in self.columns:
            if name not in known:
                raise PydanticCustomError("column", "columns: {name} is no field of {kind}", {"name": name, "kind": self.kind})
        needs = [name for name in (_ORDER_NEEDS if self.kind == "orders" else ("time",)) if name not in self.columns]
        if self.kind == "orders" and not {"amount", "line_amount"} & self.columns.keys():
            needs.append("amount or line_amount")
        if needs:
            raise PydanticCustomError("column", "columns: needs {names}", {"names": ", ".join(needs)})
        return self


@dataclass(frozen=True, slots=True)
class RowReport:
    """What became of a row."""

    row: int
    """As the spreadsheet counts: the heading is 1."""
    ok: bool
    events: int = 0
    """Events that begin in this row; 0 for a further row of an order."""
    column: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What a file holds."""

    events: tuple[Event, ...]
    rows: tuple[RowReport, ...]


Cells = dict[str, object]


class _BadColumn(BadCell):
    def __init__(self, column: str, detail: str) -> None:
        super().__init__(detail)
        self.column = column


def import_csv(data: bytes, options: Options, source: str) -> Imported:
    """Return the events of a file and a report per row; a row that cannot be read keeps no other from being imported.

    `source` must be the same for every import of a brand's files.

    Raises:
        Misconfigured: the options are not valid, or name a column that the file has not.
        BadFile: the file cannot be read at all.
    """
    faults = list(faults_of_model(ImportOptions, options, ""))
    if faults:
        raise Misconfigured(faults)
    chosen = ImportOptions.model_validate(dict(options))
    rows = read_rows(data)
    missing = [column for column in chosen.columns.values() if rows and column not in rows[0]]
    if missing:
        raise BadFile(f"has no column {missing[0]}")
    read: list[tuple[int, Cells]] = []
    reports: dict[int, RowReport] = {}
    zone = ZoneInfo(chosen.timezone)
    for line, row in enumerate(rows, 2):
        if not any(csv_cells.clean(cell) for cell in row.values()):
            continue
        try:
            read.append((line, _cells(row, chosen, zone)))
        except _BadColumn as error:
            reports[line] = RowReport(line, ok=False, column=error.column, detail=str(error))
    make = _orders if chosen.kind == "orders" else _samples
    events: list[Event] = []
    for lines, made, bad in make(read, chosen, source):
        reason = bad or next((found for event in made if (found := validation_error(event))), None)
        if reason is None:
            events += made
        for line in lines:
            count = len(made) if line == lines[0] and reason is None else 0
            reports[line] = RowReport(line, ok=reason is None, events=count, detail=reason)
    return Imported(tuple(events), tuple(reports[line] for line in sorted(reports)))


def _cells(row: Mapping[str, str], chosen: ImportOptions, zone: ZoneInfo) -> Cells:
    found: Cells = {}
    for name, column in chosen.columns.items():
        cell = row.get(column, "")
        try:
            if name in _TIMES:
                found[name] = csv_cells.time(cell, zone)
            elif name in _MONEY:
                found[name] = csv_cells.money(cell)
            elif name in _SECONDS:
                found[name] = csv_cells.seconds(cell)
            elif name in _COUNTS or name.endswith("_total"):
                found[name] = csv_cells.number(cell)
            else:
                found[name] = csv_cells.text(cell)
        except BadCell as bad:
            raise _BadColumn(column, str(bad)) from None
    return found


Made = Iterable[tuple[list[int], list[Event], str | None]]


def _samples(read: list[tuple[int, Cells]], chosen: ImportOptions, source: str) -> Made:
    seen: dict[str, int] = {}
    for line, cells in read:
        time = cells.pop("time", None)
        if not isinstance(time, datetime):
            yield [line], [], "has no time"
            continue
        data = coerce(PAYLOADS[chosen.type], cells)
        said = key_of(chosen.type, chosen.subject, time.isoformat(), to_json(data))
        # Two equal rows of one file are two events; the same file again is not.
        seen[said] = seen.get(said, 0) + 1
        number = f"csv/{said}/{seen[said]}"
        yield [line], [cloud_event(source, chosen.type, number, chosen.subject, time, data)], None


def _orders(read: list[tuple[int, Cells]], chosen: ImportOptions, source: str) -> Made:
    by_order: dict[object, list[tuple[int, Cells]]] = {}
    for line, cells in read:
        if cells["order"] is None:
            yield [line], [], "has no order"
        else:
            by_order.setdefault(cells["order"], []).append((line, cells))
    for order, rows in by_order.items():
        lines = [line for line, _ in rows]
        try:
            yield lines, list(_order(str(order), [cells for _, cells in rows], chosen, source)), None
        except BadCell as bad:
            yield lines, [], f"order {order}: {bad}"[:300]


def _one(rows: list[Cells], name: str) -> object:
    """Return what all rows of an order say of a field; rows may leave it empty."""
    values = {cells[name] for cells in rows if cells.get(name) is not None}
    if len(values) > 1:
        raise BadCell(f"its rows differ in {name}")
    return next(iter(values), None)


def _order(order: str, rows: list[Cells], chosen: ImportOptions, source: str) -> Iterable[Event]:
    whole_amount = _one(rows, "amount")
    given = [cells.get("line_amount") for cells in rows]
    if whole_amount is None and None in given:
        raise BadCell("has neither an amount nor an amount for every line")
    if None in given and len(rows) > 1:
        raise BadCell("has several lines and no line_amount for each")
    amounts = [str(whole_amount if amount is None else amount) for amount in given]
    purchase = {
        "order": order,
        "buyer": _one(rows, "buyer"),
        "currency": chosen.currency,
        "amount": whole_amount if whole_amount is not None else csv_cells.add(amounts),
        "lines": [
            {
                name: value
                for name, value in (
                    ("product", cells.get("product")),
                    ("sku", cells.get("sku")),
                    ("quantity", cells.get("quantity")),
                )
                if value is not None
            }
            | {"amount": amount}
            for cells, amount in zip(rows, amounts, strict=True)
        ],
    }
    refunded = _one(rows, "refunded_amount")
    states: tuple[tuple[str, Mapping[str, object] | None], ...] = (
        ("placed", purchase),
        ("paid", purchase),
        ("cancelled", {"order": order}),
        ("refunded", {"order": order, "refund": _one(rows, "refund"), "amount": refunded} if refunded is not None else None),
        ("shipped", {"order": order, "carrier": _one(rows, "carrier"), "tracking": _one(rows, "tracking")}),
        ("delivered", {"order": order}),
    )
    for state, data in states:
        time = _one(rows, f"{state}_at")
        if data is None or not isinstance(time, datetime):
            continue
        number = f"csv/{key_of(chosen.subject, order, state, time.isoformat(), to_json(data))}"
        yield cloud_event(source, f"live.order.{state}", number, chosen.subject, time, data)
