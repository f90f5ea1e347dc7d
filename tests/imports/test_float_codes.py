"""Codes that a data frame wrote as fractions, and marks in front of cells that keep a number a text."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest

from app.imports.csv_import import Import
from app.imports.product_import import ProductImport
from app.imports.tracking_import import TrackingImport
from tests.imports.order_table import OPTIONS

COLUMNS = {
    name: name for name in ("order", "buyer", "product", "sku", "quantity", "amount", "paid_at", "refund", "refunded_amount")
}
PAID = "2026-09-25 20:05:00"


def read(*rows: str) -> tuple[list[dict[str, Any]], frozenset[str], list[bool]]:
    """Return the data of the events of a dump with an index, its columns of fractions, and whether each row is taken."""
    lines = [f",{','.join(COLUMNS)}", *(f"{number},{row}" for number, row in enumerate(rows))]
    found = Import(io.BytesIO("\n".join(lines).encode()), {**OPTIONS, "columns": COLUMNS}, "s", datetime(2026, 10, 1, tzinfo=UTC))
    groups = list(found.groups())
    data: list[Any] = [event["data"] for group in groups for event in group.events]
    return data, found.survey.float_codes, [row.ok for group in groups for row in group.rows]


def test_codes_are_those_of_the_other_exports() -> None:
    """A column that has an empty cell becomes one of fractions; the same orders come from a back end without them."""
    rows = (
        "1001{0},55{0},12{0},7{0},1.0,40.0,P,1{0},5.0",
        "1002{0},nan,12{0},NaN,2.0,60.0,P,2{0},6.0",
        "1003{0},55{0},13{0},,1,9,P,,",
    )
    dumped, columns, _ = read(*(row.format(".0").replace("P", PAID) for row in rows))
    plain, none, _ = read(*(row.format("").replace("P", PAID) for row in rows))
    assert (frozenset(("order", "buyer", "product", "sku", "refund")), frozenset[str]()) == (columns, none)
    without = [[{**data, "revision": ""} for data in events] for events in (dumped, plain)]
    assert without[0] == without[1]
    assert {"1001", "1002", "1003"} == {str(data["order"]) for data in dumped}


def test_refund_numbers_of_several_orders_are_known_by_their_codes() -> None:
    """`1.0` of two orders names none."""
    data, _, _ = read(f"1001.0,,12,,1,40.0,{PAID},1.0,5.0", f"1002.0,,12,,1,60.0,{PAID},1.0,6.0")
    assert ["5.0", "6.0"] == [one["refunded_total"] for one in data if "refunded_total" in one]


@pytest.mark.parametrize("other", ["A-1", "1001", "7.1", "01.0", "12345678901234567.0", "1.0.0"])
def test_one_other_code_says_that_they_are_no_numbers(other: str) -> None:
    """Versions, for instance; they are read as they are written."""
    data, columns, _ = read(f"1,b,12.0,,1,40,{PAID},,", f"2,b,{other},,1,40,{PAID},,")
    assert "product" not in columns
    assert ["12.0", other] == [one["lines"][0]["product"] for one in data]


def test_parcels_and_products_too() -> None:
    """Amounts and weights are numbers anyway."""
    file = io.BytesIO(b"order,tracking\n1001.0,123456789012.0\n1002.0,\n1003.0,123456789013.0\n")
    columns = {"order": "order", "tracking": "tracking"}
    parcels = TrackingImport(file, {"kind": "tracking", "subject": "s", "columns": columns})
    assert [("1001", "123456789012"), ("1003", "123456789013")] == [
        (event["order"], event["tracking"]) for group in parcels.groups() for event in group.events
    ]
    products = ProductImport(io.BytesIO(b"code,name_ja\n10.0,1.0\n"), {"kind": "products"})
    assert [{"code": "10", "name_ja": "1.0"}] == [event for group in products.groups() for event in group.events]


@pytest.mark.parametrize("mark", ["`", "'", "`\t", " `"])
def test_marks_that_keep_a_number_a_text(mark: str) -> None:
    """In front of every cell, as in bills of WeChat Pay, below which stands a summary of its own."""
    cells = ("1000", "u1", "knit", "", "1", "10.50", PAID, "", "")
    data, _, taken = read(
        ",".join(mark + cell for cell in cells), "总交易单数,应结订单总金额,,,,,,,", f"{mark}1,{mark}10.50,,,,,,,"
    )
    assert ("1000", "u1", "10.50", [True, False, False]) == (data[0]["order"], data[0]["buyer"], data[0]["amount"], taken)
