"""The packing list: what is still to be sent, against cases by hand and a plain reference."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.kpis.event_builders import Event, NewSession, Read, Send, paid
from tests.logistics.conftest import codes, refunded
from tests.properties import FUZZ_EXAMPLES


async def test_the_list_has_what_is_to_be_sent_by_customer(new_session: NewSession, send: Send, read: Read) -> None:
    """Several orders of a buyer are one customer; refunded pieces are taken off; what needs no parcel is excluded with its reason."""
    session = await new_session(lineup=[{"product": "knit", "name": "ニット"}, {"product": "coat"}])
    await send(
        "wechat:room",
        paid(1, "A-1", "b1", ("knit", 2, "200.00"), ("coat", 1, "500.00")),
        paid(2, "A-2", "b1", ("knit", 1, "100.00")),
        paid(3, "A-3", "b2", ("knit", 3, "300.00")),
        paid(4, "A-4", "b2", ("coat", 1, "500.00")),
        paid(5, "A-5", "b2", ("coat", 1, "500.00")),
        paid(6, "A-6", "b3", ("coat", 1, "500.00")),
        refunded(10, "A-3", "r1", "100.00", ("knit", 1)),
        refunded(11, "A-4", "r2", "500.00"),
        ("order.cancelled", 12, {"order": "A-5"}),
        ("order.shipped", 13, {"order": "A-6", "tracking": "T1"}),
    )
    document = await read(session, "packing-list", lang="ja")
    assert {"customers", "totals", "excluded", "warnings"} == set(document)
    by_orders = {tuple(customer["orders"]): customer for customer in document["customers"]}
    first, second = by_orders[("A-1", "A-2")], by_orders[("A-3",)]
    assert {"customer", "orders", "units", "lines"} == set(first)
    knit = {"product": "knit", "sku": None, "name": "ニット", "quantity": 3}
    coat = {"product": "coat", "sku": None, "name": "coat", "quantity": 1}
    assert ([coat, knit], 4) == (first["lines"], first["units"])
    assert ([knit | {"quantity": 2}], 2) == (second["lines"], second["units"])
    assert [coat, knit | {"quantity": 5}] == document["totals"]
    assert {"A-4": "refunded", "A-5": "cancelled", "A-6": "shipped"} == {e["order"]: e["reason"] for e in document["excluded"]}
    assert {"count": 1, "products": ["coat"]} == codes(document)["product_without_name"]
    again = await read(session, "packing-list", lang="en")
    assert [c["customer"] for c in document["customers"]] == [c["customer"] for c in again["customers"]]


async def test_a_customer_has_one_pseudonym_in_all_sessions_of_a_brand(new_session: NewSession, send: Send, read: Read) -> None:
    """The same buyer has the same short pseudonym, another brand's document another one."""
    found = []
    for number, brand in enumerate(("maison-k", "maison-k", "other")):
        session = await new_session(brand=brand, streams=[{"platform": "wechat", "room": f"room-{number}"}])
        await send(f"wechat:room-{number}", paid(1, f"A-{number}", "b1", ("knit", 1, "1.00")))
        found.append((await read(session, "packing-list"))["customers"][0]["customer"])
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert 12 == len(found[0])


