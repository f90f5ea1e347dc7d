"""A rebuild reads the log beside ingest: whatever happens meanwhile is in the figures once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace as with_changes
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given

from app.ingest import rebuild, rebuild_requests, staged_fold
from app.ingest.rebuild import NoSuchSessionError, Progress, compare
from app.ingest.rebuild_requests import Budget, enqueue_due, replace, work
from app.ingest.rebuild_swap import swap
from app.ingest.staged_fold import StagedFold
from app.settings import Settings
from app.storage import rebuilds
from tests.pipeline.assertions import assert_told
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import body, likes, post
from tests.pipeline.strategies import ALIASES, START, Event, event, split, stirred, stirs, telemetry
from tests.properties import examples

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]

Change = Callable[[], Awaitable[object]]


@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave every rebuild to a job."""
    _everything_is_large(monkeypatch)


def _everything_is_large(patched: pytest.MonkeyPatch) -> None:
    def no_budget(budget: Budget, settings: Settings) -> None:
        del settings
        budget.events = 0

    patched.setattr(Budget, "__init__", no_budget)


def _beside(patched: pytest.MonkeyPatch, changes: list[Change], random: Random) -> None:
    """Read the log three events at a time, and make changes between two pages."""
    patched.setattr(staged_fold, "PAGE", 3)
    patched.setattr(rebuild, "PAGE", 3)
    fold_log, analyze = StagedFold.fold_log, StagedFold.analyze

    async def change(most: int) -> None:
        for _ in range(random.randrange(most)):
            if changes:
                await changes.pop(0)()

    async def changing(staged: StagedFold, *, without_noted: bool) -> AsyncIterator[None]:
        await change(3)
        async for _ in fold_log(staged, without_noted=without_noted):
            await change(3)
            yield

    async def then_changing(staged: StagedFold) -> None:
        await change(3)
        await analyze(staged)

    patched.setattr(StagedFold, "fold_log", changing)
    patched.setattr(StagedFold, "analyze", then_changing)


async def _send(client: httpx.AsyncClient, events: Sequence[Event]) -> None:
    answer = await post(client, body(list(events)))
    assert 200 == answer.status_code, answer.text


async def _void(client: httpx.AsyncClient, show: Show, one: Event) -> dict[str, Any]:
    form = {"source": one["source"], "event": one["id"], "reason": "wrong"}
    answer = await client.post(f"/v1/sessions/{show.id}/voids", json=form)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _rebuilds(stage: Stage) -> dict[str, dict[str, Any]]:
    answer = await stage.client.get("/v1/rebuilds")
    assert 200 == answer.status_code, answer.text
    return {row["session"]: row for row in answer.json()["rebuilds"]}


async def _work(stage: Stage, *shows: Show) -> None:
    """Do what the worker does until no rebuild of these sessions is pending."""
    service = stage.service
    for _ in range(10):
        pending = await _rebuilds(stage)
        if not any(show.id in pending for show in shows):
            return
        for show in shows:
            if show.id in pending:
                await work(service.database, service.settings, UUID(show.id))
    raise AssertionError(pending)


@examples(8)
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
    changes: list[Change] = [lambda batch=batch: _send(random.choice(stage.clients), batch) for batch in after]  # type: ignore[misc]

    async def alias() -> None:
        for alias, code in ALIASES.items():
            await stage.post("/v1/products", {"brand": first.brand, "code": code, "aliases": [alias]})

    async def void(one: Event, *, back: bool) -> None:
        show = next(show for show in shows if one["subject"] in show.rooms)
        made = await _void(stage.client, show, one)
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
        _everything_is_large(patched)
        for batch in before:
            await _send(stage.client, batch)
        with pytest.MonkeyPatch.context() as beside:
            _beside(beside, changes, random)
            await replace(service.database, service.settings, UUID(first.id))
        for change in (*changes, *late):
            await change()
        await _work(stage, *shows)
    await assert_told(service, shows, valid)


