"""The reads of a session with a million events, against the same reads of a session without any.

In: a server. Out: rows of the table. Never here: their SQL.
"""

import json
import statistics
from collections.abc import Iterator
from itertools import repeat

import asyncpg

from tests.bench.load import drive, get, post
from tests.bench.servers import KEY, World
from tests.bench.show import bodies

READS = {
    "kpis": "", "funnel": "< 50 ms", "funnel?by=platform": "< 50 ms", "funnel?by=product": "< 50 ms", "funnel?by=source": "< 50 ms",
    "sources": "< 50 ms", "hosts": "< 50 ms", "effects": "< 50 ms", "after-live": "< 50 ms", "targets": "< 50 ms",
    "products": "< 50 ms", "insights": "", "retention": "< 1 s",
}  # fmt: skip
"""What is read, and its goal."""
OF_BRAND = {"history": "< 50 ms", "hosts": "< 50 ms"}
TARGETS = {"gmv": "30000000.00", "viewers": 100_000, "orders": 50_000}
BATCH = 500
ROUNDS = 7
Row = tuple[str, str, str, str]


def posts(total: int, subject: str) -> Iterator[bytes]:
    """Yield the requests that send the show."""
    for body in bodies(total, subject, BATCH):
        yield post("/v1/events", body, KEY, "application/cloudevents-batch+json")


async def reads(here: World, total: int) -> list[Row]:
    """Load the show through the ordinary way in, let the database count its rows, and read alternately."""
    large, empty = here.session("reads", brand="reads"), here.session("empty", brand="empty")
    before = here.cpu()
    drive(here.port, posts(total, "wechat:reads"), 4)
    server, database = (1e6 * (now - then) / total for now, then in zip(here.cpu(), before, strict=True))
    connection = await asyncpg.connect(here.dsn)
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("UPDATE sessions SET targets = $1::text::jsonb", json.dumps(TARGETS))
    await connection.close()
    rows = [("a show sent in batches of 500: CPU per event", f"{server:.0f} + {database:.0f} µs", "", "server + database")]
    paths = [(name, goal, [f"/v1/sessions/{one}/{name}" for one in (large, empty)]) for name, goal in READS.items()]
    paths += [
        (f"brand's {name}", goal, [f"/v1/brands/{one}/{name}" for one in ("reads", "empty")]) for name, goal in OF_BRAND.items()
    ]
    return rows + [_row(here, name, goal, *pair) for name, goal, pair in paths]


def _row(here: World, name: str, goal: str, large: str, empty: str) -> Row:
    milliseconds: tuple[list[float], list[float]] = ([], [])
    spent = [0.0, 0.0]
    for number in range(ROUNDS + 1):
        for place, path in enumerate((large, empty)):
            before = here.cpu()
            load = drive(here.port, repeat(get(path, KEY), 1), 1)
            # The first of each, which plans the queries, is not counted.
            if number:
                milliseconds[place].append(1000 * load.seconds)
                if not place:
                    spent = [
                        sum(pair)
                        for pair in zip(spent, (now - then for now, then in zip(here.cpu(), before, strict=True)), strict=True)
                    ]
    ours, limit = (statistics.median(one) for one in milliseconds)
    server, database = (1000 * one / ROUNDS for one in spent)
    figures = f"CPU {server:.0f} + {database:.0f} ms; {ours / limit:.1f} times the same read of an empty session"
    return (f"/{name}" if "'" not in name else name, f"{ours:.0f} ms ({max(milliseconds[0]):.0f} at most)", goal, figures)
