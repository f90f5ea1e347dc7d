"""Orders and the raw log over HTTP."""

from typing import Any

import httpx

from tests.kpis.event_builders import NewSession, Send, paid, tokyo


async def _pages(client: httpx.AsyncClient, url: str, plural: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        answer = await client.get(url, params={**params, **({"cursor": cursor} if cursor else {})})
        assert 200 == answer.status_code, answer.text
        found += answer.json()[plural]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
        assert params.get("limit", 50) == len(answer.json()[plural])


async def test_orders_are_paged_filtered_and_told_in_the_sessions_currency(
    client: httpx.AsyncClient, new_session: NewSession, send: Send
) -> None:
    """Each order once, whatever the size of a page."""
    session = await new_session(streams=[{"platform": p, "room": "r"} for p in ("wechat", "weibo")])
    await send(
        "wechat:r",
        paid(1, "1", "x", ("a", 1, "10"), ("b", 2, "5.5"), amount="15.5"),
        paid(2, "2", "y", ("a", 1, "10.00")),
        paid(3, "3", "x", ("b", 1, "2.75")),
        ("order.shipped", 10, {"order": "2", "carrier": "SF", "tracking": "SF1"}),
        ("order.refunded", 20, {"order": "3", "amount": "1.25"}),
    )
    await send("weibo:r", paid(4, "1", "x", ("c", 1, "1.00")))
    url = f"/v1/sessions/{session}/orders"
    every = await _pages(client, url, "orders")
    assert [("wechat", "1"), ("wechat", "2"), ("wechat", "3"), ("weibo", "1")] == [(o["platform"], o["order"]) for o in every]
    assert every == await _pages(client, url, "orders", limit=1)
    first, second, third, _ = every
    assert ("15.50", "0.00", "paid", tokyo("14:00:01")) == (
        first["amount"], first["refunded_amount"], first["state"], first["paid_at"]
    )  # fmt: skip
    assert [
        {"product": "a", "sku": None, "quantity": 1, "amount": "10.00", "gift": False},
        {"product": "b", "sku": None, "quantity": 2, "amount": "5.50", "gift": False},
    ] == first["lines"]
    assert ("shipped", "SF", "SF1") == (second["state"], second["carrier"], second["tracking"])
    assert ("refunded", "1.25") == (third["state"], third["refunded_amount"])
    assert first["buyer"] == third["buyer"] != "x"

    async def orders(**params: str) -> list[str]:
        return [f"{o['platform']} {o['order']}" for o in await _pages(client, url, "orders", **params)]

    assert ["wechat 1", "weibo 1"] == await orders(state="paid")
    assert ["weibo 1"] == await orders(platform="weibo")
    assert ["wechat 1", "wechat 3"] == await orders(product="b")
    assert ["wechat 1", "wechat 3"] == await orders(buyer=first["buyer"])
    assert [] == await orders(buyer="x")


async def test_a_product_is_found_under_its_aliases_and_shown_by_its_code(
    client: httpx.AsyncClient, new_session: NewSession, send: Send
) -> None:
    """The platform's own number of a product is an alias of the catalogue's code."""
    session = await new_session(lineup=[{"product": "knit"}])
    listed = await client.get("/v1/products", params={"brand": "maison-k"})
    product = listed.json()["products"][0]["id"]
    answer = await client.put(f"/v1/products/{product}/aliases/9001")
    assert answer.status_code < 300, answer.text
    await send("wechat:room", paid(1, "1", "x", ("9001", 1, "10.00")), paid(1, "2", "x", ("hat", 1, "10.00")))
    found = await _pages(client, f"/v1/sessions/{session}/orders", "orders", product="knit")
    assert [("1", "knit")] == [(order["order"], order["lines"][0]["product"]) for order in found]


async def test_the_log_gives_events_back_as_cloudevents_without_any_persons_id(
    client: httpx.AsyncClient, new_session: NewSession, send: Send
) -> None:
    """In the order in which they happened, by type, page by page."""
    session = await new_session()
    await send("wechat:room", ("viewer.entered", 5, {"viewer": "openid-of-a-person", "source": "fans"}))
    await send(session, ("session.started", 0, {}), ("like.sent", 5, {"count": 3}))
    params = {"session": session}
    every = await _pages(client, "/v1/events", "events", **params)
    assert "live.session.started" == every[0]["type"]
    assert {"live.viewer.entered", "live.like.sent"} == {event["type"] for event in every[1:]}
    assert every == await _pages(client, "/v1/events", "events", limit=1, **params)
    entered = await _pages(client, "/v1/events", "events", type="live.viewer.entered", **params)
    assert 1 == len(entered)
    assert ("1.0", "/tests", "wechat:room", "2021-09-25T05:00:05+00:00") == (
        entered[0]["specversion"], entered[0]["source"], entered[0]["subject"], entered[0]["time"]
    )  # fmt: skip
    assert session == every[0]["subject"]
    assert "openid" not in str(every)
    assert {"viewer", "source"} == set(entered[0]["data"])


async def test_wrong_pages_and_types_are_told_apart(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """A cursor of another list is none of this one; a session that is no id does not exist."""
    session = await new_session()
    for url, pointer in (
        (f"/v1/events?session={session}&cursor=WyIyMDIxLTA5LTI1VDAwOjAwOjAwKzAwOjAwIiwienoiXQ", "/cursor"),
        (f"/v1/events?session={session}&cursor=!", "/cursor"),
        (f"/v1/events?session={session}&type=live.nothing", "/type"),
        ("/v1/events", "/session"),
        (f"/v1/sessions/{session}/orders?cursor=WzFd", "/cursor"),
        (f"/v1/sessions/{session}/orders?state=lost", "/state"),
        (f"/v1/sessions/{session}/orders?limit=0", "/limit"),
        (f"/v1/sessions/{session}/orders?product=%00", "/product"),
    ):
        answer = await client.get(url)
        assert (422, pointer) == (answer.status_code, answer.json().get("errors", [{}])[0].get("pointer")), url
    assert 404 == (await client.get("/v1/events?session=none")).status_code


async def test_no_input_makes_the_server_fail(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """Surrogates, control characters, far-away times, huge numbers: a clear 4xx."""
    session = f"/v1/sessions/{await new_session()}"
    for url in (
        "/v1/sessions/%00/kpis",
        "/v1/sessions/%ed%a0%80/kpis",
        f"/v1/sessions/{'9' * 5000}/kpis",
        f"{session}/kpis?lang=%00",
        f"{session}/kpis?lang=",
        f"{session}/timeline?from=0001-01-01T00:00:00%2B14:00",
        f"{session}/timeline?from=9999-12-31T23:59:59-14:00",
        f"{session}/timeline?from=1e999",
        f"{session}/timeline?metrics=%00",
        f"{session}/timeline?metrics=",
        f"{session}/timeline?metrics={'viewers,' * 200}",
        f"{session}/timeline?product=%1b",
        f"{session}/timeline?platform=%F0%9F%98%80",
        f"{session}/audience?min_level={'9' * 400}",
        f"{session}/audience?to=NaN",
        f"{session}/orders?buyer={'x' * 300}",
        f"{session}/orders?limit={'9' * 30}",
        f"{session}/orders?cursor=%F0%9F%98%80",
        f"/v1/events?session={session[-36:]}&cursor=WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTE0OjAwIiwiMDAiXQ",
    ):
        assert (await client.get(url)).status_code in {404, 422}, url
    for url in (f"{session}/timeline?product=%ed%a0%80", f"{session}/orders?product=%ff", f"{session}/orders?buyer=%ed%a0%80"):
        assert (await client.get(url)).status_code < 500, url
