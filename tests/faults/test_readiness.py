"""Readiness tells whether events would be acknowledged: it writes, and asks the writer and the worker."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from tests.databases import plain_only
from tests.faults.conftest import Front, eventually, front, holding, settings_for
from tests.faults.tcp_proxy import TcpProxy

OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_a_locked_table_is_not_ready(database_url: str, tmp_path: Path) -> None:
    """A table lock that stops every flush makes the process not ready, within seconds; afterwards it is ready."""
    async with front(settings_for(database_url, tmp_path)) as one:
        assert 200 == (await one.client.get("/readyz")).status_code
        async with holding(database_url, "LOCK TABLE counters IN ACCESS EXCLUSIVE MODE"):
            await asyncio.sleep(1.1)
            began = time.monotonic()
            answer = await one.client.get("/readyz")
            assert (503, True) == (answer.status_code, "LockNotAvailable" in answer.text), answer.text
            assert time.monotonic() - began < 5
        await asyncio.sleep(1.1)
        assert 200 == (await one.client.get("/readyz")).status_code


async def test_a_read_only_database_is_not_ready(database_url: str, tmp_path: Path) -> None:
    """A database that accepts reads alone, as a standby does, is not ready; events for it are answered with 503."""
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("SELECT current_database()")
    async with front(settings_for(database_url, tmp_path)) as one:
        session = await one.session()
        for setting, status in (("on", 503), ("off", 200)):
            await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}")
            await connection.fetch(OTHERS)
            await eventually(_answer(one, status, "ReadOnly" if status == 503 else "ready"), "the state is known", 20)
            assert status == (await one.send(session, "one")).status_code
        assert 1 == await one.likes(session)
    await connection.close()


@contextmanager
def mounted(beside: Path) -> Iterator[Path]:
    """Mount a file system of 16 MB where the user who owns `beside` reaches it; skip the test where that is not permitted."""
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0 or not beside.exists():
        pytest.skip("mounting a small file system needs root, and a PostgreSQL on this machine")
    owner, folder = beside.stat(), Path(tempfile.mkdtemp(dir=beside.parent))
    try:
        if subprocess.run([mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=False).returncode:
            pytest.skip("mounting is not permitted")
        try:
            os.chown(folder, owner.st_uid, owner.st_gid)
            yield folder
        finally:
            subprocess.run([mount.replace("mount", "umount"), "-l", folder], check=True)
    finally:
        folder.rmdir()


@pytest.fixture
def small_disk(postgres: str) -> Iterator[Path]:
    """A small file system, on which the tablespace `small` lies."""

    async def run(statement: str) -> str:
        connection = await asyncpg.connect(postgres)
        try:
            return str(await connection.fetchval(statement))
        finally:
            await connection.close()

    with mounted(Path(asyncio.run(run("SHOW data_directory")))) as folder:
        asyncio.run(run(f"CREATE TABLESPACE small LOCATION '{folder}'"))
        yield folder
        asyncio.run(run("DROP TABLESPACE small"))


@plain_only("a tablespace is on one node, and the rows of events are on the others")
async def test_a_full_disk_is_not_ready(small_disk: Path, database_url: str, tmp_path: Path) -> None:
    """Events are answered with 503, readiness names the reason, and what is repeated after space was made counts once."""
    connection = await asyncpg.connect(database_url)
    for kind in ("TABLE", "INDEX"):
        await connection.execute(f"ALTER {kind} ALL IN TABLESPACE pg_default SET TABLESPACE small")
    async with front(settings_for(database_url, tmp_path)) as one:
        session = await one.session()
        with suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        assert 503 == (await one.send(session, "one", "two")).status_code
        await eventually(_answer(one, 503, "DiskFull"), "the state is known", 20)
        assert 503 == (await one.send(session, "one")).status_code
        (small_disk / "filler").unlink()
        await eventually(_answer(one, 200, "ready"), "the state is known", 20)
        assert 200 == (await one.send(session, "one", "two")).status_code
        assert 2 == await one.likes(session)
    await connection.close()


def _answer(one: Front, status: int, text: str) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        answer = await one.client.get("/readyz")
        return answer.status_code == status and text in answer.text

    return check


async def test_the_probe_is_cached_and_shared(database_url: str, tmp_path: Path) -> None:
    """A hundred probes within a second write once, and leave nothing in the tables."""
    async with front(settings_for(database_url, tmp_path)) as one:
        asked = 0
        acquire = type(one.service.database).acquire

        def counted(database: object) -> object:
            nonlocal asked
            asked += 1
            return acquire(database)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(one.service.database), "acquire", counted)
            answers = await asyncio.gather(*(one.client.get("/readyz") for _ in range(100)))
        assert {200} == {answer.status_code for answer in answers}
        assert 1 == asked
        connection = await asyncpg.connect(database_url)
        assert 0 == await connection.fetchval("SELECT count(*) FROM counters WHERE metric = 'readiness'")
        await connection.close()


async def test_readiness_names_the_writer_and_the_worker(tmp_path: Path, proxy: TcpProxy) -> None:
    """The answer tells of both; a worker without a connection to its queue makes the process not ready."""
    async with front(settings_for(proxy.dsn, tmp_path)) as one:
        answer = (await one.client.get("/readyz")).json()
        assert ("running", "not started") == (answer["writer"], answer["worker"])
        async with one.service.platforms.working():
            assert "running" == (await one.client.get("/readyz")).json()["worker"]
            one.service.platforms.worker.health.answered_at -= 3600
            answer = await one.client.get("/readyz")
            assert (503, True) == (answer.status_code, "worker" in answer.text)

            async def ready() -> bool:
                return (await one.client.get("/readyz")).status_code == 200

            # The next check of the queue's connection is answered.
            await eventually(ready, "the worker is ready", 20)
