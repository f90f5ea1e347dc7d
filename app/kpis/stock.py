"""Stock over time: the time ranges in which a product was sold out, and the missed demand.

In: changes of stock, sums by the second. Out: time ranges, missed demand. Never here: I/O.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from app.kpis.showcases import second
from app.storage.product_reads import ProductWindow, StateChange
from app.storage.reads import AFTER_ALL, BEFORE_ALL


class SoldOut(NamedTuple):
    """A time range without stock; `until` is None while it lasts."""

    since: datetime
    until: datetime | None


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

    Clicks while sold out × orders per click before × average price of a unit (metrics.md). None if
    the product was not clicked before, or not sold.
    """
    clicks_before = before.get("product_clicks", 0)
    if clicks_before <= 0 or units <= 0:
        return None
    return clicks_after * before.get("orders", 0) * gmv, clicks_before * units