async def test_events_that_arrive_meanwhile_are_counted_once(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of another process, duplicates of what was folded already, and those that wait for the session's lock."""
    name = room()
    show = await stage.show(name)
    sent = [event(number, "like.sent", name, START.isoformat(), {}) for number in range(60)]
    await _send(stage.client, sent[:20])
    waiting: list[asyncio.Task[None]] = []
    changes: list[Change] = [
        lambda: _send(stage.clients[1], sent[10:40]),
        lambda: _send(stage.clients[0], sent[30:50]),
    ]
    _beside(monkeypatch, changes, Random(1))

    async def held(*arguments: Any) -> int:
        # The session is locked now.
        waiting.append(asyncio.create_task(_send(stage.client, sent[40:])))
        return await swap(*arguments)

    monkeypatch.setattr("app.ingest.rebuild.swap", held)
    database, settings = stage.service.database, stage.service.settings
    told: list[Progress] = []
    assert 0 == await replace(database, settings, UUID(show.id), told.append)
    await asyncio.gather(*waiting)
    assert [] == changes
    assert told[0].events_total == 20
    assert 60 == await likes(stage.client, show.id)
    assert [] == await compare(database, settings, UUID(show.id))


async def test_two_rebuilds_of_one_session_follow_each_other(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that wait and a job, while events arrive: one reads the log at a time, and all are done at the end."""
    name = room()
    show = await stage.show(name)
    await _send(stage.client, [event(number, "like.sent", name, START.isoformat(), {}) for number in range(30)])
    running, most = 0, 0
    fold_log = StagedFold.fold_log

    async def counting(staged: StagedFold, *, without_noted: bool) -> AsyncIterator[None]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        async for _ in fold_log(staged, without_noted=without_noted):
            await _send(stage.client, [event(uuid4().int % 10**9, "like.sent", name, START.isoformat(), {})])
            yield
        running -= 1

    monkeypatch.setattr(StagedFold, "fold_log", counting)
    database, settings = stage.service.database, stage.service.settings
    both = [replace(service.database, service.settings, UUID(show.id)) for service in stage.services]
    await asyncio.gather(*both, work(database, settings, UUID(show.id)))
    monkeypatch.undo()
    assert 1 == most
    assert show.id not in await _rebuilds(stage)
    assert 30 + await _meanwhile(stage, show) == await likes(stage.client, show.id)
    assert [] == await compare(database, settings, UUID(show.id))


async def _meanwhile(stage: Stage, show: Show) -> int:
    async with stage.service.database.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) - 30 FROM events WHERE session_id = $1", UUID(show.id)))


@pytest.mark.usefixtures("everything_is_large")
async def test_a_large_session_is_left_to_a_job_and_the_answer_says_so(stage: Stage, room: Rooms) -> None:
    """Alias, void, void taken back, deletion: the figures are the old ones until the job is done, which tells how far it is."""
    name = room()
    show = await stage.show(name)
    paid = {"order": "1", "currency": "CNY", "amount": "3.00", "lines": [{"product": "alias-1", "quantity": 1, "amount": "3.00"}]}
    one = event(1, "order.paid", name, START.isoformat(), paid | {"buyer": "b"})
    await _send(stage.client, [one])
    made = await stage.post("/v1/products", {"brand": show.brand, "code": "coat"})
    assert "rebuilds" not in made
    path = f"/v1/products/{made['id']}"
    changed = (await stage.client.put(f"{path}/aliases/alias-1")).json()
    [waiting] = changed["rebuilds"]
    assert (show.id, "waiting", "alias") == (waiting["session"], waiting["state"], waiting["reason"])
    assert waiting == (await stage.client.get(f"/v1/sessions/{show.id}/rebuild")).json()
    assert "alias-1" == await _only_product(stage, show)
    await _work(stage, show)
    done = (await stage.client.get(f"/v1/sessions/{show.id}/rebuild")).json()
    assert ("done", 1, 1) == (done["state"], done["events_read"], done["events"])
    assert "coat" == await _only_product(stage, show)
    void = await _void(stage.client, show, one)
    assert ("waiting", "void") == (void["rebuild"]["state"], void["rebuild"]["reason"])
    back = await stage.client.delete(f"/v1/sessions/{show.id}/voids/{void['id']}")
    assert (202, [show.id]) == (back.status_code, [row["session"] for row in back.json()["rebuilds"]])
    assert 202 == (await stage.client.delete(path)).status_code
    await _work(stage, show)
    assert "alias-1" == await _only_product(stage, show)
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))
    headers = await stage.key("viewer", (await stage.show()).brand)
    assert 404 == (await stage.client.get(f"/v1/sessions/{show.id}/rebuild", headers=headers)).status_code


async def _only_product(stage: Stage, show: Show) -> str:
    [found] = (await stage.client.get(f"/v1/sessions/{show.id}/products")).json()["products"]
    return str(found["product"])


async def test_a_failed_rebuild_is_tried_again_after_a_pause(stage: Stage, room: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures stay; the failures are counted; the next attempt is not due at once."""
    name = room()
    show = await stage.show(name)
    await _send(stage.client, [event(1, "like.sent", name, START.isoformat(), {})])
    database, settings, session = stage.service.database, stage.service.settings, UUID(show.id)
    async with database.acquire() as connection:
        await rebuild_requests.request(connection, session, "command")

    async def fails(*_: object) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("app.ingest.rebuild.swap", fails)
        await work(database, settings, session)
    assert 1 == (await _rebuilds(stage))[show.id]["failures"]
    async with database.acquire() as connection:
        assert session not in await rebuilds.due(connection, 1_000)
        await connection.execute("UPDATE rebuilds SET not_before = now() WHERE session_id = $1", session)
        await enqueue_due(database)
        await enqueue_due(database)
        job = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'rebuild' AND payload = convert_to($1, 'UTF8')"
        assert 1 == await connection.fetchval(job, show.id)
    await work(database, settings, session)
    assert show.id not in await _rebuilds(stage)
    assert [] == await compare(database, settings, session)


async def test_a_session_that_does_not_exist_is_not_rebuilt(stage: Stage) -> None:
    """And its request is not kept."""
    session = uuid4()
    with pytest.raises(NoSuchSessionError):
        await replace(stage.service.database, stage.service.settings, session)
    async with stage.service.database.acquire() as connection:
        assert 0 == await connection.fetchval("SELECT count(*) FROM rebuilds WHERE session_id = $1", session)
