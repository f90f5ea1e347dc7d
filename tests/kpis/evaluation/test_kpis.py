"""The KPI document over HTTP, from events that were sent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from app.kpis.evaluation.metrics import METRICS
from tests.kpis.event_builders import NewSession, Read, Send, paid


async def test_a_session_without_events_has_every_kpi_absent(new_session: NewSession, read: Read) -> None:
    """Absent is null, never zero; the platform of the stream is listed."""
    document = await read(await new_session(), "kpis")
    assert "scheduled" == document["status"]
    assert document["duration_seconds"] is None
    assert {m.slug: {"value": None, "unit": m.unit.value, "basis": "absent"} for m in METRICS} == document["kpis"]
    assert {"wechat": document["kpis"]} == document["by_platform"]
    assert [] == document["warnings"]


async def test_the_sheet_of_2021_09_25_comes_out_to_the_last_digit(new_session: NewSession, send: Send, read: Read) -> None:
    """Reported audience and counted orders with the sheet's totals give the sheet's rates."""
    session = await new_session()
    orders = [paid(60 + n, f"o{n}", f"b{n % 190}", ("knit", 1, "1327.00")) for n in range(362)]
    orders.append(paid(900, "last", "b0", ("knit", 1, "1514.00")))
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        (
            "audience.sampled",
            8000,
            {
                "concurrent": 1280, "viewers_total": 18052, "comments_total": 938, "followers_total": 76,
                "average_watch_seconds": 634.2,
            },
        ),
        *orders,
        ("session.ended", 8640, {}),
    )  # fmt: skip
    document = await read(session, "kpis", lang="en")
    values = {slug: figure["value"] for slug, figure in document["kpis"].items()}
    expected = {
        "viewers": 18052, "buyers": 190, "units_sold": 363, "gmv": "481888.00", "peak_concurrent_viewers": 1280,
        "average_watch_seconds": 634.2, "new_followers": 76, "follow_rate": 0.00421, "comments": 938,
        "engagement_rate": 0.051961, "conversion_rate": 0.010525, "units_conversion_rate": 0.020109,
        "spend_per_buyer": "2536.25", "units_per_buyer": 1.910526, "gmv_per_viewer": "26.69",
        "average_concurrent_viewers": 1325.066944, "refund_amount": "0.00", "net_gmv": "481888.00",
        "gmv_per_hour": "200786.67", "new_buyers": 190, "repeat_buyers": 0, "concurrent_viewers": None,
    }  # fmt: skip
    assert expected == {slug: values[slug] for slug in expected}
    assert 8640 == document["duration_seconds"]
    assert "provisional" == document["status"]
    assert ["watch_time_exceeds_peak"] == [warning["code"] for warning in document["warnings"]]
    assert "18,052 viewers × 10.57 min watched ÷ 144.00 min on air = 1,325" in document["warnings"][0]["message"]
    assert {
        "viewers": 18052, "average_watch_seconds": 634.2, "duration_seconds": 8640,
        "average_concurrent_viewers": 1325.066944, "peak_concurrent_viewers": 1280,
    } == document["warnings"][0]["figures"]  # fmt: skip


async def test_average_is_checked_against_peak_only_after_the_end(new_session: NewSession, send: Send, read: Read) -> None:
    """While live the same contradiction is no warning: a platform's total may be ahead of the clock."""
    session = await new_session()
    sample = {"concurrent": 1280, "viewers_total": 18052, "average_watch_seconds": 634.2}
    await send("wechat:room", ("session.started", 0, {}), ("audience.sampled", 8000, sample))
    live = await read(session, "kpis")
    assert "live" == live["status"]
    average, peak = (live["kpis"][slug]["value"] for slug in ("average_concurrent_viewers", "peak_concurrent_viewers"))
    assert average > peak
    assert [] == live["warnings"]
    await send("wechat:room", ("session.ended", 8640, {}))
    over = await read(session, "kpis")
    assert ["watch_time_exceeds_peak"] == [warning["code"] for warning in over["warnings"]]


