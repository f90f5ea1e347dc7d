"""Queries that merge what a flush adds to sums, samples and orders: tables that each new event adds to, whatever was in them.

In: rows in columns. Out: changed rows, in one round trip. Never here: what the rows mean, commits.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.storage.ingest.movement_writes import MovementColumns, added_movements
from app.storage.ingest.order_writes import OrderColumns, OrderQueries, merged_orders
from app.storage.joined import SEPARATOR, columns, indexed, joined
from app.storage.queries import statement, together

_ADD_COUNTERS = statement("ingest/fold", "add_counters")
_MERGE_SAMPLES = statement("ingest/fold", "merge_samples")

CounterColumns = tuple[UUID, int, str, int, str, str, int, int, str | None]
"""session, grain, key, bucket in microseconds since 1970, platform, metric, value, contributions, and the seconds of a minute:
parts `second:value:contributions` with commas, or None."""
SampleColumns = tuple[Any, ...]
"""session, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest."""


class MergeQueries(OrderQueries):
    """Merges rows. They are sorted by key, so that two writers lock them in the same order."""

    async def merge(
        self,
        orders: Sequence[OrderColumns],
        samples: Sequence[SampleColumns],
        counters: Sequence[CounterColumns],
        movements: Sequence[MovementColumns] = (),
    ) -> None:
        """Merge rows of these tables in one statement; movements are added.

        Sums come last: every flush of a session locks these rows, so they are locked for the shortest time.
        """
        found = []
        if movements:
            found.append(added_movements(movements))
        if orders:
            found.append(merged_orders(orders))
        if samples:
            found.append(_merged_samples(samples))
        if counters:
            found.append(_added_counters(counters))
        if len(found) == 1:
            await self.connection.execute(*found[0])
        elif found:
            await self.connection.execute(together(*(sql for sql, *_ in found)), *(one for _, *values in found for one in values))

    async def add_counters(self, rows: Sequence[CounterColumns]) -> None:
        """Add to sums."""
        await self.connection.execute(*_added_counters(rows))

    async def add_movements(self, rows: Sequence[MovementColumns]) -> None:
        """Add the entries and exits that were appended to the log."""
        await self.connection.execute(*added_movements(rows))

    async def merge_samples(self, rows: Sequence[SampleColumns]) -> None:
        """Merge samples."""
        await self.connection.execute(*_merged_samples(rows))


def _added_counters(rows: Sequence[CounterColumns]) -> tuple[Any, ...]:
    sessions, grains, keys, buckets, platforms, metrics, values, contributions, seconds = columns(rows, 9)
    pairs, places = indexed(zip(sessions, platforms, strict=True))
    scope_sessions, scope_platforms = columns(pairs, 2)
    # The prefix distinguishes one empty key from no key.
    keyed = "=" + f"{SEPARATOR}=".join(keys)
    return _ADD_COUNTERS(
        sessions=scope_sessions, platforms=scope_platforms, scopes=places, grains=joined(grains), keys=keyed,
        buckets=joined(buckets), metrics=SEPARATOR.join(metrics), values=joined(values), contributions=joined(contributions),
        seconds=SEPARATOR.join([parts or "" for parts in seconds]),
    )  # fmt: skip


def _merged_samples(rows: Sequence[SampleColumns]) -> tuple[Any, ...]:
    sessions, grains, keys, buckets, platforms, rooms, metrics, latest, latest_at, latest_keys, highest = columns(rows, 11)
    return _MERGE_SAMPLES(
        sessions=sessions, grains=grains, keys=keys, buckets=buckets, platforms=platforms, rooms=rooms, metrics=metrics,
        latest=latest, latest_at=latest_at, latest_keys=latest_keys, highest=highest,
    )  # fmt: skip
