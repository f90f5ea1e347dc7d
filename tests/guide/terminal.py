"""A terminal for the examples of a page: a shell whose commands reach one running server.

In: blocks of a page, a server. Out: what each block printed, or where the page stopped. Never here: what a page should say.

`tallylight` of the shell calls the command in the test's process, with the arguments, folder and environment of the shell: a process
of its own would cost two seconds of imports for each line. Two commands are not carried out, since their effect is there already or
takes minutes: `make` only prints what it would do, and `tallylight serve` ends at once, as the server is running. What `tallylight
doctor` finds is no failure of the page: the worker of a server that has just started has not run yet.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.cli.shell import call
from tests.guide.examples import ROOT, Block

SECONDS = 60
"""Time that a page may take."""
FILES = Path(__file__).parent / "files"
"""Files that the examples read, such as an export of a shop."""
_START = """
set -euo pipefail
curl() {
    if [[ " $* " == *" -N "* ]]; then
        command curl --fail-with-body --max-time 1 "$@" || [ $? -eq 28 ]  # a stream has no end
    else
        command curl --fail-with-body --silent --show-error --max-time 20 "$@"
    fi
}
"""
_COMMAND = """#!{python} -IS
import json, os, socket, sys
asked = {{"arguments": sys.argv[1:], "folder": os.getcwd(), "environment": {{n: v for n, v in os.environ.items() if n.startswith("TALLYLIGHT_")}}}}
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({place!r})
    connection.sendall(json.dumps(asked).encode())
    connection.shutdown(socket.SHUT_WR)
    answer = json.load(connection.makefile(encoding="utf-8"))
sys.stdout.write(answer["stdout"])
sys.stderr.write(answer["stderr"])
sys.exit(answer["exit_code"])
"""
_MAKE = """#!/bin/sh
exec {make} --dry-run --no-print-directory --directory {root} "$@" >&2
"""


class Outcome(NamedTuple):
    """What became of a page: the output of each block that was begun, and the error that stopped it, if one did."""

    outputs: Sequence[str]
    error: str | None


class Terminal:
    """A folder with the commands of the examples."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Prepare the folder; `environment` is that of the shell and of `tallylight`."""
        self._folder = folder
        self._environment = environment
        commands = folder / ".venv" / "bin"
        commands.mkdir(parents=True)
        self._listener = socket.socket(socket.AF_UNIX)
        # The address of such a socket is short: a path below a deep folder of tests may be too long.
        place = f"\0tallylight-examples-{os.getpid()}-{folder.name}"
        self._listener.bind(place)
        self._listener.listen()
        self._listener.settimeout(0.05)
        scripts = {
            "tallylight": _COMMAND.format(python=sys.executable, place=place),
            "make": _MAKE.format(make=shutil.which("make"), root=ROOT),
        }
        for name, text in scripts.items():
            (commands / name).write_text(text, encoding="utf-8")
            (commands / name).chmod(0o755)
        (commands / "python3").symlink_to(sys.executable)
        for file in FILES.iterdir():
            shutil.copy(file, folder)

    def close(self) -> None:
        """Take no more calls."""
        self._listener.close()

    def run(self, blocks: Sequence[Block], values: Mapping[str, str], replaced: Mapping[str, str]) -> Outcome:
        """Run the blocks of a page in one shell, whose variables have `values`; names of the page are replaced in its text."""
        outputs = [self._folder / f"output-{number}" for number in range(len(blocks))]
        parts = [_START]
        for block, output in zip(blocks, outputs, strict=True):
            text = block.text
            for name, other in replaced.items():
                text = text.replace(name, other)
            parts.append(f"{{\n{text}\n}} >{output}\n")
        script = self._folder / "page.sh"
        script.write_text("".join(parts), encoding="utf-8")
        path = f"{self._folder / '.venv' / 'bin'}:{os.environ['PATH']}"
        errors = self._folder / "errors"
        with errors.open("wb") as written:
            process = subprocess.Popen(
                ["bash", script], cwd=self._folder, stdin=subprocess.DEVNULL, stdout=written, stderr=written,  # noqa: S607
                env={"PATH": path, "LANG": "C.UTF-8", **self._environment, **values},
            )  # fmt: skip
        try:
            self._serve(process)
        finally:
            process.kill()
            process.wait()
        shown = [output.read_text(encoding="utf-8") for output in outputs if output.exists()]
        if process.returncode == 0:
            return Outcome(shown, None)
        return Outcome(shown, f"status {process.returncode}: {errors.read_text(encoding='utf-8')[-2000:]}{shown[-1][-2000:]}")

    def _serve(self, process: subprocess.Popen[bytes]) -> None:
        """Answer the calls of `tallylight` until the shell ends."""
        end = time.monotonic() + SECONDS
        while process.poll() is None:
            assert time.monotonic() < end, "a page takes too long"
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(10)
                connection.sendall(json.dumps(self._called(json.load(connection.makefile(encoding="utf-8")))).encode())

    def _called(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["arguments"] == ["serve"]:
            return {"exit_code": 0, "stdout": "", "stderr": ""}
        environment = {**self._environment, **asked["environment"]}
        done = call(*asked["arguments"], cwd=Path(asked["folder"]), env=environment)
        found = asked["arguments"] == ["doctor"] and done.exit_code == 1 and "Last backup" in done.stdout
        return done._asdict() | ({"exit_code": 0} if found else {})
