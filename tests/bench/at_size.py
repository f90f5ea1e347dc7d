"""Benchmark of a database that is large already: what ingest and the reads cost beside many finished sessions.

In: the server. Out: rows of the table. Never here: the way in: one session is written by the server, and its rows are copied to as many
others as the size asks for, in every table that has a session.
"""

import itertools
import json
import statistics
import time
from datetime import UTC, datetime, timedelta

import asyncpg

from tests.bench.load import drive, get, post
from tests.bench.servers import KEY, World
from tests.bench.telemetry import events

PER_SESSION = 10_000
SESSIONS_AT_ONCE = 50
BATCH = 500
ROUNDS = 5
ROUND_EVENTS = 20_000
READS = 40
_BATCH_TYPE = "application/cloudevents-batch+json"
_OWN = {"sessions", "streams"}
_OF_SESSION = ("kpis", "products", "timeline", "sources", "funnel", "after-live", "insights", "alerts", "report")
_START = datetime(2021, 9, 25, 5, tzinfo=UTC)
Row = tuple[str, str, str, str]


def _send(here: World, room: str, seed: int, first: int, count: int) -> float:
    """Send events in batches; return the events per second."""
    chunk = list(events(first, count, 10_000_000 if count > PER_SESSION else count, f"wechat:{room}", seed=seed))
    bodies = [
        post("/v1/events", json.dumps(chunk[start : start + BATCH]).encode(), KEY, _BATCH_TYPE)
        for start in range(0, count, BATCH)
    ]
    return count / drive(here.port, iter(bodies), 4).seconds


def _milliseconds(here: World, path: str, reads: int = READS) -> float:
    """Return the median time of a read."""
    load = drive(here.port, itertools.repeat(get(path, KEY), reads), 1)
    return load.percentile(0.5)


class _Copies:
    """Copies of one session."""

    def __init__(self, connection: asyncpg.Connection, session: str) -> None:
        self._connection, self._session = connection, session

    async def grow(self, sessions: int) -> None:
        """Copy the session so often, a week apart from each other, and let the statistics know."""
        tables = await self._connection.fetch(
            "SELECT table_name AS name, array_agg(quote_ident(column_name) ORDER BY ordinal_position) AS columns "
            "FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name) "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER' GROUP BY 1 "
            "HAVING bool_or(column_name = 'session_id') AND NOT table_name = ANY($1)", [*_OWN, "bare"],
        )  # fmt: skip
        await self._connection.execute("SET session_replication_role = replica")
        for first in range(0, sessions, SESSIONS_AT_ONCE):
            ids = [await self._session_of(number) for number in range(first, min(sessions, first + SESSIONS_AT_ONCE))]
            for table in tables:
                taken = ", ".join("copies.id" if name == "session_id" else f"o.{name}" for name in table["columns"])
                await self._connection.execute(
                    f"INSERT INTO {table['name']} ({', '.join(table['columns'])}) OVERRIDING SYSTEM VALUE "
                    f"SELECT {taken} FROM {table['name']} o CROSS JOIN unnest($2::uuid[]) AS copies (id) "
                    "WHERE o.session_id = $1 ON CONFLICT DO NOTHING",
                    self._session, ids,
                )  # fmt: skip
        await self._connection.execute("VACUUM ANALYZE")

    async def _session_of(self, number: int) -> str:
        at = _START - timedelta(days=number % 1500, minutes=number)
        row = await self._connection.fetchrow("SELECT * FROM sessions WHERE id = $1", self._session)
        assert row is not None
        values = dict(row) | {
            "title": f"show {number}",
            "scheduled_at": at,
            "started_at": at,
            "ended_at": at + timedelta(hours=2),
        }
        # The ids of sessions are ordered by time, as those that the server gives.
        values["id"] = await self._connection.fetchval("SELECT uuidv7($1::interval)", at - datetime.now(UTC))
        names = list(values)
        await self._connection.execute(
            f"INSERT INTO sessions ({', '.join(names)}) VALUES ({', '.join(f'${n}' for n in range(1, len(names) + 1))})",
            *values.values(),
        )
        return str(values["id"])


async def at_size(here: World, total: int) -> list[Row]:
    """Measure ingest and reads before and after the database has grown to `total` events."""
    template = here.session("template")
    _send(here, "template", 40, 0, PER_SESSION)
    live = here.session("live")
    reads = {
        **{f"/{name}": f"/v1/sessions/{live}/{name}" for name in _OF_SESSION},
        "list of sessions": "/v1/sessions?limit=50",
        "comparison of two sessions": f"/v1/comparison?sessions={live},{template}",
        "month of the agency": "/v1/months/2021-09",
        "history of the brand": "/v1/brands/bench/history",
    }
    numbers = itertools.count(0, ROUND_EVENTS)
    rates = [[_send(here, "live", 41, next(numbers), ROUND_EVENTS) for _ in range(ROUNDS)]]
    times = [{name: _milliseconds(here, path) for name, path in reads.items()}]
    connection = await asyncpg.connect(here.dsn)
    began = time.perf_counter()
    try:
        await _Copies(connection, template).grow(total // PER_SESSION)
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
    finally:
        await connection.close()
    filled = time.perf_counter() - began
    rates.append([_send(here, "live", 41, next(numbers), ROUND_EVENTS) for _ in range(ROUNDS)])
    times.append({name: _milliseconds(here, path) for name, path in reads.items()})
    few, many = (statistics.median(rate) for rate in rates)
    name = f"batches beside {total:,} events of {total // PER_SESSION:,} sessions, against an empty database"
    rows = [
        (name, f"{many / few:.2f}", "≥ 0.9", f"{many:,.0f} against {few:,.0f} rows/s; {size / 2**30:.1f} GiB, {filled:.0f} s")
    ]
    for what, path in reads.items():
        before, after = times[0][what], times[1][what]
        # What belongs to one session depends on that alone, whose events have doubled meanwhile; lists, months and a brand's
        # history have more to read.
        goal = "≤ 3" if path.startswith(f"/v1/sessions/{live}") else ""
        rows.append((f"  {what}, time", f"{after / before:.2f}", goal, f"{after:.1f} ms against {before:.1f} ms"))
    return rows
