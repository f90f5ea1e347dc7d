"""The columns of the tables that are exported.

In: the registry of KPIs, the figures of a product. Out: name → kind of each column. Never here: rows, file formats.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal, get_args

from app.kpis.evaluation.metrics import METRICS, Metric, Unit
from app.kpis.products.products import UNITS

TableName = Literal["sessions", "orders", "products", "kpis", "events"]
Value = str | int | Decimal | datetime | bool | None
Row = tuple[Value, ...]


class Kind(StrEnum):
    """What the values of a column are; every one may be missing."""

    TEXT = "text"
    INTEGER = "integer"
    MONEY = "money"
    """A decimal with the digits of the row's currency."""
    DECIMAL = "decimal"
    """A decimal with six digits behind the point: ratios, averages, seconds."""
    TIME = "time"
    """A moment in UTC."""
    FLAG = "flag"


_TEXT, _INTEGER, _MONEY, _DECIMAL, _TIME, _FLAG = Kind
Columns = Mapping[str, Kind]


def kind_of(metric: Metric) -> Kind:
    """Return the kind of a KPI's column: a count that is a quotient, such as units per buyer, has a fraction."""
    if metric.unit is Unit.MONEY:
        return Kind.MONEY
    return Kind.INTEGER if metric.quotient is None else Kind.DECIMAL


def _texts(names: str) -> Columns:
    return dict.fromkeys(names.split(), _TEXT)


def _with_basis(figures: Columns) -> Columns:
    found: dict[str, Kind] = {}
    for name, kind in figures.items():
        found |= {name: kind, f"{name}_basis": _TEXT}
    return found


_SHOW: Columns = _texts("session brand title host kind status currency")
KPIS: Columns = {metric.slug: kind_of(metric) for metric in METRICS}
_OF_UNIT = {Unit.MONEY: _MONEY, Unit.RATIO: _DECIMAL}
PRODUCT_FIGURES: Columns = {field: _OF_UNIT.get(unit, _INTEGER) for field, unit in UNITS.items()}

TABLES: Mapping[TableName, Columns] = {
    "sessions": {
        **_SHOW, "time_zone": _TEXT, "scheduled_at": _TIME, "started_at": _TIME, "ended_at": _TIME, "duration_seconds": _DECIMAL,
        "platforms": _TEXT, "revision": _INTEGER,
    },
    "orders": {
        **_texts("session brand currency platform order state customer buyer"), "amount": _MONEY, "refunded_amount": _MONEY,
        "units": _INTEGER, "gift_units": _INTEGER, "placed_at": _TIME, "paid_at": _TIME, "cancelled_at": _TIME,
        "refunded_at": _TIME, "shipped_at": _TIME, "delivered_at": _TIME, **_texts("carrier tracking lines"),
    },
    "products": {
        **_texts("session brand currency"), "started_at": _TIME, **_texts("product name"), "listed": _FLAG, "live_price": _MONEY,
        "list_price": _MONEY, "planned": _INTEGER, **_with_basis(PRODUCT_FIGURES), "sold_out_at": _TIME, "showcases": _INTEGER,
        "on_air_seconds": _DECIMAL,
    },
    "kpis": {**_SHOW, "started_at": _TIME, "as_of": _TIME, "duration_seconds": _DECIMAL, **_with_basis(KPIS)},
    "events": {
        **_texts("session brand id source type platform room"), "time": _TIME, "received_at": _TIME, "sent_time": _TIME,
        "voided_at": _TIME, **_texts("data attributes"),
    },
}  # fmt: skip
"""Table → its columns, in order."""

assert tuple(TABLES) == get_args(TableName)
