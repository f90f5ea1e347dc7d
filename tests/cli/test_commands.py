"""The list of commands, and what it costs to call one."""

import subprocess
import sys

import pytest

from tests.cli.shell import ROOT, call

pytestmark = pytest.mark.processes


def test_every_command_is_listed_with_its_help() -> None:
    """In the order of a newcomer's needs; a mistyped one gets the nearest named."""
    names = ["serve", "demo", "simulate", "migrate", "rebuild", "report", "openapi", "keys", "connections", "voids"]
    shown = call("--help", cwd=ROOT)
    assert 0 == shown.exit_code
    rows = [line.strip("│ ").split(maxsplit=1) for line in shown.stdout.splitlines() if line.startswith("│ ")]
    commands = [row for row in rows if row and row[0] in names]
    assert names == [row[0] for row in commands]
    assert all(len(row) == 2 for row in commands)
    assert "Did you mean 'simulate'?" in call("simulat", cwd=ROOT).stderr


def test_a_command_that_needs_no_server_does_not_import_it() -> None:
    """The simulator starts in a quarter of the server's time."""
    program = """if True:
        import sys
        from app.cli import cli
        cli(["simulate", "--help"], standalone_mode=False)
        print(sorted({"app.service", "app.main", "sqlalchemy", "fastapi"} & set(sys.modules)), file=sys.stderr)
    """
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "[]\n" == done.stderr
    assert "--speed" in done.stdout