async def test_what_cannot_be_decided_is_a_warning(new_session: NewSession, send: Send, read: Read) -> None:
    """A refund without lines takes nothing off; orders without payment, lines or buyer are named."""
    session = await new_session()
    order = {"order": "P-1", "buyer": "b", "currency": "CNY", "amount": "10.00", "lines": []}
    line = {"product": "knit", "quantity": 1, "amount": "10.00"}
    await send(
        "wechat:room",
        ("order.placed", 1, order),
        ("order.paid", 1, order | {"order": "P-2"}),
        ("order.paid", 1, order | {"order": "P-3", "buyer": None, "lines": [line]}),
        ("order.paid", 1, order | {"order": "P-4", "buyer": None, "lines": [line]}),
        paid(2, "P-5", "b5", ("knit", 2, "200.00")),
        refunded(3, "P-5", "r1", "100.00"),
        paid(2, "P-6", "b6", ("knit", 2, "200.00")),
        refunded(3, "P-6", "r2", "100.00", ("coat", 1)),
        paid(2, "P-7", "b7", ("knit", 2, "200.00")),
        refunded(3, "P-7", "r3", "0.00", ("knit", 1)),
    )
    document = await read(session, "packing-list")
    found = codes(document)
    assert {
        "order_not_paid": ["P-1"], "order_without_lines": ["P-2"], "order_without_buyer": ["P-3", "P-4"],
        "refund_without_lines": ["P-5"], "refund_exceeds_order": ["P-6"],
    } == {code: sorted(figures["orders"]) for code, figures in found.items() if "orders" in figures}  # fmt: skip
    units = {customer["orders"][0]: customer["units"] for customer in document["customers"]}
    assert {"P-2": 0, "P-3": 1, "P-4": 1, "P-5": 2, "P-6": 2, "P-7": 2} == units
    assert all(warning["message"] for warning in document["warnings"])


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([refunded(3, "A", "r1", "1.00", ("knit", 1)), refunded(4, "A", "r1", "1.00", ("knit", 1))], 4),
        ([refunded(3, "A", "r1", "1.00", ("knit", 1)), refunded(4, "A", "r2", "1.00", ("knit", 2))], 2),
        ([("order.refunded", 3, {"order": "A", "refunded_total": "3.00", "lines": [
            {"product": "knit", "quantity": 3, "amount": "3.00"}]}),
          ("order.refunded", 2, {"order": "A", "refunded_total": "1.00", "lines": [
            {"product": "knit", "quantity": 1, "amount": "1.00"}]}),
          refunded(4, "A", "r1", "1.00", ("knit", 1))], 2),
        ([refunded(4, "A", "r1", "3.00", ("knit", 3)), ("order.refunded", 3, {"order": "A", "refunded_total": "1.00", "lines": [
            {"product": "knit", "quantity": 1, "amount": "1.00"}]})], 2),
    ],
    ids=["repeated", "two refunds", "the newest total", "singles above the total"],
)  # fmt: skip
async def test_refunds_follow_the_rules_of_money(
    new_session: NewSession, send: Send, read: Read, events: list[Event], left: int
) -> None:
    """A refund counts once; of totals the newest counts; of totals and single refunds the greater one."""
    session = await new_session()
    await send("wechat:room", paid(1, "A", "b", ("knit", 5, "500.00")), *events)
    assert left == (await read(session, "packing-list"))["totals"][0]["quantity"]


