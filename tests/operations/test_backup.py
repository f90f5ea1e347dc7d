"""A backup restores to what it is of: the log and the figures of one moment, with the secrets, and into an empty database only."""

import asyncio
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import typer
from pydantic import SecretStr

from app.cli.operations import told
from app.ingest.rebuilding.rebuild import compare
from app.operations.backup_file import BackupError, BackupFile, opened
from app.platforms.credentials.encryption import WrongSecretKeyError
from app.service import Service, open_service
from app.storage.postgres.dump import DumpError, entries_of
from tests.databases import new_database, plain_only
from tests.operations.conftest import make, names_in, restore, settings_of

pytestmark = plain_only("a database there is backed up by Citus' own means")

BATCH = {"Content-Type": "application/cloudevents-batch+json"}


def batch(numbers: "itertools.count[int]", session: str) -> list[dict[str, Any]]:
    """Return events of a session: an order, an arrival and a comment each."""
    found = []
    for _ in range(20):
        number = next(numbers)
        base = {"specversion": "1.0", "source": "/load", "subject": session, "time": f"2021-09-25T05:{number % 60:02}:00Z"}
        order = {
            "order": f"o{number}", "buyer": f"b{number % 37}", "currency": "CNY", "amount": "12.34",
            "lines": [{"product": f"p{number % 5}", "quantity": 1, "amount": "12.34"}],
        }  # fmt: skip
        found += [
            base | {"id": f"o{number}", "type": "live.order.paid", "data": order},
            base | {"id": f"v{number}", "type": "live.viewer.entered", "data": {"viewer": f"v{number % 101}"}},
            base | {"id": f"c{number}", "type": "live.comment.posted", "data": {"viewer": f"v{number % 101}", "text": "x"}},
        ]
    return found


async def test_a_backup_under_load_restores_to_figures_equal_to_a_rebuild(
    service: Service, client: httpx.AsyncClient, sessions: list[str], postgres: str, tmp_path: Path
) -> None:
    """Every event that was acknowledged before is there, and of the later ones a whole prefix of commits: the tables agree."""
    numbers = itertools.count()
    acknowledged = 0
    stopping = asyncio.Event()

    async def load() -> None:
        nonlocal acknowledged
        for session in itertools.cycle(sessions):
            if stopping.is_set():
                return
            events = batch(numbers, session)
            answer = await client.post("/v1/events", json=events, headers=BATCH)
            assert 200 == answer.status_code
            acknowledged += len(events)

    loads = [asyncio.create_task(load()) for _ in range(3)]
    while acknowledged < 600:  # noqa: ASYNC110 - the loads are watched
        await asyncio.sleep(0.01)
    before = acknowledged
    file = await make(service, tmp_path / "one.backup")
    after = acknowledged + 3 * 60
    stopping.set()
    await asyncio.gather(*loads)
    async with new_database(postgres, None) as dsn:
        await restore(dsn, file)
        async with open_service(settings_of(dsn, tmp_path)) as restored:
            async with restored.database.acquire() as connection:
                events = await connection.fetchval("SELECT count(*) FROM events")
                orders = await connection.fetchval("SELECT count(*) FROM events WHERE type = 'live.order.paid'")
                counted = await connection.fetchval(
                    "SELECT sum(value) FROM counters WHERE grain = 0 AND key = '' AND metric = 'gmv'"
                )
            assert before <= events <= after
            assert orders * 1234 == counted
            for session in sessions:
                assert [] == await compare(restored.database, restored.settings, UUID(session))


async def test_secrets_people_and_row_level_security_come_back(
    service: Service, client: httpx.AsyncClient, sessions: list[str], postgres: str, tmp_path: Path
) -> None:
    """Keys open, an event that is sent again is a duplicate, the reader's role reads one brand and no secret."""
    hook = {"kind": "standard_webhooks", "name": "n", "brand": "brand-0", "secrets": {"secret": "whsec_" + "MfKQ9r8G" * 6}}
    connection_id = (await client.post("/v1/connections", json=hook)).json()["id"]
    events = batch(itertools.count(), sessions[0])
    await client.post("/v1/events", json=events, headers=BATCH)
    buyers = await _buyers(service, sessions[0])
    file = await make(service, tmp_path / "one.backup")
    async with new_database(postgres, None) as dsn:
        await restore(dsn, file)
        async with open_service(settings_of(dsn, tmp_path)) as restored:
            assert buyers == await _buyers(restored, sessions[0])
            loaded = await restored.platforms.connection_cache.find(UUID(connection_id))
            assert loaded is not None
            assert await _privileges(restored) == await _privileges(service) != []
        with pytest.raises(WrongSecretKeyError):
            async with open_service(settings_of(dsn, tmp_path).model_copy(update={"secret_key": SecretStr("x" * 32)})):
                pass


async def _buyers(service: Service, session: str) -> list[str]:
    async with service.database.acquire() as connection:
        rows = await connection.fetch("SELECT DISTINCT buyer FROM orders WHERE session_id = $1 ORDER BY 1", UUID(session))
    return [row["buyer"] for row in rows]


async def _privileges(service: Service) -> list[Any]:
    """Return what the reader's role may read, and the policies."""
    async with service.database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'tallylight_reader' ORDER BY 1"
        )
        policies = await connection.fetch("SELECT tablename, policyname, qual FROM pg_policies ORDER BY 1, 2")
        defaults = await connection.fetchval("SELECT defaclacl::text FROM pg_default_acl")
    return [*map(tuple, rows), *map(tuple, policies), defaults]


