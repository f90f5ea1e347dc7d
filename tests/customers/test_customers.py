"""Customers, their orders and cohorts, compared with a plain computation over the same purchases."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
from hypothesis import given, strategies as st

from app.catalogue.access import Role
from app.catalogue.customer_pseudonym import customer_pseudonym
from app.service import Service
from tests.conftest import KeyMaker
from tests.customers.conftest import BRAND, Purchase, Sell, event, post
from tests.properties import examples

ZONES = ("Asia/Tokyo", "America/New_York", "Asia/Tokyo")
_MOMENTS = st.integers(0, 200 * 24 * 60).map(lambda minutes: datetime(2021, 9, 1, tzinfo=UTC) + timedelta(minutes=minutes))
_PURCHASES = st.lists(
    st.integers(0, 50_000).flatmap(
        lambda amount: st.builds(
            Purchase, st.integers(0, 2), st.sampled_from("abcd"), _MOMENTS, st.just(amount), st.integers(0, 9),
            st.just("knit-01"), st.integers(0, amount),
        )
    ),
    max_size=14,
)  # fmt: skip


def _month(purchase: Purchase) -> str:
    return purchase.at.astimezone(ZoneInfo(ZONES[purchase.session])).strftime("%Y-%m")


def _months(first: str, last: str) -> list[str]:
    found, (year, month) = [], (int(first[:4]), int(first[5:]))
    while f"{year:04}-{month:02}" <= last:
        found.append(f"{year:04}-{month:02}")
        year, month = year + month // 12, month % 12 + 1
    return found


def _cohorts(purchases: list[Purchase]) -> list[dict[str, Any]]:
    bought: dict[str, set[str]] = defaultdict(set)
    for purchase in purchases:
        bought[purchase.buyer].add(_month(purchase))
    cohorts: dict[str, list[set[str]]] = defaultdict(list)
    for months in bought.values():
        cohorts[min(months)].append(months)
    last = max((month for months in bought.values() for month in months), default="")
    return [
        {
            "month": first,
            "buyers": len(members),
            "returned": [sum(month in months for months in members) for month in _months(first, last)],
        }
        for first, members in sorted(cohorts.items())
    ]


def _customers(purchases: list[Purchase]) -> list[dict[str, Any]]:
    by_buyer: dict[str, list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        by_buyer[purchase.buyer].append(purchase)
    return [
        {
            "first_order_at": min(one.at for one in own), "last_order_at": max(one.at for one in own), "orders": len(own),
            "units": sum(one.quantity for one in own), "sessions": len({one.session for one in own}),
            "returning": len({one.session for one in own}) > 1,
            "net_amounts": {"CNY": f"{sum(one.amount - one.refund for one in own) / 100:.2f}"},
        }
        for own in by_buyer.values()
    ]  # fmt: skip


async def _listed(client: httpx.AsyncClient, brand: str, **params: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        query = {"limit": 2, **params} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"/v1/brands/{brand}/customers", params=query)).json()
        found += page["customers"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def _comparable(customers: list[dict[str, Any]]) -> list[str]:
    def plain(value: object) -> str:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.isoformat() if isinstance(moment, datetime) else str(value)

    return sorted(str({name: plain(value) for name, value in one.items() if name != "customer"}) for one in customers)


@examples(6)
@given(purchases=_PURCHASES)
async def test_random_purchases(client: httpx.AsyncClient, sessions: Any, sell: Any, purchases: list[Purchase]) -> None:
    """Customers, filters, histories and cohorts equal the plain computation; sums equal the sessions' KPIs."""
    brand = f"b{uuid4().hex[:12]}"
    shows = await sessions(*ZONES, brand=brand)
    orders = await sell(shows, purchases)
    found = await _listed(client, brand)
    expected = _customers(purchases)
    assert _comparable(expected) == _comparable(found)
    for kind in ("new", "returning"):
        wanted = [one for one in expected if one["returning"] == (kind == "returning")]
        assert _comparable(wanted) == _comparable(await _listed(client, brand, kind=kind))
    assert all(one["last_order_at"] >= other["last_order_at"] for one, other in pairwise(found))
    listed: list[str] = []
    for one in found:
        assert [one] == await _listed(client, brand, q=one["customer"][:8])
        history = (await client.get(f"/v1/brands/{brand}/customers/{one['customer']}")).json()
        assert one["orders"] == len(history["orders"])
        listed += [order["order"] for order in history["orders"]]
    assert sorted(orders) == sorted(listed)
    assert _cohorts(purchases) == (await client.get(f"/v1/brands/{brand}/cohorts")).json()["cohorts"]
    new = [(await client.get(f"/v1/sessions/{show}/kpis")).json()["kpis"]["new_buyers"]["value"] or 0 for show in shows]
    assert len(found) == sum(new)


