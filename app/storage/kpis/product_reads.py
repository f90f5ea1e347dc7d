"""The read side's queries of products, showcases, promotions and notes, one function each.

In: a session's id. Out: frozen rows. Never here: formulas, writes, JSON.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from struct import calcsize, iter_unpack
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from app.storage.database import Connection
from app.storage.queries import queries

_READS = queries("kpis/product_reads")
_SEPARATOR = "\x1f"
"""Between platforms; no platform contains it."""
_PAIR = ">qq"
_MINUTE_US = 60_000_000
_SUMS = ("product_clicks", "orders", "units_sold", "gmv")
STATES = ("on_air", "stock", "broadcast")
Names = Mapping[str, str]
Customs = Mapping[str, Any]


class ProductRow(NamedTuple):
    """One figure of one product on one platform; money in minor units."""

    reported: bool
    product: str
    platform: str
    metric: str
    value: int


class LineupRow(NamedTuple):
    """A product of the line-up; prices in minor units."""

    product: str
    name: str | None
    live_price: int | None
    stock: int | None
    list_price: int | None = None
    preorder: bool = False
    promised_days: int | None = None


class StateChange(NamedTuple):
    """A product went on air (1) or off (0), its stock changed, or a room began or ended; `metric` tells which."""

    metric: str
    key: str
    """The product, or the room of a broadcast."""
    platform: str
    at: datetime
    value: int
    until: datetime | None = None
    """The next change of the same state; None if there is none."""
    following: int | None = None
    """The value from then on."""


class StateSamples(NamedTuple):
    """All samples of a state."""

    metric: str
    key: str
    platform: str
    samples: bytes

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield moments, in microseconds since 2000, and values, in any order."""
        return iter_unpack(_PAIR, self.samples)

    def number(self) -> int:
        """Return how many there are."""
        return len(self.samples) // calcsize(_PAIR)


class UnitsByMinute(NamedTuple):
    """Units of a product that were paid on any platform; moments in microseconds since 2000."""

    minutes: Sequence[int]
    """Beginnings of the minutes in which units were paid, in order, once for each platform."""
    paid: Sequence[int]
    """All units up to each of them."""

    def touching(self, begin: int, end: int) -> int:
        """Return the units of all minutes of which a part lies in a time range: no fewer than those that were paid in it."""
        return self._before(end) - self._before(begin - begin % _MINUTE_US)

    def _before(self, moment: int) -> int:
        """Return the units of the minutes that begin before a moment."""
        place = bisect_left(self.minutes, moment)
        return self.paid[place - 1] if place else 0


class ProductWindow(NamedTuple):
    """A half-open window of full seconds over one product."""

    product: str
    begin: datetime
    end: datetime


class PaidWindow(NamedTuple):
    """A half-open window of full seconds over one product's sales on some platforms."""

    product: str
    platforms: Sequence[str]
    amount: int
    """Units to find the moment of."""
    begin: datetime
    end: datetime
    summed: bool = True
    """Whether the sum is wanted even if it does not reach the amount; else it may be left out."""


class PaidUnits(NamedTuple):
    """Units that were paid in a window, and the second in which they reached its amount; None if they did not."""

    units: int
    reached_at: datetime | None


class PromotionRow(NamedTuple):
    """A promotion and its latest cumulative figures."""

    id: UUID | None
    url: str | None
    kind: str | None
    platform: str | None
    title: str | None
    published_at: datetime | None
    views: int | None
    engagements: int | None
    clicks: int | None


class NoteRow(NamedTuple):
    """An operator's note: section live, ec or promotion; kind observation or summary."""

    section: str
    kind: str
    text: str
    share: bool
    """Whether the client edition has it."""


async def product_rows(connection: Connection, session: UUID) -> list[ProductRow]:
    """Return the whole session's figures per product."""
    rows = await connection.fetch(_READS["product_rows"], session)
    return [ProductRow(reported, key, platform, metric, int(value)) for reported, key, platform, metric, value in rows]


