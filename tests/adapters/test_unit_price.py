"""A line may carry the price of one piece: in events and in mappings."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import to_json

from app.adapters.mappings import mapping
from app.events import reader
from app.events.contributions import FoldContext
from app.events.envelope import EVENT

NOW = datetime(2026, 9, 25, 18, 5, tzinfo=UTC)
CONTEXT = FoldContext("direct", "", "USD", 2, {}, 180_000)
SHOPIFY = {
    "id": 6000000000000001, "name": "#1001", "created_at": "2026-09-25T14:05:00-04:00", "currency": "USD", "total_price": "70.00",
    "line_items": [
        {"sku": "knit-01", "title": "Knit", "quantity": 2, "price": "20.00"},
        {"sku": "coat-02", "title": "Coat \u2028", "quantity": 1, "price": 30.00},
    ],
}  # fmt: skip
RULES = {
    "signature": "none",
    "session": "00000000-0000-0000-0000-000000000001",
    "rules": [
        {
            "type": "live.order.paid",
            "id": "id",
            "time": "created_at",
            "data": {
                "order": "name",
                "buyer": "customer.id",
                "currency": "currency",
                "amount": "total_price",
                "lines": "line_items[].{product: sku, quantity: quantity, unit_price: price}",
            },
        }
    ],
}


def gmv(event: dict[str, Any], product: str) -> int:
    """Return what a paid order contributes to a product, from the fast reader and from the explaining one."""
    body = to_json(event)
    fast = reader.read_one(body)
    assert fast is not None
    folded = [parsed.data.fold(CONTEXT) for parsed in (fast, EVENT.validate_json(body))]
    assert folded[0] == folded[1]
    return next(count.value for count in folded[0].claims[0].counts if (count.metric, count.key) == ("gmv", product))


def test_a_mapping_makes_line_totals_of_unit_prices() -> None:
    """A shop's order, without a buyer, whose lines state the price of one piece."""
    (event,) = mapping.preview(SHOPIFY, RULES, NOW).events
    assert (4000, 3000, 7000) == (gmv(event, "knit-01"), gmv(event, "coat-02"), gmv(event, ""))


@pytest.mark.parametrize(
    ("line", "total"),
    [
        ({"quantity": 3, "unit_price": "19.99"}, 5997),
        ({"quantity": 3, "unit_price": "19.99", "amount": "50.00"}, 5000),
        ({"quantity": 0, "unit_price": "19.99"}, 0),
        ({"quantity": 1000, "unit_price": "0.001"}, 100),
        ({"quantity": 2, "unit_price": "9999999999999.99"}, 1999999999999998),
    ],
)
def test_a_line_total_is_exact(line: dict[str, Any], total: int) -> None:
    """The price times the pieces, exactly; a line that states its total too keeps it."""
    event = {"specversion": "1.0", "id": "1", "source": "s", "subject": "direct:r", "type": "live.order.paid", "time": NOW,
             "data": {"order": "1", "currency": "USD", "amount": "1.00", "lines": [{"product": "p", **line}]}}  # fmt: skip
    assert total == gmv(event, "p")


@pytest.mark.parametrize(
    ("kind", "data", "pointer"),
    [
        ("paid", {"currency": "USD", "amount": "1", "lines": [{"product": "p", "quantity": 1}]}, "amount or unit_price"),
        ("refunded", {"refund": "r"}, "amount or refunded_total"),
    ],
)
def test_an_amount_that_is_missing_is_named(kind: str, data: dict[str, Any], pointer: str) -> None:
    """Neither reader takes a line without a price or a refund without an amount."""
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "subject": "direct:r",
        "type": f"live.order.{kind}",
        "data": {"order": "1", **data},
    }
    assert reader.read_one(to_json(event)) is None
    with pytest.raises(ValidationError, match=pointer):
        EVENT.validate_json(to_json(event))