async def test_a_refund_may_name_the_product_by_an_alias(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """The alias that only the refund uses takes the pieces off as the code would."""
    session = await new_session()
    await client.post("/v1/products", json={"brand": "maison-k", "code": "knit", "aliases": ["10000387"]})
    await send("wechat:room", paid(1, "A-1", "b1", ("knit", 3, "300.00")), refunded(2, "A-1", "r1", "100.00", (" 10000387", 1)))
    document = await read(session, "packing-list")
    assert [("knit", 2)] == [(line["product"], line["quantity"]) for line in document["totals"]]
    assert "refund_exceeds_order" not in codes(document)


async def test_carts_that_are_forgotten_and_read_again_count_as_before(
    monkeypatch: pytest.MonkeyPatch, new_session: NewSession, send: Send, read: Read
) -> None:
    """Batches of two orders and room for three carts: the list is that of one batch and room for all."""
    session = await new_session()
    orders = [paid(1, f"A-{n:02}", f"b{n % 5}", (f"p{n % 7}", 1 + n % 2, "1.00"), ("knit", 1, "1.00")) for n in range(20)]
    await send("wechat:room", *orders, refunded(2, "A-03", "r1", "0.50", ("knit", 1)))
    expected = await read(session, "packing-list")
    monkeypatch.setattr("app.storage.backoffice.packing_reads.BATCH", 2)
    monkeypatch.setattr("app.logistics.carts.MOST", 3)
    assert expected == await read(session, "packing-list")
    assert 49 == sum(line["quantity"] for line in expected["totals"])


@dataclass
class Order:
    """What is true of a random order."""

    number: str
    buyer: str
    lines: Counter[tuple[str, str]]
    refunded: Counter[tuple[str, str]] = field(default_factory=Counter)
    state: str = "paid"

    def events(self, random: Random) -> list[Event]:
        """Return the order's events; refunds come one by one, and some of them twice."""
        lines = [{"product": p, "sku": s, "quantity": n, "amount": "1.00"} for (p, s), n in self.lines.items()]
        data = {"order": self.number, "buyer": self.buyer, "currency": "CNY", "amount": "1000.00", "lines": lines}
        events: list[Event] = [("order.paid", 1, data)]
        for number, ((product, sku), count) in enumerate(self.refunded.items()):
            refund = {"order": self.number, "refund": f"{self.number}-{number}", "amount": "1.00"}
            event: Event = (
                "order.refunded",
                2,
                refund | {"lines": [{"product": product, "sku": sku, "quantity": count, "amount": "1.00"}]},
            )
            events += [event] * random.choice((1, 1, 2))
        if self.state == "cancelled":
            events.append(("order.cancelled", 3, {"order": self.number}))
        if self.state == "shipped":
            events.append(("order.shipped", 3, {"order": self.number, "tracking": "T"}))
        if self.state == "refunded":
            events.append(("order.refunded", 3, {"order": self.number, "refund": f"{self.number}-all", "amount": "1000.00"}))
        return events


def truth(random: Random) -> list[Order]:
    """Return orders of a few buyers, partly refunded, cancelled, shipped."""
    orders = []
    for number in range(random.randrange(1, 25)):
        keys = random.sample([(p, s) for p in ("knit", "coat", "bag") for s in ("S", "M")], random.randrange(1, 5))
        order = Order(f"o{number}", f"b{random.randrange(6)}", Counter({key: random.randrange(1, 4) for key in keys}))
        if random.random() < 0.4:
            order.refunded = Counter({key: random.randrange(1, n + 1) for key, n in order.lines.items() if random.random() < 0.6})
        order.state = random.choice(("paid", "paid", "paid", "paid", "cancelled", "shipped", "refunded"))
        orders.append(order)
    return orders


async def test_the_list_agrees_with_a_plain_reference(new_session: NewSession, send: Send, read: Read) -> None:
    """Random orders in a random order of arrival: pieces by customer, totals and exclusions are those of the truth."""
    for seed in range(int(FUZZ_EXAMPLES) if FUZZ_EXAMPLES else 8):
        random = Random(f"packing/{seed}")
        orders = truth(random)
        session = await new_session(streams=[{"platform": "wechat", "room": f"room-{seed}"}])
        events = [event for order in orders for event in order.events(random)]
        random.shuffle(events)
        await send(f"wechat:room-{seed}", *events)
        document = await read(session, "packing-list")
        assert reference(orders) == {
            "customers": {
                frozenset(c["orders"]): Counter({(line["product"], line["sku"]): line["quantity"] for line in c["lines"]})
                for c in document["customers"]
            },
            "totals": Counter({(line["product"], line["sku"]): line["quantity"] for line in document["totals"]}),
            "excluded": {entry["order"]: entry["reason"] for entry in document["excluded"]},
        }, seed
        assert len(document["customers"]) == len({c["customer"] for c in document["customers"]})
        assert [c["units"] for c in document["customers"]] == [
            sum(x["quantity"] for x in c["lines"]) for c in document["customers"]
        ]


def reference(orders: list[Order]) -> dict[str, Any]:
    """Return what a person would count."""
    customers: dict[str, tuple[set[str], Counter[tuple[str, str]]]] = {}
    excluded = {}
    for order in orders:
        left = order.lines - order.refunded
        if order.state != "paid":
            excluded[order.number] = order.state
        elif not left:
            excluded[order.number] = "refunded"
        else:
            numbers, pieces = customers.setdefault(order.buyer, (set(), Counter()))
            numbers.add(order.number)
            pieces.update(left)
    return {
        "customers": {frozenset(numbers): pieces for numbers, pieces in customers.values()},
        "totals": sum((pieces for _, pieces in customers.values()), Counter()),
        "excluded": excluded,
    }


async def test_a_brand_sees_its_own_list_alone(
    client: httpx.AsyncClient, keys: KeyMaker, new_session: NewSession, send: Send
) -> None:
    """A viewer that is bound to the brand reads it; another brand's gets 404, a sender 403."""
    session = await new_session()
    await send("wechat:room", paid(1, "A", "b", ("knit", 1, "1.00")))
    brands = {brand["slug"]: brand["id"] for brand in (await client.get("/v1/brands")).json()["brands"]}
    other = (await client.post("/v1/brands", json={"slug": "other", "name": "Other"})).json()["id"]
    statuses = []
    for role, brand in ((Role.VIEWER, brands["maison-k"]), (Role.OPERATOR, other), (Role.INGEST, None)):
        answer = await client.get(f"/v1/sessions/{session}/packing-list", headers=await keys(role, brand))
        statuses.append(answer.status_code)
    assert [200, 404, 403] == statuses


async def test_an_unchanged_list_is_not_sent_again(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """The entity tag changes with the list alone, and simultaneous reads agree."""
    session = await new_session()
    await send("wechat:room", paid(1, "A", "b", ("knit", 1, "1.00")))
    url = f"/v1/sessions/{session}/packing-list"
    first, second = await asyncio.gather(client.get(url), client.get(url))
    assert first.headers["etag"] == second.headers["etag"]
    assert 304 == (await client.get(url, headers={"If-None-Match": first.headers["etag"]})).status_code
    await send("wechat:room", ("order.cancelled", 2, {"order": "A"}))
    changed = await client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (200, []) == (changed.status_code, changed.json()["customers"])
