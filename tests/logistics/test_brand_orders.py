"""A brand's orders over all sessions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from tests.catalogue.conftest import CUSTOMS
from tests.conftest import KeyMaker
from tests.kpis.event_builders import NewSession, Read, Send, paid

URL = "/v1/brands/maison-k/orders"


@pytest.fixture
async def sessions(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> list[str]:
    """Two sessions of the brand and one of another."""
    product = {"brand": "maison-k", "code": "knit", "aliases": ["K1"], "customs": CUSTOMS}
    assert 201 == (await client.post("/v1/products", json=product)).status_code
    made = [await new_session(streams=[{"platform": "wechat", "room": f"r{n}"}]) for n in range(2)]
    made.append(await new_session(brand="other", streams=[{"platform": "wechat", "room": "r2"}]))
    parcel = {"carrier": "y", "tracking": "T"}
    await send(
        "wechat:r0",
        paid(1, "A-1", "b1", ("K1", 1, "1.00")), paid(2, "A-2", "b2", ("coat", 1, "1.00")), paid(3, "A-3", "b1", ("knit", 1, "1.00")),
        ("order.shipped", 3600, {"order": "A-1", "accepted_at": "2021-09-26T09:00:00+09:00", **parcel}),
        ("order.shipped", 3600, {"order": "A-2", **parcel}),
        ("order.cancelled", 3600, {"order": "A-3"}),
    )  # fmt: skip
    await send("wechat:r1", paid(10_000, "A-4", "b1", ("knit", 2, "2.00")), paid(1, "A-5", "b3", ("knit", 1, "1.00")))
    await send("wechat:r1", ("order.refunded", 5, {"order": "A-5", "amount": "1.00"}))
    await send(
        "wechat:r1", ("order.shipped", 9, {"order": "A-6"}), ("order.placed", 1, paid(1, "A-6", "b9", ("knit", 1, "1.00"))[2])
    )
    await send("wechat:r2", paid(1, "A-1", "b1", ("knit", 1, "1.00")))
    return made


async def test_orders_are_found_by_each_filter(client: httpx.AsyncClient, sessions: list[str], read: Read) -> None:
    """Over all sessions of the brand and none of another's; pages join to the whole."""

    async def found(**params: Any) -> list[str]:
        answer = await client.get(URL, params=params)
        assert 200 == answer.status_code, answer.text
        return [order["order"] for order in answer.json()["orders"]]

    everything = [f"A-{n}" for n in range(1, 7)]
    assert everything == await found()
    assert (["A-1", "A-2", "A-6"], ["A-5"]) == (await found(state="shipped"), await found(state="refunded"))
    assert (["A-1"], [], ["A-2"]) == (await found(order="A-1"), await found(order="a-1"), await found(product="coat"))
    assert ["A-1", "A-3", "A-4", "A-5", "A-6"] == await found(product="knit")
    assert ["A-4"] == await found(**{"from": "2021-09-25T16:00:00+09:00"})
    assert ["A-1", "A-2"] == (await found(to="2021-09-25T14:00:03+09:00"))[:2]
    customer = (await read(sessions[1], "packing-list"))["customers"][0]["customer"]
    assert ["A-1", "A-3", "A-4"] == await found(customer=customer)
    years = (datetime.now(UTC) - datetime(2021, 9, 25, 5, tzinfo=UTC)) / timedelta(hours=1)
    assert (["A-4"], []) == (await found(waiting_hours=24), await found(waiting_hours=years))
    assert ["A-2", "A-6"] == await found(evidence="missing")
    cursor: str | None = None
    pages: list[list[str]] = []
    while cursor is not None or not pages:
        page = (await client.get(URL, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        pages.append([order["order"] for order in page["orders"]])
        cursor = page["next_cursor"]
    assert [everything[:2], everything[2:4], everything[4:]] == pages


async def test_an_order_says_how_long_it_waits_and_what_evidence_it_lacks(client: httpx.AsyncClient, sessions: list[str]) -> None:
    """Only an order that is still to be sent waits; a shipped one names what is missing."""
    orders = {order["order"]: order for order in (await client.get(URL)).json()["orders"]}
    assert {"A-4"} == {number for number, order in orders.items() if order["waiting_hours"] is not None}
    assert orders["A-4"]["waiting_hours"] > 24 * 365
    missing = {number: order["missing_evidence"] for number, order in orders.items() if order["missing_evidence"]}
    assert {"A-2": ["accepted_at", "declared_items"], "A-6": ["tracking", "accepted_at"]} == missing
    assert (sessions[0], "CNY") == (orders["A-1"]["session"], orders["A-1"]["currency"])


async def test_a_brand_sees_its_own_orders_alone(client: httpx.AsyncClient, keys: KeyMaker, sessions: list[str]) -> None:
    """A bound viewer reads them; another brand's viewer gets 404, and its own orders."""
    assert 3 == len(sessions)
    of = {brand["slug"]: brand["id"] for brand in (await client.get("/v1/brands")).json()["brands"]}
    own = await client.get(URL, headers=await keys(Role.VIEWER, of["maison-k"]))
    other = await keys(Role.VIEWER, of["other"])
    assert (200, 404) == (own.status_code, (await client.get(URL, headers=other)).status_code)
    assert ["A-1"] == [o["order"] for o in (await client.get("/v1/brands/other/orders", headers=other)).json()["orders"]]
