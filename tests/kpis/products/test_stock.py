"""What is left of a product: reported stock minus paid units, or the plan's estimate."""

from random import Random

import pytest

from tests.kpis.event_builders import Event, NewSession, Read, Send, paid, tokyo

LINEUP = [{"product": "knit", "stock": 10}, {"product": "coat"}]


async def test_the_plan_stands_in_until_a_stock_is_reported(new_session: NewSession, send: Send, read: Read) -> None:
    """Planned minus paid is labelled an estimate and never counts as sold out; a product without a plan has no stock."""
    session = await new_session(lineup=LINEUP)
    await send("wechat:room", ("session.started", 0, {}), paid(60, "1", "a", ("knit", 4, "40.00"), ("coat", 1, "9.00")))
    knit, coat = (await read(session, "products"))["products"]
    assert (10, 6, True, "derived") == (knit["planned"], knit["stock"], knit["stock_estimated"], knit["basis"]["stock"])
    assert (None, None, False, "absent") == (coat["planned"], coat["stock"], coat["stock_estimated"], coat["basis"]["stock"])
    await send("wechat:room", paid(70, "2", "b", ("knit", 9, "90.00")), ("product.clicked", 80, {"product": "knit"}))
    knit, _ = (await read(session, "products"))["products"]
    assert (0, True, None, None) == (knit["stock"], knit["stock_estimated"], knit["sold_out_at"], knit["clicks_after_sold_out"])
    await send("wechat:room", ("stock.changed", 90, {"product": "knit", "stock": 7}))
    knit, _ = (await read(session, "products"))["products"]
    assert (10, 7, False, "reported") == (knit["planned"], knit["stock"], knit["stock_estimated"], knit["basis"]["stock"])


async def test_paid_units_come_off_the_latest_report_and_sell_a_product_out(
    new_session: NewSession, send: Send, read: Read
) -> None:
    """A sale before the report, or in its second, is in it already; the sale of the last piece is the moment of the sell-out."""
    session = await new_session(lineup=LINEUP)
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        paid(99, "1", "a", ("knit", 2, "20.00")),
        paid(100, "2", "b", ("knit", 1, "10.00")),
        ("stock.changed", 100.5, {"product": "knit", "stock": 5}),
        paid(120, "3", "c", ("knit", 3, "30.00")),
    )
    knit = (await read(session, "products"))["products"][0]
    assert (2, "derived", None) == (knit["stock"], knit["basis"]["stock"], knit["sold_out_at"])
    await send(
        "wechat:room", paid(200, "4", "d", ("knit", 2, "20.00")), ("product.clicked", 230, {"product": "knit", "count": 6})
    )
    knit = (await read(session, "products"))["products"][0]
    assert (0, tokyo("14:03:20"), 6) == (knit["stock"], knit["sold_out_at"], knit["clicks_after_sold_out"])
    marks = (await read(session, "timeline", metrics="gmv"))["marks"]
    assert [(tokyo("14:03:20"), "sold_out", "knit")] == [(m["at"], m["kind"], m["product"]) for m in marks if m["product"]]
    await send("wechat:room", ("stock.changed", 400, {"product": "knit", "stock": 4}))
    knit = (await read(session, "products"))["products"][0]
    assert (4, None, 6) == (knit["stock"], knit["sold_out_at"], knit["clicks_after_sold_out"]), "the past sell-out stays known"


async def test_a_report_that_repeats_the_stock_is_a_new_beginning(new_session: NewSession, send: Send, read: Read) -> None:
    """A platform that says 5, 5, 5 while it refills has 5, whatever was sold between."""
    session = await new_session(lineup=LINEUP)
    stock: list[Event] = [("stock.changed", second, {"product": "knit", "stock": 5}) for second in (0, 300, 600)]
    sales = [paid(second, str(second), "a", ("knit", 3, "30.00")) for second in (100, 400, 700)]
    await send("wechat:room", ("session.started", 0, {}), *stock, *sales)
    knit = (await read(session, "products"))["products"][0]
    assert (2, None) == (knit["stock"], knit["sold_out_at"])


