"""Stock over time: what is left, when a product was sold out, and what was missed meanwhile.

In: changes of stock, sums by the second. Out: remaining pieces, time ranges without stock, missed demand. Never here: I/O.

What is left of a product is the latest stock that was reported, minus the units that were paid since then. A platform's stock
is a pool of its own. Sales on a platform without a reported stock are taken from the pool that was reported for the session
itself (`direct`), or from the only pool. Before any stock was reported, what is left is the line-up's planned stock minus all
paid units, and is labelled an estimate.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.kpis.showcases import second
from app.storage.kpis.product_reads import ProductWindow, StateChange
from app.storage.kpis.reads import AFTER_ALL, BEFORE_ALL

DIRECT = "direct"
"""The platform of events that are addressed to a session with streams of several platforms."""


class SoldOut(NamedTuple):
    """A time range without stock; `until` is None while it lasts."""

    since: datetime
    until: datetime | None


class Pool(NamedTuple):
    """A stock as one platform reported it, and the window in which paid units are subtracted from it."""

    product: str
    platform: str
    pieces: int
    at: datetime
    """When it was reported for the last time before the stock changed."""
    sold: ProductWindow
    """From the next full second, since the sale that a report tells of belongs to the second of the report."""


class Remaining(NamedTuple):
    """What is left of a product."""

    pieces: int
    """Never below zero."""
    paid: int
    """Units that were subtracted."""
    estimated: bool
    """True if no stock was reported and `pieces` comes from the line-up's plan."""


SHORT = timedelta(minutes=1)
"""A stock that is replaced sooner is not searched for the moment at which it ran out."""


def pools_of(changes: Sequence[StateChange], sold: Mapping[str, int] | None = None) -> list[Pool]:
    """Return the pools to search: each platform's latest stock of a product, and earlier ones that lasted for a while.

    Where it is known what was `sold` of each product, an earlier stock of more pieces than that did not run out, and is left out.
    """
    reports: dict[tuple[str, str], list[StateChange]] = defaultdict(list)
    for change in changes:
        if change.metric == "stock":
            reports[change.key, change.platform].append(change)
    pools = []
    for (product, platform), found in reports.items():
        most = math.inf if sold is None else sold.get(product, 0)
        for report, following in zip(found, [*found[1:], None], strict=True):
            end = AFTER_ALL if following is None else following.at
            if following is None or (0 < report.value <= most and end - report.at >= SHORT):
                window = ProductWindow(product, second(report.at) + timedelta(seconds=1), second(end))
                pools.append(Pool(product, platform, report.value, report.at, window))
    return pools


def charged_platforms(platform: str, pools: Collection[str], selling: Collection[str]) -> list[str]:
    """Return the platforms whose sales are taken from a platform's pool.

    Args:
        platform: the pool's.
        pools: all platforms that reported a stock of the product.
        selling: all platforms that sold the product.
    """
    others = [name for name in selling if name not in pools] if platform == DIRECT or len(pools) == 1 else []
    return sorted({platform, *others})


def planned_remaining(planned: int, units: int) -> Remaining:
    """Return what is left of the planned stock: an estimate."""
    return Remaining(max(0, planned - units), units, estimated=True)


def stock_levels(changes: Sequence[StateChange]) -> dict[str, list[tuple[datetime, int]]]:
    """Return product → (moment, pieces on all platforms), in order of time."""
    latest: dict[str, dict[str, int]] = defaultdict(dict)
    levels: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for change in sorted((change for change in changes if change.metric == "stock"), key=lambda change: change.at):
        pools = latest[change.key]
        pools[change.platform] = change.value
        levels[change.key].append((change.at, sum(pools.values())))
    return dict(levels)


def sold_out_stretches(levels: Sequence[tuple[datetime, int]]) -> list[SoldOut]:
    """Return the time ranges in which no platform had stock."""
    stretches: list[SoldOut] = []
    since: datetime | None = None
    for at, pieces in levels:
        if pieces == 0 and since is None:
            since = at
        elif pieces > 0 and since is not None:
            stretches.append(SoldOut(since, at))
            since = None
    if since is not None:
        stretches.append(SoldOut(since, None))
    return stretches


def sold_out_windows(product: str, stretches: Sequence[SoldOut]) -> list[ProductWindow]:
    """Return the windows to sum: the time before the first sell-out, then each time range without stock."""
    before = ProductWindow(product, BEFORE_ALL, second(stretches[0].since))
    return [before, *(ProductWindow(product, second(s.since), second(s.until or AFTER_ALL)) for s in stretches)]


def missed_gmv(clicks_after: int, before: Mapping[str, int], gmv: int, units: int) -> tuple[int, int] | None:
    """Return the estimate of missed GMV in minor units as numerator and denominator.

    Clicks while sold out × orders per click before × average price of a unit (docs/metrics.md). None if
    the product was not clicked before, or not sold.
    """
    clicks_before = before.get("product_clicks", 0)
    if clicks_before <= 0 or units <= 0:
        return None
    return clicks_after * before.get("orders", 0) * gmv, clicks_before * units
