"""On Citus the tables are spread: by session, by brand, or as a copy on every node (TALLYLIGHT_TEST_CITUS_URL names a coordinator).

With that variable set every test runs on a distributed database: `make citus` proves the same sentences there. This file only proves
that these databases are distributed, also those that were before the log had partitions, and what a flush costs them.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic import command

from app.catalogue.ids import new_id
from app.ingest.rebuilding.rebuild import compare
from app.service import Service, service_on
from app.storage.database import Database, open_database
from app.storage.event_log import log_partitions
from app.storage.operations import status_reads
from app.storage.queries import queries
from app.storage.schema import migrate
from app.storage.tables import metadata
from tests.databases import CITUS, SECRET, OwnSettings, new_database, nodes_of
from tests.ingest.sending import new_session, send

pytestmark = pytest.mark.skipif(not CITUS, reason="TALLYLIGHT_TEST_CITUS_URL names no Citus")

LOCAL = {
    "parked", "parked_rooms", "dead_letters", "deliveries", "delivery_bindings", "platform_tokens", "sealed_keys", "settlements",
    "settlement_rates", "audit_log", "channels", "channel_deliveries", "jobs",
}  # fmt: skip
"""Queues, dead letters, statements and the audit log, which no query joins with what is spread."""
BY_KEY = {
    "events", "members", "counters", "gauges", "orders", "spans", "customers", "voids", "voided_events", "import_events",
    "session_values", "refunds", "parcels", "rebuilds", "rebuild_events", "forgotten_orders", "revisions", "cartons", "carton_orders",
    "marks", "watched_sessions", "alerts", "movements",
}  # fmt: skip


async def spread(connection: asyncpg.Connection) -> dict[str, str]:
    """Return table → how it is spread: `h` by its key, `n` as a copy on every node; without tables of the coordinator alone."""
    rows = await connection.fetch(
        "SELECT logicalrelid::text AS name, partmethod::text AS method FROM pg_dist_partition WHERE (partmethod, repmodel) <> ('n', 's')"
    )
    return {row["name"]: row["method"] for row in rows}


async def test_databases_are_distributed_at_the_same_time(postgres: str) -> None:
    """Every process of a run distributes a database of its own, all of them when the run begins."""

    async def nodes() -> int:
        async with new_database(postgres, None, migrated=False) as dsn:
            connection = await asyncpg.connect(dsn)
            known: int = await connection.fetchval("SELECT count(*) FROM pg_dist_node")
            await connection.close()
            return known

    known = len(await nodes_of(postgres))
    assert [known] * 6 == await asyncio.gather(*(nodes() for _ in range(6)))


async def test_the_tables_are_spread_over_the_nodes(database_url: str) -> None:
    """What grows lies by its key on the workers, the catalogue on every node, and nothing was forgotten."""
    connection = await asyncpg.connect(database_url)
    found = await spread(connection)
    placed = await connection.fetchval("SELECT count(DISTINCT nodeport) FROM citus_shards WHERE table_name = 'events'::regclass")
    partitions = {one.name for one in await log_partitions.partitions(connection)} | {"events_other"}
    await connection.close()
    assert BY_KEY | partitions == {name for name, method in found.items() if method == "h"}
    assert set(metadata.tables) - BY_KEY - LOCAL == {name for name, method in found.items() if method == "n"}
    assert placed > 1


async def test_types_are_read_without_a_filter_for_shards(service: Service) -> None:
    """Each connection reads the catalogue for the types of its arrays: with Citus' filter that takes seconds. The status has no shards."""
    async with service.database.acquire() as connection:
        plan = [row[0] for row in await connection.fetch("EXPLAIN SELECT FROM pg_class")]
        names = {row.name for row in await status_reads.tables(connection, 1_000)}
        shards = {name for (name,) in await connection.fetch("SELECT shard_name(logicalrelid, shardid) FROM pg_dist_shard")}
    assert [] == [line for line in plan if "shard" in line]
    assert {"sessions", "events"} <= names - shards == names


async def distributed_at(database: Database, revision: str) -> None:
    """Migrate a database to a revision, and distribute the tables that it has, as `tallylight migrate` did then."""
    config = migrate._config()

    def migrate_and_distribute(connection: Any) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in queries("schema/distribute").values():
            known = statement.replace("name::regclass NOT IN", "to_regclass(name) NOT IN")
            connection.exec_driver_sql(known)

    async with database.maintenance() as connection:
        await connection.run_sync(migrate_and_distribute)
        await connection.commit()


async def _buyer_indexes(connection: asyncpg.Connection, *, valid: bool) -> int:
    """Return how many indexes of the buyers in the log, or in a part of it, all nodes have."""
    counted = (
        f"SELECT count(*) FROM pg_index WHERE indisvalid = {valid} AND indexrelid::regclass::text LIKE 'events%session_id_buyer%'"
    )
    rows = await connection.fetch("SELECT result FROM run_command_on_all_nodes($1)", counted)
    return sum(int(row["result"]) for row in rows)


async def test_a_distributed_log_becomes_partitions(postgres: str, tmp_path: Path) -> None:
    """From the version before: its events stay on their nodes, further ones follow them, and the next months are made."""
    async with new_database(postgres, None, migrated=False) as dsn:
        settings = OwnSettings(database_url=dsn, secret_key=SECRET, data_dir=tmp_path)
        database = await open_database(settings)
        await distributed_at(database, "0035")
        connection = await asyncpg.connect(dsn)
        former = [new_id() for _ in range(20)]
        for session in former:
            await connection.execute(
                "INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data) "
                "VALUES ($1, '\\x01', '1', '//test', 'live.like.sent', 'wechat', 'r', $2, $2, '{}')", session, datetime.now(UTC),
            )  # fmt: skip
        placements = "SELECT shardid, nodeport FROM citus_shards WHERE table_name = $1::text::regclass ORDER BY 1"
        before = await connection.fetch(placements, "events")
        assert migrate.head() == await migrate.upgrade(database)
        found = await spread(connection)
        (old,) = (name for name in found if name.startswith("events_before"))
        assert {"h"} == {found["events"], found[old], found["events_other"]}
        assert before == await connection.fetch(placements, old)
        assert len(former) == await connection.fetchval(f"SELECT count(*) FROM {old}")
        assert [] == await migrate.drift(database.engine)
        assert await _buyer_indexes(connection, valid=True) > await connection.fetchval(
            f"SELECT count(*) FROM ({placements}) AS p", old
        )
        assert 0 == await _buyer_indexes(connection, valid=False)
        async with service_on(database, settings) as service:
            session = await new_session(service)
            like = ("live.like.sent", {"count": 1})
            for _ in range(2):
                receipt = await send(service, session, [like] * 3)
            assert (0, 3) == (receipt["accepted"], receipt["duplicates"])
            assert [] == await compare(database, settings, session)
        async with connection.transaction():
            await log_partitions.add_month(connection, datetime(2031, 1, 1, tzinfo=UTC), distributed=True)
        assert "h" == (await spread(connection))["events_2031_01"]
        await connection.close()
        await database.close()
