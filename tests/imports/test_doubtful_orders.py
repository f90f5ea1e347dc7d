"""Amounts of orders that may mean two things are counted as the rules say, and the receipt says so."""

from decimal import Decimal
from typing import Any

import pytest

from tests.imports.order_table import OPTIONS, imported

COLUMNS = {name: name for name in ("order", "product", "quantity", "paid_at")}
PAID = "2026-09-25 20:05:00"


def read(heading: str, *rows: str) -> tuple[dict[str, Any], list[Any], str]:
    """Return the payments by order, the refunds, and all warnings of a file with these columns of amounts."""
    names = heading.split(",")
    lines = [f"order,product,quantity,paid_at,buyer,{heading}"]
    for row in rows:
        order, product, quantity, *amounts = row.split(",")
        lines.append(",".join((order, product, quantity, PAID, "u1", *amounts)))
    columns = {**COLUMNS, "buyer": "buyer", **{name: name for name in names}}
    events, reports = imported("\n".join(lines).encode(), {**OPTIONS, "columns": columns})
    paid = {event["data"]["order"]: event["data"] for event in events if event["type"] == "live.order.paid"}
    refunds = [event["data"] for event in events if event["type"] == "live.order.refunded"]
    assert all(report.ok for report in reports)
    return paid, refunds, "; ".join(warning for report in reports for warning in report.warnings)


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        ("unit_price,amount", ("A1,knit,2,30,50", "A1,coat,1,10,")),
        ("line_amount,amount", ("A1,knit,1,40,60", "A1,coat,1,30,60")),
        # The amount of each line, equal by chance, where that of the order should be.
        ("unit_price,amount", ("A1,knit,1,40,40", "A1,coat,1,40,40")),
        ("unit_price,amount", ("A1,knit,1,90,0",)),
    ],
)
def test_lines_that_cost_more_than_their_order(heading: str, rows: tuple[str, ...]) -> None:
    """A discount, or a column that is not the order's."""
    paid, _, warned = read(heading, *rows)
    assert sum(Decimal(line["amount"]) for line in paid["A1"]["lines"]) > Decimal(paid["A1"]["amount"])
    assert "its lines cost more than the order" in warned


@pytest.mark.parametrize(
    ("heading", "rows"),
    [
        # Shipping.
        ("unit_price,amount", ("A1,knit,2,30,75", "A1,coat,1,10,")),
        ("unit_price,amount", ("A1,knit,2,30,60",)),
        ("line_amount", ("A1,knit,1,300", "A1,coat,1,300", "A2,knit,1,300", "A2,coat,1,200")),
        ("line_amount", ("A1,knit,1,300", "A2,coat,1,300")),
    ],
)
def test_amounts_without_doubt(heading: str, rows: tuple[str, ...]) -> None:
    """Nothing is said of them."""
    assert "" == read(heading, *rows)[2]


def test_an_amount_that_every_row_of_an_order_repeats() -> None:
    """It is probably the order's: what an order of three lines cost would count three times."""
    paid, _, warned = read("line_amount", "A1,knit,1,300", "A2,knit,1,99", "A1,coat,1,300", "A1,hat,3,300")
    assert {"A1": "900", "A2": "99"} == {order: data["amount"] for order, data in paid.items()}
    assert "map it as amount" in warned


@pytest.mark.parametrize("heading", ["line_amount", "unit_price"])
def test_a_negative_amount_of_pieces_that_were_bought(heading: str) -> None:
    """A coupon on a line of its own, or a refund that is written without negative pieces."""
    paid, refunds, warned = read(heading, "A1,knit,1,50", "A1,coupon,1,-10")
    assert "50" == paid["A1"]["amount"]
    assert [("A1", "10")] == [(refund["order"], refund["refunded_total"]) for refund in refunds]
    assert "row 3: has a negative amount and pieces that are not" in warned
    assert "negative amount" not in read(heading, "A1,knit,1,50", "A1,knit,-1,50")[2]


@pytest.mark.parametrize(
    ("row", "back"),
    [("A1,coat,-1,30,80", "30"), ("A1,coat,-2,30,60", "60"), ("A1,coat,-1,30,25", "25"), ("A1,coat,-1,30,-25", "25")],
)
def test_a_return_is_not_the_amount_of_its_order(row: str, back: str) -> None:
    """An order's amount stands in the rows of its returns too."""
    _, refunds, _ = read("unit_price,amount", "A1,knit,1,50,80", "A1,coat,1,30,80", row)
    assert [back] == [refund["refunded_total"] for refund in refunds]


@pytest.mark.parametrize(
    ("heading", "gift"), [("gift,unit_price", "yes,99"), ("gift,unit_price", "1,"), ("gift,line_amount", "是,0")]
)
def test_a_free_gift_costs_nothing(heading: str, gift: str) -> None:
    """Also where its row has the price of the product."""
    paid, _, warned = read(heading, "A1,knit,1,no,50", f"A1,hat,1,{gift}")
    assert ("50", "") == (paid["A1"]["amount"], warned)


def test_a_gift_that_was_paid_is_told() -> None:
    """Its amount is what the file says was paid."""
    paid, _, warned = read("gift,line_amount", "A1,knit,1,no,50", "A1,hat,1,yes,5")
    assert "55" == paid["A1"]["amount"]
    assert "row 3: is a free gift and has an amount" in warned
