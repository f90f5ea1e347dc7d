"""Assertions: the windows of a session equal what plain loops over its orders, entries and exits find.

In: a service, the records of a session. Out: nothing, or an assertion error that names the window. Never here: SQL, code of `app`
but the readers.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from app.kpis.reading.session_reader import SessionQuery
from app.kpis.windows.after_live import read_after_live
from app.kpis.windows.effects import read_effects
from app.kpis.windows.hosts import read_hosts
from app.kpis.windows.retention import read_retention
from app.service import Service
from tests.pipeline import oracle
from tests.pipeline.after_live_oracle import AFTER_LIVE
from tests.pipeline.reference_records import Order, Story

Window = tuple[datetime, datetime]
_FIGURES = ("orders", "gmv", "refund_amount", "net_gmv")
_LIMITS = (60, 180, 300, 600, 1800)
_UNSTATED = timedelta(minutes=10)
_MINUTE = timedelta(minutes=1)


async def assert_windows(service: Service, story: Story, asked: SessionQuery) -> None:
    """Assert that hosts, effects, the time after the show and retention are those of the oracle."""
    end = asked.now if oracle.on_air(story) else max(story.ends, default=None)
    await _hosts(service, story, asked, end)
    await _effects(service, story, asked, end)
    await _after_live(service, story, asked)
    await _retention(service, story, asked, end)


def _sold(story: Story, orders: Iterable[Order], *, unpaid: int = 0) -> dict[str, Any]:
    """Return what orders come to; null where the session has no paid order."""
    if not any("paid" in order.moments for order in story.orders.values()):
        return dict.fromkeys(_FIGURES)
    found = list(orders)
    gmv = sum(order.amount or 0 for order in found)
    refunds = unpaid + sum(order.refunded for order in found)
    digits = story.show.digits
    money = [oracle.printed(value, "gmv", digits) for value in (gmv, refunds, gmv - refunds)]
    return dict(zip(_FIGURES, (len(found), *money), strict=True))


def _paid(story: Story, *windows: Window, outside: bool = False) -> list[Order]:
    return [
        order
        for order in story.orders.values()
        if "paid" in order.moments and outside != any(begin <= order.moments["paid"] < end for begin, end in windows)
    ]


def _unpaid(story: Story) -> int:
    """Return the refunds of orders whose payment is unknown."""
    return sum(order.refunded for order in story.orders.values() if "paid" not in order.moments)


def _window(begin: datetime, end: datetime) -> Window | None:
    return (begin, end) if begin < end else None


async def _hosts(service: Service, story: Story, asked: SessionQuery, end: datetime | None) -> None:
    document = await read_hosts(service.database, asked)
    whole = _sold(story, _paid(story, outside=True))
    assert {name: whole[name] for name in ("orders", "gmv")} == document["total"]
    windows = [] if end is None or not story.starts else _shifts(story, min(story.starts), end)
    told = [(one["host"], datetime.fromisoformat(one["from"]), datetime.fromisoformat(one["to"])) for one in document["windows"]]
    assert windows == told
    for (_, *window), one in zip(windows, document["windows"], strict=True):
        sold = _sold(story, _paid(story, (window[0], window[1])))
        assert (sold["orders"], sold["gmv"]) == (one["orders"], one["gmv"])
    if whole["gmv"] is not None:
        for parts in (document["windows"], document["hosts"]):
            for name in ("orders", "gmv"):
                summed = sum(Decimal(part[name]) for part in (*parts, document["remainder"]))
                assert summed == Decimal(document["total"][name]), name


def _shifts(story: Story, begin: datetime, end: datetime) -> list[tuple[str | None, datetime, datetime]]:
    """Return who presented from when to when: at each moment the host who was named last."""
    changes = [(at, name) for at, kind, name, *_ in story.marks if kind == "host"]
    edges = sorted({begin, end} | {at for at, _ in changes if begin < at < end}) if begin < end else []
    found: list[tuple[str | None, datetime, datetime]] = []
    for since, until in pairwise(edges):
        host = next((name for at, name in reversed(changes) if at <= since), None)
        begun = found.pop()[1] if found and found[-1][0] == host else since
        found.append((host, begun, until))
    return found


def _in_minutes(story: Story, what: str, *windows: Window, outside: bool = False) -> int | None:
    """Return the sum over the minutes that begin in the windows, or outside of them; None if nothing was counted at all."""
    found = [one for one in story.happenings if one.what == what]
    inside = [one.amount for one in found if outside != any(begin <= _minute(one.at) < end for begin, end in windows)]
    return sum(inside) if found else None


def _assert_audience(story: Story, window: Window, told: dict[str, Any]) -> None:
    """Assert comments, clicks, and the most viewers where one room tells them."""
    assert (_in_minutes(story, "comments", window), _in_minutes(story, "product_clicks", window)) == (
        told["comments"],
        told["clicks"],
    )
    samples = [one for one in story.readings if one.what == "concurrent_viewers"]
    ends = [one for one in (told["viewers_at_start"], told["viewers_at_end"]) if one is not None]
    assert told["peak_viewers"] is None or told["peak_viewers"] >= max(ends, default=0)
    if len({(one.platform, one.room) for one in samples}) <= 1:
        inside = [one.value for one in samples if window[0] <= _minute(one.at) < window[1]]
        assert max([*ends, *inside], default=None) == told["peak_viewers"]


async def _effects(service: Service, story: Story, asked: SessionQuery, end: datetime | None) -> None:
    document = await read_effects(service.database, asked)
    assert _sold(story, _paid(story, outside=True), unpaid=_unpaid(story)) | _counts(story, outside=True) == document["total"]
    wanted = []
    for at, kind, name, _, until in story.marks:
        if kind != "mark" or name not in {"coupon", "giveaway"} or end is None or not story.starts:
            continue
        begin, stop = min(story.starts), min(end, until or at + _UNSTATED)
        during = _window(max(at, begin), stop)
        if during is not None:
            length = stop - at
            windows = (_window(max(begin, at - length), during[0]), during, _window(stop, min(end, stop + length)))
            wanted.append((at, name, windows))
    shown = [(datetime.fromisoformat(one["at"]), one["label"]) for one in document["effects"]]
    assert sorted((at, name) for at, name, _ in wanted) == sorted(shown)
    told = {(datetime.fromisoformat(one["at"]), one["label"]): one for one in document["effects"]}
    for at, name, windows in wanted:
        one = told[at, name]
        for part, window in zip(("before", "during", "after"), windows, strict=True):
            if window is None:
                assert one[part] is None, part
                continue
            assert [moment.isoformat() for moment in window] == [
                datetime.fromisoformat(one[part][edge]).astimezone(window[0].tzinfo).isoformat() for edge in ("from", "to")
            ]
            assert _sold(story, _paid(story, window)) == {figure: one[part][figure] for figure in _FIGURES}, part
            _assert_audience(story, window, one[part])
        known = [window for window in windows if window is not None]
        rest = _sold(story, _paid(story, *known, outside=True), unpaid=_unpaid(story))
        assert rest | _counts(story, *known, outside=True) == one["remainder"]


def _counts(story: Story, *windows: Window, outside: bool) -> dict[str, int | None]:
    names = (("comments", "comments"), ("clicks", "product_clicks"))
    return {name: _in_minutes(story, what, *windows, outside=outside) for name, what in names}


async def _after_live(service: Service, story: Story, asked: SessionQuery) -> None:
    document = await read_after_live(service.database, asked)
    assert _sold(story, _paid(story, outside=True), unpaid=_unpaid(story)) == document["total"]
    end = None if oracle.on_air(story) else max(story.ends, default=None)
    names = ("show", "within_24_hours", "within_7_days", "remainder")
    found = [{figure: document[name][figure] for figure in _FIGURES} for name in names]
    if end is None:
        assert [dict.fromkeys(_FIGURES)] * 4 == found
        return
    show = (end - timedelta(days=10_000), end)
    day, week = ((end, end + length) for length in AFTER_LIVE.values())
    wanted = [_sold(story, _paid(story, window)) for window in (show, day, week)]
    assert [*wanted, _sold(story, _paid(story, show, week, outside=True), unpaid=_unpaid(story))] == found


async def _retention(service: Service, story: Story, asked: SessionQuery, end: datetime | None) -> None:
    document = await read_retention(service.database, asked)
    if end is None or not story.starts or end <= min(story.starts):
        assert ([], None) == (document["minutes"], document["from"])
        return
    begin = min(story.starts).replace(second=0, microsecond=0)
    wanted = {minute: row for minute, row in _by_minute(story).items() if begin <= minute < end}
    found = {datetime.fromisoformat(row["minute"]): row for row in document["minutes"]}
    assert set(wanted) == set(found)
    for minute, row in wanted.items():
        lengths = row.pop("lengths")
        told = {name: found[minute][name] for name in row}
        assert row == told, minute
        assert len(lengths) == found[minute]["stays"], minute
        shares = [round(sum(one >= 1000 * limit for one in lengths) / len(lengths), 6) for limit in _LIMITS] if lengths else None
        assert (shares or [None] * 5) == [None if one is None else float(one) for one in found[minute]["stayed"]]
        mean = found[minute]["average_seconds"]
        assert mean is None if not lengths else abs(mean - sum(lengths) / len(lengths) / 1000) < 1e-5
    losses = sorted((row["entries"] - row["exits"], minute) for minute, row in wanted.items() if row["exits"] > row["entries"])
    assert [(minute, -lost) for lost, minute in losses[:10]] == [
        (datetime.fromisoformat(one["minute"]), one["lost"]) for one in document["losses"]
    ]


def _by_minute(story: Story) -> dict[datetime, dict[str, Any]]:
    """Return the figures of each minute, one viewer after the other."""
    rows: dict[datetime, dict[str, Any]] = defaultdict(
        lambda: {"entries": 0, "first_entries": 0, "came_back": 0, "exits": 0, "lengths": []}
    )
    viewers: dict[str, list[tuple[datetime, bool, float | None]]] = defaultdict(list)
    for viewer, at, leaves, watched in story.moves:
        viewers[viewer].append((at, leaves, watched))
    for moves in viewers.values():
        # An exit comes before an entry of the same moment, and one that was measured before one that was not.
        moves.sort(key=lambda move: (move[0], not move[1], move[2] is None, move[2] or 0))
        entries: list[datetime] = []
        inside = False
        for at, leaves, watched in moves:
            if not leaves:
                rows[_minute(at)]["entries"] += 1
                entries.append(at)
                inside = True
                continue
            rows[_minute(at)]["exits"] += 1
            if inside:
                length = at - entries[-1] if watched is None else timedelta(milliseconds=round(watched * 1000))
                rows[_minute(entries[-1])]["lengths"].append(round(length / timedelta(milliseconds=1)))
            elif watched is not None:
                rows[_minute(at - timedelta(seconds=watched))]["lengths"].append(round(watched * 1000))
            inside = False
        if entries:
            rows[_minute(entries[0])]["first_entries"] += 1
            rows[_minute(entries[0])]["came_back"] += len(entries) > 1
    return rows


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
