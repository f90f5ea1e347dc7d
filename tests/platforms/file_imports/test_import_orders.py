"""Order exports as back ends write them: what counts, what is a warning, what is refused."""

from collections.abc import Sequence
from datetime import UTC, datetime

import httpx
import pytest

from app.service import Service
from tests.platforms.conftest import ROOM, Connect, Kpis
from tests.platforms.order_imports import CN, CN_HEAD, EN, EN_HEAD, PAID, RF, RF_HEAD, SHOPIFY, Imports, warnings


async def test_unit_prices_make_line_totals_and_shipping_belongs_to_no_product(
    client: httpx.AsyncClient, service: Service, new_session: Connect, kpis: Kpis
) -> None:
    """A shop's export: a price per piece, the order's total with shipping in its first row, an undated refund."""
    imports = Imports(client, service, kpis, await new_session(("wechat", ROOM), currency="USD"))
    receipt = await imports.take(
        SHOPIFY,
        "Name,Email,Paid at,Total,Lineitem quantity,Lineitem price,Lineitem sku,Refunded Amount",
        "#1001,a@example.invalid,2026-09-25 14:05:00 -0400,75.00,2,20.00,knit-01,0.00",
        "#1001,a@example.invalid,,,1,30.00,coat-02,",
        "#1002,b@example.invalid,2026-09-25 14:06:00 -0400,20.00,1,20.00,knit-01,5.00",
        currency="USD", timezone="America/New_York",
    )  # fmt: skip
    assert 0 == receipt["failed_rows"]
    assert {"knit-01": "60.00", "coat-02": "30.00"} == await imports.gmv_of_products()
    assert ["95.00", "5.00", 1, 4] == await imports.figures("gmv", "refund_amount", "refunded_orders", "units_sold")


@pytest.mark.parametrize(
    ("refunds", "options", "refunded"),
    [
        (("0.00", "199.00"), {}, "199.00"),
        (("99.00", "99.00"), {}, "198.00"),
        (("", "99.00"), {}, "99.00"),
        (("99.00", "99.00"), {"refunds_per": "order"}, "99.00"),
        (("150.00", "150.00"), {}, "150.00"),  # more than a line cost: it can only be the order's
        (("-20.00", "-30.00"), {}, "50.00"),
    ],
    ids=["different", "equal", "one", "equal, the order's", "more than a line", "negative"],
)
async def test_refunds_per_line_and_per_order(
    refunds: Sequence[str], options: dict[str, str], refunded: str, imports: Imports
) -> None:
    """A column states each line's refund or repeats the order's; a refund never refuses the sale."""
    receipt = await imports.take(
        RF, RF_HEAD,
        f"71,买家己,knit-01,1,99.00,{PAID},{refunds[0]},2026-09-27 10:00:00",
        f"71,买家己,coat-02,1,199.00,{PAID},{refunds[1]},2026-09-27 10:00:00" if "199" in refunds[1] else
        f"71,买家己,coat-02,1,99.00,{PAID},{refunds[1]},2026-09-27 10:00:00",
        **options,
    )  # fmt: skip
    assert 0 == receipt["failed_rows"]
    assert [1, refunded, 1] == await imports.figures("orders", "refund_amount", "refunded_orders")


async def test_a_cumulative_refund_column_grows_from_export_to_export(imports: Imports) -> None:
    """The total of the newest export counts, in whatever order and however often the exports are imported."""
    columns = {**EN, "refunded_amount": "Refunded", "refunded_at": "Last refund at"}
    head = f"{EN_HEAD},Refunded,Last refund at"
    first = f"7701,b-1,knit-01,3,300.00,{PAID},50.00,2026-09-26 10:00:00"
    second = f"7701,b-1,knit-01,3,300.00,{PAID},120.00,2026-09-28 10:00:00"
    for row, refunded in ((first, "50.00"), (second, "120.00"), (first, "120.00"), (second, "120.00")):
        await imports.take(columns, head, row)
        assert ["300.00", refunded, 1] == await imports.figures("gmv", "refund_amount", "refunded_orders")


