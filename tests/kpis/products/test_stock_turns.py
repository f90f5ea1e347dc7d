"""The stocks that are read suffice: products are sold out when going through every report and sale says so."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, count, pairwise
from typing import NamedTuple
from uuid import UUID

from hypothesis import example, given, strategies as st

from app.kpis.products.stock import SoldOut, sold_out_stretches, stock_levels
from app.kpis.products.stock_reader import Stock, read_stock
from app.kpis.reading.session_reader import SessionQuery, read_head
from app.service import Service
from tests.kpis.event_builders import START, Event, NewSession, Send, paid
from tests.properties import examples

PLATFORMS = ("wechat", "weibo")
PRODUCTS = ("knit", "coat")
_numbers = count()


class Happened(NamedTuple):
    """A report of a stock, in the middle of a second, or a sale at its beginning."""

    second: int
    told: bool
    product: str
    platform: str
    pieces: int


_reports = st.builds(
    Happened,
    st.integers(0, 400),
    st.just(True),
    st.sampled_from(PRODUCTS),
    st.sampled_from(PLATFORMS),
    st.sampled_from((0, 0, 1, 2, 3, 9)),
)
_sales = st.builds(
    Happened,
    st.integers(0, 400),
    st.just(False),
    st.sampled_from(PRODUCTS),
    st.sampled_from(PLATFORMS),
    st.integers(1, 3),
)


def told(second: int, pieces: int, platform: str = "wechat") -> Happened:
    """Return a report of the product knit."""
    return Happened(second, True, "knit", platform, pieces)


def sold(second: int, pieces: int, platform: str = "wechat") -> Happened:
    """Return a sale of it."""
    return Happened(second, False, "knit", platform, pieces)


def sold_out_by_hand(happened: Sequence[Happened]) -> dict[str, list[SoldOut]]:
    """Return when each product was sold out, by going through all reports and all sales of it."""
    found = {}
    for product in sorted({one.product for one in happened if one.told}):
        own = [one for one in happened if one.product == product]
        pools: dict[str, int] = {}
        since, stretches = None, []
        for at, platform, pieces in sorted(
            chain.from_iterable(moments(own, one) for one in {one.platform for one in own if one.told})
        ):
            pools[platform] = pieces
            if not any(pools.values()):
                since = since or at
            elif since is not None:
                stretches.append(SoldOut(since, at))
                since = None
        found[product] = [*stretches, SoldOut(since, None)] if since is not None else stretches
    return found


def moments(own: Sequence[Happened], platform: str) -> Iterator[tuple[datetime, str, int]]:
    """Yield when a platform's stock of a product changed: its reports, and the sales that used one up that lasted a minute."""
    reports = sorted((one.second, one.pieces) for one in own if one.told and one.platform == platform)
    others = {one.platform for one in own if one.told} - {platform}
    sales = sorted((one.second, one.pieces) for one in own if not one.told and one.platform not in others)
    # A report between two equal ones says nothing new.
    equal = {place for place in range(1, len(reports) - 1) if len({pieces for _, pieces in reports[place - 1 : place + 2]}) == 1}
    kept = [report for place, report in enumerate(reports) if place not in equal]
    for (begin, pieces), (end, _) in pairwise([*kept, (10_000, 0)]):
        yield START + timedelta(seconds=begin + 0.5), platform, pieces
        left = pieces if end - begin >= 60 else 0
        for second, units in sales:
            if begin < second < end and left > 0:
                left -= units
                if left <= 0:
                    yield START + timedelta(seconds=second), platform, 0


def sold_out_in(stock: Stock) -> Mapping[str, Sequence[SoldOut]]:
    """Return when each product was sold out by the changes that were read."""
    return {product: sold_out_stretches(levels) for product, levels in sorted(stock_levels(stock.changes).items())}


@examples(25)
@given(happened=st.lists(st.one_of(_reports, _sales), max_size=24))
@example(happened=[told(0, 2), sold(10, 2), told(100, 2)])
@example(happened=[told(0, 2), sold(10, 2), told(100, 7), told(120, 8)])
@example(happened=[told(0, 2), told(50, 2), sold(55, 2), told(120, 3), sold(130, 9), told(189, 9)])
@example(happened=[told(0, 2), told(1, 0, "weibo"), sold(61, 2), told(90, 1), told(90, 1, "weibo"), sold(91, 1, "weibo")])
async def test_a_product_is_sold_out_when_its_reports_and_sales_say_so(
    service: Service, new_session: NewSession, send: Send, happened: list[Happened]
) -> None:
    """In any order of arrival, whether every stock is read or only those that decide, and whether sums of sales are known."""
    # Of two reports of one moment it is not the order of time that decides.
    happened = list({one if not one.told else (one.second, one.product, one.platform): one for one in happened}.values())
    room = f"turns-{next(_numbers)}"
    session = UUID(await new_session(streams=[{"platform": platform, "room": room} for platform in PLATFORMS]))
    events: dict[str, list[Event]] = defaultdict(list)
    for number, one in enumerate(happened):
        line = (one.product, one.pieces, "1.00")
        events[one.platform].append(
            ("stock.changed", one.second + 0.5, {"product": one.product, "stock": one.pieces})
            if one.told
            else paid(one.second, f"{room}-{number}", "ann", line)
        )
    for platform, sent in events.items():
        await send(f"{platform}:{room}", *sent)
    pieces = {code: sum(one.pieces for one in happened if not one.told and one.product == code) for code in PRODUCTS}
    async with service.database.acquire_for_figures() as connection:
        head = await read_head(connection, SessionQuery(session, None, datetime.now(UTC), "en"))
        every = await read_stock(connection, head, every_stock=True)
        found = [await read_stock(connection, head, sold=known) for known in (None, pieces)]
        knit = await read_stock(connection, head, "knit", pieces)
    expected = sold_out_by_hand(happened)
    assert [expected] * 3 == [sold_out_in(stock) for stock in (every, *found)]
    assert {code: stretches for code, stretches in expected.items() if code == "knit"} == sold_out_in(knit)
    assert [every.remaining] * 2 == [stock.remaining for stock in found]
    assert all(set(stock_levels(stock.changes)) == set(expected) for stock in found)
    reports = {(change.key, change.platform, change.at, change.value) for change in every.changes}
    assert all({(change.key, change.platform, change.at, change.value) for change in stock.changes} <= reports for stock in found)
