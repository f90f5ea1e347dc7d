"""Plans of reads, where the tables of sums are large: an index's range of one session, and never the rows of all.

PostgreSQL 18 prices a scan that skips columns of a key by the combinations of all their values in the table, up to a third of the
index's pages, and a scan of the whole table by several processes below that, although the first reads a few hundred rows. With
20,000,000 events `/kpis` took two seconds by it.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import app.storage
from app.storage.database import ONE_PLAN
from app.storage.pool.connector import SERVER_SETTINGS
from app.storage.queries import queries, statement
from tests.databases import plain_only

pytestmark = plain_only("Citus plans on its nodes")

STORAGE = Path(app.storage.__file__).parent
OF_ONE_SESSION = ("kpis", "live", "reports", "ingest")
LARGE = ("counters", "gauges")
_FILL = """
INSERT INTO counters (session_id, grain, key, bucket, platform, metric, value, contributions)
SELECT session, grain, key, bucket, 'wechat', metric, 1, 1
FROM (SELECT gen_random_uuid() AS session FROM generate_series(1, 25)) AS sessions
CROSS JOIN (
    SELECT grain, CASE WHEN key = 0 THEN '' ELSE 'knit-' || key END AS key,
           CASE WHEN grain = 0 THEN 'epoch' ELSE timestamptz '2021-09-25 05:00Z' + bucket * interval '20 seconds' END AS bucket, metric
    FROM generate_series(0, 11) AS key
    CROSS JOIN unnest(ARRAY['gmv', 'units_sold', 'arrivals', 'product_clicks', 'orders']) AS metric
    CROSS JOIN unnest(ARRAY[0, 60]) AS grain
    CROSS JOIN generate_series(0, 249) AS bucket
    WHERE grain > 0 OR bucket = 0
) AS rows;
INSERT INTO gauges (session_id, grain, key, bucket, platform, room, metric, latest, latest_at, latest_key, highest)
SELECT session_id, grain, key, bucket, platform, 'r', metric, 1, bucket, '\\x00', 1 FROM counters;
-- PostgreSQL considers skipping where the combinations that it skips are fewer than a third of the pages.
ALTER INDEX counters_pkey SET (fillfactor = 30);
REINDEX INDEX counters_pkey;
ALTER INDEX gauges_pkey SET (fillfactor = 30);
REINDEX INDEX gauges_pkey;
ANALYZE counters;
ANALYZE gauges;
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with large tables of sums and samples, with the settings of the server's."""
    opened = await asyncpg.connect(database_url, server_settings=SERVER_SETTINGS | ONE_PLAN)
    transaction = opened.transaction()
    await transaction.start()
    await opened.execute(_FILL)
    yield opened
    await transaction.rollback()
    await opened.close()


def scanned(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the tables that a plan reads from one end to the other."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scanned(part)


async def test_no_read_of_a_session_scans_the_sums_of_all(connection: asyncpg.Connection) -> None:
    """Every named statement of these packages that reads sums or samples."""
    found, read = {}, 0
    for path in sorted(path for package in OF_ONE_SESSION for path in (STORAGE / package).rglob("*.sql")):
        file = path.relative_to(STORAGE).with_suffix("").as_posix()
        for name in queries(file):
            sql = statement(file, name).sql
            if "session_id" not in sql or "pg_temp" in sql or not any(f" {table}" in sql for table in LARGE):
                continue
            # The driver sends a value for each parameter of a text; a prepared statement has its own.
            await connection.execute(f"PREPARE planned AS {sql}")
            number = max(map(int, re.findall(r"\$(\d+)", sql)))
            [[text]] = await connection.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE planned({', '.join(['NULL'] * number)})")
            await connection.execute("DEALLOCATE planned")
            read += 1
            if tables := {table for table in scanned(json.loads(text)[0]["Plan"]) if table in LARGE}:
                found[f"{file} {name}"] = tables
    assert {} == found
    assert read > 30
