"""One sender, one key or one report does not take what others need."""

import asyncio
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import Request

from app.api.conventions.cancellation import while_connected
from app.catalogue.access import Principal, Role
from app.live.subscriber import StreamAccess
from app.problems import ProblemError
from tests.faults.conftest import BATCH, front, holding, like, settings_for


async def test_a_sender_of_many_batches_delays_another_by_a_turn(database_url: str, tmp_path: Path) -> None:
    """With thousands of events of one key in the queue, an event of another key is committed long before the last of them."""
    async with front(settings_for(database_url, tmp_path, flush_events=200)) as one:
        session, other = await one.session(), await one.session()
        await one.send(session, "first")
        busy, quiet = await one.key(), await one.key()
        done: list[str] = []

        async def batch(number: int) -> None:
            events = [like(f"{number}-{index}", session) for index in range(500)]
            answer = await one.client.post("/v1/events", json=events, headers=BATCH | busy)
            assert (200, 500) == (answer.status_code, answer.json().get("accepted")), answer.text
            done.append("busy")

        async def single() -> None:
            assert 200 == (await one.send(other, "quiet", headers=quiet)).status_code
            done.append("quiet")

        batches = [asyncio.create_task(batch(number)) for number in range(16)]
        while len(one.service.writer._lanes) < 3000:  # noqa: ASYNC110 - the queue is watched
            await asyncio.sleep(0)
        await single()
        await asyncio.gather(*batches)
        assert done.index("quiet") < len(done) // 2, done
        assert 8001 == await one.likes(session)


async def test_one_key_does_not_fill_the_queue(database_url: str, tmp_path: Path) -> None:
    """A key that holds half of the queue is refused while another key waits; the other key is accepted."""
    async with front(settings_for(database_url, tmp_path, queue_events=100)) as one:
        session = await one.session()
        await one.send(session, "first")
        busy, quiet = await one.key(), await one.key()
        async with holding(database_url, "LOCK TABLE events IN ACCESS EXCLUSIVE MODE"):
            # The first flush waits for the table; everything else waits in the queue.
            started = asyncio.create_task(one.send(session, "started", headers=quiet))
            await asyncio.sleep(0.3)
            waiting = asyncio.create_task(one.send(session, "quiet-1", headers=quiet))
            await asyncio.sleep(0)
            many = [
                asyncio.create_task(one.send(session, *(f"{number}-{index}" for index in range(20)), headers=busy))
                for number in range(6)
            ]
            await asyncio.sleep(0.3)
            refused = [task for task in many if task.done()]
            assert refused
            assert {503} == {task.result().status_code for task in refused}
            late = asyncio.create_task(one.send(session, "quiet-2", headers=quiet))
            await asyncio.sleep(0.1)
            assert not late.done()
        await asyncio.wait([started, waiting, late, *many])


async def test_a_key_has_a_limited_number_of_event_streams(database_url: str, tmp_path: Path) -> None:
    """The stream past the limit of a key is answered with 429; another key has room, and a closed stream makes room."""
    async with front(settings_for(database_url, tmp_path, stream_subscribers_per_key=2)) as one:
        session = await one.session()
        answer = await one.client.get(f"/v1/sessions/{session}")
        hub, id = one.service.hub, answer.json()["id"]

        async def join(key: str) -> object:
            return await hub.join(UUID(id), StreamAccess(Principal("key", key, Role.VIEWER, None), "en"), None)

        streams = [await join("one") for _ in range(2)]
        with pytest.raises(ProblemError) as refused:
            await join("one")
        assert 429 == refused.value.status
        other = await join("two")
        streams[0].leave()  # type: ignore[attr-defined]
        streams.append(await join("one"))
        for stream in (*streams[1:], other):
            stream.leave()  # type: ignore[attr-defined]
        assert not hub._by_principal


async def test_work_ends_with_its_client() -> None:
    """A report whose client disconnects is cancelled within a second."""
    left, cancelled = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, object]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def work() -> None:
        try:
            await asyncio.sleep(600)
        finally:
            cancelled.set()

    request = Request({"type": "http", "headers": []}, receive)
    waiting = asyncio.create_task(while_connected(request, work()))
    await asyncio.sleep(0.05)
    left.set()
    async with asyncio.timeout(5):
        await cancelled.wait()
        with suppress(ProblemError):
            await waiting

    async def quick() -> int:
        return 7

    left.clear()
    assert 7 == await while_connected(Request({"type": "http", "headers": []}, receive), quick())
