"""Kinds of cells: what an import expects of a field's column, so that a cell is read as a time, an amount, a count.

In: the fields of an order, the payload of an event type. Out: field → kind. Never here: cells, headings.

The fields of a payload have the kinds of their types: a field that is added to an event is read right without an entry here.
"""

from collections.abc import Mapping
from enum import Enum, auto
from functools import cache

from app.events import envelope  # noqa: F401 (registers the payloads)
from app.events.fields import Count, FanLevel, Money, Seconds, fields_of
from app.events.registry import PAYLOADS
from app.events.settlement import SignedMoney


class CellKind(Enum):
    """What a cell holds."""

    TEXT = auto()
    TIME = auto()
    MONEY = auto()
    SECONDS = auto()
    COUNT = auto()
    FLAG = auto()
    CURRENCY = auto()


NUMBERS = frozenset((CellKind.MONEY, CellKind.SECONDS, CellKind.COUNT))
"""Kinds whose columns have a decimal mark."""

CODES = frozenset(("order", "product", "buyer", "sku", "refund", "tracking", "viewer", "code"))
"""Fields that identify something."""

ORDER_CELLS: Mapping[str, CellKind] = {
    **dict.fromkeys(("order", "buyer", "product", "sku", "refund", "carrier", "tracking"), CellKind.TEXT),
    **dict.fromkeys(("amount", "line_amount", "unit_price", "refunded_amount"), CellKind.MONEY),
    **dict.fromkeys(("quantity", "gift_quantity"), CellKind.COUNT),
    "gift": CellKind.FLAG,
    "currency": CellKind.CURRENCY,
    **dict.fromkeys(
        ("placed_at", "paid_at", "cancelled_at", "refunded_at", "shipped_at", "delivered_at", "updated_at"), CellKind.TIME
    ),
}
"""Field of an export of orders → kind of its cells."""


@cache
def event_cells(event_type: str) -> Mapping[str, CellKind]:
    """Return field → kind of the cells of a file whose rows are events of a type: `time` and the fields of its data."""
    payload = PAYLOADS[event_type]
    return {
        "time": CellKind.TIME,
        **dict.fromkeys(payload.model_fields, CellKind.TEXT),
        **dict.fromkeys(fields_of(payload, Money, SignedMoney), CellKind.MONEY),
        **dict.fromkeys(fields_of(payload, Seconds), CellKind.SECONDS),
        **dict.fromkeys(fields_of(payload, Count, FanLevel), CellKind.COUNT),
    }
