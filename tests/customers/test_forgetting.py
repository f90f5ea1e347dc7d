"""Forgetting a customer: nothing links their orders, every total stays, and the tables equal a rebuild."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given, strategies as st

from app.catalogue.access import Role
from app.ingest.rebuilding.rebuild import compare
from app.service import Service
from tests.conftest import KeyMaker
from tests.customers.conftest import BRAND, Purchase, Sell, event, paid, post
from tests.properties import examples

START = datetime(2021, 9, 25, 5, tzinfo=UTC)
_PURCHASES = st.lists(
    st.builds(
        Purchase, st.integers(0, 1), st.sampled_from("aab"),
        st.integers(0, 60 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
        st.integers(1, 9).map(lambda hundreds: 100 * hundreds), st.integers(1, 3), st.sampled_from(["knit-01", "coat-01"]),
        st.just(0),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


async def _documents(client: httpx.AsyncClient, shows: Sequence[str], *, timeline: bool = True) -> list[Any]:
    """Return every figure that counts people or money."""
    found: list[Any] = []
    for show in shows:
        for path in ("kpis", "products", *(["timeline?metrics=buyers,new_buyers,orders,gmv&step=1h"] if timeline else [])):
            answer = await client.get(f"/v1/sessions/{show}/{path}")
            assert answer.is_success, answer.text
            found.append({name: value for name, value in answer.json().items() if name not in {"as_of", "to"}})
    return found


async def _everything(service: Service) -> str:
    """Return all rows that concern orders and buyers, as text."""
    async with service.database.acquire() as connection:
        rows = [
            str(row)
            for query in (
                "SELECT data::text FROM events WHERE type LIKE 'live.order.%'", "SELECT buyer FROM orders",
                "SELECT encode(member, 'hex') FROM members", "SELECT encode(member, 'hex') FROM customers",
                "SELECT f::text FROM forgotten_orders f", "SELECT l::text FROM audit_log l",
            )
            for row in await connection.fetch(query)
        ]  # fmt: skip
    return "\n".join(rows)


async def _buyers(service: Service, orders: Sequence[str]) -> list[str]:
    async with service.database.acquire() as connection:
        rows = await connection.fetch("SELECT buyer FROM orders WHERE order_id = ANY($1)", list(orders))
    return [row["buyer"] for row in rows]


async def _customer_of(client: httpx.AsyncClient, brand: str, order: str) -> str:
    for one in (await client.get(f"/v1/brands/{brand}/customers", params={"limit": 200})).json()["customers"]:
        history = (await client.get(f"/v1/brands/{brand}/customers/{one['customer']}")).json()
        if order in {found["order"] for found in history["orders"]}:
            return str(one["customer"])
    raise AssertionError(order)


async def _forget(client: httpx.AsyncClient, brand: str, order: str) -> str:
    customer = await _customer_of(client, brand, order)
    answer = await client.delete(f"/v1/brands/{brand}/customers/{customer}")
    assert 204 == answer.status_code, answer.text
    return customer


@examples(6)
@given(purchases=_PURCHASES, data=st.data())
async def test_random_purchases(
    client: httpx.AsyncClient, service: Service, sessions: Any, sell: Any, purchases: list[Purchase], data: st.DataObject
) -> None:
    """Figures before and after are equal, also after every event was repeated under another id and the log was folded again."""
    brand = f"b{uuid4().hex[:12]}"
    # The examples share a database, and brands share the stored pseudonym of a person.
    purchases = [purchase._replace(buyer=f"{brand} {purchase.buyer}") for purchase in purchases]
    shows = await sessions("Asia/Tokyo", "America/New_York", brand=brand)
    orders = await sell(shows, purchases)
    # A second source states some orders too, later or earlier.
    twice = data.draw(st.lists(st.sampled_from(range(len(orders))), max_size=2))
    again = [
        paid(shows[purchases[n].session], orders[n], purchases[n]._replace(at=purchases[n].at - timedelta(hours=1)))
        for n in twice
    ]
    await post(client, [one | {"source": "/second"} for one in again])
    if data.draw(st.booleans()):
        void = {"source": "/second", "event": again[0]["id"], "reason": "a test"} if again else None
        if void is not None:
            assert (await client.post(f"/v1/sessions/{shows[purchases[twice[0]].session]}/voids", json=void)).is_success
    before = await _documents(client, shows)
    cohorts = (await client.get(f"/v1/brands/{brand}/cohorts")).json()["cohorts"]
    own = [order for order, purchase in zip(orders, purchases, strict=True) if purchase.buyer == purchases[0].buyer]
    (buyer,) = set(await _buyers(service, own))
    await _forget(client, brand, orders[0])
    assert before == await _documents(client, shows)
    assert buyer not in await _everything(service)
    after = await _buyers(service, own)
    assert len(own) == len(set(after))
    async with service.database.acquire() as connection:
        events = await connection.fetch(
            "SELECT data ->> 'order' AS o, data ->> 'buyer' AS b FROM events WHERE data ->> 'order' = ANY($1)", own
        )
    assert len(own) == len({(row["o"], row["b"]) for row in events if row["b"] is not None})
    now = (await client.get(f"/v1/brands/{brand}/cohorts")).json()["cohorts"]
    assert {one["month"]: one["buyers"] for one in cohorts} == {one["month"]: one["buyers"] for one in now}
    await post(
        client, [paid(shows[p.session], order, p) | {"source": "/third"} for order, p in zip(orders, purchases, strict=True)]
    )
    await post(client, [event(shows[purchases[0].session], "delivered", START + timedelta(days=70), {"order": orders[0]})])
    assert before == await _documents(client, shows)
    assert buyer not in await _everything(service)
    assert sorted(after) == sorted(await _buyers(service, own))
    for show in shows:
        assert [] == await compare(service.database, service.settings, UUID(show))


async def test_who_buys_again_is_a_new_customer(client: httpx.AsyncClient, service: Service, sessions: Any, sell: Sell) -> None:
    """The forgotten are in no list; the next order of the same person is that of a new customer."""
    shows = await sessions("Asia/Tokyo")
    orders = await sell(shows, [Purchase(0, "a", START, 100, 1), Purchase(0, "a", START + timedelta(hours=1), 100, 1)])
    customer = await _forget(client, BRAND, orders[0])
    assert [] == (await client.get(f"/v1/brands/{BRAND}/customers")).json()["customers"]
    path = f"/v1/brands/{BRAND}/customers/{customer}"
    assert (404, 404) == ((await client.get(path)).status_code, (await client.delete(path)).status_code)
    await sell(shows, [Purchase(0, "a", START + timedelta(hours=2), 100, 1)])
    (again,) = (await client.get(f"/v1/brands/{BRAND}/customers")).json()["customers"]
    assert (customer, 1) == (again["customer"], again["orders"])
    kpis = (await client.get(f"/v1/sessions/{shows[0]}/kpis")).json()["kpis"]
    assert (3, 2, 2) == tuple(kpis[name]["value"] for name in ("orders", "buyers", "new_buyers"))
    assert [] == await compare(service.database, service.settings, UUID(shows[0]))
    rows = (await client.get("/v1/audit", params={"action": "customer"})).json()["entries"]
    assert [("customer.forget", customer, BRAND)] == [(row["action"], row["object"]["id"], row["brand"]) for row in rows]


@pytest.mark.parametrize("by_the_first", [True, False])
async def test_two_buyers_of_one_order_are_forgotten(
    client: httpx.AsyncClient, service: Service, sessions: Any, sell: Sell, by_the_first: bool
) -> None:
    """Two sources name different buyers of an order: both are forgotten, one after the other, and no figure changes."""
    shows = await sessions("Asia/Tokyo", "Asia/Tokyo")
    bought = [
        Purchase(0, "a", START, 100, 1), Purchase(0, "b", START + timedelta(hours=1), 200, 1),
        Purchase(1, "a", START + timedelta(hours=2), 300, 1), Purchase(1, "b", START + timedelta(hours=3), 100, 1),
    ]  # fmt: skip
    orders = await sell(shows, bought)
    both = [bought[0]._replace(buyer="b", at=START + timedelta(hours=6 if by_the_first else -6)), bought[0]]
    await post(client, [paid(shows[0], orders[0], one) | {"source": "/second"} for one in both])
    before = await _documents(client, shows)
    former = set(await _buyers(service, orders))
    assert 2 == len(former)
    for order in orders[2:]:
        await _forget(client, BRAND, order)
        assert before == await _documents(client, shows)
    everything = await _everything(service)
    assert not any(buyer in everything for buyer in former)
    assert [] == (await client.get(f"/v1/brands/{BRAND}/customers")).json()["customers"]
    assert 4 == len(set(await _buyers(service, orders)))
    await post(client, [paid(shows[0], orders[0], one) | {"source": "/third"} for one in both])
    # Nothing tells which of both it was, and when: the totals stay.
    assert [one for one in before if "buckets" not in one] == await _documents(client, shows, timeline=False)
    for show in shows:
        assert [] == await compare(service.database, service.settings, UUID(show))


async def test_an_order_that_is_paid_later_stays_forgotten(
    client: httpx.AsyncClient, service: Service, sessions: Any, sell: Sell
) -> None:
    """An order was placed when its buyer was forgotten: its payment gets the order's pseudonym, and counts no second buyer."""
    shows = await sessions("Asia/Tokyo")
    orders = await sell(shows, [Purchase(0, "a", START, 100, 1)])
    late = paid(shows[0], "late", Purchase(0, "a", START + timedelta(days=1), 300, 1, "coat-01"))
    await post(client, [late | {"id": "p1", "type": "live.order.placed"}])
    (buyer,) = set(await _buyers(service, [*orders, "late"]))
    await _forget(client, BRAND, orders[0])
    await post(client, [late | {"data": late["data"] | {"shop_user": "a"}}])
    assert buyer not in await _everything(service)
    assert 2 == len(set(await _buyers(service, [*orders, "late"])))
    kpis = (await client.get(f"/v1/sessions/{shows[0]}/kpis")).json()["kpis"]
    assert (2, 1, 1, "4.00") == tuple(kpis[name]["value"] for name in ("orders", "buyers", "new_buyers", "gmv"))
    products = (await client.get(f"/v1/sessions/{shows[0]}/products")).json()
    assert 1 == products["total"]["buyers"]
    assert [] == await compare(service.database, service.settings, UUID(shows[0]))


