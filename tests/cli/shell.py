"""The command in two ways: as a process of its own, and in the process of the test, which costs no import of the server.

In: arguments, an environment, a folder. Out: exit code, output. Never here: what a command should print.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from typer.testing import CliRunner

from app.cli import cli

ROOT = Path(__file__).parents[2]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")} | {"PYTHONPATH": str(ROOT)}
"""The environment of this process without the settings of a developer."""


class Result(NamedTuple):
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str


def start(*arguments: str, cwd: Path, env: Mapping[str, str] = {}) -> Result:
    """Run the command as a process, to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments], check=False, env=CLEAN | dict(env), cwd=cwd, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    return Result(done.returncode, done.stdout, done.stderr)


def call(*arguments: object, cwd: Path, env: Mapping[str, str] = {}) -> Result:
    """Run the command in this process, to its end; the logs stay those of the tests."""
    with (
        patch.dict(os.environ, CLEAN | dict(env), clear=True),
        patch.object(sys, "argv", ["app/__main__.py"]),
        patch("app.cli.serve.configure_logging"),
        chdir(cwd),
    ):
        done = CliRunner().invoke(cli, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Result(done.exit_code, done.stdout, done.stderr)
