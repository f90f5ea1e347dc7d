"""The secret key of a backup: inside, opened by the passphrase alone, and needed by who restores it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.operations import backup as backups
from app.operations.backup_file import BackupError, opened
from app.service import Service
from tests.databases import SECRET, OwnSettings, plain_only
from tests.operations.conftest import PASSPHRASE, make, names_in

pytestmark = plain_only("a database there is backed up by Citus' own means")


async def test_the_key_is_inside_and_only_the_passphrase_opens_it(service: Service, sessions: list[str], tmp_path: Path) -> None:
    """The key's text is nowhere in the file; another passphrase, and a file without a key, say so."""
    assert sessions
    file = await make(service, tmp_path / "one.backup")
    assert 0o600 == file.stat().st_mode & 0o777
    assert SECRET.encode() not in file.read_bytes()
    with opened(file) as found:
        assert SECRET == found.secret_key(PASSPHRASE)
        with pytest.raises(BackupError, match="passphrase"):
            found.secret_key("another")
    with opened(await make(service, tmp_path / "two.backup", None)) as without:
        assert not without.has_key
        with pytest.raises(BackupError, match="without the secret key"):
            without.secret_key(PASSPHRASE)


async def test_no_backup_is_made_with_a_key_that_does_not_open_the_database(
    service: Service, sessions: list[str], tmp_path: Path
) -> None:
    """Another key, or a rotation that is under way: the file would be of no use."""
    assert sessions
    for changes, text in (
        ({"secret_key": SecretStr("y" * 32)}, "not the key of this database"),
        ({"secret_key_previous": SecretStr("z" * 32)}, "TALLYLIGHT_SECRET_KEY_PREVIOUS"),
    ):
        settings = service.settings.model_copy(update=changes)
        with pytest.raises(BackupError, match=text):
            await backups.back_up(service.database, settings, tmp_path / "no.backup", PASSPHRASE, datetime.now(UTC))
    assert [] == names_in(tmp_path)


async def test_which_key_a_server_of_the_restored_database_needs(service: Service, sessions: list[str], tmp_path: Path) -> None:
    """The one of the environment if it is right; else none is guessed, and a file with another key stays."""
    assert sessions
    folder = tmp_path / "data"
    embedded = OwnSettings(data_dir=folder)
    with opened(await make(service, tmp_path / "one.backup")) as found:
        assert backups.key_for(found, service.settings, None) is None
        with pytest.raises(BackupError, match="TALLYLIGHT_SECRET_KEY is not"):
            backups.key_for(found, service.settings.model_copy(update={"secret_key": SecretStr("x" * 32)}), PASSPHRASE)
        with pytest.raises(BackupError, match="--passphrase-file"):
            backups.key_for(found, embedded, None)
        key = backups.key_for(found, embedded, PASSPHRASE)
        assert key is not None
        backups.write_key(key)
        assert (SECRET, 0o600) == (key.file.read_text(), key.file.stat().st_mode & 0o777)
        assert backups.key_for(found, embedded, None) is None
        with pytest.raises(BackupError):
            backups.write_key(key)
        key.file.write_text("w" * 64)
        with pytest.raises(BackupError, match="is not the secret key"):
            backups.key_for(found, embedded, PASSPHRASE)
