"""The tools of these tests: npm packages and a Python generator, installed once from their lock files.

In: the lock files of this folder. Out: paths of commands; a skip with the reason where they cannot be had. Never here: tests.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "openapi" / "openapi.json"
_UV = Path(sys.executable).with_name("uv")
_INSTALL_SECONDS = 170


def run(*command: str | Path, cwd: Path = HERE, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command and return its result; tools send nothing to their makers."""
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1", "CI": "1"}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **quiet, **environment},
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )


def node_tool(name: str) -> Path:
    """Return the command of an npm package, installed from `package-lock.json`."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm: neither the linters nor the TypeScript clients are tried")
    _install("npm packages", HERE / "package-lock.json", lambda: run("npm", "ci"))
    return HERE / "node_modules" / ".bin" / name


def python_tools() -> Path:
    """Return the commands of an environment with `openapi-python-client`; it is separate since its pins contradict ours."""
    environment = HERE / ".venv"

    def install() -> subprocess.CompletedProcess[str]:
        made = run(_UV, "venv", "--quiet", "--allow-existing", "--python", sys.executable, environment)
        if made.returncode:
            return made
        lock = HERE / "requirements.lock"
        return run(_UV, "pip", "sync", "--quiet", "--require-hashes", "--python", environment / "bin" / "python", lock)

    _install("openapi-python-client", HERE / "requirements.lock", install)
    return environment / "bin"


def _install(name: str, lock: Path, install: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    """Install what a lock file names, once per version of it; processes that test at the same time wait for the first."""
    stamp = HERE / f".installed-{lock.stem}"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    with stamp.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if file.read() == wanted:
            return
        done = install()
        if done.returncode:
            pytest.skip(f"{name} could not be installed: {done.stderr.strip()[-300:]}")
        file.truncate(0)
        file.write(wanted)
