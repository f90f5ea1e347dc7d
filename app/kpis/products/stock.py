"""Stock over time: what is left, when a product was sold out, and what was missed meanwhile.

In: changes of stock, sums by the second. Out: remaining pieces, time ranges without stock, missed demand. Never here: I/O.

What is left of a product is the latest stock that was reported, minus the units that were paid since then. A platform's stock
is a pool of its own. Sales on a platform without a reported stock are taken from the pool that was reported for the session
itself (`direct`), or from the only pool. Before any stock was reported, what is left is the line-up's planned stock minus all
paid units, and is labelled an estimate.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from app.kpis.products.showcases import second
from app.kpis.products.state_changes import Changes
from app.storage.kpis.product_reads import ProductWindow, StateChange, UnitsByMinute
from app.storage.kpis.reads import AFTER_ALL

DIRECT = "direct"
"""The platform of events that are addressed to a session with streams of several platforms."""


class SoldOut(NamedTuple):
    """A time range without stock; `until` is None while it lasts."""

    since: datetime
    until: datetime | None


class Pool(NamedTuple):
    """A stock as one platform reported it, and the window in which paid units are subtracted from it."""

    report: StateChange
    """The last one before the stock changed."""
    sold: ProductWindow
    """From the next full second, since the sale that a report tells of belongs to the second of the report."""

    @classmethod
    def of(cls, report: StateChange) -> "Pool":
        """Return the pool of a report."""
        end = AFTER_ALL if report.until is None else second(report.until)
        return cls(report, ProductWindow(report.key, second(report.at) + timedelta(seconds=1), end))

    @property
    def product(self) -> str:
        """The product."""
        return self.report.key

    @property
    def platform(self) -> str:
        """The platform that reported it."""
        return self.report.platform

    @property
    def pieces(self) -> int:
        """The stock."""
        return self.report.value


class Remaining(NamedTuple):
    """What is left of a product."""

    pieces: int
    """Never below zero."""
    paid: int
    """Units that were subtracted."""
    estimated: bool
    """True if no stock was reported and `pieces` comes from the line-up's plan."""


def pools_of(found: Changes, units: Mapping[str, UnitsByMinute]) -> list[Pool]:
    """Return the pools to search: each platform's latest stock of a product, and of earlier ones those that may have run out.

    An earlier stock is left out if not even in the minutes that it touches as many units were paid as it had pieces.
    """
    latest = [change for change in found.changes if change.metric == "stock" and change.until is None]
    return [Pool.of(one) for one in (*latest, *(report.change() for report in found.lasting if report.may_run_out(units)))]


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
    """Return the windows to sum: all the time from the first sell-out on, then each time range without stock."""
    since = ProductWindow(product, second(stretches[0].since), AFTER_ALL)
    return [since, *(ProductWindow(product, second(s.since), second(s.until or AFTER_ALL)) for s in stretches)]


def missed_gmv(clicks_after: int, before: Mapping[str, int], gmv: int, units: int) -> tuple[int, int] | None:
    """Return the estimate of missed GMV in minor units as numerator and denominator.

    Clicks while sold out × orders per click before × average price of a unit (docs/reference/metrics.md). None if
    the product was not clicked before, or not sold.
    """
    clicks_before = before.get("product_clicks", 0)
    if clicks_before <= 0 or units <= 0:
        return None
    return clicks_after * before.get("orders", 0) * gmv, clicks_before * units
