"""A read of a large session makes no other request wait: at most 250 ms beside 10,000 product codes without a line-up."""

import asyncio
import time

import httpx
import pytest

from tests.faults.growth import products, session_of

LONGEST = 0.25
"""Seconds."""
PRODUCTS = 10_000
READS = ("products", "report", "insights", "charts/products", "timeline", "alerts")


async def longest_wait(client: httpx.AsyncClient, path: str, until: asyncio.Event) -> float:
    """Return the longest time that a small read took until an event is set."""
    longest = 0.0
    while not until.is_set():
        began = time.perf_counter()
        answer = await client.get(path)
        longest = max(longest, time.perf_counter() - began)
        assert 200 == answer.status_code, answer.text
        await asyncio.sleep(0.002)
    return longest


@pytest.fixture
async def sessions(client: httpx.AsyncClient) -> tuple[str, str]:
    """A session with very many products, and a small one of another brand."""
    large = await session_of(client, "large", products, PRODUCTS)
    small = await session_of(client, "small", products, 3)
    return large, small


async def test_no_read_of_a_large_session_makes_another_wait(client: httpx.AsyncClient, sessions: tuple[str, str]) -> None:
    """Each read is repeated while it looks too slow: a busy machine makes a wait longer, never shorter."""
    large, small = sessions
    waits = {}
    for path in READS:
        waits[path] = float("inf")
        for _ in range(4):
            done = asyncio.Event()
            waiting = asyncio.create_task(longest_wait(client, f"/v1/sessions/{small}/kpis", done))
            answer = await client.get(f"/v1/sessions/{large}/{path}")
            done.set()
            waits[path] = min(waits[path], await waiting)
            assert 200 == answer.status_code, answer.text
            assert len(answer.content) < 2_000_000
            if waits[path] < LONGEST:
                break
    assert {} == {path: round(wait, 3) for path, wait in waits.items() if wait >= LONGEST}
