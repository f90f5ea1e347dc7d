"""The packing list of a session with many orders.

In: a server. Out: rows of the table. Never here: which pieces are packed.
"""

import json
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.bench.load import drive, post
from tests.bench.reports import fetch
from tests.bench.servers import KEY, World

ORDERS = 100_000
ROUNDS = 3
_BATCH = 500
_BATCH_TYPE = "application/cloudevents-batch+json"
_BEGAN = datetime(2021, 9, 25, 6, 0, tzinfo=UTC)
Row = tuple[str, str, str, str]


def _events(session: str) -> Iterator[dict[str, Any]]:
    """Yield orders of two lines, of whose buyers some come again; every tenth has a piece refunded."""

    def event(kind: str, number: int, data: dict[str, Any]) -> dict[str, Any]:
        time = (_BEGAN + timedelta(milliseconds=70 * number)).isoformat()
        return {"specversion": "1.0", "id": f"packing-{kind}-{number}", "source": "//bench", "type": f"live.order.{kind}",
                "subject": session, "time": time, "data": {"order": f"p-{number}"} | data}  # fmt: skip

    for number in range(ORDERS):
        lines = [{"product": f"p-{(number * part) % 200}", "sku": "M", "quantity": part, "amount": "500.00"} for part in (1, 2)]
        yield event("paid", number, {"buyer": f"b-{number % 70_000}", "currency": "CNY", "amount": "1000.00", "lines": lines})
        if number % 10 == 0:
            yield event("refunded", number, {"refund": f"r-{number}", "amount": "500.00", "lines": lines[:1]})


async def packing(here: World) -> list[Row]:
    """JSON and workbook; the first of each, which starts the render process, is not counted."""
    session = here.session("packing")
    chunk = list(_events(session))
    bodies = [json.dumps(chunk[first : first + _BATCH]).encode() for first in range(0, len(chunk), _BATCH)]
    drive(here.port, (post("/v1/events", body, KEY, _BATCH_TYPE) for body in bodies), 4)
    connection = await asyncpg.connect(here.dsn)
    orders = await connection.fetchval("SELECT count(*) FROM orders WHERE session_id = $1", UUID(session))
    await connection.close()
    assert ORDERS == orders
    rows = []
    for kind, goal in (("packing-list", "< 2 s"), ("packing-list.xlsx", "")):
        path = f"/v1/sessions/{session}/{kind}"
        fetch(here, path)
        memory, before = here.server.memory_info().rss, here.cpu()
        seconds = [fetch(here, path) for _ in range(ROUNDS)]
        spent = [(now - then) / ROUNDS for now, then in zip(here.cpu(), before, strict=True)]
        grown = (here.server.memory_info().rss - memory) / 2**20
        rows.append(
            (
                f"/{kind} of {ORDERS:,} orders",
                f"{statistics.median(seconds):.2f} s ({max(seconds):.2f} at most)",
                goal,
                f"CPU {spent[0]:.2f} + {spent[1]:.2f} s; the server grew by {grown:.0f} MiB",
            )
        )
    return rows
