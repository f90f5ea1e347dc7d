"""Group commit: what is acknowledged is durable, and nobody pays for a neighbour's fault."""

import asyncio

import pytest

from app.ingest.rebuild import compare
from app.ingest.writer import QueueFullError
from app.service import Service, open_service
from app.settings import Settings
from tests.ingest.sending import new_session, send

HUGE = "9999999999999.99"


async def value(service: Service, metric: str) -> int | None:
    """Return a session's figure."""
    async with service.database.acquire() as connection:
        found: int | None = await connection.fetchval(
            "SELECT value FROM counters WHERE grain = 0 AND key = '' AND metric = $1", metric
        )
    return found


async def test_figures_that_the_database_cannot_hold_are_rejected_alone(service: Service) -> None:
    """Sums past 64 bits: each order fits by itself, so only those past the limit are refused; likes beside them count."""
    session = await new_session(service)
    orders = [
        (
            "live.order.paid",
            {"order": f"o{number}", "buyer": "b", "currency": "CNY", "amount": HUGE, "lines": []},
        )
        for number in range(9_300)
    ]
    receipts = await asyncio.gather(
        send(service, session, [*orders[:4_700], ("live.like.sent", {})]),
        send(service, session, [*orders[4_700:], ("live.like.sent", {})], first=4_701),
    )
    accepted = sum(receipt["accepted"] for receipt in receipts)
    rejected = [rejection for receipt in receipts for rejection in receipt["rejected"]]
    assert 9_302 == accepted + len(rejected)
    assert 9_223_372_036_854_775_807 // 999_999_999_999_999 == await value(service, "orders")
    assert 2 == await value(service, "likes")
    assert {"/data"} == {error["pointer"] for rejection in rejected for error in rejection["errors"]}
    assert [] == await compare(service.database, service.settings, session)


async def test_a_full_queue_takes_nothing_more(settings: Settings) -> None:
    """Past the limit a submission is refused whole, and what waits is committed."""
    async with open_service(settings.model_copy(update={"queue_events": 10})) as service:
        session = await new_session(service)
        like = ("live.like.sent", {"count": 1})
        found = await asyncio.gather(
            *(send(service, session, [like] * 6, first=6 * number) for number in range(5)), return_exceptions=True
        )
        refused = [answer for answer in found if isinstance(answer, QueueFullError)]
        taken = [answer for answer in found if isinstance(answer, dict)]
        assert refused
        assert taken
        assert 6 * len(taken) == await value(service, "likes")


async def test_what_waits_when_the_process_stops_is_committed(settings: Settings) -> None:
    """Draining answers every sender, and takes nobody new."""
    async with open_service(settings) as service:
        session = await new_session(service)
        like = ("live.like.sent", {"count": 1})
        waiting = [asyncio.create_task(send(service, session, [like] * 50, first=50 * number)) for number in range(20)]
        await asyncio.sleep(0)
        await service.writer.drain()
        assert [50] * 20 == [receipt["accepted"] for receipt in await asyncio.gather(*waiting)]
        assert 1_000 == await value(service, "likes")
        with pytest.raises(QueueFullError):
            await send(service, session, [like], first=5_000)
