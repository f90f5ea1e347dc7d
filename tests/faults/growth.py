"""Sessions that grow in one dimension: what a sender can make more of, one kind of row at a time.

In: a dimension, a count. Out: events, and a session that has them. Never here: measurements.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

START = datetime(2021, 9, 25, 5, 0, tzinfo=UTC)
Event = dict[str, Any]
Grow = Callable[[int], Iterator[tuple[str, float, Event, str]]]
"""From a count to (type, second, data, room) of each event."""


def products(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """Distinct product codes, each clicked and shown."""
    for number in range(count):
        yield "product.clicked", number % 3600, {"product": f"p-{number}"}, "room"


def orders(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """Paid orders of a few products."""
    for number in range(count):
        yield "order.paid", number % 3600, _order(number), "room"


def sources(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """Distinct traffic sources."""
    for number in range(count):
        yield "viewer.entered", number % 3600, {"viewer": f"v{number}", "source": f"s{number}"}, "room"


def rooms(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """Rooms that sample their viewers in the same minute, and each in a minute of its own."""
    for number in range(count):
        yield "audience.sampled", 30, {"concurrent": 5}, f"room-{number}"
        yield "audience.sampled", 60 * number, {"concurrent": 5 + number % 7}, f"room-{number}"


def minutes(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """Minutes in which two rooms sampled their viewers."""
    for number in range(count):
        yield "audience.sampled", 60 * number, {"concurrent": 100 + number % 50}, "room"
        yield "audience.sampled", 60 * number + 30, {"concurrent": 50}, "second"
        yield "like.sent", 60 * number, {"count": 1}, "room"


def showcases(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """Showcases of one product, never withdrawn, and of two that take turns; viewers were sampled meanwhile."""
    for number in range(count):
        code = "same" if number % 4 else f"turn-{number % 8}"
        yield "product.showcased", 3 * number, {"product": code}, "room"
        if number % 3 == 0:
            yield "product.withdrawn", 3 * number + 2, {"product": code}, "room"
        if number % 20 == 0:
            yield "audience.sampled", 3 * number, {"concurrent": 10}, "room"


def stock(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """A product that sells out and is restocked again and again, while it is clicked."""
    for number in range(count):
        yield "stock.changed", number, {"product": "one", "stock": number % 2}, "room"
        yield "product.clicked", number, {"product": "one"}, "room"


def measurements(count: int) -> Iterator[tuple[str, float, Event, str]]:
    """Promotions that are in no list."""
    for number in range(count):
        yield "promotion.measured", 30, {"promotion": f"https://v.example/{number}", "views_total": number}, "room"


GROWN: dict[str, tuple[Grow, int]] = {
    "products": (products, 2_000),
    "orders": (orders, 2_000),
    "sources": (sources, 1_000),
    "rooms": (rooms, 45),
    "minutes": (minutes, 700),
    "showcases": (showcases, 1_500),
    "stock": (stock, 1_500),
    "promotions": (measurements, 450),
}


def _order(number: int) -> Event:
    line = {"product": f"p-{number % 7}", "quantity": 1, "amount": "9.90"}
    return {"order": f"A{number}", "buyer": f"b{number}", "currency": "CNY", "amount": "9.90", "lines": [line]}


async def session_of(client: httpx.AsyncClient, name: str, grow: Grow, count: int) -> str:
    """Make a session on air and send it the events."""
    events = list(grow(count))
    names = sorted({room for _, _, _, room in events})
    form = {"title": name, "brand": f"brand-{name}-{count}", "currency": "CNY"}
    answer = await client.post("/v1/sessions", json=form)
    assert 201 == answer.status_code, answer.text
    session = str(answer.json()["id"])
    for room in names:
        stream = {"platform": "wechat", "room": f"{name}-{count}-{room}"}
        answer = await client.post(f"/v1/sessions/{session}/streams", json=stream)
        assert 201 == answer.status_code, answer.text
    begin: tuple[str, float, Event, str] = ("session.started", 0.0, {}, names[0])
    batch = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": f"/{name}/{count}",
            "type": f"live.{kind}",
            "subject": f"wechat:{name}-{count}-{room}",
            "time": (START + timedelta(seconds=second)).isoformat(),
            "data": data,
        }
        for number, (kind, second, data, room) in enumerate([begin, *events])
    ]
    for first in range(0, len(batch), 5_000):
        answer = await client.post("/v1/events", json=batch[first : first + 5_000])
        assert 200 == answer.status_code, answer.text
        assert [] == answer.json()["rejected"], answer.json()["rejected"][:1]
    return session
