"""The statement of a session with many orders, which its platform has settled.

In: a server. Out: rows of the table. Never here: the release of the session, which is measured with the reports.
"""

import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.bench.load import drive, post
from tests.bench.servers import KEY, World

ORDERS = 100_000
ROUNDS = 5
_BATCH = 500
_BATCH_TYPE = "application/cloudevents-batch+json"
_BEGAN = datetime(2021, 9, 25, 6, 0, tzinfo=UTC)
Row = tuple[str, str, str, str]


def _events(session: str) -> Iterator[dict[str, Any]]:
    def event(kind: str, number: int, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
        return {"specversion": "1.0", "id": f"{kind}-{number}", "source": "//bench", "type": f"live.{kind}", "subject": session,
                "time": at.isoformat(), "data": data}  # fmt: skip

    yield event("session.started", 0, _BEGAN, {})
    for number in range(ORDERS):
        order, at = f"o-{number}", _BEGAN + timedelta(milliseconds=70 * number)
        lines = [{"product": f"knit-{number % 8:02d}", "quantity": 1, "amount": "1099.00"}]
        yield event(
            "order.paid",
            number,
            at,
            {"order": order, "buyer": f"b-{number}", "currency": "CNY", "amount": "1099.00", "lines": lines},
        )
        fees = [{"kind": "platform_commission", "amount": "10.99"}]
        yield event("order.settled", number, at + timedelta(days=9), {"order": order, "amount": "1088.01", "fees": fees})
    yield event("session.ended", 0, _BEGAN + timedelta(hours=2), {})


async def settlements(here: World) -> list[Row]:
    """Draft the month again and again: revision, log of settlements, rates, lines, stored document."""
    # A brand of its own: the month of a brand is all its sessions.
    session = here.session("settlements", "settled")
    chunk = list(_events(session))
    bodies = [json.dumps(chunk[first : first + _BATCH]).encode() for first in range(0, len(chunk), _BATCH)]
    drive(here.port, (post("/v1/events", body, KEY, _BATCH_TYPE) for body in bodies), 4)
    here.call("POST", f"/v1/sessions/{session}/finalize")
    here.call("PUT", "/v1/exchange-rates/2021-09-25/CNY/JPY/TTM", {"rate": "17.09", "source": "benchmark"})
    here.call("POST", "/v1/contracts", {"brand": "settled", "plan": "spot", "starts_on": "2021-09-01"})
    seconds, documents = [], []
    before = here.cpu()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        documents.append(here.call("POST", "/v1/settlements", {"brand": "settled", "month": "2021-09"}))
        seconds.append(time.perf_counter() - began)
    spent = [(now - then) / ROUNDS for now, then in zip(here.cpu(), before, strict=True)]
    (platform,) = documents[-1]["platform"]
    assert (ORDERS, "0.00") == (platform["orders"], platform["difference"])
    assert [] == documents[-1]["missing"]
    connection = await asyncpg.connect(here.dsn)
    began = time.perf_counter()
    events = await connection.fetchval("SELECT count(*) FROM events WHERE session_id = $1", UUID(session))
    count = time.perf_counter() - began
    await connection.close()
    return [
        (
            f"statement of a session with {ORDERS:,} settled orders",
            f"{statistics.median(seconds):.2f} s ({max(seconds):.2f} at most)",
            "< 2 s",
            f"{statistics.median(seconds) / count:.1f} times SELECT count(*) of its {events:,} events; CPU {spent[0]:.2f} + {spent[1]:.2f} s",
        )
    ]