async def lineup(connection: Connection, session: UUID) -> list[LineupRow]:
    """Return the line-up in its order."""
    return [LineupRow(**row) for row in await connection.fetch(_READS["lineup"], session)]


async def product_names(connection: Connection, brand: UUID, codes: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """Return code → language → name, as the brand's catalogue has them."""
    rows = await connection.fetch(_READS["product_names"], brand, list(codes))
    return {code: from_json(names) for code, names, _ in rows}


async def product_customs(connection: Connection, brand: UUID, codes: Sequence[str]) -> dict[str, tuple[Names, Customs]]:
    """Return code → names by language, and customs data, as the brand's catalogue has them."""
    rows = await connection.fetch(_READS["product_names"], brand, list(codes))
    return {code: (from_json(names), from_json(customs or "{}")) for code, names, customs in rows}


async def states(
    connection: Connection, session: UUID, product: str | None = None, metrics: Sequence[str] = STATES
) -> list[StateSamples]:
    """Return the samples of what is on air, in stock and in the rooms, or of some of these; of one product, or of all."""
    return [StateSamples(*row) for row in await connection.fetch(_READS["states"], session, product, list(metrics))]


async def units_sold(connection: Connection, session: UUID) -> dict[str, int]:
    """Return product → its paid units; products of which none was paid are left out."""
    rows = await connection.fetch(_READS["units_sold"], session)
    return {product: int(units) for product, units in rows}


async def units_by_minute(connection: Connection, session: UUID, products: Collection[str]) -> dict[str, UnitsByMinute]:
    """Return product → its paid units by the minute; products of which none was paid are left out."""
    rows = await connection.fetch(_READS["units_by_minute"], session, list(products))
    found = {}
    for product, units in rows:
        minutes, paid = zip(*sorted(iter_unpack(_PAIR, units)), strict=True)
        found[product] = UnitsByMinute(minutes, list(accumulate(paid)))
    return found


async def window_sums(connection: Connection, session: UUID, windows: Sequence[ProductWindow]) -> list[dict[str, int]]:
    """Return for each window metric → sum: product_clicks, orders, units_sold, gmv in minor units."""
    found: list[dict[str, int]] = [{} for _ in windows]
    if windows:
        products, begins, ends = (list(column) for column in zip(*windows, strict=True))
        rows = await connection.fetch(_READS["window_sums"], session, list(range(len(windows))), products, begins, ends)
        for number, *totals in rows:
            found[number] = {name: int(total) for name, total in zip(_SUMS, totals, strict=True) if total is not None}
    return found


async def paid_units(connection: Connection, session: UUID, windows: Sequence[PaidWindow]) -> list[PaidUnits]:
    """Return what was paid in each window."""
    found = [PaidUnits(0, None)] * len(windows)
    if windows:
        products, platforms, *columns = (list(column) for column in zip(*windows, strict=True))
        joined = [_SEPARATOR.join(names) for names in platforms]
        numbers = list(range(len(windows)))
        for number, units, reached_at in await connection.fetch(
            _READS["paid_units"], session, numbers, products, joined, *columns
        ):
            found[number] = PaidUnits(int(units), reached_at)
    return found


async def promotions(connection: Connection, session: UUID) -> list[PromotionRow]:
    """Return the session's promotions, then those that were measured without being in its list."""
    listed = [PromotionRow(*row) for row in await connection.fetch(_READS["promotions"], session)]
    known = [name for row in listed for name in (str(row.id), row.url) if name]
    others = await connection.fetch(_READS["unlisted_promotions"], session, known)
    return listed + [PromotionRow(None, row[0], None, None, None, None, *row[1:]) for row in others]


async def notes(connection: Connection, session: UUID) -> list[NoteRow]:
    """Return the operators' notes in order."""
    return [NoteRow(*row) for row in await connection.fetch(_READS["notes"], session)]
