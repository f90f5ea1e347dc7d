import json
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from tests.simulate.stub import Stub

# The package shows the function under the module's name.
command = import_module("app.cli.simulate")

SHEET = {
    "session": {"starts_at": "2021-09-25T14:00:00+09:00", "duration_seconds": 120},
    "kpis": {"viewers": 20, "buyers": 2, "units_sold": 3, "gmv": "30.00"},
}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """A server that the command reaches at any URL."""
    stub = Stub()
    monkeypatch.setattr(command, "connect", lambda *_: stub.client())
    return stub


def invoke(*arguments: str, env: dict[str, str] | None = None) -> Any:
    """Run the command."""
    app = typer.Typer()
    app.command()(command.simulate)
    return CliRunner().invoke(app, arguments, env={"TALLYLIGHT_API_KEY": "", "COLUMNS": "200", **(env or {})})


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A scenario in a file."""
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(SHEET), encoding="utf-8")
    return str(file)


def test_the_command_sends_a_file_and_says_where_to_look(stub: Stub, path: str) -> None:
    """The key comes from the environment; the output names the session and its figures."""
    result = invoke(path, "--speed", "max", "--brand", "brand-x", "--now", env={"TALLYLIGHT_API_KEY": "secret-key"})
    assert 0 == result.exit_code, result.output
    assert "http://127.0.0.1:8080/v1/sessions/session-1/kpis" in result.output
    assert "secret-key" not in result.output
    assert "brand-x" == stub.sessions[0]["brand"]
    assert not stub.sessions[0]["scheduled_at"].startswith("2021")
    assert "0 rejected" in result.output


def test_two_runs_use_two_rooms_unless_one_is_named(stub: Stub, path: str) -> None:
    """A second simulation uses another room."""
    for options in ((), (), ("--room", "mine")):
        assert 0 == invoke(path, "--speed", "max", "--key", "k", *options).exit_code
    first, second, named = (session["streams"][0]["room"] for session in stub.sessions)
    assert first != second
    assert "mine" == named


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--speed", "max"), "TALLYLIGHT_API_KEY"),
        (("--key", "k", "--speed", "fast"), "--speed"),
        (("--key", "k", "--speed", "0"), "--speed"),
        (("--key", "k", "--shuffle", "total"), "--speed max"),
        (("--key", "k", "nowhere.json"), "neither a readable file"),
        (("--key", "k", "--duplicates", "2"), "--duplicates"),
    ],
)
def test_wrong_options_are_refused_in_plain_words(stub: Stub, arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2 and one sentence, before any request."""
    result = invoke(*arguments)
    assert 2 == result.exit_code
    assert message in result.output
    assert not stub.headers


def test_a_refusing_server_is_a_sentence_and_exit_code_1(stub: Stub, path: str) -> None:
    """No traceback, no key."""
    stub.session_failures.append(httpx.Response(403, json={"title": "Not allowed", "detail": "needs the role operator"}))
    result = invoke(path, "--key", "secret-key", "--speed", "max")
    assert 1 == result.exit_code
    assert "needs the role operator" in result.output
    assert "secret-key" not in result.output


def test_rejected_events_make_the_exit_code_1(stub: Stub, path: str) -> None:
    """The reason is printed."""
    stub.refused = lambda event: event["type"] == "live.session.started"
    result = invoke(path, "--key", "k", "--speed", "max")
    assert 1 == result.exit_code
    assert "1 rejected" in result.output
    assert "refused" in result.output
