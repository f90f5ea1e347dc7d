"""`tallylight voids`: an operator on the server's shell voids an event, sees it listed, and takes it back."""

import asyncio
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.service import Service
from app.settings import Settings
from tests.databases import SECRET
from tests.ingest.sending import new_session, send


@pytest.fixture
def shell(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A shell whose environment names the test's database."""
    monkeypatch.setenv("TALLYLIGHT_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("TALLYLIGHT_SECRET_KEY", SECRET)
    monkeypatch.setenv("COLUMNS", "300")
    return CliRunner()


async def _run(shell: CliRunner, *arguments: object) -> Result:
    return await asyncio.to_thread(lambda: shell.invoke(cli, ["voids", *map(str, arguments)]))


async def _likes(service: Service, session: UUID) -> int | None:
    async with service.database.acquire() as connection:
        query = "SELECT value FROM counters WHERE session_id = $1 AND grain = 0 AND metric = 'likes'"
        found: int | None = await connection.fetchval(query, session)
    return found


async def test_an_event_is_voided_listed_and_put_back_from_the_shell(service: Service, shell: CliRunner) -> None:
    """Each command tells what it did."""
    session = await new_session(service)
    await send(service, session, [("live.like.sent", {"count": 3}), ("live.like.sent", {"count": 4})])
    added = await _run(shell, "add", session, "--source", "//test", "--event", f"{session}-0", "--reason", "a test")
    assert 0 == added.exit_code, added.output
    assert 4 == await _likes(service, session)
    void = added.stdout.split()[1].rstrip(":")
    assert f"void {void}: 1 events\n" == added.stdout
    listed = await _run(shell, "list", session)
    assert all(word in listed.stdout for word in (void, "//test", f"{session}-0", "command line", "a test"))
    assert 0 == (await _run(shell, "remove", session, void)).exit_code
    assert 7 == await _likes(service, session)


async def test_what_cannot_be_voided_is_a_sentence_and_an_exit_code(service: Service, shell: CliRunner) -> None:
    """No trace is printed."""
    session = await new_session(service)
    unknown = await _run(shell, "add", session, "--source", "//test", "--event", "1", "--reason", "a test")
    assert (1, "the session has no event with this source and id\n") == (unknown.exit_code, unknown.stderr)
    assert 1 == (await _run(shell, "list", uuid4())).exit_code
    assert 1 == (await _run(shell, "remove", session, uuid4())).exit_code
    assert 2 == (await _run(shell, "add", session, "--source", "//test", "--reason", "a test")).exit_code
    assert 2 == (await _run(shell, "add", session, "--import", uuid4(), "--reason", " ")).exit_code