async def test_the_pseudonym_is_that_of_every_document(
    client: httpx.AsyncClient, sessions: Any, sell: Sell, service: Service
) -> None:
    """It is derived from the brand and the stored pseudonym; the platform's id of the buyer is in no answer."""
    shows = await sessions("Asia/Tokyo")
    at = datetime(2021, 9, 25, 5, tzinfo=UTC)
    await sell(shows, [Purchase(0, "o9hHn5apfwHL", at, 109900, 1), Purchase(0, "o9hHn5apfwHL", at, 100, 1, refund=100)])
    brand = UUID((await client.get(f"/v1/brands/{BRAND}")).json()["id"])
    async with service.database.acquire() as connection:
        ((buyer,),) = await connection.fetch("SELECT DISTINCT buyer FROM orders")
    name = customer_pseudonym(brand, buyer)
    answers = [await client.get(f"/v1/brands/{BRAND}/customers{path}") for path in ("", f"/{name}")]
    assert [name] == [one["customer"] for one in answers[0].json()["customers"]]
    assert {"CNY": "1099.00"} == answers[0].json()["customers"][0]["net_amounts"]
    assert all("o9hHn5apfwHL" not in answer.text and buyer not in answer.text for answer in answers)
    packed = (await client.get(f"/v1/sessions/{shows[0]}/packing-list")).json()["customers"]
    assert [name] == [one["customer"] for one in packed]


async def test_the_history_of_a_customer(client: httpx.AsyncClient, sessions: Any, sell: Sell) -> None:
    """Pages of one order, the latest first; an order that is not paid is listed and not counted."""
    shows = await sessions("Asia/Tokyo", "America/New_York")
    at = datetime(2021, 9, 25, 5, tzinfo=UTC)
    orders = await sell(shows, [Purchase(number % 2, "b", at + timedelta(days=number), 1000, 2) for number in range(3)])
    line = {"product": "knit-01", "quantity": 1, "amount": "5.00", "gift": True}
    data = {"order": "late", "buyer": "b", "currency": "CNY", "amount": "5.00", "lines": [line]}
    await post(client, [event(shows[0], "placed", at + timedelta(days=9), data)])
    (customer,) = (await client.get(f"/v1/brands/{BRAND}/customers")).json()["customers"]
    assert 3 == customer["orders"]
    path, found, cursor = f"/v1/brands/{BRAND}/customers/{customer['customer']}", [], None
    while True:
        page = (await client.get(path, params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
        found += page["orders"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert ["late", *reversed(orders)] == [order["order"] for order in found]
    assert (None, "2021-10-04T14:00:00+09:00", True) == (found[0]["paid_at"], found[0]["placed_at"], found[0]["lines"][0]["gift"])
    assert ("10.00", "2021-09-26T01:00:00-04:00") == (found[2]["amount"], found[2]["paid_at"])


async def test_another_brand_sees_no_customer(client: httpx.AsyncClient, sessions: Any, sell: Sell, keys: KeyMaker) -> None:
    """404 on the other brand's routes; on its own, the other's customer does not exist, although the buyer is the same."""
    theirs, mine = (await sessions("Asia/Tokyo"))[0], (await sessions("Asia/Tokyo", brand="mine"))[0]
    at = datetime(2021, 9, 25, 5, tzinfo=UTC)
    await sell([theirs, mine], [Purchase(0, "b", at, 1, 1), Purchase(1, "b", at, 2, 1)])
    (customer,) = (await client.get(f"/v1/brands/{BRAND}/customers")).json()["customers"]
    brand = (await client.get("/v1/brands/mine")).json()["id"]
    headers = await keys(Role.VIEWER, brand)
    for path in ("customers", "cohorts", f"customers/{customer['customer']}"):
        assert 404 == (await client.get(f"/v1/brands/{BRAND}/{path}", headers=headers)).status_code
    own = (await client.get("/v1/brands/mine/customers", headers=headers)).json()["customers"]
    assert [{"CNY": "0.02"}] == [one["net_amounts"] for one in own]
    assert own[0]["customer"] != customer["customer"]
    assert 404 == (await client.get(f"/v1/brands/mine/customers/{customer['customer']}", headers=headers)).status_code
    assert 403 == (await client.get("/v1/brands/mine/customers", headers=await keys(Role.INGEST))).status_code
