"""Timelines over HTTP."""

import httpx

from tests.kpis.event_builders import NewSession, Read, Send, at, paid, tokyo


async def test_counts_are_zero_filled_and_samples_are_null_where_nothing_was_sampled(
    new_session: NewSession, send: Send, read: Read
) -> None:
    """Four minutes of a broadcast."""
    session = await new_session()
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("viewer.entered", 1, {"viewer": "a"}),
        ("viewer.entered", 130, {"viewer": "b"}),
        ("audience.sampled", 10, {"concurrent": 5, "likes_total": 3}),
        ("audience.sampled", 20, {"concurrent": 9}),
        ("audience.sampled", 30, {"concurrent": 7}),
        paid(200, "1", "a", ("knit", 1, "10.50")),
        ("session.ended", 240, {}),
    )
    document = await read(
        session, "timeline", metrics="viewers,concurrent_viewers,peak_concurrent_viewers,likes_total,gmv", step="1m"
    )
    assert (tokyo("14:00:00"), tokyo("14:04:00"), "1m") == (document["from"], document["to"], document["step"])
    assert [tokyo(f"14:0{n}:00") for n in range(4)] == document["buckets"]
    assert {
        "viewers": [1, 0, 1, 0],
        "concurrent_viewers": [7, None, None, None],
        "peak_concurrent_viewers": [9, None, None, None],
        "likes_total": [3, None, None, None],
        "gmv": ["0.00", "0.00", "0.00", "10.50"],
    } == document["series"]
    assert [("started", tokyo("14:00:00"))] == [(mark["kind"], mark["at"]) for mark in document["marks"]]


async def test_longer_steps_add_counts_and_keep_the_highest_minute(new_session: NewSession, send: Send, read: Read) -> None:
    """Peaks are never added across minutes, and two platforms' minutes are."""
    session = await new_session(streams=[{"platform": p, "room": "r"} for p in ("wechat", "weibo")])
    await send("wechat:r", ("session.started", 0, {}), ("audience.sampled", 5, {"concurrent": 10}),
               ("audience.sampled", 65, {"concurrent": 30}), ("viewer.entered", 5, {"viewer": "a"}))  # fmt: skip
    await send("weibo:r", ("audience.sampled", 6, {"concurrent": 4}), ("audience.sampled", 125, {"concurrent": 1}),
               ("viewer.entered", 185, {"viewer": "a"}), ("session.ended", 300, {}))  # fmt: skip
    await send("wechat:r", ("session.ended", 300, {}))
    document = await read(session, "timeline", metrics="viewers,concurrent_viewers,peak_concurrent_viewers", step="5m")
    assert {"viewers": [2], "concurrent_viewers": [31], "peak_concurrent_viewers": [34]} == document["series"]
    one = await read(session, "timeline", metrics="viewers,peak_concurrent_viewers", step="5m", platform="weibo")
    assert {"viewers": [1], "peak_concurrent_viewers": [4]} == one["series"]


async def test_marks_tell_what_was_on_air_and_when_stock_ran_out(new_session: NewSession, send: Send, read: Read) -> None:
    """With `product` only its own, and its own series."""
    session = await new_session()
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("product.showcased", 10, {"product": "a"}),
        ("product.withdrawn", 40, {"product": "a"}),
        ("product.showcased", 50, {"product": "b"}),
        ("stock.changed", 60, {"product": "a", "stock": 0}),
        ("stock.changed", 70, {"product": "a", "stock": 4}),
        ("product.clicked", 70, {"product": "a", "count": 2}),
        paid(80, "1", "x", ("a", 1, "3.00"), ("b", 1, "4.00")),
        ("session.ended", 120, {}),
    )
    whole = await read(session, "timeline", step="2m")
    assert [
        ("started", None), ("showcased", "a"), ("withdrawn", "a"), ("showcased", "b"), ("sold_out", "a"), ("restocked", "a"),
    ] == [(mark["kind"], mark["product"]) for mark in whole["marks"]]  # fmt: skip
    own = await read(session, "timeline", product="a", metrics="product_clicks,units_sold,gmv,stock")
    assert {"product_clicks": [0, 2], "units_sold": [0, 1], "gmv": ["0.00", "3.00"], "stock": [None, 4]} == own["series"]
    assert {None, "a"} == {mark["product"] for mark in own["marks"]}


