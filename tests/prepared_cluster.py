"""A data folder of PostgreSQL with migrated databases, which a run makes once; each server of a test begins with a copy.

In: the folder of a run. Out: data folders for servers that do not run yet. Never here: a server that tests use.

To make such a folder and to migrate it takes five seconds of computing, to copy it a twentieth of one.
"""

import asyncio
import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from app.storage.postgres.embedded import EmbeddedPostgres
from tests.databases import dsn_for, upgrade

TEMPLATE = "tallylight_template"
"""The migrated database that others are copied from. An embedded server opens `postgres`, which is migrated too."""


class PreparedCluster:
    """The folder that all processes of a run copy; the first one that needs it makes it."""

    def __init__(self, run: Path) -> None:
        """Know the run's folder; nothing is made yet."""
        self._made = run / "cluster"
        self._lock = run / "cluster.lock"

    def copy_to(self, folder: Path) -> None:
        """Make a data folder, with its secret, for a server that starts there."""
        with self._lock.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._made.exists():
                _make(self._made)
        folder.mkdir(parents=True, exist_ok=True)
        # The files belong to the user that PostgreSQL runs as, which is not root.
        subprocess.run(["cp", "--archive", f"{self._made}/.", folder], check=True)  # noqa: S607

    @contextmanager
    def running(self, folder: Path) -> Iterator[str]:
        """Run a server on a copy, and give its connection string; a command that opens the same folder joins it."""
        self.copy_to(folder)
        server = EmbeddedPostgres(folder)
        dsn = server.start()
        try:
            yield dsn
        finally:
            server.stop()


def _make(folder: Path) -> None:
    aside = folder.with_name("cluster.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    server = EmbeddedPostgres(aside)
    dsn = server.start()
    # Elsewhere, since the loop of a browser's driver may run in this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _fill(dsn)).result()
    server.stop()
    aside.rename(folder)


async def _fill(dsn: str) -> None:
    await upgrade(dsn)
    connection = await asyncpg.connect(dsn_for(dsn, "template1"))
    # No test cuts the power: what a killed process leaves behind is the same without fsync, and databases are made faster.
    await connection.execute("ALTER SYSTEM SET fsync = off")
    await connection.execute("ALTER SYSTEM SET full_page_writes = off")
    await connection.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
    await connection.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE postgres")
    await connection.execute(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")
    await connection.close()