async def test_only_operators_of_the_brand_may_forget(
    client: httpx.AsyncClient, sessions: Any, sell: Sell, keys: KeyMaker
) -> None:
    """Viewers are refused; another brand's operator finds nothing; the brand's own operator may."""
    shows = await sessions("Asia/Tokyo")
    (order,) = await sell(shows, [Purchase(0, "a", START, 100, 1)])
    customer = await _customer_of(client, BRAND, order)
    brand = (await client.get(f"/v1/brands/{BRAND}")).json()["id"]
    other = (await client.post("/v1/brands", json={"slug": "other", "name": "O"})).json()["id"]
    path = f"/v1/brands/{BRAND}/customers/{customer}"
    for role, bound, status in ((Role.VIEWER, brand, 403), (Role.OPERATOR, other, 404), (Role.OPERATOR, brand, 204)):
        assert status == (await client.delete(path, headers=await keys(role, bound))).status_code


@pytest.mark.parametrize("repeated", [False, True])
async def test_a_first_purchase_in_another_session(
    client: httpx.AsyncClient, service: Service, sessions: Any, sell: Sell, *, repeated: bool
) -> None:
    """The person stays new in the first session and returning in the second, whichever event arrives later."""
    shows = await sessions("Asia/Tokyo", "Asia/Tokyo")
    purchases = [Purchase(1, "a", START + timedelta(days=30), 100, 1), Purchase(0, "a", START, 100, 1)]
    orders = await sell(shows, purchases)
    before = await _documents(client, shows)
    await _forget(client, BRAND, orders[0])
    if repeated:
        earlier = purchases[0]._replace(at=START - timedelta(days=1))
        await post(client, [paid(shows[1], orders[0], earlier) | {"source": "/second"}])
        # The order itself was paid earlier than known: what counts people stays.
        kpis = [(await client.get(f"/v1/sessions/{show}/kpis")).json()["kpis"] for show in shows]
        assert [(1, 1), (1, 0)] == [(one["buyers"]["value"], one["new_buyers"]["value"]) for one in kpis]
    else:
        assert before == await _documents(client, shows)
    for show in shows:
        assert [] == await compare(service.database, service.settings, UUID(show))
