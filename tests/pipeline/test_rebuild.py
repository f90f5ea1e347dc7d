"""A rebuild reads the log beside ingest: whatever happens meanwhile is in the figures once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace as with_changes
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import given

from app.ingest.rebuilding import rebuild_requests
from app.ingest.rebuilding.rebuild import NoSuchSessionError, Progress, Rebuild, UnnotedEventsError, compare
from app.ingest.rebuilding.rebuild_requests import replace, work
from app.ingest.rebuilding.rebuild_swap import swap
from app.ingest.rebuilding.staged_fold import StagedFold
from app.ingest.unprocessed.stream_decisions import decide
from app.storage.ingest import rebuilds
from tests.pipeline.assertions import assert_told
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.rebuilding import Change, change_beside, do_jobs, leave_all_to_jobs, pending_rebuilds, send, void_event
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import likes
from tests.pipeline.strategies import ALIASES, START, Event, event, split, stirred, stirs, telemetry
from tests.properties import examples

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]


@examples(5)
@given(events=telemetry("wechat:a", max_size=40), random=stirs)
async def test_a_rebuild_beside_changes_equals_a_new_fold(stage: Stage, events: list[Event], random: Random) -> None:
    """Events, voids, voids taken back, an alias and purchases in another session of the brand, between any two pages."""
    first = await stage.show(f"wechat:a-{uuid4().hex[:8]}")
    second = await stage.show(f"wechat:a-{uuid4().hex[:8]}", brand=first.brand)
    shows = [with_changes(show, aliases=ALIASES) for show in (first, second)]
    everything = [
        one | {"subject": next(iter(show.rooms)), "id": f"{number}-{one['id']}"}
        for one in events
        for number, show in enumerate(shows)
        if random.random() < 0.7
    ]
    batches = split(stirred(everything, random), random)
    before, after = batches[: len(batches) // 2], batches[len(batches) // 2 :]
    wrong = [one for one in everything if random.random() < 0.3]
    known = {one["id"] for batch in before for one in batch}
    changes: list[Change] = [lambda batch=batch: send(random.choice(stage.clients), batch) for batch in after]  # type: ignore[misc]

    async def alias() -> None:
        for alias, code in ALIASES.items():
            await stage.post("/v1/products", {"brand": first.brand, "code": code, "aliases": [alias]})

    async def void(one: Event, *, back: bool) -> None:
        show = next(show for show in shows if one["subject"] in show.rooms)
        made = await void_event(stage.client, show, one)
        if back:
            answer = await stage.client.delete(f"/v1/sessions/{show.id}/voids/{made['id']}")
            assert answer.status_code in (202, 204), answer.text

    valid = list(everything)
    late: list[Change] = []
    for one in wrong:
        back = random.random() < 0.3
        (changes if one["id"] in known else late).append(lambda one=one, back=back: void(one, back=back))  # type: ignore[misc]
        if not back:
            valid.remove(one)
    changes.append(alias)
    random.shuffle(changes)
    service = stage.service
    with pytest.MonkeyPatch.context() as patched:
        leave_all_to_jobs(patched)
        for batch in before:
            await send(stage.client, batch)
        with pytest.MonkeyPatch.context() as beside:
            change_beside(beside, changes, random)
            await replace(service.database, service.settings, UUID(first.id))
        for change in (*changes, *late):
            await change()
        await do_jobs(stage, *shows)
    await assert_told(service, shows, valid)


async def test_events_that_arrive_meanwhile_are_counted_once(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of another process, duplicates of what was folded already, and those that wait for the session's lock."""
    name = room()
    show = await stage.show(name)
    sent = [event(number, "like.sent", name, START.isoformat(), {}) for number in range(60)]
    await send(stage.client, sent[:20])
    waiting: list[asyncio.Task[None]] = []
    changes: list[Change] = [
        lambda: send(stage.clients[1], sent[10:40]),
        lambda: send(stage.clients[0], sent[30:50]),
    ]
    change_beside(monkeypatch, changes, Random(1))

    async def held(*arguments: Any) -> int:
        # The session is locked now.
        waiting.append(asyncio.create_task(send(stage.client, sent[40:])))
        return await swap(*arguments)

    monkeypatch.setattr("app.ingest.rebuilding.rebuild.swap", held)
    database, settings = stage.service.database, stage.service.settings
    told: list[Progress] = []
    assert 0 == await replace(database, settings, UUID(show.id), told.append)
    await asyncio.gather(*waiting)
    assert [] == changes
    assert told[0].events_total == 20
    assert 60 == await likes(stage.client, show.id)
    assert [] == await compare(database, settings, UUID(show.id))


