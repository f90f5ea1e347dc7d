"""The sheet of orders: every line once, and what counts adds up to the first sheet."""

from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import httpx
import pytest

from app.labels.catalogue import label
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.reports.conftest import Open


async def test_the_third_sheet_has_every_order_line(session: str, client: httpx.AsyncClient, open_book: Open) -> None:
    """Row by row what `/orders` says: amounts and quantities as numbers, moments as dates, buyers under their pseudonyms."""
    orders: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 200}
    while True:
        page = (await client.get(f"/v1/sessions/{session}/orders", params=params)).json()
        orders += page["orders"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    *rows, total = (await open_book(session, values=True)).worksheets[2].iter_rows(min_row=2, values_only=True)

    def wall(moment: str | None) -> datetime | None:
        return None if moment is None else datetime.fromisoformat(moment).replace(tzinfo=None)

    expected = [
        (
            order["order"], "WeChat", label(f"order.state.{order['state']}", "ja"), wall(order["placed_at"]), wall(order["paid_at"]),
            order["buyer"], line["product"], line["quantity"], float(line["amount"]), line["quantity"], float(line["amount"]),
            float(order["refunded_amount"]) if number == 0 else None,
        )
        for order in orders
        for number, line in enumerate(order["lines"])
    ]  # fmt: skip
    assert expected == [(*row[:3], *row[4:8], *row[10:15]) for row in rows]
    assert 190 == len(rows)
    assert Decimal("481888.00") == sum(Decimal(str(row[13])) for row in rows)
    assert {"ニット", "パンツ", "スカート", "unlisted"} == {row[8] for row in rows}
    assert {"○"} == {row[3] for row in rows}
    assert ("支払い済みの注文の合計", 363, 481888.0, 100.0) == (total[0], *total[12:15])


async def test_more_orders_than_one_reading_all_arrive(
    new_session: NewSession, send: Send, open_book: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of the reading leave no seam."""
    monkeypatch.setattr("app.reports.files._BATCH", 7)
    made = await new_session()
    await send("wechat:room", *[paid(60, f"o{number:02d}", f"b{number}", ("a", 1, "1.00")) for number in range(21)])
    sheet = (await open_book(made)).worksheets[2]
    assert [f"o{number:02d}" for number in range(21)] == [
        row[0] for row in sheet.iter_rows(min_row=2, max_row=22, values_only=True)
    ]


async def test_what_counts_adds_up_to_the_sheet(
    new_session: NewSession, send: Send, read: Read, client: httpx.AsyncClient
) -> None:
    """Placed and cancelled orders are listed and do not count; a discount of a whole order is a line; pandas sums it as is."""
    import pandas as pd  # noqa: PLC0415 - a second of computing, which only this test needs

    made = await new_session(lineup=[{"product": "a"}])
    placed = paid(50, "placed", "p", ("a", 9, "900.00"))[2]
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("order.placed", 50, placed),
        paid(60, "o1", "b1", ("a", 2, "20.50"), ("b", 1, "5.25"), amount="22.75"),
        paid(61, "o2", "b2", ("a", 1, "10.00")),
        ("order.placed", 62, paid(62, "gone", "b3", ("a", 4, "40.00"))[2]),
        ("order.cancelled", 63, {"order": "gone"}),
        ("order.cancelled", 64, {"order": "o2"}),
        ("order.refunded", 65, {"order": "o1", "amount": "5.25"}),
    )
    answer = await client.get(f"/v1/sessions/{made}/report.xlsx", params={"lang": "en"})
    frame = pd.read_excel(BytesIO(answer.content), sheet_name=2, engine="openpyxl")
    counting = frame[frame["Counts"] == "yes"]
    kpis = (await read(made, "kpis"))["kpis"]
    for column in ("Counted amount (GMV)", "Amount"):
        assert Decimal(kpis["gmv"]["value"]) == round(Decimal(counting[column].sum()), 2)
    assert kpis["units_sold"]["value"] == counting["Counted quantity"].sum() == counting["Quantity"].sum()
    assert {"o1", "o2"} == set(counting["Order"])
    assert {"placed", "gone"} < set(frame["Order"])
    assert [-3.0] == list(counting[counting["Product"].str.startswith("Adjustment")]["Amount"])
    last = frame.iloc[-1]
    assert ("Total of paid orders", 32.75, 4) == (last["Order"], last["Counted amount (GMV)"], last["Counted quantity"])
    minutes = pd.read_excel(BytesIO(answer.content), sheet_name=1, engine="openpyxl")
    assert ["Time", "On air", "Concurrent viewers"] == list(minutes.columns[:3])
    assert Decimal(kpis["gmv"]["value"]) == round(Decimal(minutes["GMV"].sum()), 2)
