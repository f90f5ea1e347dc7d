"""`tallylight` as a process: exit codes and messages."""

import asyncio
import signal
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.cli.shell import CLEAN, call
from tests.databases import SECRET, dsn_for
from tests.prepared_cluster import PreparedCluster

pytestmark = pytest.mark.processes


def test_a_wrong_setting_is_named_and_its_value_is_not(tmp_path: Path) -> None:
    """Exit code 2, a line per variable, no secret in the text."""
    env = {"TALLYLIGHT_PORT": "eighty", "TALLYLIGHT_SECRET_KEY": "too-short-secret"}
    done = call("serve", env=env, cwd=tmp_path)
    assert 2 == done.exit_code
    assert "TALLYLIGHT_PORT" in done.stderr
    assert "TALLYLIGHT_SECRET_KEY" in done.stderr
    assert "too-short-secret" not in done.stderr


def test_a_shared_database_needs_a_secret_key(tmp_path: Path) -> None:
    """The secret key is required with a shared database."""
    done = call("serve", env={"TALLYLIGHT_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x"}, cwd=tmp_path)
    assert 2 == done.exit_code
    assert "TALLYLIGHT_SECRET_KEY" in done.stderr
    assert "hunter2" not in done.stderr


def test_an_unreachable_database_is_a_sentence_with_a_hint(tmp_path: Path) -> None:
    """Exit code 3, a hint, no password, no traceback."""
    env = {
        "TALLYLIGHT_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x",
        "TALLYLIGHT_SECRET_KEY": SECRET,
        "TALLYLIGHT_PORT": "0",
    }
    done = call("serve", env=env, cwd=tmp_path)
    assert 3 == done.exit_code
    assert "TALLYLIGHT_DATABASE_URL" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


async def _create(server: str, name: str) -> str:
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return dsn_for(server, name)


def test_migrations_that_are_behind_are_told_with_the_remedy(postgres: str, tmp_path: Path) -> None:
    """A server that finds an older schema names `tallylight migrate`."""
    url = asyncio.run(_create(postgres, "behind"))
    env = {"TALLYLIGHT_DATABASE_URL": url, "TALLYLIGHT_SECRET_KEY": SECRET, "TALLYLIGHT_PORT": "0"}
    served = call("serve", env=env, cwd=tmp_path)
    assert (3, True) == (served.exit_code, "-m app migrate" in served.stderr)


def test_migrate_upgrades_and_checks(postgres: str, tmp_path: Path) -> None:
    """The check is an exit code before and after."""
    env = {"TALLYLIGHT_DATABASE_URL": asyncio.run(_create(postgres, "to_upgrade")), "TALLYLIGHT_SECRET_KEY": SECRET}
    assert [1, 0, 0] == [call("migrate", *options, env=env, cwd=tmp_path).exit_code for options in (["--check"], [], ["--check"])]


def test_the_embedded_database_gets_a_secret_key_once_for_its_owner_alone(tmp_path: Path) -> None:
    """The first command makes the database, migrated, and the key in the data folder, mode 0600, which stays the same."""
    path = tmp_path / ".tallylight" / "secret.key"
    assert 0 == call("keys", "create", "--role", "admin", cwd=tmp_path).exit_code
    first = path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert 0 == call("keys", "list", cwd=tmp_path).exit_code
    assert first == path.read_text()


def test_sigterm_drains_and_stops_the_embedded_database(prepared_cluster: PreparedCluster, tmp_path: Path) -> None:
    """The process ends with exit code 0, and its PostgreSQL ends too."""
    prepared_cluster.copy_to(tmp_path / ".tallylight")
    env = CLEAN | {"TALLYLIGHT_PORT": "0"}
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
