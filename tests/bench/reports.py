"""The report of a large session against a plain count of its events.

In: a server with a session. Out: rows of the table. Never here: sending events.
"""

import statistics
import time
import urllib.request
from uuid import UUID

import asyncpg

from tests.bench.servers import KEY, World

ROUNDS = 5
Row = tuple[str, str, str, str]


def fetch(here: World, path: str) -> float:
    """Return the seconds from a request to the last byte of its response."""
    request = urllib.request.Request(f"http://127.0.0.1:{here.port}{path}", headers={"Authorization": f"Bearer {KEY}"})
    before = time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        answer.read()
    return time.perf_counter() - before


async def reports(here: World, session: str) -> list[Row]:
    """JSON, Excel and HTML alternately with the count; the first of each, which starts the render process, is not counted."""
    connection = await asyncpg.connect(here.dsn)
    kinds = {"report": "< 0.3 s", "report.xlsx": "< 3 s", "report.html": ""}
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    counts: list[float] = []
    events = 0
    for number in range(ROUNDS + 1):
        before = time.perf_counter()
        events = await connection.fetchval("SELECT count(*) FROM events WHERE session_id = $1", UUID(session))
        counts.append(time.perf_counter() - before)
        for kind in kinds:
            took = fetch(here, f"/v1/sessions/{session}/{kind}")
            if number:
                seconds[kind].append(took)
    orders = await connection.fetchval("SELECT count(*) FROM orders WHERE session_id = $1", UUID(session))
    await connection.close()
    count = statistics.median(counts)
    return [
        (
            f"/{kind} of {events:,} events and {orders:,} orders",
            f"{statistics.median(seconds[kind]):.2f} s ({max(seconds[kind]):.2f} at most)",
            goal,
            f"{statistics.median(seconds[kind]) / count:.1f} times SELECT count(*), {count * 1000:.0f} ms",
        )
        for kind, goal in kinds.items()
    ]
