"""Lead times of orders, compared with a plain computation over the same orders."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random
from typing import NamedTuple

import httpx
import pytest

from app.catalogue.access import Role
from tests.conftest import KeyMaker
from tests.kpis.event_builders import START, Answer, Event, NewSession, Read, Send

PRODUCTS = ("coat", "knit", "scarf")
ALIASES = {"K1": "knit", "K2": "knit"}
_HOUR = 3_600_000_000


class Order(NamedTuple):
    """When the steps of an order happened, in seconds of the broadcast, and what it names."""

    paid: float | None
    shipped: list[float]
    delivered: float | None
    cancelled: bool
    refunded: str | None
    products: list[str]


def _orders(random: Random, count: int) -> list[Order]:
    def second(most: int) -> float:
        return random.randrange(most * 1000) / 1000

    return [
        Order(
            second(9000) if random.random() < 0.9 else None,
            [second(400_000) for _ in range(random.choice((0, 0, 1, 1, 1, 2)))],
            second(900_000) if random.random() < 0.4 else None,
            random.random() < 0.1,
            random.choice((None, None, None, "4.00", "10.00")),
            random.choices([*PRODUCTS, *ALIASES, "unlisted"], k=random.randrange(1, 4)),
        )
        for _ in range(count)
    ]


def _events(orders: list[Order]) -> list[Event]:
    events: list[Event] = []
    for number, order in enumerate(orders):
        name: Answer = {"order": f"A-{number}"}
        lines = [
            {"product": product, "sku": str(place), "quantity": 1, "amount": "1.00"}
            for place, product in enumerate(order.products)
        ]
        stated = name | {"currency": "CNY", "amount": "10.00", "lines": lines, "buyer": f"b-{number % 7}"}
        events.append(("order.placed", 0, stated) if order.paid is None else ("order.paid", order.paid, stated))
        events += [("order.shipped", second, name | {"tracking": f"{number}-{second}"}) for second in order.shipped]
        if order.delivered is not None:
            events.append(("order.delivered", order.delivered, name))
        if order.cancelled:
            events.append(("order.cancelled", 5, name))
        if order.refunded is not None:
            events.append(("order.refunded", 6, name | {"amount": order.refunded}))
    return events


def _hours(microseconds: Fraction) -> float:
    exact = Decimal(microseconds.numerator) / Decimal(microseconds.denominator) / _HOUR
    return float(exact.quantize(Decimal("0.000001"), ROUND_HALF_UP))


def _figures(times: list[int], waiting: list[float]) -> Answer:
    ordered = sorted(times)

    def percentile(tenths: int) -> float | None:
        if not ordered:
            return None
        place = Fraction((len(ordered) - 1) * tenths, 10)
        below, above = int(place), min(int(place) + 1, len(ordered) - 1)
        return _hours(ordered[below] + (ordered[above] - ordered[below]) * (place - below))

    return {
        "orders": len(times), "mean_hours": _hours(Fraction(sum(times), len(times))) if times else None,
        "median_hours": percentile(5), "p90_hours": percentile(9), "waiting": len(waiting),
        "waiting_since": _time(min(waiting)) if waiting else None,
    }  # fmt: skip


def _time(second: float) -> str:
    time = START + timedelta(hours=9, seconds=second)
    return time.replace(tzinfo=None).isoformat() + "+09:00"


def _expected(orders: list[Order]) -> Answer:
    """Return both steps: a loop over the orders."""
    times: tuple[list[int], list[int]] = ([], [])
    waiting: tuple[list[float], list[float]] = ([], [])
    for order in orders:
        shipped = min(order.shipped) if order.shipped else None
        done = order.cancelled or order.refunded == "10.00" or order.delivered is not None
        for step, (begin, end) in enumerate(((order.paid, shipped), (shipped, order.delivered))):
            if begin is not None and end is not None:
                times[step].append(max(0, round((end - begin) * 1000)) * 1000)
            elif begin is not None and not done:
                waiting[step].append(begin)
    return {name: _figures(times[step], waiting[step]) for step, name in enumerate(("paid_to_shipped", "shipped_to_delivered"))}


def _shown(document: Answer) -> Answer:
    steps = {}
    for name in ("paid_to_shipped", "shipped_to_delivered"):
        step = dict(document[name])
        longest = step.pop("longest_wait_hours")
        assert (longest is None) == (step["waiting"] == 0)
        assert longest is None or longest > 24 * 365
        steps[name] = step
    return steps


@pytest.mark.parametrize(("seed", "count"), [(1, 1), (2, 12), (3, 61), (4, 140)])
async def test_random_orders(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read, seed: int, count: int
) -> None:
    """Of the session, and of each product over the orders that name it by any alias, each figure is that of the loop."""
    orders = _orders(Random(seed), count)
    knit = {"brand": "maison-k", "code": "knit", "aliases": [*ALIASES], "names": {"ja": "ニット"}}
    assert 201 == (await client.post("/v1/products", json=knit)).status_code
    session = await new_session(lineup=[{"product": "coat", "name": "コート"}])
    events = _events(orders)
    Random(seed).shuffle(events)
    await send("wechat:room", *events)
    document = await read(session, "lead-times")
    assert _expected(orders) == _shown(document)
    named: dict[str, list[Order]] = {}
    for order in orders:
        if order.paid is not None or order.shipped:
            for product in {ALIASES.get(product, product) for product in order.products}:
                named.setdefault(product, []).append(order)
    assert {code: _expected(of) for code, of in sorted(named.items())} == {
        one["product"]: _shown(one) for one in document["products"]
    }
    names = {"knit": "ニット", "coat": "コート"}
    assert [(code, names.get(code, code)) for code in sorted(named)] == [
        (one["product"], one["name"]) for one in document["products"]
    ]


async def test_a_session_without_orders_has_no_figures(new_session: NewSession, read: Read) -> None:
    """Nothing took time and nothing waits."""
    document = await read(await new_session(), "lead-times")
    assert ([], False) == (document["products"], document["more_products"])
    assert _expected([]) == _shown(document)


async def test_more_products_than_are_listed_are_told(
    monkeypatch: pytest.MonkeyPatch, new_session: NewSession, send: Send, read: Read
) -> None:
    """The first by code are listed."""
    monkeypatch.setattr("app.logistics.lead_times.MOST_PRODUCTS", 2)
    session = await new_session()

    lines = [{"product": product, "quantity": 1, "amount": "1.00"} for product in ("c", "b")]
    order = {"order": "A-1", "amount": "1.00", "currency": "CNY", "lines": lines}
    await send("wechat:room", ("order.paid", 1, order))
    document = await read(session, "lead-times")
    assert (["b", "c"], False) == ([one["product"] for one in document["products"]], document["more_products"])
    await send(
        "wechat:room", ("order.paid", 1, order | {"order": "A-2", "lines": [{"product": "a", "quantity": 1, "amount": "1.00"}]})
    )
    document = await read(session, "lead-times")
    assert (["a", "b"], True) == ([one["product"] for one in document["products"]], document["more_products"])
    assert 2 == document["paid_to_shipped"]["waiting"]


async def test_a_bound_viewer_reads_its_own_brand(client: httpx.AsyncClient, new_session: NewSession, keys: KeyMaker) -> None:
    """200 for its own session, 404 for another brand's."""
    sessions = {slug: await new_session(brand=slug, streams=[]) for slug in ("maison-k", "other")}
    of = {brand["slug"]: brand["id"] for brand in (await client.get("/v1/brands")).json()["brands"]}
    headers = await keys(Role.VIEWER, of["maison-k"])
    answers = {
        slug: (await client.get(f"/v1/sessions/{session}/lead-times", headers=headers)).status_code
        for slug, session in sessions.items()
    }
    assert {"maison-k": 200, "other": 404} == answers
