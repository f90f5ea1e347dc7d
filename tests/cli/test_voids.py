"""`tallylight voids`: an operator on the server's shell voids an event, sees it listed, and takes it back."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from app.service import Service
from app.settings import Settings
from tests.databases import SECRET
from tests.ingest.sending import new_session, send


class Result(NamedTuple):
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


Shell = Callable[..., Awaitable[Result]]


@pytest.fixture
def shell(settings: Settings) -> Shell:
    """A shell whose environment names the test's database; a command runs as a process of its own."""
    root = str(Path(__file__).parents[2])
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
    own = {"TALLYLIGHT_DATABASE_URL": settings.database_url or "", "TALLYLIGHT_SECRET_KEY": SECRET, "COLUMNS": "300"}

    async def run(*arguments: object) -> Result:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app", "voids", *map(str, arguments),
            env=clean | own, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
        return Result(process.returncode or 0, stdout.decode(), stderr.decode())

    return run


async def _likes(service: Service, session: UUID) -> int | None:
    async with service.database.acquire() as connection:
        query = "SELECT value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'likes'"
        found: int | None = await connection.fetchval(query, session)
    return found


async def test_an_event_is_voided_listed_and_put_back_from_the_shell(service: Service, shell: Shell) -> None:
    """Each command tells what it did."""
    session = await new_session(service)
    await send(service, session, [("live.like.sent", {"count": 3}), ("live.like.sent", {"count": 4})])
    added = await shell("add", session, "--source", "//test", "--event", f"{session}-0", "--reason", "a test")
    assert 0 == added.exit_code, added.stderr
    assert 4 == await _likes(service, session)
    void = added.stdout.split()[1].rstrip(":")
    assert f"void {void}: 1 events\n" == added.stdout
    listed = await shell("list", session)
    assert all(word in listed.stdout for word in (void, "//test", f"{session}-0", "command line", "a test"))
    assert 0 == (await shell("remove", session, void)).exit_code
    assert 7 == await _likes(service, session)
    async with service.database.acquire() as connection:
        rows = await connection.fetch("SELECT principal_kind, action, object_id, session_id FROM audit_log ORDER BY at")
    assert [("command", action, void, session) for action in ("void.create", "void.delete")] == [tuple(row) for row in rows]


async def test_what_cannot_be_voided_is_a_sentence_and_an_exit_code(service: Service, shell: Shell) -> None:
    """No trace is printed."""
    session = await new_session(service)
    unknown = await shell("add", session, "--source", "//test", "--event", "1", "--reason", "a test")
    assert (1, "the session has no event with this source and id\n") == (unknown.exit_code, unknown.stderr)
    assert 1 == (await shell("list", uuid4())).exit_code
    assert 1 == (await shell("remove", session, uuid4())).exit_code
    assert 2 == (await shell("add", session, "--source", "//test", "--reason", "a test")).exit_code
    assert 2 == (await shell("add", session, "--import", uuid4(), "--reason", " ")).exit_code
