"""Per-product results and showcases over HTTP."""

from tests.kpis.event_builders import NewSession, Read, Send, paid, tokyo

LINEUP = [
    {"product": "knit-01", "name": "ニット", "live_price": "1099.00", "stock": 60},
    {"product": "pants-01"},
]


async def test_the_remainder_row_holds_what_was_sold_outside_the_line_up(new_session: NewSession, send: Send, read: Read) -> None:
    """Total minus line-up, to the cent; the products outside are named, and buyers do not add up."""
    session = await new_session(lineup=LINEUP)
    await send(
        "wechat:room",
        ("product.clicked", 1, {"product": "knit-01", "count": 3}),
        ("product.clicked", 1, {"product": "scarf", "count": 1}),
        paid(2, "1", "a", ("knit-01", 2, "2000.03"), ("scarf", 1, "100.00")),
        paid(3, "2", "a", ("scarf", 1, "100.00")),
        paid(4, "3", "b", ("hat", 1, "50.00")),
        ("order.refunded", 9, {"order": "3", "amount": "50.00", "lines": [{"product": "hat", "quantity": 1, "amount": "50.00"}]}),
    )
    document = await read(session, "products", lang="en")
    knit, pants = document["products"]
    assert ("knit-01", "ニット", 2, "2000.03", 3, 1) == (
        knit["product"], knit["name"], knit["units"], knit["gmv"], knit["clicks"], knit["buyers"]
    )  # fmt: skip
    assert (0, "0.00", 0) == (pants["units"], pants["gmv"], pants["clicks"])
    assert "1099.00" == knit["live_price"]
    assert "666.68" == knit["gmv_per_click"]
    assert 0.88889 == knit["share_of_gmv"]
    other, total = document["other"], document["total"]
    assert (3, "250.00", 1, "50.00") == (other["units"], other["gmv"], other["clicks"], other["refund_amount"])
    # Order 1 holds a product of each side, so neither its buyer nor the order can be subtracted.
    assert (None, None) == (other["buyers"], other["orders"])
    assert ["hat", "scarf"] == [row["product"] for row in other["products"]]
    assert (5, "2250.03", 3, 2, 4) == (
        total["units"], total["gmv"], total["orders"], total["buyers"], total["clicks"]
    )  # fmt: skip
    assert any("do not add up" in note for note in document["notes"])


async def test_a_remainder_of_one_product_is_known_whole(new_session: NewSession, send: Send, read: Read) -> None:
    """Then its buyers and orders are that product's."""
    session = await new_session(lineup=LINEUP)
    await send("wechat:room", paid(1, "1", "a", ("knit-01", 1, "1.00")), paid(1, "2", "b", ("hat", 3, "9.00")))
    other = (await read(session, "products"))["other"]
    assert (3, "9.00", 1, 1) == (other["units"], other["gmv"], other["orders"], other["buyers"])


async def test_what_a_platform_reports_of_products_leaves_a_remainder_too(
    new_session: NewSession, send: Send, read: Read
) -> None:
    """The sheet's three products against its totals: 216 pieces and 300943.44 are elsewhere."""
    session = await new_session(lineup=[{"product": code} for code in ("knit", "pants", "skirt")])
    rows = (("knit", 4171, 51, 53, "55977.23"), ("pants", 2657, 49, 51, "57000.33"), ("skirt", 3532, 41, 43, "67967.00"))
    await send(
        "wechat:room",
        ("audience.sampled", 1, {"units_total": 363, "buyers_total": 190, "gmv_total": "481888.00"}),
        *(
            ("product.sampled", 2, {"product": c, "clicks_total": k, "buyers_total": b, "units_total": u, "gmv_total": g})
            for c, k, b, u, g in rows
        ),
    )
    document = await read(session, "products")
    assert [(k, b, u, g) for _, k, b, u, g in rows] == [
        (row["clicks"], row["buyers"], row["units"], row["gmv"]) for row in document["products"]
    ]
    other = document["other"]
    assert (216, "300943.44", None, None) == (other["units"], other["gmv"], other["buyers"], other["orders"])
    assert {"reported"} == {document["products"][0]["basis"][field] for field in ("clicks", "buyers", "units", "gmv")}


