"""Words in which the tests of the read side tell what happened."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.storage.kpis.reads import Broadcast, SessionFigures, SessionHead

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


def figures_of(
    counted: Mapping[str, Mapping[str, int]], reported: Mapping[str, Mapping[str, int]], seconds: int, *, live: bool = False
) -> SessionFigures:
    """Return the rows of a session that lasted so long."""
    platforms = tuple(sorted({*counted, *reported}))
    end = START + timedelta(seconds=seconds)
    head = SessionHead(
        UUID(int=1), UUID(int=2), "b", "B", "t", None, "live", "CNY", "Asia/Tokyo", None, START,
        None if live else end,
        None,
        platforms, tuple(Broadcast(p, "r", live, START if live else end) for p in platforms),
    )  # fmt: skip
    peaks = {p: r["concurrent_viewers"] for p, r in reported.items() if "concurrent_viewers" in r}
    return SessionFigures(head, counted, reported, peaks, {}, None, len(peaks))
