"""Files that were put one behind the other: the rows below a later heading are read in its columns, or refused by name."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from app.imports.csv_import import Import

OPTIONS: dict[str, Any] = {
    "kind": "orders", "subject": "wechat:r",
    "columns": {"order": "订单号", "buyer": "买家", "product": "商品编码", "quantity": "数量", "line_amount": "实付", "paid_at": "支付时间"},
}  # fmt: skip
HEAD = "订单号,买家,商品编码,数量,实付,支付时间"
FIRST = f"{HEAD}\nA1,o1,knit,1,100.00,2026-09-25 14:05:00\n"


def read(text: str) -> tuple[dict[str, tuple[int, str]], list[str | None], tuple[int, ...]]:
    """Return order → pieces and amount, the code of each row, and the rows of later headings."""
    imported = Import(io.BytesIO(text.encode()), OPTIONS, "s", datetime(2026, 10, 1, tzinfo=UTC))
    groups = list(imported.groups())
    data: list[Any] = [event["data"] for group in groups for event in group.events]
    orders = {order["order"]: order for order in data}
    codes = {row.row: row.code for group in groups for row in group.rows}
    found = {name: (order["lines"][0]["quantity"], order["amount"]) for name, order in orders.items()}
    return found, [codes[row] for row in sorted(codes)], imported.repeated_headings


@pytest.mark.parametrize(
    "second",
    [
        f"{HEAD}\nA2,o2,coat,2,200.00,2026-09-25 14:06:00",
        # Another month, another version of the back end.
        "订单号,买家,商品编码,实付,数量,支付时间\nA2,o2,coat,200.00,2,2026-09-25 14:06:00",
        "店铺,支付时间,订单号,买家,商品编码,数量,实付,备注\n一店,2026-09-25 14:06:00,A2,o2,coat,2,200.00,",
        "\ufeff订单号,买家,商品编码,实付,数量,支付时间\nA2,o2,coat,200.00,2,2026-09-25 14:06:00",
        '"订单号 "," 买家","商品编码","数量","实付","支付时间"\nA2,o2,coat,2,200.00,2026-09-25 14:06:00',
    ],
)
def test_rows_are_read_in_the_columns_of_the_heading_above_them(second: str) -> None:
    """Pieces and amounts that changed places would both be numbers."""
    orders, codes, headings = read(f"{FIRST}{second}\n")
    assert {"A1": (1, "100.00"), "A2": (2, "200.00")} == orders
    assert ([None, None], (3,)) == (codes, headings)


@pytest.mark.parametrize("heading", ["订单号,买家,商品编码,实付,支付时间", "订单号,买家,商品编码,实付,实付,数量,支付时间"])
def test_rows_below_a_heading_that_lacks_a_column_are_refused(heading: str) -> None:
    """Until a heading that has all of them."""
    orders, codes, _ = read(f"{FIRST}{heading}\nA2,o2,coat,200,2,3,4\n{HEAD}\nA3,o3,coat,3,300.00,2026-09-25 14:06:00\n")
    assert {"A1": (1, "100.00"), "A3": (3, "300.00")} == orders
    assert [None, "other_heading", None] == codes


def test_one_heading_in_a_row_is_a_cell() -> None:
    """A product may be called as a column is."""
    orders, codes, _ = read(f"{FIRST}A2,o2,数量,2,200.00,2026-09-25 14:06:00\n")
    assert ["A1", "A2"] == sorted(orders)
    assert [None, None] == codes
