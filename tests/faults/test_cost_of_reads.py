"""The cost of every read is linear: four times the rows take less than six times the time.

Each dimension that a sender can grow (products, orders, traffic sources, rooms, minutes, showcases, stock changes, promotions)
is grown alone, once to n and once to 4 n, and every read of a session is timed on both. The short form (without
TALLYLIGHT_FAULTS=full) grows them a quarter as far.
"""

import os
import time

import httpx
import pytest

from app.service import Service
from tests.faults.growth import GROWN, products, session_of

LIMIT = 6.0
FULL = os.environ.get("TALLYLIGHT_FAULTS") == "full"
ROUNDS = 4 if FULL else 2
"""The least of so many measurements of a small read counts: a busy machine makes a read slower, never faster."""
MOST_ROUNDS = 12
"""Measurements of a read that goes on to look too slow."""
QUICK = 0.01
"""Seconds below which a read is constant work and noise."""

READS = (
    "kpis",
    "products",
    "timeline",
    "showcases",
    "audience",
    "effects",
    "after-live",
    "retention",
    "sources",
    "funnel?by=source",
    "funnel?by=product",
    "insights",
    "report",
    "orders",
    "charts/timeline",
    "charts/funnel",
    "charts/platforms",
    "charts/sources",
    "charts/products",
    "lineup",
    "promotions",
    "streams",
    "notes",
    "alerts",
    "/v1/events?session={session}",
    "/v1/comparison?sessions={session},{other}",
    "/v1/brands/{brand}/history",
    "/v1/sessions?brand={brand}",
    "/v1/products?brand={brand}",
)
"""Paths below a session, and others that a session's rows could slow down."""


def url_of(path: str, session: str, other: str, brand: str) -> str:
    """Return the URL of a read."""
    if path.startswith("/"):
        return path.format(session=session, other=other, brand=brand)
    return f"/v1/sessions/{session}/{path}" + ("?limit=200" if path in {"orders", "promotions"} else "")


async def seconds_of(client: httpx.AsyncClient, path: str) -> float:
    """Return how long a read takes."""
    began = time.perf_counter()
    answer = await client.get(path)
    took = time.perf_counter() - began
    assert 200 == answer.status_code, f"{path}: {answer.text[:300]}"
    return took


async def worst_ratio(client: httpx.AsyncClient, small: str, large: str) -> float:
    """Return the time of the large read over that of the small one; measured again while it looks too slow.

    A large read that is quick enough beside `QUICK` is so beside any small one, which is then not measured.
    """
    least_small, least_large = float("inf"), await seconds_of(client, large)
    for _ in range(MOST_ROUNDS):
        if least_large < LIMIT * QUICK:
            break
        for _ in range(ROUNDS):
            least_small = min(least_small, await seconds_of(client, small))
        if least_large < LIMIT * max(least_small, QUICK):
            break
        least_large = min(least_large, await seconds_of(client, large))
    return least_large / max(least_small, QUICK)


@pytest.mark.usefixtures("database_url")  # rows that earlier tests deleted would be read too
@pytest.mark.parametrize("name", GROWN)
async def test_four_times_the_rows_take_less_than_six_times_the_time(
    client: httpx.AsyncClient, service: Service, name: str
) -> None:
    """For every read of a session, and for the snapshot that the event stream sends."""
    grow, count = GROWN[name]
    count = count if FULL else count // 4
    small = await session_of(client, name, grow, count)
    large = await session_of(client, name, grow, 4 * count)
    async with service.database.acquire() as connection:
        await connection.execute("ANALYZE")
    idle = await session_of(client, "idle", products, 1)
    ratios = {
        path: await worst_ratio(
            client,
            url_of(path, small, idle, f"brand-{name}-{count}"),
            url_of(path, large, idle, f"brand-{name}-{4 * count}"),
        )
        for path in READS
    }
    assert {} == {path: round(ratio, 1) for path, ratio in ratios.items() if ratio >= LIMIT}