async def test_a_swap_that_conflicts_is_tried_again(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is not read again, and what was folded under the lock is folded once."""
    name = room()
    show = await stage.show(name)
    await send(stage.client, [event(number, "like.sent", name, START.isoformat(), {}) for number in range(7)])
    failures: list[Exception] = [asyncpg.DeadlockDetectedError(), asyncpg.LockNotAvailableError()]

    async def conflicting(*arguments: Any) -> int:
        changed = await swap(*arguments)
        if failures:
            raise failures.pop()
        return changed

    monkeypatch.setattr("app.ingest.rebuilding.rebuild.swap", conflicting)
    change_beside(monkeypatch, [lambda: send(stage.client, [event(9, "like.sent", name, START.isoformat(), {})])], Random(3))
    database, settings = stage.service.database, stage.service.settings
    assert 0 == await replace(database, settings, UUID(show.id))
    assert [] == failures
    done = (await stage.client.get(f"/v1/sessions/{show.id}/rebuild")).json()
    assert ("done", 8, 8) == (done["state"], done["events_read"], done["events"])
    assert 8 == await likes(stage.client, show.id)
    monkeypatch.undo()
    assert [] == await compare(database, settings, UUID(show.id))


async def test_two_rebuilds_of_one_session_follow_each_other(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that wait and a job, while events arrive: one reads the log at a time, and all are done at the end."""
    name = room()
    show = await stage.show(name)
    await send(stage.client, [event(number, "like.sent", name, START.isoformat(), {}) for number in range(30)])
    running, most = 0, 0
    fold_log = StagedFold.fold_log

    async def counting(staged: StagedFold, *, without_noted: bool) -> AsyncIterator[None]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        async for _ in fold_log(staged, without_noted=without_noted):
            await send(stage.client, [event(uuid4().int % 10**9, "like.sent", name, START.isoformat(), {})])
            yield
        running -= 1

    monkeypatch.setattr(StagedFold, "fold_log", counting)
    database, settings = stage.service.database, stage.service.settings
    both = [replace(service.database, service.settings, UUID(show.id)) for service in stage.services]
    await asyncio.gather(*both, work(database, settings, UUID(show.id)))
    monkeypatch.undo()
    assert 1 == most
    assert show.id not in await pending_rebuilds(stage)
    assert 30 + await _meanwhile(stage, show) == await likes(stage.client, show.id)
    assert [] == await compare(database, settings, UUID(show.id))


async def test_a_decision_that_moves_folded_events_out_and_back_counts_them_once(
    stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is folded when its events leave it; when they are back, they are noted. That fold is given up."""
    name = room()
    show = await stage.show(name)
    await send(stage.client, [event(number, "like.sent", name, START.isoformat(), {}) for number in range(5)])
    service, (platform, own) = stage.service, name.split(":")
    sessions: list[UUID | None] = [None, UUID(show.id)]
    fold_log, moved = StagedFold.fold_log, []

    async def deciding(staged: StagedFold, *, without_noted: bool) -> AsyncIterator[None]:
        async for _ in fold_log(staged, without_noted=without_noted):
            yield
        while sessions:
            moved.append(await decide(service.database, service.settings, service.writer, platform, own, sessions.pop(0)))

    monkeypatch.setattr(StagedFold, "fold_log", deciding)
    leave_all_to_jobs(monkeypatch)
    await replace(service.database, service.settings, UUID(show.id))
    assert [(5, 0), (0, 5)] == [(one.moved_out, one.moved_in) for one in moved]
    assert show.id not in await pending_rebuilds(stage)
    assert 5 == await likes(stage.client, show.id)
    monkeypatch.undo()
    assert [] == await compare(service.database, service.settings, UUID(show.id))


async def test_events_that_are_not_noted_are_not_lost(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of a former version logs events behind the fold: the rebuild fails, and counts them when it is tried again."""
    name = room()
    show = await stage.show(name)
    sent = [event(number, "like.sent", name, START.isoformat(), {}) for number in range(5)]
    await send(stage.client, sent[:3])
    database, settings = stage.service.database, stage.service.settings
    analyze = StagedFold.analyze

    async def behind(staged: StagedFold) -> None:
        await send(stage.client, sent[3:])
        async with database.acquire() as connection:
            await connection.execute("DELETE FROM rebuild_events WHERE session_id = $1", UUID(show.id))
        await analyze(staged)

    monkeypatch.setattr(StagedFold, "analyze", behind)
    with pytest.raises(UnnotedEventsError):
        await replace(database, settings, UUID(show.id))
    monkeypatch.undo()
    assert 5 == await likes(stage.client, show.id)
    assert 0 == await replace(database, settings, UUID(show.id))
    assert 5 == await likes(stage.client, show.id)
    assert [] == await compare(database, settings, UUID(show.id))


async def test_a_command_waits_for_the_rebuild_that_a_server_does(
    stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It requests nothing new, and tells how far the other is."""
    name = room()
    session = UUID((await stage.show(name)).id)
    await send(stage.client, [event(number, "like.sent", name, START.isoformat(), {}) for number in range(3)])
    database, settings = stage.service.database, stage.service.settings
    told, fold_log = asyncio.Event(), StagedFold.fold_log

    async def waiting(staged: StagedFold, *, without_noted: bool) -> AsyncIterator[None]:
        await told.wait()
        async for _ in fold_log(staged, without_noted=without_noted):
            yield

    monkeypatch.setattr(StagedFold, "fold_log", waiting)
    monkeypatch.setattr(rebuild_requests, "_POLL_SECONDS", 0.01)
    async with database.unpooled() as connection:
        async with database.acquire() as other:
            await rebuild_requests.request(other, session, "command")
        assert await rebuilds.take_turn(connection, session, wait=False)
        server = Rebuild(connection, settings, session).run()
        assert (0, 0) == tuple(await asyncio.gather(replace(database, settings, session, lambda _: told.set()), server))
        found = await rebuilds.rebuild(connection, session, None)
    assert found is not None
    assert (1, 1) == (found.requested, found.done)


async def _meanwhile(stage: Stage, show: Show) -> int:
    async with stage.service.database.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) - 30 FROM events WHERE session_id = $1", UUID(show.id)))


async def test_a_session_that_does_not_exist_is_not_rebuilt(stage: Stage) -> None:
    """And its request is not kept."""
    session = uuid4()
    with pytest.raises(NoSuchSessionError):
        await replace(stage.service.database, stage.service.settings, session)
    async with stage.service.database.acquire() as connection:
        assert 0 == await connection.fetchval("SELECT count(*) FROM rebuilds WHERE session_id = $1", session)


async def test_a_session_that_is_deleted_meanwhile_leaves_no_rebuild(
    stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its buyers are new in the brand's other session, whose figures equal a rebuild."""
    rooms = room(), room()
    gone = await stage.show(rooms[0])
    stays = await stage.show(rooms[1], brand=gone.brand)
    paid = {"order": "1", "buyer": "b", "currency": "CNY", "amount": "3.00", "lines": []}
    for number, name in enumerate(rooms):
        await send(stage.client, [event(number, "order.paid", name, START.replace(minute=number).isoformat(), paid)])

    async def delete() -> None:
        assert 204 == (await stage.client.delete(f"/v1/sessions/{gone.id}")).status_code

    changes: list[Change] = [delete]
    change_beside(monkeypatch, changes, Random(4))
    database, settings = stage.service.database, stage.service.settings
    with pytest.raises(NoSuchSessionError):
        await replace(database, settings, UUID(gone.id))
    assert [] == changes
    monkeypatch.undo()
    kpis = (await stage.client.get(f"/v1/sessions/{stays.id}/kpis")).json()["kpis"]
    assert 1 == kpis["new_buyers"]["value"]
    assert [] == await compare(database, settings, UUID(stays.id))
    async with database.acquire() as connection:
        for table in ("rebuilds", "rebuild_events"):
            assert 0 == await connection.fetchval(f"SELECT count(*) FROM {table} WHERE session_id = $1", UUID(gone.id))
