"""On Citus the tables are spread: by session, by brand, or as a copy on every node (TALLYLIGHT_TEST_CITUS_URL names a coordinator).

With that variable set every test runs on a distributed database of its own: `pytest tests/pipeline tests/catalogue` proves the
same sentences there. This file only proves that these databases are distributed at all.
"""

import asyncpg
import pytest

from app.storage.tables import metadata
from tests.databases import CITUS

pytestmark = pytest.mark.skipif(not CITUS, reason="TALLYLIGHT_TEST_CITUS_URL names no Citus")

LOCAL = {
    "parked",
    "parked_rooms",
    "dead_letters",
    "deliveries",
    "delivery_bindings",
    "platform_tokens",
    "sealed_keys",
    "settlements",
    "settlement_rates",
}
"""Queues and dead letters, which no query joins."""
BY_KEY = {
    "events", "members", "counters", "gauges", "orders", "spans", "customers", "voids", "voided_events", "import_events",
    "session_values", "refunds", "parcels", "rebuilds", "rebuild_events", "revisions", "cartons", "carton_orders", "marks",
}  # fmt: skip


async def test_the_tables_are_spread_over_the_nodes(database_url: str) -> None:
    """What grows lies by its key on the workers, the catalogue on every node, and nothing was forgotten."""
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch("SELECT logicalrelid::text AS name, partmethod::text AS method FROM pg_dist_partition")
    found: dict[str, str] = {row["name"]: row["method"] for row in rows}
    placed = await connection.fetchval(
        "SELECT count(DISTINCT nodeport) FROM citus_shards WHERE table_name = 'events'::regclass AND shard_size >= 0"
    )
    await connection.close()
    assert BY_KEY == {name for name, method in found.items() if method == "h"}
    assert set(metadata.tables) - BY_KEY - LOCAL == {name for name, method in found.items() if method == "n"}
    assert placed > 1