async def test_each_platform_has_a_pool_and_a_sale_elsewhere_uses_the_only_one(
    new_session: NewSession, send: Send, read: Read
) -> None:
    """Two pools sell apart; with a single pool every platform's sales come off it."""
    streams = [{"platform": "wechat", "room": "w"}, {"platform": "weibo", "room": "b"}]
    session = await new_session(lineup=LINEUP, streams=streams)
    await send("wechat:w", ("session.started", 0, {}), ("stock.changed", 1, {"product": "knit", "stock": 5}))
    await send("weibo:b", paid(50, "1", "a", ("knit", 2, "20.00")))
    assert 3 == (await read(session, "products"))["products"][0]["stock"]
    await send("weibo:b", ("stock.changed", 2, {"product": "knit", "stock": 1}))
    assert 5 == (await read(session, "products"))["products"][0]["stock"], "the second pool had one piece and sold two"
    await send("wechat:w", paid(60, "2", "b", ("knit", 1, "10.00")))
    assert 4 == (await read(session, "products"))["products"][0]["stock"]


def left_of(history: list[tuple[int, str, int]], planned: int) -> int:
    """Return what is left, by going through (second, "told" or "paid", pieces) one after the other."""
    left, sold, told = planned, 0, False
    for _, kind, pieces in sorted(history, key=lambda entry: (entry[0], entry[1] == "told")):
        if kind == "told":
            left, told = pieces, True
        else:
            sold += pieces
            left = left - pieces if told else planned - sold
    return max(0, left)


@pytest.mark.parametrize("seed", range(12))
async def test_random_histories_leave_what_a_replay_of_them_leaves(
    new_session: NewSession, send: Send, read: Read, seed: int
) -> None:
    """In any order of arrival; reports and sales fall into the same seconds now and then."""
    rng = Random(seed)
    history = [
        (rng.randrange(40), rng.choice(("told", "paid", "paid")), rng.randrange(1, 6)) for _ in range(rng.randrange(1, 14))
    ]
    # Two reports of one second are one second's latest report; which one came first is not what is tested here.
    told = {second: pieces for second, kind, pieces in history if kind == "told"}
    history = [entry for entry in history if entry[1] == "paid"] + [(second, "told", pieces) for second, pieces in told.items()]
    rng.shuffle(history)
    session = await new_session(lineup=[{"product": "p", "stock": 20}])
    events = [
        ("stock.changed", second + 0.5, {"product": "p", "stock": pieces})
        if kind == "told"
        else paid(second, f"{seed}-{number}", "b", ("p", pieces, "1.00"))
        for number, (second, kind, pieces) in enumerate(history)
    ]
    await send("wechat:room", *events)
    row = (await read(session, "products"))["products"][0]
    assert (left_of(history, 20), not told) == (row["stock"], row["stock_estimated"])


async def test_low_stock_is_an_alert_for_what_sells_or_is_on_air(new_session: NewSession, send: Send, read: Read) -> None:
    """An estimate counts too; since when is the moment of the sale that brought it down; quiet products raise nothing."""
    session = await new_session(lineup=[{"product": "knit", "name": "Knit", "stock": 10}, {"product": "slow", "stock": 2}])
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        paid(60, "1", "a", ("knit", 4, "40.00")),
        paid(90, "2", "b", ("knit", 3, "30.00")),
    )
    (low,) = (await read(session, "alerts", lang="en"))["alerts"]
    assert ("low_stock", "knit", tokyo("14:01:00")) == (low["code"], low["product"], low["since"])
    assert (3, 7) == (low["figures"]["stock"], low["figures"]["units_recent"])
    await send("wechat:room", ("audience.sampled", 1000, {"concurrent": 5}))
    assert [] == (await read(session, "alerts"))["alerts"], "nothing sold for a quarter of an hour"
    await send("wechat:room", ("product.showcased", 1001, {"product": "slow"}))
    assert ["slow"] == [alert["product"] for alert in (await read(session, "alerts"))["alerts"]]
