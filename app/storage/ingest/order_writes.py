"""Queries that write orders: their rows, refunds and parcels.

In: rows in columns. Out: the rows before and after. Never here: what the rows mean, commits.
"""

from collections.abc import Sequence
from typing import Any

from app.storage.ingest.unprocessed_writes import UnprocessedQueries
from app.storage.joined import SEPARATOR, columns, indexed, joined, joined_keys, joined_optional
from app.storage.queries import queries, statement

_FACTS = queries("ingest/order_facts")
_ADD_REFUNDS = statement("ingest/order_facts", "add_refunds")
_MERGE = statement("ingest/fold", "merge_orders")


OrderColumns = tuple[Any, ...]
"""21 columns in the order of `orders` in fold.sql, moments in microseconds since 1970; in the place of the buyer's arrival, the
member that the buyer is as a viewer (16 bytes), or None."""


class OrderQueries(UnprocessedQueries):
    """Writes orders too. Rows are sorted by key, so that two writers lock them in the same order."""

    async def merge_orders(self, rows: Sequence[OrderColumns]) -> None:
        """Merge orders."""
        await self.connection.execute(*merged_orders(rows))

    async def add_refunds(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Merge refunds, 11 columns as in order_facts.sql.

        Returns the key, then single, total, total_at, first_at after the change, then the same before it.
        """
        sessions, platforms, orders, keys, singles, amounts, totals, ranks, total_keys, total_at, first_at = columns(rows, 11)
        added = _ADD_REFUNDS(
            sessions=sessions, platforms=platforms, orders=orders, keys=keys, singles=singles, single_amounts=amounts,
            totals=totals, total_ranks=ranks, total_keys=total_keys, total_at=total_at, first_at=first_at,
        )  # fmt: skip
        return [tuple(row) for row in await self.connection.fetch(*added)]

    async def drop_empty_refunds(self, keys: Sequence[Sequence[Any]]) -> None:
        """Remove those of these rows, (session, platform, order, product), from which all was taken back."""
        await self.connection.fetch(_FACTS["drop_empty_refunds"], *columns(keys, 4))

    async def add_parcels(self, rows: list[tuple[Any, ...]]) -> None:
        """Merge parcels: (session, platform, order, digest, carrier, tracking, shipped_at, accepted_at)."""
        await self.connection.execute(_FACTS["add_parcels"], *columns(rows, 8))


def merged_orders(rows: Sequence[OrderColumns]) -> tuple[Any, ...]:
    """Return the statement that merges orders, with its arguments."""
    (
        sessions, platforms, orders, ranks, told_at, told_keys, buyers, amounts, lines, refunded, placed, paid, cancelled,
        refunded_at, shipped, shipped_keys, carriers, trackings, delivered, entrants, counted,
    ) = columns(rows, 21)  # fmt: skip
    pairs, places = indexed(zip(sessions, platforms, strict=True))
    scope_sessions, scope_platforms = columns(pairs, 2)
    return _MERGE(
        sessions=scope_sessions, platforms=scope_platforms, scopes=places, orders=orders, ranks=joined(ranks),
        told_at=joined(told_at),
        # The prefix distinguishes one empty key from no key.
        told_keys="=" + f"{SEPARATOR}=".join(key.hex() for key in told_keys),
        buyers=buyers, amounts=joined_optional(amounts), lines=SEPARATOR.join(text or "" for text in lines),
        refunded_amounts=joined(refunded), placed_at=joined_optional(placed), paid_at=joined_optional(paid),
        cancelled_at=joined_optional(cancelled), refunded_at=joined_optional(refunded_at),
        shipped_at=joined_optional(shipped), shipped_keys=joined_keys(shipped_keys), carriers=carriers, trackings=trackings,
        delivered_at=joined_optional(delivered), entrants=joined_keys(entrants), buyers_counted=counted,
    )  # fmt: skip