async def test_the_older_export_may_come_last(imports: Imports) -> None:
    """An export that is older by its own times changes nothing."""
    columns = {**EN, "refunded_amount": "Refunded", "refunded_at": "Last refund at"}
    head = f"{EN_HEAD},Refunded,Last refund at"
    await imports.take(columns, head, f"1,b,knit-01,3,280.00,{PAID},120.00,2026-09-28 10:00:00")
    await imports.take(columns, head, f"1,b,knit-01,3,300.00,{PAID},50.00,2026-09-26 10:00:00")
    assert ["280.00", "120.00"] == await imports.figures("gmv", "refund_amount")


async def test_free_gifts_are_units_of_their_own(imports: Imports) -> None:
    """A row marked as a gift needs no amount; pieces that came free with paid ones are gifts too."""
    columns = {**EN, "gift": "Gift", "gift_quantity": "Free pieces"}
    receipt = await imports.take(
        columns, f"{EN_HEAD},Gift,Free pieces",
        f"1,b,knit-01,2,300.00,{PAID},否,1", f"1,b,pouch-09,1,,{PAID},赠品,",
        f"2,c,knit-01,1,150.00,{PAID},,", f"3,d,knit-01,1,150.00,{PAID},perhaps,",
    )  # fmt: skip
    assert [(5, "Gift")] == [(row["row"], row["column"]) for row in receipt["rows"] if not row["ok"]]
    assert ["450.00", 3, 2, 2] == await imports.figures("gmv", "units_sold", "gift_units", "buyers")
    found = await imports.get("products")
    rows = [row for row in (*found["products"], *found["other"]["products"]) if row["units"] or row["orders"]]
    assert [("knit-01", 3, 2)] == [(row["product"], row["units"], row["orders"]) for row in rows]


async def test_a_refund_of_zero_is_no_refund(imports: Imports) -> None:
    """A zero in every row, dated or not, refunds nothing."""
    columns = {**EN, "refunded_amount": "Refunded Amount", "refunded_at": "Updated at"}
    rows = [f"{8000 + n},b-{n},knit-01,1,100.00,{PAID},{40 if n == 4 else 0}.00,2026-09-26 09:0{n}:00" for n in range(5)]
    await imports.take(columns, f"{EN_HEAD},Refunded Amount,Updated at", *rows)
    assert [5, 1, "40.00"] == await imports.figures("orders", "refunded_orders", "refund_amount")
    assert ["paid"] * 4 + ["refunded"] == [order["state"] for _, order in sorted((await imports.orders()).items())]


async def test_an_amount_counts_without_its_time_column(imports: Imports) -> None:
    """A refund that no column dates counts at the time of payment, and says so; the higher total is the newer one."""
    columns = {**EN, "refunded_amount": "Refunded"}
    for refunded, expected in (("40.00", "40.00"), ("70.00", "70.00"), ("40.00", "70.00")):
        receipt = await imports.take(columns, f"{EN_HEAD},Refunded", f"8101,b-1,knit-01,1,100.00,{PAID},{refunded}")
        assert "the refund has no time" in warnings(receipt)
        assert [expected] == await imports.figures("refund_amount")


async def test_single_refunds_are_told_by_their_ids(imports: Imports) -> None:
    """With a column of refund ids each refund counts once, whatever the file repeats."""
    columns = {**RF, "refund": "退款单号"}
    for _ in range(2):
        await imports.take(
            columns, f"{RF_HEAD},退款单号",
            f"1,b,knit-01,1,99.00,{PAID},10.00,2026-09-27 10:00:00,R1",
            f"1,b,coat-02,1,99.00,{PAID},20.00,2026-09-28 10:00:00,R2",
        )  # fmt: skip
        assert ["30.00", 1] == await imports.figures("refund_amount", "refunded_orders")


