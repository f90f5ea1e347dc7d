"""Effects: what happened before, during and after a coupon or a giveaway: sales, viewers, comments, clicks.

In: a session, its marks, its paid orders by time, its minutes. Out: the effects document. Never here: SQL, a cause.

The windows of a mark are as long as the mark, and lie within the broadcast. What was paid outside them is the mark's remainder,
so windows and remainder add up to the session to the cent. Comments and clicks are counted by the minute: a minute belongs to
the window in which it begins, so that they add up too. The document says what coincided, not what caused it: hosts, products and
other marks change meanwhile.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.kpis.documents.render import Document, local
from app.kpis.evaluation.concurrency import sums_by_minute, viewers_at
from app.kpis.evaluation.rounding import digits_of, fixed, money
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.reading.status import off_air_since, session_end, status_of
from app.storage.database import Connection, Database
from app.storage.kpis import reads, windows
from app.storage.kpis.marks import MarkRow
from app.storage.kpis.reads import ConcurrencyRow, SessionHead
from app.storage.kpis.session_status import SessionStatus
from app.storage.kpis.windows import NO_COUNTS, NO_SALES, Counts, Sales, Sold

LABELS = ("coupon", "giveaway")
MOST = 50
"""The most effects of one document."""
COUNTED = {"comments": "comments", "clicks": "product_clicks"}
"""Figure of a window → the metric that is counted by the minute."""
UNSTATED = 10
"""Minutes that a mark lasts if its end is not stated."""
_MICROSECOND = timedelta(microseconds=1)
_MINUTE_US = 60_000_000


class Window(NamedTuple):
    """A half-open time range."""

    begin: datetime
    end: datetime


class Effect(NamedTuple):
    """A mark and its windows; a window that the broadcast leaves no time for is None."""

    mark: MarkRow
    before: Window | None
    during: Window
    after: Window | None
    lasts: bool
    """Whether the mark has not ended yet."""

    def windows(self) -> list[Window]:
        """Return the windows in order of time."""
        return [one for one in (self.before, self.during, self.after) if one is not None]


class Effects(NamedTuple):
    """The effects of a session, with what the document says of them."""

    head: SessionHead
    shown: Sequence[Effect]
    omitted: int
    sales: Sales
    minutes: Sequence[ConcurrencyRow]
    counts: Counts = NO_COUNTS


def effect_of(mark: MarkRow, begin: datetime, end: datetime, *, on_air: bool, unstated: timedelta) -> Effect | None:
    """Return a mark's windows within a broadcast; None if no part of the mark lies in it."""
    stated = mark.until if mark.until is not None and mark.until > mark.at else mark.at + unstated
    stop = min(stated, end)
    during = Window(max(mark.at, begin), stop)
    if during.begin >= during.end:
        return None
    length = stop - mark.at
    before = Window(max(begin, mark.at - length), during.begin)
    after = Window(during.end, min(end, stop + length))
    return Effect(
        mark,
        before if before.begin < before.end else None,
        during,
        after if after.begin < after.end else None,
        on_air and stated > end,
    )