async def test_early_viewers_and_late_orders_are_drawn_and_far_refunds_are_not(
    new_session: NewSession, send: Send, read: Read
) -> None:
    """By default the timeline reaches up to an hour beyond the broadcast, and no further."""
    session = await new_session()
    await send(
        "wechat:room",
        ("viewer.entered", -90, {"viewer": "a"}),
        ("session.started", 0, {}),
        ("session.ended", 120, {}),
        paid(120, "1", "x", ("a", 1, "1.00")),
        ("order.refunded", 86_400 * 10, {"order": "1", "amount": "1.00"}),
    )
    document = await read(session, "timeline", metrics="viewers,gmv,refund_amount")
    assert (tokyo("13:58:00"), tokyo("14:03:00")) == (document["from"], document["to"])
    assert [1, 0, 0, 0, 0] == document["series"]["viewers"]
    assert ["0.00"] * 4 + ["1.00"] == document["series"]["gmv"]
    later = await read(session, "timeline", metrics="refund_amount", step="1h", from_=at(86_400 * 10), to=at(86_400 * 10 + 3600))
    assert ["1.00"] == later["series"]["refund_amount"]


async def test_a_broadcast_that_fell_silent_is_not_drawn_on_until_now(new_session: NewSession, send: Send, read: Read) -> None:
    """Its end never came; years of zeros would say nothing."""
    session = await new_session()
    await send("wechat:room", ("session.started", 0, {}), ("viewer.entered", 61, {"viewer": "a"}))
    assert [0, 1] == (await read(session, "timeline", metrics="viewers"))["series"]["viewers"]


async def test_a_session_without_any_event_has_one_empty_bucket(new_session: NewSession, read: Read) -> None:
    """At its scheduled time."""
    session = await new_session(scheduled_at="2021-09-25T14:00:00+09:00")
    document = await read(session, "timeline", metrics="viewers,concurrent_viewers")
    assert ([tokyo("14:00:00")], {"viewers": [0], "concurrent_viewers": [None]}) == (document["buckets"], document["series"])


async def test_wrong_questions_are_told_what_is_wrong(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Each answer names the parameter."""
    url = f"/v1/sessions/{await new_session()}/timeline"

    async def wrong(**params: str) -> str:
        answer = await client.get(url, params=params)
        assert 422 == answer.status_code, answer.text
        error = answer.json()["errors"][0]
        return f"{error['pointer']} {error['detail']}"

    assert "/metrics unknown metric 'nonsense'" in await wrong(metrics="viewers,nonsense")
    assert "/metrics unknown metric 'viewers'" in await wrong(metrics="viewers", product="a")
    assert (await wrong(step="7m")).startswith("/step")
    assert (await wrong(**{"from": at(0), "to": at(86_400 * 30)})).startswith("/step makes more than 3000 buckets")
    assert "/to lies before from" == await wrong(**{"from": at(60), "to": at(0)})
    assert (await wrong(**{"from": "2021-09-25T14:00:00"})).startswith("/from")


async def test_a_bare_plus_in_the_address_is_understood(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A query string turns + into a space, which no time could mean."""
    url = f"/v1/sessions/{await new_session()}/timeline?from=2021-09-25T14:00:00+09:00&to=2021-09-25T14:02:00+09:00"
    answer = await client.get(url)
    assert 200 == answer.status_code, answer.text
    assert (tokyo("14:00:00"), tokyo("14:02:00")) == (answer.json()["from"], answer.json()["to"])
