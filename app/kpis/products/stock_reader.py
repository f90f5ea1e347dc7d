"""Reads changes of state, and the stock of a session's products over time.

In: a connection, a session. Out: what is left, and changes of stock with the moments at which a stock ran out. Never here:
formulas, SQL.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from uuid import UUID

from app.kpis.products.state_changes import changes_of
from app.kpis.products.stock import DIRECT, Pool, Remaining, charged_platforms, pools_of
from app.kpis.reading.computation import compute
from app.storage.database import Connection
from app.storage.kpis import product_reads
from app.storage.kpis.product_reads import PaidWindow, StateChange
from app.storage.kpis.reads import AFTER_ALL, SessionHead


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of a session's products."""

    changes: Sequence[StateChange]
    """What changed on air, in the rooms and in stock, in order of time; a stock that was sold out by paid units is a change
    to 0."""
    remaining: Mapping[str, Remaining]
    """Product → what is left, for products with a reported stock."""
    latest: Mapping[str, Sequence[Pool]]
    """Product → the latest pool of each platform."""


NO_STOCK = Stock((), {}, {})


async def read_on_air(connection: Connection, session: UUID) -> Sequence[StateChange]:
    """Return which products went on air and off, in order of time."""
    states = await product_reads.states(connection, session, metrics=("on_air",))
    return (await compute(sum(state.number() for state in states), changes_of, states)).changes


async def read_stock(
    connection: Connection,
    head: SessionHead,
    product: str | None = None,
    sold: Mapping[str, int] | None = None,
    *,
    every_stock: bool = False,
) -> Stock:
    """Return the stock of a session's products, or of one of them.

    Args:
        connection: to read with.
        head: of the session.
        product: the only one to read.
        sold: product → pieces, where they are known.
        every_stock: whether every change of a stock is wanted, or only those that decide when a product was sold out.
    """
    states = await product_reads.states(connection, head.id, product)
    number = sum(state.number() for state in states)
    found = await compute(number, changes_of, states, every_stock=every_stock, sold=sold)
    # One read of all minutes takes less than one of each stock's: most are reported again long before they run out.
    products = {report.state.key for report in found.lasting}
    by_minute = await product_reads.units_by_minute(connection, head.id, products) if products else {}
    pools = pools_of(found, by_minute)
    changes = found.changes
    if not pools:
        return Stock(changes, {}, {})
    windows = paid_windows(head, pools, [pool.pieces for pool in pools])
    paid = await product_reads.paid_units(connection, head.id, windows)
    emptied: list[StateChange] = []
    latest: dict[str, list[Pool]] = defaultdict(list)
    left: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for pool, (units, reached_at) in zip(pools, paid, strict=True):
        if pool.pieces > 0 and reached_at is not None:
            emptied.append(StateChange("stock", pool.product, pool.platform, reached_at, 0))
            if pool.report.until is not None and pool.report.following is not None:
                # Until the paid units used the stock up, the report that ends it was none of its turns.
                emptied.append(StateChange("stock", pool.product, pool.platform, pool.report.until, pool.report.following))
        if pool.sold.end == AFTER_ALL:
            latest[pool.product].append(pool)
            left[pool.product].append((max(0, pool.pieces - units), units))
    remaining = {
        code: Remaining(sum(pieces for pieces, _ in found), sum(units for _, units in found), estimated=False)
        for code, found in left.items()
    }
    changes = sorted([*changes, *emptied], key=attrgetter("at", "metric", "key", "platform"))
    return Stock(changes, remaining, latest)


def paid_windows(head: SessionHead, pools: Sequence[Pool], amounts: Sequence[int]) -> list[PaidWindow]:
    """Return for each pool the sales that are subtracted from it, with the amount whose moment is wanted."""
    selling = {*head.platforms, DIRECT}
    reporting: dict[str, set[str]] = defaultdict(set)
    for pool in pools:
        reporting[pool.product].add(pool.platform)
    charged = {
        (product, platform): charged_platforms(platform, platforms, selling)
        for product, platforms in reporting.items()
        for platform in platforms
    }
    return [
        PaidWindow(
            pool.product,
            charged[pool.product, pool.platform],
            amount,
            pool.sold.begin,
            pool.sold.end,
            # Of a stock that was reported again only the moment matters at which it ran out.
            summed=pool.sold.end == AFTER_ALL,
        )
        for pool, amount in zip(pools, amounts, strict=True)
    ]