async def test_two_platforms_add_up_and_say_where_their_figures_come_from(
    new_session: NewSession, send: Send, read: Read
) -> None:
    """Counted viewers here and reported ones there are mixed in total; a part that is absent is no part."""
    session = await new_session(streams=[{"platform": "wechat", "room": "room"}, {"platform": "weibo", "room": "7"}])
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        ("viewer.entered", 1, {"viewer": "a"}),
        ("viewer.entered", 2, {"viewer": "b"}),
        ("viewer.entered", 3, {"viewer": "b"}),
        ("audience.sampled", 30, {"concurrent": 50}),
        ("audience.sampled", 90, {"concurrent": 10}),
        ("comment.posted", 5, {"viewer": "a"}),
        paid(40, "1", "a", ("knit", 2, "10.00")),
    )
    await send(
        "weibo:7",
        ("audience.sampled", 95, {"concurrent": 70, "viewers_total": 100, "orders_total": 3, "gmv_total": "5.5"}),
        ("audience.sampled", 200, {"concurrent": 20}),
        ("session.ended", 300, {}),
    )
    await send("wechat:room", ("session.ended", 400, {}))
    document = await read(session, "kpis")
    total, parts = document["kpis"], document["by_platform"]

    def of(figures: dict[str, Any], slug: str) -> tuple[object, str]:
        return figures[slug]["value"], figures[slug]["basis"]

    assert (102, "mixed") == of(total, "viewers")
    assert (2, "counted") == of(parts["wechat"], "viewers")
    assert (100, "reported") == of(parts["weibo"], "viewers")
    assert (3, "counted") == of(total, "views")
    assert (None, "absent") == of(parts["weibo"], "views")
    assert ("15.50", "mixed") == of(total, "gmv")
    assert (4, "mixed") == of(total, "orders")
    assert (1, "counted") == of(total, "buyers")
    assert ("0.00", "counted") == of(total, "refund_amount")
    assert (None, "absent") == of(parts["weibo"], "refund_amount")
    assert (0.009804, "derived") == of(total, "engagement_rate")
    # 10 viewers stay on WeChat while Weibo has its 70.
    assert (80, "reported") == of(total, "peak_concurrent_viewers")
    assert (50, "reported") == of(parts["wechat"], "peak_concurrent_viewers")


async def test_viewers_now_are_shown_only_while_live(new_session: NewSession, send: Send, read: Read) -> None:
    """After the end there are no current viewers, and the peak remains."""
    session = await new_session()
    await send("wechat:room", ("session.started", 0, {}), ("audience.sampled", 10, {"concurrent": 9}))
    live = await read(session, "kpis")
    assert ("live", 9) == (live["status"], live["kpis"]["concurrent_viewers"]["value"])
    await send("wechat:room", ("session.ended", 60, {}))
    ended = await read(session, "kpis")
    assert ("provisional", None) == (ended["status"], ended["kpis"]["concurrent_viewers"]["value"])
    assert 9 == ended["kpis"]["peak_concurrent_viewers"]["value"]


async def test_the_platforms_audience_wins_and_the_ledgers_orders_win(new_session: NewSession, send: Send, read: Read) -> None:
    """What differs by more than a tenth is shown with both values."""
    session = await new_session()
    await send(
        "wechat:room",
        ("viewer.entered", 1, {"viewer": "a"}),
        ("audience.sampled", 2, {"viewers_total": 10, "orders_total": 7, "gmv_total": "10.50"}),
        paid(3, "1", "a", ("knit", 1, "10.00")),
    )
    document = await read(session, "kpis", lang="en")
    kpis = document["kpis"]
    assert (10, "reported") == (kpis["viewers"]["value"], kpis["viewers"]["basis"])
    assert (1, "counted") == (kpis["orders"]["value"], kpis["orders"]["basis"])
    assert ("10.00", "counted") == (kpis["gmv"]["value"], kpis["gmv"]["basis"])
    differing = {w["figures"]["metric"]: w for w in document["warnings"] if w["code"] == "counted_and_reported_differ"}
    assert {"viewers", "orders"} == set(differing)
    assert {"platform": "wechat", "metric": "viewers", "counted": 1, "reported": 10} == differing["viewers"]["figures"]
    assert "Viewers on WeChat: we counted 1, the platform reports 10" in differing["viewers"]["message"]


async def test_clicks_are_reported_per_product_where_they_are_and_counted_elsewhere(
    new_session: NewSession, send: Send, read: Read
) -> None:
    """A platform that reports one product's clicks does not take away what was counted of another."""
    session = await new_session()
    await send(
        "wechat:room",
        ("product.clicked", 1, {"product": "a", "count": 90}),
        ("product.clicked", 1, {"product": "b", "count": 20}),
        ("product.sampled", 2, {"product": "a", "clicks_total": 100}),
    )
    kpis = (await read(session, "kpis"))["kpis"]
    assert (120, "mixed") == (kpis["product_clicks"]["value"], kpis["product_clicks"]["basis"])
    products = {row["product"]: row for row in (await read(session, "products"))["products"]}
    assert [(100, "reported"), (20, "counted")] == [
        (products[code]["clicks"], products[code]["basis"]["clicks"]) for code in ("a", "b")
    ]


async def test_contradictions_are_named_with_their_figures(new_session: NewSession, send: Send, read: Read) -> None:
    """More buyers than viewers, orders without pieces, lines that do not make up the order's amount."""
    session = await new_session()
    await send(
        "wechat:room",
        ("viewer.entered", 1, {"viewer": "a"}),
        paid(2, "1", "a", ("knit", 0, "9.00"), amount="10.00"),
        paid(3, "2", "b", ("knit", 1, "9.00"), amount="9.00"),
    )
    found = {w["code"]: w["figures"] for w in (await read(session, "kpis"))["warnings"]}
    assert {
        "buyers_exceed_viewers": {"buyers": 2, "viewers": 1},
        "orders_exceed_units": {"orders": 2, "units_sold": 1},
        "products_differ_from_total": {"gmv": "19.00", "products_gmv": "18.00", "difference": "1.00"},
    } == found


