"""`tallylight` as a process: exit codes and messages."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import psutil

from app.settings import Settings
from tests.databases import SECRET


def run(*arguments: str, env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        check=False, env=clean | {"PYTHONPATH": str(Path(__file__).parents[2])} | dict(env), cwd=cwd,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_a_wrong_setting_is_named_and_its_value_is_not(tmp_path: Path) -> None:
    """Exit code 2, a line per variable, no secret in the text."""
    env = {"TALLYLIGHT_PORT": "eighty", "TALLYLIGHT_SECRET_KEY": "too-short-secret"}
    done = run("serve", env=env, cwd=tmp_path)
    assert 2 == done.returncode
    assert "TALLYLIGHT_PORT" in done.stderr
    assert "TALLYLIGHT_SECRET_KEY" in done.stderr
    assert "too-short-secret" not in done.stderr


def test_a_shared_database_needs_a_secret_key(tmp_path: Path) -> None:
    """The secret key is required with a shared database."""
    done = run("serve", env={"TALLYLIGHT_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}, cwd=tmp_path)
    assert 2 == done.returncode
    assert "TALLYLIGHT_SECRET_KEY" in done.stderr
    assert "hunter2" not in done.stderr


def test_an_unreachable_database_is_a_sentence_with_a_hint(tmp_path: Path) -> None:
    """Exit code 3, a hint, no password, no traceback."""
    env = {"TALLYLIGHT_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x", "TALLYLIGHT_SECRET_KEY": SECRET}
    done = run("serve", env=env, cwd=tmp_path)
    assert 3 == done.returncode
    assert "TALLYLIGHT_DATABASE_URL" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


async def test_migrations_that_are_behind_are_told_with_the_remedy(settings: Settings, postgres: str, tmp_path: Path) -> None:
    """A server that finds an older schema names `tallylight migrate`, which upgrades it."""
    connection = await asyncpg.connect(postgres)
    await connection.execute("CREATE DATABASE behind")
    await connection.close()
    assert settings.database_url is not None
    url = settings.database_url.replace(settings.database_url.split("?")[0].rsplit("/", 1)[1], "behind")
    env = {"TALLYLIGHT_DATABASE_URL": url, "TALLYLIGHT_SECRET_KEY": SECRET}
    served = run("serve", env=env, cwd=tmp_path)
    assert (3, True) == (served.returncode, "-m app migrate" in served.stderr)
    assert 1 == run("migrate", "--check", env=env, cwd=tmp_path).returncode
    assert 0 == run("migrate", env=env, cwd=tmp_path).returncode
    assert 0 == run("migrate", "--check", env=env, cwd=tmp_path).returncode


def test_the_embedded_database_gets_a_secret_key_once_for_its_owner_alone(tmp_path: Path) -> None:
    """The key is made in the data folder, mode 0600, and stays the same."""
    path = tmp_path / ".tallylight" / "secret.key"
    assert 0 == run("keys", "create", "--role", "admin", env={}, cwd=tmp_path).returncode
    first = path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0 == run("keys", "list", env={}, cwd=tmp_path).returncode
    assert first == path.read_text()


def test_sigterm_drains_and_stops_the_embedded_database(tmp_path: Path) -> None:
    """The process ends with exit code 0, and its PostgreSQL ends too."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
    env = clean | {"TALLYLIGHT_PORT": "0", "PYTHONPATH": str(Path(__file__).parents[2])}
    server = subprocess.Popen([sys.executable, "-m", "app", "serve"], cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    for line in server.stderr:
        if "Uvicorn running" in line:
            break
    pid = int((tmp_path / ".tallylight" / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    server.send_signal(signal.SIGTERM)
    server.stderr.read()
    server.stderr.close()
    assert 0 == server.wait(30)
    # A zombie has ended too.
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
