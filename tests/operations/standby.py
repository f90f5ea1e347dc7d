"""A real streaming standby of a PostgreSQL whose data folder is on this machine.

In: the primary's connection string. Out: the standby, which follows until its replay is paused. Never here: what reads from it.
"""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg

from app.storage.postgres.postgres_programs import run, user_of


class Standby:
    """A standby of the test's PostgreSQL in a folder of its own, whose replay can be paused."""

    def __init__(self, primary: str, data: Path, folder: Path) -> None:
        """Copy the primary, whose data folder is `data`."""
        self._user = user_of(data)
        os.chown(folder, self._user.uid, self._user.gid)
        self._folder, self._sockets, self._primary = folder / "data", folder, primary
        parts = urlsplit(primary)
        host = parse_qs(parts.query)["host"][0]
        run(
            self._user, "pg_basebackup", "--pgdata", str(self._folder), "--wal-method=stream", "--checkpoint=fast", "--no-sync",
            "--write-recovery-conf", "--dbname", f"host={host} user={parts.username} password={parts.password}",
        )  # fmt: skip

    def start(self) -> None:
        """Start to follow."""
        options = f"-h '' -k '{self._sockets}' -c hot_standby=on -c fsync=off -c wal_receiver_status_interval=1s"
        log = self._folder / "standby.log"
        run(self._user, "pg_ctl", "start", "-w", "-t", "60", "-D", str(self._folder), "-l", str(log), "-o", options)

    def stop(self) -> None:
        """Stop at once."""
        run(self._user, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self._folder))

    def dsn(self, database: str) -> str:
        """Return a connection string of a database."""
        user, _, _ = urlsplit(self._primary).netloc.rpartition("@")
        return f"postgresql://{user}@/{database}?host={quote(str(self._sockets), safe='/')}"

    async def execute(self, statement: str) -> None:
        """Execute a statement on the standby."""
        await execute(self.dsn("postgres"), statement)

    async def has(self, database: str) -> None:
        """Return once it has a database."""
        async with asyncio.timeout(30):
            while True:
                with suppress(asyncpg.InvalidCatalogNameError):
                    return await execute(self.dsn(database), "SELECT 1")
                await asyncio.sleep(0.02)


async def execute(dsn: str, statement: str) -> None:
    """Execute a statement."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


async def replicated(dsn: str) -> Path:
    """Let a server be copied; return its data folder."""
    connection = await asyncpg.connect(dsn)
    data = Path(await connection.fetchval("SHOW data_directory"))
    rule = "local replication all scram-sha-256\n"
    if rule not in (text := (data / "pg_hba.conf").read_text()):
        (data / "pg_hba.conf").write_text(text + rule)
        await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    return data
