"""Group commit: acknowledged events are durable, and a failing event does not affect others."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.ingest.group_commit import deferred
from app.ingest.group_commit.writer import FURTHER_FLUSH_FROM, QueueFullError
from app.ingest.rebuilding.rebuild import compare
from app.ingest.receiving.submission import SubmittedEvent
from app.service import Service, open_service
from app.settings import Settings
from app.storage.pool.persistent_connection import PersistentConnection
from tests.ingest.sending import new_session, send
from tests.locking import lock_session

HUGE = "9999999999999.999"
"""The largest amount of a currency of three decimals: 923 of them are past 64 bits."""


async def value(service: Service, metric: str) -> int | None:
    """Return a session's figure."""
    async with service.database.acquire() as connection:
        found: int | None = await connection.fetchval(
            "SELECT value FROM counters WHERE grain = 0 AND key = '' AND metric = $1", metric
        )
    return found


async def test_no_event_can_make_the_next_ones_fail(service: Service, client: httpx.AsyncClient) -> None:
    """Sums past 64 bits: whatever was sent before, an honest order is counted, to the fils, by the second, and refunded."""
    session, other = await new_session(service, currency="KWD"), await new_session(service, currency="KWD")
    line = {"product": "knit-01", "quantity": 10**12, "amount": HUGE}

    def order(number: int, amount: str = HUGE, lines: int = 20) -> tuple[str, dict[str, Any]]:
        content = {"buyer": "b", "currency": "KWD", "amount": amount, "lines": [line] * lines}
        return "live.order.paid", {"order": f"o{number}", **content}

    many = [("live.order.refunded", {"order": "o1", "refund": f"r{number}", "amount": HUGE}) for number in range(500)]
    receipts = await asyncio.gather(
        send(service, session, [*map(order, range(500)), ("live.like.sent", {})]),
        send(service, session, [*map(order, range(500, 930)), ("live.like.sent", {})], first=501),
        send(service, session, many, first=1_000),
    )
    honest = await send(service, session, [order(930, "10.00", 0)], first=2_000)
    assert (1_433, []) == (sum(receipt["accepted"] for receipt in [*receipts, honest]), honest["rejected"])
    assert (931, 2) == (await value(service, "orders"), await value(service, "likes"))
    assert 930 * (10**16 - 1) + 10_000 == await value(service, "gmv")
    assert [] == await compare(service.database, service.settings, session)

    async def read(path: str) -> dict[str, Any]:
        answer = await client.get(path)
        assert 200 == answer.status_code, answer.text
        return dict(answer.json())

    base = f"/v1/sessions/{session}"
    assert f"{Decimal(HUGE) * 930 + 10}" == (await read(f"{base}/kpis"))["kpis"]["gmv"]["value"]
    [product] = (await read(f"{base}/products"))["products"]
    assert (f"{Decimal(HUGE) * 18_600}", 18_600 * 10**12) == (product["gmv"], product["units"])
    refunded = {order["refunded_amount"] for order in (await read(f"{base}/orders?limit=200"))["orders"]}
    assert {f"{Decimal(HUGE) * 500}", "0.000"} == refunded
    for path in (
        f"{base}/timeline?metrics=gmv",
        f"{base}/report",
        f"{base}/insights",
        f"/v1/comparison?sessions={session},{other}",
        "/v1/sessions",
    ):
        await read(path)


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


async def test_a_locked_session_leaves_half_of_the_queue_to_other_keys(settings: Settings) -> None:
    """Its deferred events count for their key, until they are committed: the others wait for nothing."""
    async with open_service(settings.model_copy(update={"queue_events": 10})) as service:
        locked, free = await new_session(service), await new_session(service)
        deferred, like = service.writer._deferred, ("live.like.sent", {"count": 1})
        async with service.database.acquire() as connection, connection.transaction():
            await lock_session(connection, locked)
            held = asyncio.create_task(send(service, locked, [like] * 5, origin="busy"))
            async with asyncio.timeout(30):
                while not deferred:  # noqa: ASYNC110 - the queue is watched
                    await asyncio.sleep(0.01)
            for number in range(3):
                with pytest.raises(QueueFullError):
                    await send(service, locked, [like], first=5 + number, origin="busy")
                assert 5 == (await send(service, free, [like] * 5, first=5 * number, origin="quiet"))["accepted"]
            assert (5, 0, 5) == (deferred.waiting("busy"), deferred.waiting("quiet"), len(deferred))
        assert 5 == (await held)["accepted"]
        assert 1 == (await send(service, locked, [like], first=5, origin="busy"))["accepted"]
        assert (0, 0) == (deferred.waiting("busy"), len(deferred))