async def read_effects(database: Database, asked: SessionQuery, unstated: int = UNSTATED) -> Document:
    """Return the effects document (`EffectsDocument`).

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        found = await effects_on(connection, asked, unstated, with_total=True)
    return effects_document(found, for_client=asked.client)


async def effects_on(
    connection: Connection,
    asked: SessionQuery,
    unstated: int = UNSTATED,
    *,
    with_total: bool = False,
    edges: Sequence[datetime] = (),
) -> Effects:
    """Return the effects of a session, read on this connection; without an effect, sums are read only for the total.

    The sales are also known between `edges`: one pass over the orders finds both.
    """
    head = await read_head(connection, asked)
    status = status_of(head)
    end = session_end(head, status, asked.now)
    found: list[Effect] = []
    omitted = 0
    if head.started_at is not None and end is not None:
        rows, total = await windows.marks(connection, head.id, LABELS, MOST)
        omitted = total - len(rows)
        on_air = status is SessionStatus.LIVE
        length = timedelta(minutes=unstated)
        effects = (effect_of(row, head.started_at, end, on_air=on_air, unstated=length) for row in rows)
        found = [one for one in effects if one is not None]
    moments = [moment for one in found for window in one.windows() for moment in window]
    sales = await windows.sales(connection, head.id, [*moments, *edges]) if found or edges or with_total else NO_SALES
    counts = await windows.counts(connection, head.id, moments) if found or with_total else NO_COUNTS
    minutes = await reads.concurrency(connection, head.id) if found else []
    return Effects(head, found, omitted, sales, minutes, counts)


def effects_document(effects: Effects, *, for_client: bool) -> Document:
    """Return the document; without any counted order, orders and money are null. A client sees no texts."""
    head, sales, counts = effects.head, effects.sales, effects.counts
    digits = digits_of(head.currency)
    audience = Audience.of(effects)

    def shown(window: Window | None) -> Document | None:
        return None if window is None else _window(window, effects, audience)

    rows = []
    for one in effects.shown:
        found = one.windows()
        rest = sales.total - sum((sales.between(*window) for window in found), Sold())
        rows.append(
            {
                "label": one.mark.name,
                "text": None if for_client else one.mark.text,
                "platform": one.mark.platform,
                "at": local(one.mark.at, head.time_zone),
                "lasts": one.lasts,
                "overlaps": any(overlap(one, other) for other in effects.shown if other is not one),
                "before": shown(one.before),
                "during": shown(one.during),
                "after": shown(one.after),
                "remainder": sold_document(rest, digits, known=sales.known)
                | {
                    name: total - sum(counts.between(metric, *window) or 0 for window in found)
                    if (total := counts.totals.get(metric)) is not None
                    else None
                    for name, metric in COUNTED.items()
                },
            }
        )
    return {
        "session": str(head.id),
        "currency": head.currency,
        "effects": rows,
        "omitted": effects.omitted,
        "total": sold_document(sales.total, digits, known=sales.known)
        | {name: counts.totals.get(metric) for name, metric in COUNTED.items()},
    }


class Audience:
    """Concurrent viewers in windows."""

    def __init__(self, moments: Mapping[datetime, int | None], minutes: Sequence[tuple[datetime, int]]) -> None:
        """Take the viewers at moments, and the highest number of each sampled minute, in order."""
        self._moments = moments
        self._minutes = minutes

    @classmethod
    def of(cls, effects: Effects) -> "Audience":
        """Return the viewers in the windows of effects."""
        moments = [moment for one in effects.shown for window in one.windows() for moment in window]
        off_air = off_air_since(effects.head.broadcasts)
        highest = [(minute, viewers) for minute, _, viewers in sums_by_minute(effects.minutes, off_air)]
        return cls(viewers_at(effects.minutes, moments), highest)

    def figures(self, window: Window) -> Document:
        """Return the viewers at both ends, and the most at them and in the minutes that begin in the window."""
        start, end = self._moments[window.begin], self._moments[window.end]
        first, last = (bisect_left(self._minutes, (moment,)) for moment in window)
        inside = [viewers for _, viewers in self._minutes[first:last]]
        known = [viewers for viewers in (start, end, *inside) if viewers is not None]
        return {"viewers_at_start": start, "viewers_at_end": end, "peak_viewers": max(known, default=None)}


def per_minute(sold: Sold, window: Window) -> tuple[int, int]:
    """Return the GMV per minute in minor units as a quotient; a window is never empty."""
    return sold.gmv * _MINUTE_US, (window.end - window.begin) // _MICROSECOND


def sold_document(sold: Sold, digits: int, *, known: bool) -> Document:
    """Return what was sold; null where no order was counted."""
    if not known:
        return dict.fromkeys(("orders", "gmv", "refund_amount", "net_gmv"))
    return {
        "orders": sold.orders,
        "gmv": fixed(sold.gmv, digits),
        "refund_amount": fixed(sold.refunds, digits),
        "net_gmv": fixed(sold.gmv - sold.refunds, digits),
    }


def _window(window: Window, effects: Effects, audience: Audience) -> Document:
    head, sales = effects.head, effects.sales
    digits = digits_of(head.currency)
    sold = sales.between(*window)
    return {
        "from": local(window.begin, head.time_zone),
        "to": local(window.end, head.time_zone),
        "minutes": round((window.end - window.begin) // _MICROSECOND / _MINUTE_US, 6),
        **sold_document(sold, digits, known=sales.known),
        "gmv_per_minute": money(*per_minute(sold, window), digits) if sales.known else None,
        **audience.figures(window),
        **{name: effects.counts.between(metric, *window) for name, metric in COUNTED.items()},
    }


def overlap(one: Effect, other: Effect) -> bool:
    """Return whether another coupon or giveaway ran in the windows of one."""
    own = one.windows()
    return other.during.begin < own[-1].end and own[0].begin < other.during.end
