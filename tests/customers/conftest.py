"""A brand with sessions and purchases, and the same purchases as plain records."""

import itertools
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, NamedTuple

import httpx
import pytest

BRAND = "maison-k"
_numbers = itertools.count()


class Purchase(NamedTuple):
    """A paid order of one product; money in minor units of CNY."""

    session: int
    """Index of the session."""
    buyer: str
    at: datetime
    amount: int
    quantity: int
    product: str = "knit-01"
    refund: int = 0


Sell = Callable[[list[str], list[Purchase]], Awaitable[list[str]]]


@pytest.fixture
def sessions(client: httpx.AsyncClient) -> Callable[..., Awaitable[list[str]]]:
    """Create a session per time zone and return their ids; the currency of each is CNY."""

    async def make(*time_zones: str, brand: str = BRAND) -> list[str]:
        found = []
        for zone in time_zones:
            form = {"title": f"show of {zone}", "brand": brand, "currency": "CNY", "time_zone": zone}
            answer = await client.post("/v1/sessions", json=form)
            assert 201 == answer.status_code, answer.text
            found.append(answer.json()["id"])
        return found

    return make


def event(session: str, kind: str, at: datetime, data: dict[str, Any], **attributes: str) -> dict[str, Any]:
    """Return an event."""
    base = {"specversion": "1.0", "id": f"e{next(_numbers)}", "source": "/tests", "subject": session, "time": at.isoformat()}
    return base | {"type": f"live.order.{kind}", "data": data} | attributes


def paid(session: str, order: str, purchase: Purchase) -> dict[str, Any]:
    """Return the event of a paid order."""
    amount = f"{purchase.amount / 100:.2f}"
    line = {"product": purchase.product, "quantity": purchase.quantity, "amount": amount}
    data = {"order": order, "buyer": purchase.buyer, "currency": "CNY", "amount": amount, "lines": [line]}
    return event(session, "paid", purchase.at, data)


async def post(client: httpx.AsyncClient, events: list[dict[str, Any]]) -> None:
    """Send events, of which none may be rejected."""
    if events:
        headers = {"Content-Type": "application/cloudevents-batch+json"}
        answer = await client.post("/v1/events", json=events, headers=headers)
        assert answer.is_success, answer.text
        assert [] == answer.json()["rejected"]


@pytest.fixture
def sell(client: httpx.AsyncClient) -> Sell:
    """Send purchases and return the order numbers."""

    async def send(shows: list[str], purchases: list[Purchase]) -> list[str]:
        events, orders = [], []
        for purchase in purchases:
            order, session = f"A-{next(_numbers)}", shows[purchase.session]
            orders.append(order)
            events.append(paid(session, order, purchase))
            if purchase.refund:
                data = {"order": order, "amount": f"{purchase.refund / 100:.2f}"}
                events.append(event(session, "refunded", purchase.at, data))
        await post(client, events)
        return orders

    return send
