"""Showcases: the time ranges in which a product was on air, with the counts inside them.

In: changes of state, sums by the second. Out: windows and their documents. Never here: I/O.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from app.kpis.documents.render import Document, local
from app.kpis.evaluation.concurrency import viewers_at
from app.kpis.evaluation.rounding import digits_of, fixed, money
from app.storage.kpis.product_reads import ProductWindow, StateChange
from app.storage.kpis.reads import ConcurrencyRow, SessionHead

MOST_SHOWCASES = 500
"""The most showcases of one document."""
TRAILING = timedelta(minutes=5)
"""Orders up to this long after a showcase count as its `trailing` orders."""

_MICROSECOND = timedelta(microseconds=1)
_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Showcase:
    """A half-open time range in which a product was on air."""

    product: str
    begin: datetime
    end: datetime
    on_air: bool
    """True while it has not ended."""
    next_begin: datetime | None
    """The beginning of the same product's next showcase."""

    def seconds_us(self) -> int:
        """Return its length in microseconds."""
        return (self.end - self.begin) // _MICROSECOND

    def window(self) -> ProductWindow:
        """Return the full seconds that count for it."""
        return ProductWindow(self.product, second(self.begin), second(self.end))

    def trailing(self) -> ProductWindow:
        """Return the five minutes after it, up to the product's next showcase."""
        end = self.end + TRAILING
        return ProductWindow(
            self.product, second(self.end), second(end if self.next_begin is None else min(end, self.next_begin))
        )


def second(moment: datetime) -> datetime:
    """Return the full second of a moment: counts by the second have no finer time."""
    return moment.replace(microsecond=0)


def showcases_of(changes: Sequence[StateChange], end: datetime, *, live: bool) -> list[Showcase]:
    """Return the showcases in order of time.

    A showcase ends when its product is withdrawn before it is showcased again; otherwise when another product is showcased;
    otherwise at the session's end, or now. If a product that is on air is showcased again, its showcase continues: several
    platforms may report the same showcase.
    """
    on_air = [change for change in changes if change.metric == "on_air"]
    shown = sorted((change for change in on_air if change.value), key=attrgetter("at"))
    withdrawn: dict[str, list[datetime]] = defaultdict(list)
    for change in on_air:
        if not change.value:
            withdrawn[change.key].append(change.at)
    for moments in withdrawn.values():
        moments.sort()
    by_product: dict[str, list[Showcase]] = defaultdict(list)
    all_begins = [change.at for change in shown]
    next_product = _next_product(shown)
    begins = _begins(shown, withdrawn)
    for product, moments in begins.items():
        for number, begin in enumerate(moments):
            again = moments[number + 1] if number + 1 < len(moments) else None
            stop = _first_after(withdrawn[product], begin)
            if stop is None or (again is not None and stop > again):
                later = bisect_right(all_begins, begin)
                if later < len(shown) and shown[later].key == product:
                    later = next_product[later]
                stop = shown[later].at if later < len(shown) else None
            open_still = stop is None and again is None
            stop = stop or again or max(begin, end)
            by_product[product].append(Showcase(product, begin, stop, on_air=open_still and live, next_begin=again))
    return sorted((one for found in by_product.values() for one in found), key=attrgetter("begin", "product"))


def _next_product(shown: Sequence[StateChange]) -> list[int]:
    """Return for each change the index of the next change of another product; the length if there is none."""
    following = [len(shown)] * len(shown)
    for place in range(len(shown) - 2, -1, -1):
        same = shown[place].key == shown[place + 1].key
        following[place] = following[place + 1] if same else place + 1
    return following


def _begins(shown: Sequence[StateChange], withdrawn: Mapping[str, Sequence[datetime]]) -> dict[str, list[datetime]]:
    """Return the beginnings of each product's showcases, without the changes that continue a showcase."""
    begins: dict[str, list[datetime]] = defaultdict(list)
    last: dict[str, tuple[datetime, int]] = {}
    others = 0
    running: str | None = None
    for change in shown:
        if change.key != running:
            # Counts the changes of product, to detect whether another product was on air in between.
            others += 1
            running = change.key
        before = last.get(change.key)
        last[change.key] = (change.at, others)
        if before is not None and before[1] == others:
            stop = _first_after(withdrawn.get(change.key, ()), before[0])
            if stop is None or stop > change.at:
                continue
        begins[change.key].append(change.at)
    return begins


def page_of(
    showcases: Sequence[Showcase], after: tuple[datetime, str] | None, limit: int
) -> tuple[Sequence[Showcase], tuple[datetime, str] | None]:
    """Return the showcases after a beginning and a product, at most `limit`, and the last one's if more follow."""
    first = 0 if after is None else bisect_right(showcases, after, key=attrgetter("begin", "product"))
    page = showcases[first : first + limit]
    return page, (page[-1].begin, page[-1].product) if first + limit < len(showcases) else None


def _first_after(moments: Sequence[datetime], begin: datetime) -> datetime | None:
    place = bisect_right(moments, begin)
    return moments[place] if place < len(moments) else None


def showcases_document(
    head: SessionHead,
    showcases: Sequence[Showcase],
    sums: Sequence[Mapping[str, int]],
    trailing: Sequence[Mapping[str, int]],
    minutes: Sequence[ConcurrencyRow],
) -> Document:
    """Return the showcases document (`ShowcasesDocument`); `sums` and `trailing` have one element per showcase."""
    digits = digits_of(head.currency)
    viewers = viewers_at(minutes, [moment for one in showcases for moment in (one.begin, one.end)])
    return {
        "session": str(head.id),
        "currency": head.currency,
        "showcases": [
            {
                "product": one.product,
                "from": local(one.begin, head.time_zone),
                "to": local(one.end, head.time_zone),
                "on_air": one.on_air,
                "clicks": inside.get("product_clicks", 0),
                "orders": inside.get("orders", 0),
                "units": inside.get("units_sold", 0),
                "gmv": fixed(inside.get("gmv", 0), digits),
                "gmv_per_minute": _per_minute(inside.get("gmv", 0), one.seconds_us(), digits),
                "viewers_at_start": viewers[one.begin],
                "viewers_at_end": viewers[one.end],
                "trailing": {
                    "orders": after.get("orders", 0),
                    "units": after.get("units_sold", 0),
                    "gmv": fixed(after.get("gmv", 0), digits),
                },
            }
            for one, inside, after in zip(showcases, sums, trailing, strict=True)
        ],
        "next_cursor": None,
    }


def _per_minute(gmv: int, length_us: int, digits: int) -> str | None:
    return money(gmv * _MINUTE_US, length_us, digits) if length_us > 0 else None