async def test_refund_numbers_that_begin_again_in_each_order_name_no_refund(imports: Imports) -> None:
    """The second order's first refund is not that of the first order."""
    columns, head = {**RF, "refund": "退款单号"}, f"{RF_HEAD},退款单号"
    rows = [f"A{order},o{order},knit-01,1,100.00,{PAID},{order}0.00,2026-09-26 10:00:00,1" for order in (1, 2, 3)]
    receipt = await imports.take(columns, head, *rows)
    assert warnings(receipt).count("its refund numbers stand in other orders too") == len(rows)
    assert [3, "60.00"] == await imports.figures("refunded_orders", "refund_amount")
    # More refunds of the same orders in a later export, and the earlier export again.
    later = [*rows, f"A3,o3,knit-01,1,100.00,{PAID},5.00,2026-09-27 10:00:00,2", f"A9,o9,knit-01,1,100.00,{PAID},,,"]
    await imports.take(columns, head, *later)
    await imports.take(columns, head, *rows)
    assert [3, "65.00"] == await imports.figures("refunded_orders", "refund_amount")


async def test_a_dated_export_takes_a_single_refund_back(imports: Imports) -> None:
    """A refund that the newest export states with 0 was none, in any order of the imports; an undated zero says nothing."""
    columns = {**RF, "refund": "退款单号"}
    row = f"1,b,knit-01,1,99.00,{PAID},%s,2026-09-27 10:00:00,R1"
    for day, amount, expected in ((27, "30.00", ["30.00", 1]), (29, "0.00", ["0.00", 0]), (28, "20.00", ["0.00", 0])):
        await imports.take(columns, f"{RF_HEAD},退款单号", row % amount, exported_at=f"2026-09-{day}T12:00:00Z")
        assert expected == await imports.figures("refund_amount", "refunded_orders")


async def test_rows_of_returns_are_refunds(imports: Imports) -> None:
    """A row with negative pieces or a negative amount is a return, in the order's file or in one of its own."""
    await imports.take(CN, CN_HEAD, f"1,b,knit-01,3,300.00,{PAID}", "1,b,knit-01,-1,-100.00,2026-09-28 10:00:00")
    assert ["300.00", 3, "100.00"] == await imports.figures("gmv", "units_sold", "refund_amount")
    await imports.take(CN, CN_HEAD, "1,b,knit-01,-2,-200.00,2026-09-29 10:00:00")
    assert ["300.00", 3, "200.00"] == await imports.figures("gmv", "units_sold", "refund_amount")


async def test_a_split_shipment_keeps_both_parcels(imports: Imports) -> None:
    """Different tracking numbers are different parcels; the order is shipped when the first one is."""
    columns = {**CN, "carrier": "快递公司", "tracking": "运单号", "shipped_at": "发货时间"}
    receipt = await imports.take(
        columns, f"{CN_HEAD},快递公司,运单号,发货时间",
        f"101,买家壬,coat-02,1,899.00,{PAID},SF,SF2,2026-09-27 18:00:00",
        f"101,买家壬,knit-01,1,1099.00,{PAID},SF,SF1,2026-09-26 10:00:00",
    )  # fmt: skip
    assert 0 == receipt["failed_rows"]
    assert ["1998.00"] == await imports.figures("gmv")
    order = (await imports.orders())["101"]
    first, second = datetime(2026, 9, 26, 2, tzinfo=UTC), datetime(2026, 9, 27, 10, tzinfo=UTC)
    assert ("SF1", first) == (order["tracking"], datetime.fromisoformat(order["shipped_at"]))
    assert [("SF1", first), ("SF2", second)] == [
        (parcel["tracking"], datetime.fromisoformat(parcel["shipped_at"])) for parcel in order["parcels"]
    ]


