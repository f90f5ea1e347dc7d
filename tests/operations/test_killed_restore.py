"""A restore that is killed leaves an empty database, or one that a server opens and the next migration completes."""

from pathlib import Path
from typing import Any

import pytest

from app.operations import backup as backups
from app.operations.backup_file import BackupError, BackupFile, opened
from app.service import Service
from app.storage.database import Database, open_database
from app.storage.postgres.dump import DumpError
from app.storage.schema import migrate
from tests.databases import SECRET, new_database, plain_only
from tests.operations.conftest import PASSPHRASE, make, settings_of

pytestmark = plain_only("a database there is backed up by Citus' own means")


async def _defaults(database: Database) -> list[Any]:
    async with database.acquire() as connection:
        return [tuple(row) for row in await connection.fetch("SELECT defaclobjtype, defaclacl::text FROM pg_default_acl")]


async def test_the_key_and_the_privileges_of_a_restore_that_was_killed(
    service: Service, sessions: list[str], postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pg_restore` completes what it has in hand: the key is there by then, and readers of one brand read new tables."""
    assert sessions
    file, key = await make(service, tmp_path / "one.backup"), backups.Key(SECRET, tmp_path / "data" / "secret.key")
    upgrade = migrate.upgrade

    async def killed(_: Database) -> str:
        raise RuntimeError("killed")

    monkeypatch.setattr(migrate, "upgrade", killed)
    async with new_database(postgres, None) as dsn:
        database = await open_database(settings_of(dsn, tmp_path))
        try:
            with opened(file) as found:
                with pytest.raises(RuntimeError, match="killed"):
                    await backups.restore(database, found, key)
                embedded = service.settings.model_copy(update={"secret_key": None, "data_dir": key.file.parent})
                assert backups.key_for(found, embedded, PASSPHRASE) is None
            assert [] == await _defaults(database)
            for _ in range(2):
                await upgrade(database)
                assert await _defaults(service.database) == await _defaults(database) != []
        finally:
            await database.close()


async def test_a_restore_that_fails_takes_its_key_back(
    service: Service, sessions: list[str], postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is empty, and another backup with another key can be restored; a key that is there stays."""
    assert sessions
    file, key = await make(service, tmp_path / "one.backup"), backups.Key(SECRET, tmp_path / "data" / "secret.key")
    async with new_database(postgres, None) as dsn:
        database = await open_database(settings_of(dsn, tmp_path))
        try:
            with opened(file) as found:
                whole = b"".join(found.database())
                # The table of contents is read first.
                reads = iter((len(whole), len(whole) * 3 // 4))
                monkeypatch.setattr(BackupFile, "database", lambda _: iter([whole[: next(reads)]]))
                with pytest.raises(DumpError, match="pg_restore failed"):
                    await backups.restore(database, found, key)
                assert not any(key.file.parent.iterdir())
                key.file.write_text("w" * 64)
                monkeypatch.setattr(BackupFile, "database", lambda _: iter([whole]))
                with pytest.raises(BackupError, match="cannot write"):
                    await backups.restore(database, found, key)
            assert "w" * 64 == key.file.read_text()
            assert await migrate.current(database.engine) is None
        finally:
            await database.close()