async def test_without_a_line_up_every_product_is_listed(new_session: NewSession, send: Send, read: Read) -> None:
    """Nothing remains, and that is a zero that was counted."""
    session = await new_session()
    await send("wechat:room", paid(1, "1", "a", ("hat", 1, "5.00")), ("product.showcased", 2, {"product": "bag"}))
    document = await read(session, "products")
    assert ["bag", "hat"] == [row["product"] for row in document["products"]]
    assert (0, "0.00", 0, 0, []) == tuple(document["other"][field] for field in ("units", "gmv", "orders", "buyers", "products"))


async def test_names_come_from_the_line_up_then_from_the_catalogue(
    client: object, new_session: NewSession, send: Send, read: Read
) -> None:
    """In the language asked for, else in another, else the code."""
    answer = await client.post(  # type: ignore[attr-defined]
        "/v1/products", json={"brand": "maison-k", "code": "hat", "names": {"en": "Hat", "zh": "帽子"}}
    )
    if answer.status_code == 404:
        await client.post("/v1/brands", json={"slug": "maison-k", "name": "Maison K"})  # type: ignore[attr-defined]
        answer = await client.post(  # type: ignore[attr-defined]
            "/v1/products", json={"brand": "maison-k", "code": "hat", "names": {"en": "Hat", "zh": "帽子"}}
        )
    assert 201 == answer.status_code, answer.text
    session = await new_session()
    await send("wechat:room", paid(1, "1", "a", ("hat", 1, "5.00"), ("bag", 1, "5.00")))

    async def names(language: str) -> list[str]:
        return [row["name"] for row in (await read(session, "products", lang=language))["products"]]

    assert ["bag", "Hat"] == await names("en")
    assert ["bag", "帽子"] == await names("zh")
    assert ["bag", "帽子"] == await names("ja")


async def test_clicks_while_sold_out_become_missed_demand(new_session: NewSession, send: Send, read: Read) -> None:
    """All stretches without stock count; sold_out_at is the last one's beginning, null once restocked."""
    session = await new_session(lineup=LINEUP)
    await send(
        "wechat:room",
        ("stock.changed", 0, {"product": "knit-01", "stock": 5}),
        ("product.clicked", 10, {"product": "knit-01", "count": 10}),
        paid(20, "1", "a", ("knit-01", 2, "20.00")),
        paid(21, "2", "b", ("knit-01", 2, "20.00")),
        ("stock.changed", 60, {"product": "knit-01", "stock": 0}),
        ("product.clicked", 61, {"product": "knit-01", "count": 7}),
        ("stock.changed", 90, {"product": "knit-01", "stock": 3}),
        ("product.clicked", 95, {"product": "knit-01", "count": 1}),
    )
    knit, pants = (await read(session, "products"))["products"]
    assert (3, None, 7) == (knit["stock"], knit["sold_out_at"], knit["clicks_after_sold_out"])
    # 7 clicks × 2 orders ÷ 10 clicks × 10.00 a piece
    assert "14.00" == knit["missed_gmv_estimate"]
    assert (None, None, None) == (pants["stock"], pants["clicks_after_sold_out"], pants["missed_gmv_estimate"])
    await send(
        "wechat:room",
        ("stock.changed", 100.25, {"product": "knit-01", "stock": 0}),
        ("stock.changed", 130, {"product": "knit-01", "stock": 0}),
        ("product.clicked", 200, {"product": "knit-01", "count": 3}),
    )
    knit = (await read(session, "products"))["products"][0]
    assert (0, tokyo("14:01:40.250000"), 10, "20.00") == (
        knit["stock"], knit["sold_out_at"], knit["clicks_after_sold_out"], knit["missed_gmv_estimate"]
    )  # fmt: skip