@pytest.mark.parametrize(
    "broken",
    ["{order},买家,coat-02,1件,200.00,{paid}", "{order},买家,coat-02,1,二百,{paid}", "{order},买家,coat-02,1,200.00,soon",
     "{order},买家,,1,200.00,{paid}", "{order},买家,coat-02,,200.00,{paid}", ",买家,coat-02,1,200.00,{paid}"],
    ids=["quantity", "amount", "paid_at", "product", "no quantity", "no order"],
)  # fmt: skip
async def test_an_order_with_an_unreadable_row_is_not_taken_in_and_stays_open(broken: str, imports: Imports) -> None:
    """Nothing of the order is imported and every row says so; the corrected file brings the whole order."""
    good = "{order},买家,knit-01,1,100.00,{paid}"
    rows = [line.format(order=1000 + n, paid=PAID) for n in range(3) for line in (good, broken)]
    receipt = await imports.take(CN, CN_HEAD, *rows, f"2000,x,knit-01,1,1.00,{PAID}")
    assert (6, 1) == (receipt["failed_rows"], receipt["accepted"])
    assert all(row["detail"] for row in receipt["rows"] if not row["ok"])
    assert [1, "1.00"] == await imports.figures("orders", "gmv")
    fixed = [line.format(order=1000 + n, paid=PAID) for n in range(3) for line in (good, "{order},买家,coat-02,1,200.00,{paid}")]
    assert 0 == (await imports.take(CN, CN_HEAD, *fixed))["failed_rows"]
    assert [4, "901.00", 7] == await imports.figures("orders", "gmv", "units_sold")


@pytest.mark.parametrize("buyer", ["", "3.7E+18", "x" * 300])
async def test_a_side_fact_never_refuses_the_sale(buyer: str, imports: Imports) -> None:
    """Orders without a usable buyer count; buyers counts the known ones, and a warning says so."""
    columns = {**CN, "sku": "规格", "shipped_at": "发货时间", "tracking": "运单号"}
    receipt = await imports.take(
        columns, f"{CN_HEAD},规格,发货时间,运单号",
        f"2001,{buyer},knit-01,1,100.00,{PAID},3.7E+18,tomorrow,T1",
        f"2002,c@example.invalid,knit-01,1,100.00,{PAID},L,2026-09-26 10:00:00,T2",
    )  # fmt: skip
    assert 0 == receipt["failed_rows"]
    assert "buyer" in warnings(receipt)
    assert "shipped_at" in warnings(receipt)
    assert ["200.00", 2, 1, 2] == await imports.figures("gmv", "orders", "buyers", "units_sold")
    (warning,) = [found for found in (await imports.get("kpis"))["warnings"] if found["code"] == "buyers_unknown"]
    assert {"orders_without_buyer": 1, "orders": 2, "buyers": 1} == warning["figures"]


async def test_rows_that_differ_in_a_side_fact_are_one_order(imports: Imports) -> None:
    """The same order with two spellings of its buyer is one order of one buyer."""
    receipt = await imports.take(CN, CN_HEAD, f"1,甲,knit-01,1,1.00,{PAID}", f"1,乙,coat-02,1,2.00,{PAID}")
    assert "differ in buyer" in warnings(receipt)
    assert [1, 1, "3.00"] == await imports.figures("orders", "buyers", "gmv")


@pytest.mark.parametrize(
    ("rows", "warning"),
    [
        ((f"A1,o1,knit-01,1,100.00,{PAID},150.00,2026-09-26",), "the refund is greater than the order"),
        # A line that is repeated for each of its refunds, or two equal lines: the file does not say.
        (
            (f"A1,o1,knit-01,1,100.00,{PAID},40.00,2026-09-26", f"A1,o1,knit-01,1,100.00,{PAID},30.00,2026-09-27"),
            "the rows 2, 3 state the same line",
        ),
        ((f"A1,o1,knit-01,-1,-40.00,{PAID},,2026-09-27",), "has rows of returns alone"),
    ],
)
async def test_what_may_be_a_mistake_of_the_file_is_a_warning(rows: tuple[str, ...], warning: str, imports: Imports) -> None:
    """It is counted as it stands."""
    receipt = await imports.take(RF, RF_HEAD, *rows)
    assert receipt["accepted"]
    assert warning in warnings(receipt)


async def test_orders_without_doubt_have_no_warning(imports: Imports) -> None:
    """Two products, a line of the same product with other pieces, a refund of all."""
    lines = (
        f"A1,o1,knit-01,1,100.00,{PAID},,",
        f"A1,o1,knit-01,2,200.00,{PAID},,",
        f"A1,o1,coat-02,1,100.00,{PAID},400.00,2026-09-26",
    )
    assert "" == warnings(await imports.take(RF, RF_HEAD, *lines))