async def test_only_an_empty_database_is_restored_into(
    service: Service, sessions: list[str], postgres: str, database_url: str, tmp_path: Path
) -> None:
    """A migrated one, and one with a table of another program, are refused and keep what they have."""
    assert sessions
    file = await make(service, tmp_path / "one.backup")
    with pytest.raises(BackupError, match="not empty"):
        await restore(database_url, file)
    async with new_database(postgres, None) as dsn:
        other = await asyncpg.connect(dsn)
        await other.execute("CREATE TABLE theirs (id int)")
        with pytest.raises(BackupError, match="not empty"):
            await restore(dsn, file)
        assert ["theirs"] == [row[0] for row in await other.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        await other.close()


async def test_a_restore_that_fails_leaves_the_database_empty(
    service: Service, sessions: list[str], postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The archive ends in the middle: all or nothing, and the next try succeeds."""
    assert sessions
    file = await make(service, tmp_path / "one.backup")
    database = BackupFile.database

    def cut(self: BackupFile) -> Any:
        whole = b"".join(database(self))
        yield whole[: len(whole) * 3 // 4]

    async with new_database(postgres, None) as dsn:
        monkeypatch.setattr(BackupFile, "database", cut)
        with pytest.raises(DumpError, match="pg_restore failed"):
            await restore(dsn, file)
        monkeypatch.setattr(BackupFile, "database", database)
        await restore(dsn, file)


@pytest.mark.parametrize("eighth", [1, 4, 7])
async def test_a_damaged_backup_is_refused_and_nothing_waits(
    service: Service, sessions: list[str], postgres: str, tmp_path: Path, eighth: int
) -> None:
    """One wrong bit anywhere in the archive: an error within a minute, and the database stays empty."""
    assert sessions
    file = await make(service, tmp_path / "one.backup")
    whole = bytearray(file.read_bytes())
    whole[len(whole) * eighth // 8] ^= 1
    damaged = tmp_path / "damaged.backup"
    damaged.write_bytes(whole)
    async with new_database(postgres, None) as dsn:
        with pytest.raises((BackupError, DumpError)):
            await asyncio.wait_for(restore(dsn, damaged), 60)
        await restore(dsn, file)


async def test_an_archive_that_cannot_be_read_to_its_end_is_an_error(
    service: Service, sessions: list[str], tmp_path: Path
) -> None:
    """Of its table of contents a half was read: the program would wait for the rest."""
    assert sessions
    file = await make(service, tmp_path / "one.backup")
    with opened(file) as found:
        first = next(found.database())

        def broken() -> Iterator[bytes]:
            yield first[:200]
            raise BackupError("the backup is damaged")

        with pytest.raises(BackupError, match="damaged"):
            await asyncio.wait_for(entries_of(found.manifest.server, broken()), 60)
        whole = b"".join(found.database())

        def broken_at_its_end() -> Iterator[bytes]:
            yield whole
            yield from [bytes(1 << 20)] * 20
            raise BackupError("the backup is damaged")

        # The program has read its table and is gone.
        with pytest.raises(BackupError, match="damaged"):
            await asyncio.wait_for(entries_of(found.manifest.server, broken_at_its_end()), 60)


async def test_a_file_that_is_no_whole_backup_is_refused(service: Service, sessions: list[str], tmp_path: Path) -> None:
    """Cut off, something else, of a newer version; and one that could not be written leaves nothing behind."""
    assert sessions
    file = await make(service, tmp_path / "one.backup")
    part = tmp_path / "part.backup"
    part.write_bytes(file.read_bytes()[:-100])
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("x", "y")
    newer = tmp_path / "newer.backup"
    with opened(file) as found, zipfile.ZipFile(newer, "w") as archive:
        archive.writestr("backup.json", found.manifest.model_copy(update={"format": 2}).model_dump_json())
    for wrong, text in (
        (part, "incomplete"),
        (other, "no backup"),
        (newer, "newer version"),
        (tmp_path / "missing", "cannot read"),
    ):
        with pytest.raises(BackupError, match=text), opened(wrong):
            pass
    with pytest.raises(BackupError, match="cannot write"):
        await make(service, tmp_path / "no-such-folder" / "one.backup")


async def test_a_backup_that_is_broken_off_leaves_no_file(
    service: Service, sessions: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither under its name nor under another; the former backup of that name stays."""
    assert sessions
    file = tmp_path / "one.backup"
    file.write_text("the former one")

    async def broken(dsn: str, server: int) -> Any:
        del dsn, server
        yield b"the beginning"
        raise DumpError("lost")

    monkeypatch.setattr("app.storage.postgres.dump.dump", broken)
    with pytest.raises(DumpError):
        await make(service, file)
    assert (["one.backup"], "the former one") == (names_in(tmp_path), file.read_text())


async def test_a_backup_of_a_newer_schema_is_refused(
    service: Service, sessions: list[str], postgres: str, tmp_path: Path
) -> None:
    """This version could not serve it."""
    assert sessions
    file = await make(service, tmp_path / "one.backup")
    newer = tmp_path / "newer.backup"
    with opened(file) as found, zipfile.ZipFile(newer, "w") as archive:
        archive.writestr("backup.json", found.manifest.model_copy(update={"migration": "9999"}).model_dump_json())
    async with new_database(postgres, None) as dsn:
        with pytest.raises(BackupError, match="9999"):
            await restore(dsn, newer)


async def test_a_user_who_may_not_read_the_database_is_told_in_one_sentence(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback; the exit code is 1."""
    async with service.database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL ROLE pg_monitor")
        with pytest.raises(typer.Exit) as ended, told():
            await connection.fetch("SELECT * FROM events")
    assert 1 == ended.value.exit_code
    assert "permission denied" in capsys.readouterr().err
