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
    "kpis": None, "funnel": 50, "funnel?by=platform": 50, "funnel?by=product": 50, "funnel?by=source": 50, "sources": 50, "hosts": 50,
    "effects": 50, "after-live": 50, "targets": 50, "products": 50, "timeline": 50, "insights": 50, "retention": 1000,
}  # fmt: skip
"""What is read, and its goal in milliseconds."""
OF_BRAND = {"history": 50, "hosts": 50}
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
    return rows + [row for name, goal, pair in paths for row in _rows(here, name, goal, *pair)]


def _rows(here: World, name: str, goal: int | None, large: str, empty: str) -> list[Row]:
    """Return the time of a read, and what of it is CPU, both against the goal."""
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
    limits = "" if goal is None else f"< {goal} ms"

    def against(figure: float) -> str:
        return f"{figure:.0f} ms" if goal is None else f"{figure:.0f} ms, {figure / goal:.2f} of the goal"

    figures = f"{max(milliseconds[0]):.0f} ms at most; {ours / limit:.1f} times the same read of an empty session"
    return [
        (f"/{name}" if "'" not in name else name, against(ours), limits, figures),
        ("  CPU", against(server + database), limits, f"{server:.0f} + {database:.0f} ms, server + database"),
    ]