async def test_refunds_support_and_shipping_have_their_figures(new_session: NewSession, send: Send, read: Read) -> None:
    """Refund rate over orders, net GMV, response and shipping times."""
    session = await new_session()
    await send(
        "wechat:room",
        paid(0, "1", "a", ("knit", 1, "10.00")),
        paid(0, "2", "b", ("knit", 2, "20.00")),
        ("order.refunded", 50, {"order": "1", "amount": "4.00"}),
        ("order.shipped", 5400, {"order": "2"}),
        ("support.requested", 10, {"ticket": "t"}),
        ("support.answered", 310, {"ticket": "t"}),
    )
    values = {slug: figure["value"] for slug, figure in (await read(session, "kpis"))["kpis"].items()}
    expected = {
        "refunded_orders": 1, "refund_amount": "4.00", "refund_rate": 0.5, "net_gmv": "26.00", "average_ship_hours": 1.5,
        "support_requests": 1, "average_response_seconds": 300, "slow_responses": 1, "average_order_value": "15.00",
    }  # fmt: skip
    assert expected == {slug: values[slug] for slug in expected}


async def test_an_end_addressed_to_the_session_ends_all_its_rooms(new_session: NewSession, send: Send, read: Read) -> None:
    """A start by room and an end by session id are one broadcast, not one that never ends; a later start is another."""
    session = await new_session()
    await send("wechat:room", ("session.started", 0, {}))
    await send(session, ("session.ended", 60, {}))
    assert "provisional" == (await read(session, "kpis"))["status"]
    await send("wechat:room", ("session.started", 90, {}))
    assert "live" == (await read(session, "kpis"))["status"]


async def test_a_live_session_lasts_until_now_or_until_it_fell_silent(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """An end that never came does not make a broadcast of years."""
    silent = await new_session()
    await send("wechat:room", ("session.started", 0, {}), ("audience.sampled", 300, {"concurrent": 3}))
    document = await read(silent, "kpis")
    assert ("live", 300) == (document["status"], document["duration_seconds"])
    running = await new_session(streams=[{"platform": "weibo", "room": "now"}])
    began = datetime.now(UTC) - timedelta(minutes=30)
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/tests",
        "type": "live.session.started",
        "subject": "weibo:now",
        "time": began.isoformat(),
    }
    assert 200 == (await client.post("/v1/events", json=event)).status_code
    assert 1800 <= (await read(running, "kpis"))["duration_seconds"] < 1860


async def test_kpis_cost_one_query_and_two_where_several_platforms_sampled_their_viewers(
    monkeypatch: pytest.MonkeyPatch, new_session: NewSession, send: Send, read: Read
) -> None:
    """The hot read stays hot."""
    session = await new_session(streams=[{"platform": platform, "room": "r"} for platform in ("wechat", "weibo")])
    await send("wechat:r", ("audience.sampled", 1, {"concurrent": 3}), ("comment.posted", 1, {"viewer": "a"}))
    await read(session, "kpis")
    queries: list[str] = []
    connections: Any = asyncpg.Connection
    execute = connections._do_execute

    async def count(self: Any, query: str, *args: Any, **options: Any) -> Any:
        queries.append(query)
        return await execute(self, query, *args, **options)

    monkeypatch.setattr(connections, "_do_execute", count)
    await read(session, "kpis")
    assert 1 == len(queries)
    await send("weibo:r", ("audience.sampled", 2, {"concurrent": 3}))
    queries.clear()
    await read(session, "kpis")
    assert 2 == len(queries)


async def test_the_language_comes_from_the_query_else_from_the_header(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """The answer says in which language it is; an unknown one in the query is a 422 that names the parameter."""
    url = f"/v1/sessions/{await new_session()}/kpis"

    async def language(query: str, header: str) -> str:
        return (await client.get(url + query, headers={"Accept-Language": header})).headers["Content-Language"]

    assert "ja" == (await client.get(url)).headers["Content-Language"]
    assert "zh" == await language("", "fr, zh-CN;q=0.9, en;q=0.8")
    assert "en" == await language("?lang=en", "zh")
    assert "ja" == await language("", "de;q=x, *")
    wrong = await client.get(url + "?lang=fr")
    assert (422, "/lang") == (wrong.status_code, wrong.json()["errors"][0]["pointer"])


async def test_another_brands_session_does_not_exist(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A key bound to a brand gets the same 404 as for an unknown id, on every read."""
    session = await new_session()
    key = await client.post("/v1/keys", json={"role": "viewer", "brand": "other-brand"})
    headers = {"Authorization": f"Bearer {key.json()['key']}"}
    paths = [f"/v1/sessions/{session}/{name}" for name in
             ("kpis", "products", "timeline", "showcases", "audience", "report", "orders")]  # fmt: skip
    for path in (*paths, f"/v1/events?session={session}"):
        assert 404 == (await client.get(path, headers=headers)).status_code, path
        assert 200 == (await client.get(path)).status_code, path
