"""The command as a process: a signal ends it soon, and one sentence says what prevents a start."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.cli.shell import CLEAN, ROOT, Result, call, start
from tests.prepared_cluster import PreparedCluster

pytestmark = pytest.mark.processes

FULL = os.environ.get("TALLYLIGHT_FAULTS") == "full"
END_SECONDS = 5.0 if FULL else 60.0
"""Five is what is promised, and holds on a machine that is not overloaded; that everything ends holds on any."""


class Demo:
    """A running demo with the process that runs it."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self._postgres = folder / ".tallylight" / "demo" / "postgres"
        self.output = folder / "output"
        with self.output.open("w") as output:
            # A shell starts what it runs in the background with SIGINT ignored, and programs inherit that.
            self.process = subprocess.Popen(
                ["/usr/bin/env", "--default-signal=INT", *arguments],
                cwd=folder, env=CLEAN, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def wait_for(self, text: str) -> None:
        """Return once the demo printed a text."""
        self.wait(lambda: text in self.output.read_text(), 60)

    def wait_for_cluster(self) -> None:
        """Return once PostgreSQL's data folder is being made."""
        self.wait(lambda: self._postgres.with_name("postgres.new").exists(), 60)

    @staticmethod
    def wait(condition: Callable[[], bool], seconds: float) -> None:
        """Return once a condition holds."""
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.02)

    @property
    def running(self) -> set[int]:
        """Numbers of the processes that belong to the demo, PostgreSQL included, zombies left out."""
        found = set()
        for process in psutil.process_iter(["pid", "name", "cwd", "status"]):
            where, name = process.info["cwd"] or "", process.info["name"]
            if (
                process.info["status"] != psutil.STATUS_ZOMBIE
                and name != "sh"
                and where.startswith(str(self._postgres.parents[2]))
            ):
                found.add(process.info["pid"])
        return found


@pytest.fixture
def demo_database(prepared_cluster: PreparedCluster, tmp_path: Path) -> None:
    """The demo of this folder has run before: its database is there."""
    prepared_cluster.copy_to(tmp_path / ".tallylight" / "demo")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """A starter of demos, which ends what a failed test leaves behind."""
    started: list[Demo] = []

    def start(*arguments: str) -> Demo:
        found = Demo(tmp_path, [*(arguments or (sys.executable, "-m", "app")), *([] if arguments else ["demo", "--keep"])])
        started.append(found)
        return found

    yield start
    for found in started:
        for number in found.running:
            psutil.Process(number).kill()
        found.process.wait(10)


def _end(demo: Demo, end: Callable[[], None]) -> float:
    """Return the seconds until every process of the demo has ended."""
    began = time.monotonic()
    end()
    demo.wait(lambda: not demo.running, 60)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        *[("cluster", signal.SIGTERM), ("playing", signal.SIGINT), ("kept", signal.SIGTERM)],
        *[
            (moment, number)
            for moment, number in (("cluster", signal.SIGINT), ("playing", signal.SIGTERM), ("kept", signal.SIGINT))
            if FULL
        ],
    ],
)
def test_a_signal_ends_the_demo_and_its_database(
    number: signal.Signals, moment: str, demo: Callable[..., Demo], request: pytest.FixtureRequest
) -> None:
    """While the cluster is made, while the session is sent, and afterwards: everything ends in time, without a traceback."""
    if moment == "kept":
        request.getfixturevalue("demo_database")
    found = demo()
    if moment == "cluster":
        found.wait_for_cluster()
    else:
        found.wait_for("Sign in with this key" if moment == "playing" else "Documentation")
    seconds = _end(found, lambda: os.killpg(found.process.pid, number))
    assert seconds < END_SECONDS
    assert 130 == found.process.wait(10)
    assert "Traceback" not in found.output.read_text()


@pytest.mark.usefixtures("demo_database")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL, *([signal.SIGTERM] if FULL else [])])
def test_the_demo_ends_with_a_make_that_alone_gets_the_signal(
    number: signal.Signals, tmp_path: Path, demo: Callable[..., Demo]
) -> None:
    """`make` passes SIGTERM on, but not SIGINT, and cannot pass SIGKILL on; the demo notices both. No process is left."""
    (tmp_path / "Makefile").write_text(f"demo:\n\t{sys.executable} -m app demo --keep\n")
    found = demo("make", "demo")
    found.wait_for("Sign in with this key")
    assert len(found.running) >= 3, "make, the demo and PostgreSQL"
    assert _end(found, lambda: found.process.send_signal(number)) < END_SECONDS
    found.process.wait(10)
    assert "Traceback" not in found.output.read_text()


def _sentence(done: Result) -> str:
    text = (done.stdout + done.stderr).strip()
    assert "Traceback" not in text
    assert 1 == len(text.splitlines()), text
    return text


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """The server says which port and what to do, before it makes a database."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = start("serve", env={"TALLYLIGHT_PORT": str(taken.getsockname()[1])}, cwd=tmp_path)
    assert (1, True) == (done.exit_code, "--port" in _sentence(done))
    assert not (tmp_path / ".tallylight").exists()


@pytest.mark.parametrize(
    ("run", "command"),
    [(call, ("serve",)), (start, ("demo", "--no-keep")), (call, ("keys", "list")), (call, ("migrate",))],
    ids=["serve", "demo", "keys", "migrate"],
)
def test_an_unusable_data_folder_is_one_sentence(run: Callable[..., Result], command: tuple[str, ...], tmp_path: Path) -> None:
    """A file in place of the data folder: a sentence that names it and the variable."""
    (tmp_path / ".tallylight").write_text("")
    done = run(*command, env={"TALLYLIGHT_PORT": "0"}, cwd=tmp_path)
    assert done.exit_code in {1, 3}
    assert all(words in _sentence(done) for words in (".tallylight", "TALLYLIGHT_DATA_DIR"))


def test_the_version_is_printed(tmp_path: Path) -> None:
    """`--version` prints name and version."""
    done = start("--version", cwd=tmp_path)
    assert (0, ["tallylight"]) == (done.exit_code, done.stdout.split()[:1])


def _make(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder)
    stub = folder / "python"
    stub.write_text(f"#!/bin/sh\n{python}\n")
    stub.chmod(0o755)
    return subprocess.run(["make", "setup", f"PYTHON={stub}"], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S607


def test_setup_says_that_python_is_too_old(tmp_path: Path) -> None:
    """A Python before 3.11 is a sentence, and no .venv is left behind."""
    done = _make(tmp_path, "exit 1")
    assert (2, True) == (done.returncode, "Python 3.11 or newer" in done.stderr)
    assert not (tmp_path / ".venv").exists()


def test_setup_leaves_no_broken_environment_behind(tmp_path: Path) -> None:
    """If Python cannot make a .venv, what it began is removed; an environment whose Python is gone is made again."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")
    done = _make(tmp_path, 'case "$1" in -c) exit 0;; *) echo "$@" > called; mkdir -p .venv; exit 1;; esac')
    assert (2, True) == (done.returncode, "cannot make .venv" in done.stderr)
    assert "-m venv --clear .venv" == (tmp_path / "called").read_text().strip()
    assert not (tmp_path / ".venv").exists()
