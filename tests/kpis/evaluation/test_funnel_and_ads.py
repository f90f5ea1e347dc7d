"""From impressions to orders, and what advertising costs: `live.product.displayed`, `live.product.sampled`, `live.ad.sampled`."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.ingest.rebuilding import rebuild
from app.service import Service
from tests.kpis.event_builders import NewSession, Read, Send

SHOP = [{"platform": "wechat", "room": "room"}, {"platform": "weibo", "room": "other"}]


def spend(campaign: str, total: str, **more: Any) -> dict[str, Any]:
    """Return what a campaign has spent so far."""
    return {"campaign": campaign, "spend_total": total} | more


def paid(order: str, amount: str) -> dict[str, Any]:
    """Return an order of one line."""
    line = {"product": "knit-01", "quantity": 1, "amount": amount}
    return {"order": order, "buyer": f"b-{order}", "currency": "CNY", "amount": amount, "lines": [line]}


async def test_ad_spend_is_the_latest_of_each_campaign(new_session: NewSession, send: Send, read: Read) -> None:
    """In any order of arrival; platforms and campaigns add up, and ROI divides by the sum."""
    session = await new_session(streams=SHOP)
    await send("wechat:room", ("ad.sampled", 60, spend("a", "90.00")), ("ad.sampled", 20, spend("a", "30.50")))
    await send("wechat:room", ("ad.sampled", 40, spend("b", "10.00", impressions_total=5, clicks_total=1, gmv_total="3.00")))
    await send("weibo:other", ("ad.sampled", 50, spend("a", "100.00")))
    await send("wechat:room", ("order.paid", 61, paid("1", "300.00")), ("order.paid", 62, paid("2", "200.00")))
    await send("wechat:room", ("order.refunded", 99, {"order": "2", "amount": "200.00"}))
    document = await read(session, "kpis")
    figures = document["kpis"]
    assert {"value": "200.00", "unit": "money", "basis": "reported"} == figures["ad_spend"]
    assert {"value": 2.5, "unit": "ratio", "basis": "derived"} == figures["roi"]
    assert 1.5 == figures["net_roi"]["value"]
    assert ["100.00", "100.00"] == [document["by_platform"][name]["ad_spend"]["value"] for name in ("wechat", "weibo")]
    assert "absent" == document["by_platform"]["weibo"]["roi"]["basis"]
    assert 5 == figures["roi"]["value"] * 2
    # A campaign is no product.
    products = await read(session, "products")
    assert ["knit-01"] == [one["product"] for one in products["products"] + products["other"].get("products", [])]


async def test_product_impressions_are_reported_else_counted(new_session: NewSession, send: Send, read: Read) -> None:
    """Product by product; the session's figure is their sum, and its rates follow."""
    session = await new_session(lineup=[{"product": code, "name": code} for code in ("knit-01", "skirt-02", "bag-03")])
    await send(
        "wechat:room",
        ("product.displayed", 1, {"product": "knit-01", "count": 40, "viewer": "v1"}),
        ("product.displayed", 2, {"product": "skirt-02"}),
        ("product.sampled", 3, {"product": "knit-01", "impressions_total": 100}),
        ("product.clicked", 4, {"product": "knit-01", "count": 20}),
        ("audience.sampled", 5, {"impressions_total": 1000, "viewers_total": 250}),
        ("order.paid", 6, paid("1", "300.00")),
    )
    figures = (await read(session, "kpis"))["kpis"]
    assert (101, "mixed") == (figures["product_impressions"]["value"], figures["product_impressions"]["basis"])
    assert (0.25, 0.19802, 0.05) == tuple(
        figures[slug]["value"] for slug in ("entry_rate", "product_click_rate", "click_to_order_rate")
    )
    assert 1000 == figures["impressions"]["value"]
    rows = {one["product"]: one["impressions"] for one in (await read(session, "products"))["products"]}
    # One platform reports, so what it does not report is unknown.
    assert {"knit-01": 100, "skirt-02": 1, "bag-03": None} == rows
    timeline = await read(session, "timeline", metrics="product_impressions")
    assert 41 == sum(timeline["series"]["product_impressions"])


async def test_nothing_supplied_is_absent(new_session: NewSession, read: Read) -> None:
    """No spend is not a spend of zero."""
    figures = (await read(await new_session(), "kpis"))["kpis"]
    slugs = ("entry_rate", "product_impressions", "product_click_rate", "click_to_order_rate", "ad_spend", "roi", "net_roi")
    assert {"absent"} == {figures[slug]["basis"] for slug in slugs}


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"spend_total": "1.00"}, "/data/campaign"),
        ({"campaign": "a"}, "/data/spend_total"),
        ({"campaign": "", "spend_total": "1.00"}, "/data/campaign"),
        ({"campaign": "a", "spend_total": "1.001"}, "/data/spend_total"),
        ({"campaign": "a", "spend_total": "-1"}, "/data/spend_total"),
        ({"campaign": "a", "spend_total": 1.5}, "/data/spend_total"),
        ({"campaign": "a", "spend_total": "1", "gmv_total": "0.005"}, "/data/gmv_total"),
    ],
)
async def test_a_wrong_ad_names_its_field(
    client: httpx.AsyncClient, new_session: NewSession, data: dict[str, Any], pointer: str
) -> None:
    """Money is an exact decimal string with the currency's digits."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "/t",
        "type": "live.ad.sampled",
        "subject": await new_session(),
    }
    answer = await client.post("/v1/events", json=event | {"data": data})
    assert (422, [pointer]) == (answer.status_code, [error["pointer"] for error in answer.json()["errors"]])


async def test_a_void_of_a_sample_brings_back_the_one_before(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, read: Read
) -> None:
    """And a rebuild finds no difference."""
    session = await new_session()
    for number, total in enumerate(("10.00", "99999.00")):
        event: dict[str, Any] = {"specversion": "1.0", "id": str(number), "source": "/ads", "type": "live.ad.sampled"}
        event |= {"subject": session, "time": f"2021-09-25T05:0{number}:00Z", "data": spend("a", total)}
        assert 200 == (await client.post("/v1/events", json=event)).status_code
    assert "99999.00" == (await read(session, "kpis"))["kpis"]["ad_spend"]["value"]
    void = {"source": "/ads", "event": "1", "reason": "another currency"}
    assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    assert "10.00" == (await read(session, "kpis"))["kpis"]["ad_spend"]["value"]
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session))
