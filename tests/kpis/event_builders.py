"""Words in which the tests of the read side tell what happened."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Answer = dict[str, Any]
Event = tuple[str, float, Answer]
"""Type without its `live.`, second of the broadcast, data."""
NewSession = Callable[..., Awaitable[str]]
Send = Callable[..., Awaitable[None]]
Read = Callable[..., Awaitable[Answer]]

START = datetime(2021, 9, 25, 5, 0, tzinfo=UTC)
"""14:00 in Tokyo."""


def at(second: float) -> str:
    """Return a second of the broadcast as RFC 3339."""
    return (START + timedelta(seconds=second)).isoformat()


def tokyo(clock: str) -> str:
    """Return a time of the day of the broadcast as the API prints it."""
    return f"2021-09-25T{clock}+09:00"


def paid(second: float, order: str, buyer: str, *lines: tuple[str, int, str], amount: str | None = None) -> Event:
    """Return a paid order; its lines are (product, quantity, amount)."""
    total = amount or f"{sum(round(float(line[2]) * 100) for line in lines) / 100:.2f}"
    return (
        "order.paid",
        second,
        {
            "order": order,
            "buyer": buyer,
            "currency": "CNY",
            "amount": total,
            "lines": [{"product": product, "quantity": quantity, "amount": price} for product, quantity, price in lines],
        },
    )
