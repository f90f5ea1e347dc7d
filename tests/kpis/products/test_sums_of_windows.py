"""Sums over time ranges of a product are those of its events, also where they are read by the minute."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID

from hypothesis import given, strategies as st

from app.service import Service
from app.storage.kpis import product_reads
from app.storage.kpis.product_reads import PaidUnits, PaidWindow, ProductWindow
from tests.kpis.event_builders import START, NewSession, Send, paid
from tests.properties import examples

PLATFORMS = ("wechat", "weibo")
_numbers = count()
_seconds = st.integers(0, 260)


class Sale(NamedTuple):
    """Pieces that were paid in a second."""

    second: int
    platform: str
    pieces: int


class Asked(NamedTuple):
    """A window, the platforms whose sales count, and the pieces to find the moment of."""

    begin: int
    end: int
    platforms: Sequence[str]
    amount: int


_sales = st.lists(st.builds(Sale, _seconds, st.sampled_from(PLATFORMS), st.integers(1, 3)), max_size=15)
_platforms = st.sampled_from((PLATFORMS, PLATFORMS[:1], PLATFORMS[1:]))
_windows = st.lists(st.builds(Asked, _seconds, _seconds, _platforms, st.integers(1, 9)), min_size=1, max_size=6)


def sums_in(sales: Sequence[Sale], clicks: Sequence[int], asked: Asked) -> dict[str, int]:
    """Return the sums of a window by going through all that happened."""
    inside = [sale for sale in sales if asked.begin <= sale.second < asked.end]
    clicked = sum(asked.begin <= second < asked.end for second in clicks)
    pieces = sum(sale.pieces for sale in inside)
    found = {"product_clicks": clicked, "orders": len(inside), "units_sold": pieces, "gmv": 100 * pieces}
    return {name: value for name, value in found.items() if value}


def units_in(sales: Sequence[Sale], asked: Asked) -> PaidUnits:
    """Return the pieces of a window, and when they reached the amount, by going through all sales."""
    units, reached = 0, None
    for sale in sorted(sales):
        if asked.begin <= sale.second < asked.end and sale.platform in asked.platforms:
            units += sale.pieces
            if reached is None and units >= asked.amount:
                reached = START + timedelta(seconds=sale.second)
    return PaidUnits(units, reached)


@examples(10)
@given(sales=_sales, clicks=st.lists(_seconds, max_size=15), windows=_windows)
async def test_a_window_has_what_happened_in_its_seconds(
    service: Service, new_session: NewSession, send: Send, sales: list[Sale], clicks: list[int], windows: list[Asked]
) -> None:
    """Within one minute, over several, from full minute to full minute, and where it ends before it begins."""
    room = f"room-{next(_numbers)}"
    session = UUID(await new_session(streams=[{"platform": platform, "room": room} for platform in PLATFORMS]))
    windows = [*windows, Asked(0, 300, PLATFORMS, 5), Asked(60, 240, PLATFORMS, 5)]
    happened = [("product.clicked", second + 0.25, {"product": "knit"}) for second in clicks]
    await send(f"wechat:{room}", ("session.started", 0, {}), *happened)
    for number, sale in enumerate(sales):
        line = ("knit", sale.pieces, f"{sale.pieces}.00")
        await send(f"{sale.platform}:{room}", paid(sale.second + 0.5, f"{room}-{number}", "ann", line))
    ranges = [(START + timedelta(seconds=one.begin), START + timedelta(seconds=one.end)) for one in windows]
    async with service.database.acquire_for_figures() as connection:
        sums = await product_reads.window_sums(connection, session, [ProductWindow("knit", *one) for one in ranges])
        paid_windows = [
            PaidWindow("knit", one.platforms, one.amount, *limits) for one, limits in zip(windows, ranges, strict=True)
        ]
        units = await product_reads.paid_units(connection, session, paid_windows)
        moments = await product_reads.paid_units(connection, session, [one._replace(summed=False) for one in paid_windows])
    assert [sums_in(sales, clicks, one) for one in windows] == sums
    assert [units_in(sales, one) for one in windows] == units
    assert [one.reached_at for one in units] == [one.reached_at for one in moments]