async def test_an_event_waits_for_no_flush_of_an_import(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """While flushes of imports are held, others' events are committed; then the import is, and a stop commits what waits."""
    async with open_service(settings) as service:
        session = await new_session(service)
        flush, free = service.writer._flusher.flush, asyncio.Event()

        async def held(persistent: Any, items: list[SubmittedEvent], *rest: Any) -> Any:
            if any(item.submission.import_id is not None for item in items):
                await free.wait()
            return await flush(persistent, items, *rest)

        monkeypatch.setattr(service.writer._flusher, "flush", held)
        like = ("live.like.sent", {"count": 1})
        file = [
            asyncio.create_task(send(service, session, [like] * 400, first=400 * number, import_id=uuid4())) for number in (1, 2)
        ]
        for number in range(3):
            await asyncio.sleep(0)
            assert 1 == (await send(service, session, [like], first=number))["accepted"]
        assert not any(one.done() for one in file)
        free.set()
    assert [400, 400] == [one.result()["accepted"] for one in file]


async def test_a_flush_without_an_answer_stops_no_other(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database does not answer its connection, before it has folded: what is sent meanwhile is committed by the other flushes."""
    async with open_service(settings) as service:
        session, free, like = await new_session(service), asyncio.Event(), ("live.like.sent", {"count": 1})
        writer = service.writer
        flush = writer._flusher.flush
        held: list[PersistentConnection] = []

        async def silent(persistent: PersistentConnection, *rest: Any) -> Any:
            if not held:
                held.append(persistent)
                await free.wait()
            return await flush(persistent, *rest)

        monkeypatch.setattr(writer._flusher, "flush", silent)
        first = asyncio.create_task(send(service, session, [like]))
        async with asyncio.timeout(20):
            while not held:  # noqa: ASYNC110 - the flush is watched
                await asyncio.sleep(0.01)
            for number in range(5):
                receipt = await send(service, session, [like] * FURTHER_FLUSH_FROM, first=1 + number * FURTHER_FLUSH_FROM)
                assert FURTHER_FLUSH_FROM == receipt["accepted"]
            assert not first.done()
            free.set()
            assert 1 == (await first)["accepted"]


async def test_a_stop_does_not_wait_for_flushes_that_have_nothing_to_do(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left of the queue is of a locked session: it goes to the deferred events, and no flush of it tells the others."""
    async with open_service(settings) as service:
        writer, free, like = service.writer, asyncio.Event(), ("live.like.sent", {"count": 1})
        locked, slow = await new_session(service), await new_session(service)
        flush = writer._flusher.flush

        async def held(persistent: Any, items: list[SubmittedEvent], *rest: Any) -> Any:
            if any(item.event.subject == str(slow) for item in items):
                await free.wait()
            return await flush(persistent, items, *rest)

        monkeypatch.setattr(writer._flusher, "flush", held)
        async with service.database.acquire() as connection, asyncio.timeout(30):
            async with connection.transaction():
                await lock_session(connection, locked)
                sent = [asyncio.create_task(send(service, locked, [like]))]
                while not writer._deferred:  # noqa: ASYNC110 - the queue is watched
                    await asyncio.sleep(0.01)
                sent.append(asyncio.create_task(send(service, slow, [like])))
                while writer._lanes._writing == 0:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)
                sent.append(asyncio.create_task(send(service, locked, [like], first=1)))
                while not writer._lanes:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)
                stop = asyncio.create_task(writer.drain(5))
                await asyncio.sleep(0)
                free.set()
                while writer._lanes:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)
            assert await stop
    assert [1, 1, 1] == [one.result()["accepted"] for one in sent]


async def test_a_stop_waits_for_no_look_at_deferred_events(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are none, and the last flush that could bring some has ended."""
    monkeypatch.setattr(deferred, "_LOOKS_EVERY", 600)
    async with open_service(settings) as service, asyncio.timeout(60):
        assert 1 == (await send(service, await new_session(service), [("live.like.sent", {"count": 1})]))["accepted"]
        assert await service.writer.drain(600)


async def test_what_waits_when_the_process_stops_is_committed(settings: Settings) -> None:
    """Draining answers every waiting sender, and accepts no new events."""
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
