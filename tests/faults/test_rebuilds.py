"""A rebuild of one session delays no other, and a process that is killed during one changes no figure."""

import asyncio
import signal
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest

from app.ingest.rebuilding.rebuild import compare
from app.ingest.rebuilding.rebuild_requests import request, work
from app.storage.ingest import rebuilds
from tests.databases import SECRET
from tests.faults.conftest import BATCH, FULL, Front, front, like, settings_for

EVENTS = 300_000 if FULL else 2_000
_BATCH_EVENTS = 500
_NEIGHBOUR_POSTS = 200 if FULL else 40
ROOT = Path(__file__).parents[2]

KILLED = """
import asyncio, os, signal, sys
from uuid import UUID
import app.events.envelope
from app.ingest.rebuilding import rebuild, rebuild_requests, staged_fold
from app.settings import Settings
from app.storage.ingest import rebuilds
from app.storage.database import open_database

module, name, session = sys.argv[1:]
owner = {"staged": staged_fold.StagedFold, "rebuilds": rebuilds, "rebuild": rebuild, "run": rebuild.Rebuild}[module]
original, calls = getattr(owner, name), 0

async def killing(*arguments, **named):
    global calls
    calls += 1
    result = await original(*arguments, **named)
    if calls == (2 if name == "_fold" else 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return result

async def main():
    settings = Settings()
    await rebuild_requests.replace(await open_database(settings), settings, UUID(session))

staged_fold.PAGE = rebuild.PAGE = 3
setattr(owner, name, killing)
asyncio.run(main())
"""
"""A process that rebuilds a session and kills itself after a step."""
_PHASES = {
    "marked": ("run", "_start"),
    "a page folded": ("staged", "_fold"),
    "swapped": ("rebuild", "swap"),
    "requested": ("rebuilds", "request"),
    "locked": ("rebuilds", "start"),
    "the log folded": ("staged", "analyze"),
    "the later events folded": ("staged", "fold_noted"),
    "about to commit": ("rebuilds", "finish"),
}
PHASES = _PHASES if FULL else dict(list(_PHASES.items())[:3])


async def test_a_rebuild_that_is_killed_changes_nothing_and_is_done_later(database_url: str, tmp_path: Path) -> None:
    """Kill -9 in every phase: the old figures stay, events go on, the job is due, and the next rebuild leaves no remainder."""
    async with front(settings_for(database_url, tmp_path)) as one:
        database, settings = one.service.database, one.service.settings
        sessions = {phase: await one.session() for phase in PHASES}
        for session in sessions.values():
            await one.send(session, *(f"{session}-{number}" for number in range(12)))
        async with database.acquire() as connection:
            # Figures that a rebuild corrects.
            await connection.execute("UPDATE counters SET value = value + 1000 WHERE metric = 'likes'")
        environment = {"TALLYLIGHT_DATABASE_URL": database_url, "TALLYLIGHT_SECRET_KEY": SECRET}
        processes = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", KILLED, *step, sessions[phase], cwd=ROOT, env=environment
            )
            for phase, step in PHASES.items()
        ]  # fmt: skip
        assert {-signal.SIGKILL} == {await process.wait() for process in processes}
        for phase, session in sessions.items():
            answer = await one.send(session, *(f"{session}-{number}" for number in range(10, 15)))
            assert (3, 2) == (answer.json()["accepted"], answer.json()["duplicates"]), phase
            assert 1015 == await one.likes(session), phase
        async with database.acquire() as connection:
            due = await rebuilds.due(connection, 100)
        assert sorted(due) == sorted(map(UUID, sessions.values()))
        for phase, session in sessions.items():
            await work(database, settings, UUID(session))
            assert 15 == await one.likes(session), phase
            assert [] == await compare(database, settings, UUID(session)), phase
        async with database.acquire() as connection:
            assert 0 == await connection.fetchval("SELECT count(*) FROM rebuild_events")
            assert 0 == await connection.fetchval("SELECT count(*) FROM sessions WHERE rebuild IS NOT NULL")


@pytest.mark.timeout(900)
async def test_a_rebuild_of_a_large_session_does_not_hold_up_its_neighbour(database_url: str, tmp_path: Path) -> None:
    """Both go on; every event is counted once; the neighbour's 99th percentiles, without and with the rebuild, are printed."""
    async with front(settings_for(database_url, tmp_path)) as one:
        large, neighbour = await one.session("large"), await one.session("neighbour")
        await _fill(one, large, EVENTS)
        database, settings = one.service.database, one.service.settings
        alone = [await _post(one, neighbour, f"alone-{number}") for number in range(_NEIGHBOUR_POSTS)]
        async with database.acquire() as connection:
            await connection.execute("UPDATE counters SET value = value + 1 WHERE session_id = $1", UUID(large))
            await request(connection, UUID(large), "command")
        began = time.monotonic()
        rebuilding = asyncio.create_task(work(database, settings, UUID(large)))
        beside: list[float] = []
        own: list[float] = []
        while not rebuilding.done():
            beside.append(await _post(one, neighbour, f"beside-{len(beside)}"))
            if len(beside) % 10 == 0:
                own.append(await _post(one, large, f"own-{len(own)}"))
        await rebuilding
        seconds = time.monotonic() - began
        print(
            f"\n{EVENTS} events rebuilt in {seconds:.1f} s; neighbour's p99 {_p99(alone) * 1000:.1f} ms alone, "
            f"{_p99(beside) * 1000:.1f} ms beside ({len(beside)} posts, longest {max(beside) * 1000:.1f} ms); "
            f"longest post of the session itself {max(own, default=0) * 1000:.0f} ms"
        )
        assert beside
        assert EVENTS + len(own) == await one.likes(large)
        assert len(alone) + len(beside) == await one.likes(neighbour)
        for session in (large, neighbour):
            assert [] == await compare(database, settings, UUID(session))


async def _fill(one: Front, session: str, events: int) -> None:
    people = 20_000
    for start in range(0, events, _BATCH_EVENTS):
        batch = [
            like(f"{session}-{number}", session)
            | {"time": f"2021-09-25T05:{number // 60 % 60:02}:{number % 60:02}Z", "data": {"viewer": f"v{number % people}"}}
            for number in range(start, start + _BATCH_EVENTS)
        ]
        answer = await one.client.post("/v1/events", json=batch, headers=BATCH)
        assert _BATCH_EVENTS == answer.json()["accepted"], answer.text


async def _post(one: Front, session: str, id: str) -> float:
    began = time.monotonic()
    answer = await one.send(session, id)
    assert (200, 1) == (answer.status_code, answer.json().get("accepted")), answer.text
    return time.monotonic() - began


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) * 99 // 100]