async def test_stock_is_gone_when_it_is_gone_on_every_platform(new_session: NewSession, send: Send, read: Read) -> None:
    """Two platforms hold two stocks of a product."""
    session = await new_session(streams=[{"platform": p, "room": "r"} for p in ("wechat", "weibo")])
    await send("wechat:r", ("stock.changed", 0, {"product": "a", "stock": 2}), ("stock.changed", 9, {"product": "a", "stock": 0}))
    await send("weibo:r", ("stock.changed", 0, {"product": "a", "stock": 3}))
    row = (await read(session, "products"))["products"][0]
    assert (3, None) == (row["stock"], row["sold_out_at"])
    await send("weibo:r", ("stock.changed", 20, {"product": "a", "stock": 0}))
    row = (await read(session, "products"))["products"][0]
    assert (0, tokyo("14:00:20")) == (row["stock"], row["sold_out_at"])


async def test_showcases_tell_what_was_sold_on_air_and_just_after(new_session: NewSession, send: Send, read: Read) -> None:
    """A window ends at its own withdrawal, else at the next product, else at the end; trailing takes five minutes."""
    session = await new_session()
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("audience.sampled", 50, {"concurrent": 100}),
        ("product.showcased", 60.5, {"product": "a"}),
        ("product.clicked", 60, {"product": "a"}),
        paid(119, "1", "x", ("a", 1, "10.00")),
        ("product.withdrawn", 120, {"product": "a"}),
        paid(120, "2", "x", ("a", 2, "20.00")),
        paid(420, "3", "x", ("a", 4, "40.00")),
        ("product.showcased", 180, {"product": "b"}),
        ("audience.sampled", 190, {"concurrent": 140}),
        ("product.showcased", 300, {"product": "c"}),
        ("session.ended", 600, {}),
    )
    document = await read(session, "showcases")
    assert [
        ("a", tokyo("14:01:00.500000"), tokyo("14:02:00")),
        ("b", tokyo("14:03:00"), tokyo("14:05:00")),
        ("c", tokyo("14:05:00"), tokyo("14:10:00")),
    ] == [(one["product"], one["from"], one["to"]) for one in document["showcases"]]
    first, second, _ = document["showcases"]
    assert (1, 1, 1, "10.00", "10.08") == tuple(first[field] for field in ("clicks", "orders", "units", "gmv", "gmv_per_minute"))
    assert {"orders": 1, "units": 2, "gmv": "20.00"} == first["trailing"]
    assert (100, 100) == (first["viewers_at_start"], first["viewers_at_end"])
    # 14:03:10 is the only sample of its minute; at the beginning of the minute the sample before it is used.
    assert (100, 140) == (second["viewers_at_start"], second["viewers_at_end"])
    products = {row["product"]: row["showcases"] for row in (await read(session, "products"))["products"]}
    assert {"a": {"count": 1, "seconds": 59.5}, "b": {"count": 1, "seconds": 120}, "c": {"count": 1, "seconds": 300}} == products


async def test_trailing_ends_where_the_product_is_on_air_again(new_session: NewSession, send: Send, read: Read) -> None:
    """No order is counted inside one window and as trailing of another."""
    session = await new_session()
    await send(
        "wechat:room",
        ("product.showcased", 0, {"product": "a"}),
        ("product.withdrawn", 60, {"product": "a"}),
        paid(90, "1", "x", ("a", 1, "1.00")),
        ("product.showcased", 120, {"product": "a"}),
        paid(130, "2", "x", ("a", 1, "1.00")),
        ("product.withdrawn", 180, {"product": "a"}),
    )
    first, second = (await read(session, "showcases"))["showcases"]
    assert (0, 1) == (first["orders"], first["trailing"]["orders"])
    assert (1, 0) == (second["orders"], second["trailing"]["orders"])
