"""`tallylight voids`: an operator on the server's shell voids an event, sees it listed, and takes it back."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.service import open_service
from app.settings import Settings
from tests.cli.shell import Result, call
from tests.databases import SECRET
from tests.ingest.sending import new_session, send

Shell = Callable[..., Result]


@pytest.fixture
def shell(settings: Settings, tmp_path: Path) -> Shell:
    """A shell whose environment names the test's database."""
    own = {"TALLYLIGHT_DATABASE_URL": settings.database_url or "", "TALLYLIGHT_SECRET_KEY": SECRET, "COLUMNS": "300"}
    return partial(call, "voids", env=own, cwd=tmp_path)


async def _likes(settings: Settings, session: UUID) -> int | None:
    async with open_service(settings) as service, service.database.acquire() as connection:
        query = "SELECT value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'likes'"
        found: int | None = await connection.fetchval(query, session)
    return found


async def _audit(settings: Settings) -> list[tuple[Any, ...]]:
    async with open_service(settings) as service, service.database.acquire() as connection:
        rows = await connection.fetch("SELECT principal_kind, action, object_id, session_id FROM audit_log ORDER BY at")
    return [tuple(row) for row in rows]


async def _session_with(settings: Settings, *likes: int) -> UUID:
    async with open_service(settings) as service:
        session = await new_session(service)
        await send(service, session, [("live.like.sent", {"count": count}) for count in likes])
    return session


def test_an_event_is_voided_listed_and_put_back_from_the_shell(settings: Settings, shell: Shell) -> None:
    """Each command tells what it did."""
    session = asyncio.run(_session_with(settings, 3, 4))
    added = shell("add", session, "--source", "//test", "--event", f"{session}-0", "--reason", "a test")
    assert 0 == added.exit_code, added.stderr
    assert 4 == asyncio.run(_likes(settings, session))
    void = added.stdout.split()[1].rstrip(":")
    assert f"void {void}: 1 events\n" == added.stdout
    listed = shell("list", session)
    assert all(word in listed.stdout for word in (void, "//test", f"{session}-0", "command line", "a test"))
    assert 0 == shell("remove", session, void).exit_code
    assert 7 == asyncio.run(_likes(settings, session))
    rows = asyncio.run(_audit(settings))
    assert [("command", action, void, session) for action in ("void.create", "void.delete")] == rows


def test_what_cannot_be_voided_is_a_sentence_and_an_exit_code(settings: Settings, shell: Shell) -> None:
    """No trace is printed."""
    session = asyncio.run(_session_with(settings))
    unknown = shell("add", session, "--source", "//test", "--event", "1", "--reason", "a test")
    assert (1, "the session has no event with this source and id\n") == (unknown.exit_code, unknown.stderr)
    assert 1 == shell("list", uuid4()).exit_code
    assert 1 == shell("remove", session, uuid4()).exit_code
    assert 2 == shell("add", session, "--source", "//test", "--reason", "a test").exit_code
    assert 2 == shell("add", session, "--import", uuid4(), "--reason", " ").exit_code
