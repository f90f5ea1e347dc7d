"""The log becomes partitions while ingest goes on: nothing is copied, no event is lost, and ingest waits for moments only.

The short form (without TALLYLIGHT_FAULTS=full) has some thousand events in the log, the long one five million.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.ingest.rebuilding.rebuild import compare
from app.service import service_on
from app.storage.database import Database, open_database
from app.storage.schema import migrate
from tests.databases import new_database, plain_only
from tests.faults.conftest import FULL, settings_for
from tests.ingest.sending import new_session, send

pytestmark = plain_only("tests/pipeline/test_citus.py partitions a distributed log")

EVENTS = 5_000_000 if FULL else 5_000
SESSIONS = 50
LONGEST_SECONDS = 5.0
"""No more than a few tries for the lock; a copy of the log would take longer."""

FILL = """
INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data)
SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - 86400000::bigint * (n % $2::int)), 12, '0') || '70008000000000000000')::uuid,
       decode(md5(n::text), 'hex'), n::text, '//test', CASE n % 10 WHEN 0 THEN 'live.comment.posted' ELSE 'live.like.sent' END, 'wechat', 'room',
       now() - n * interval '1 millisecond', now(), json_build_object('viewer', md5((n % 5000)::text), 'text', md5(n::text))
FROM generate_series(1, $1::int) AS n
"""
FILES = """
SELECT c.relfilenode FROM pg_class c WHERE c.oid = $1::regclass
UNION ALL
SELECT c.relfilenode FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1::regclass
ORDER BY 1
"""


async def upgrade_to(database: Database, revision: str) -> None:
    """Migrate to a revision, as `migrate.upgrade` does to the newest."""
    config = migrate._config()
    async with database.maintenance() as connection:
        config.attributes["connection"] = connection.sync_connection
        await connection.run_sync(lambda _: command.upgrade(config, revision))
        await connection.commit()


async def apply_ahead(database: Database, revision: str) -> None:
    """Apply one migration alone, which the present code needs to ingest and which may come twice."""
    script = ScriptDirectory.from_config(migrate._config()).get_revision(revision)

    def apply(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            script.module.upgrade()

    async with database.maintenance() as connection:
        await connection.run_sync(apply)
        await connection.commit()


async def test_the_log_is_partitioned_while_ingest_goes_on(postgres: str, tmp_path: Path) -> None:
    """Beside a writer, and a reader that holds the log for a while: every event is accepted once, and the files are the same."""
    async with new_database(postgres, None) as dsn:
        settings = settings_for(dsn, tmp_path)
        database = await open_database(settings)
        await upgrade_to(database, "0039")
        await apply_ahead(database, "0047")
        connection = await asyncpg.connect(dsn)
        await connection.execute(FILL, EVENTS, SESSIONS, timeout=1800)
        await connection.execute("VACUUM ANALYZE events", timeout=1800)
        before = {row["relfilenode"] for row in await connection.fetch(FILES, "events")}
        longest, sent, stopped = 0.0, 0, asyncio.Event()
        async with service_on(database, settings) as service:
            session = await new_session(service)

            async def load() -> None:
                nonlocal longest, sent
                while not stopped.is_set():
                    began = time.monotonic()
                    receipt = await send(service, session, [("live.like.sent", {"viewer": f"v{sent}"})] * 10, first=sent)
                    longest = max(longest, time.monotonic() - began)
                    assert (10, 0) == (receipt["accepted"], receipt["duplicates"])
                    sent += 10

            async def read() -> None:
                """Hold the log, so that the migration has to try more than once."""
                reader = await asyncpg.connect(dsn)
                async with reader.transaction():
                    await reader.fetch("SELECT FROM events LIMIT 1")
                    await asyncio.sleep(1)
                await reader.close()

            loading, reading = asyncio.create_task(load()), asyncio.create_task(read())
            began = time.monotonic()
            await migrate.upgrade(database)
            took = time.monotonic() - began
            await reading
            stopped.set()
            await loading
            assert [] == await compare(database, settings, session)
        partitions = [
            row["name"]
            for row in await connection.fetch("SELECT relid::text AS name FROM pg_partition_tree('events') WHERE isleaf")
        ]
        (old,) = [name for name in partitions if "before" in name]
        # One index is new since: 0049 makes it beside ingest.
        assert (set(), 1) == (
            before - (after := {row["relfilenode"] for row in await connection.fetch(FILES, old)}),
            len(after - before),
        )
        assert EVENTS + sent == await connection.fetchval("SELECT count(*) FROM events", timeout=600)
        assert EVENTS + sent == await connection.fetchval(f"SELECT count(*) FROM {old}", timeout=600)
        assert [] == await migrate.drift(database.engine)
        await connection.close()
        await database.close()
    print(f"{EVENTS} events, {took:.1f} s, {sent} events meanwhile, longest wait {longest:.3f} s")
    assert longest < LONGEST_SECONDS
    assert sent > 0


async def test_a_log_with_foreign_ids_is_named_and_left_as_it_is(postgres: str, tmp_path: Path) -> None:
    """An id that is not made by time has no month."""
    async with new_database(postgres, None) as dsn:
        database = await open_database(settings_for(dsn, tmp_path))
        await upgrade_to(database, "0035")
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            "INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data) "
            "VALUES ('ffffffff-0000-4000-8000-000000000000', '\\x01', '1', 's', 't', 'p', 'r', $1, $1, '{}')", datetime.now(UTC),
        )  # fmt: skip
        with pytest.raises(RuntimeError, match="Delete these sessions first"):
            await upgrade_to(database, "0039")
        assert "0035" == await migrate.current(database.engine)
        await connection.close()
        await database.close()
