"""A backup, and a restored backup.

In: the database, the settings, a file, a passphrase. Out: the file; a database like the one it is of. Never here: the file's form
(`backup_file`), the programs (`storage.postgres.dump`).
"""

import base64
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from app import __version__
from app.operations.backup_file import BackupError, BackupFile, Manifest, write
from app.platforms.credentials.encryption import SecretCipher, UnreadableError
from app.secret_file import create
from app.settings import Settings
from app.storage.database import Database
from app.storage.operations import status_reads
from app.storage.postgres import dump
from app.storage.postgres.dump import DumpError
from app.storage.queries import queries
from app.storage.schema import migrate

_PSEUDONYM_KEY = queries("platforms/platforms")["sealed_key"]
_READER_ROLE = queries("operations/status")["reader_role"]
_ON_CITUS = "a database on Citus is backed up and restored by Citus' own means, on the coordinator and every worker"


class Key(NamedTuple):
    """A secret key, and where a server without the setting reads it from."""

    secret: str
    file: Path


async def back_up(database: Database, settings: Settings, file: Path, passphrase: str | None, now: datetime) -> Manifest:
    """Write a backup of one snapshot, while the server works on; the secret key is inside if there is a passphrase.

    Raises:
        BackupError: it cannot be made: no schema, another secret key, a rotation of the key that is not over, Citus.
        DumpError: PostgreSQL's program failed.
    """
    if database.distributed:
        raise BackupError(_ON_CITUS)
    migration = await migrate.current(database.engine)
    if migration is None:
        raise BackupError("the database has no schema: there is nothing to back up")
    async with database.acquire() as connection:
        sealed: bytes | None = await connection.fetchval(_PSEUDONYM_KEY, "people")
        server = await status_reads.major_version(connection)
    if sealed is None:
        raise BackupError("no server has used this database yet: there is nothing to back up")
    secret = None
    if passphrase is not None:
        secret = settings.secret()
        if not opens(secret, sealed):
            raise BackupError(
                "TALLYLIGHT_SECRET_KEY is not the key of this database, or its rotation is not over: "
                "run `tallylight connections rotate-key` first"
            )
        if settings.previous_secret() is not None:
            raise BackupError(
                "TALLYLIGHT_SECRET_KEY_PREVIOUS is set: run `tallylight connections rotate-key`, then remove it: one key must do"
            )
    manifest = Manifest(
        version=__version__,
        migration=migration,
        server=server,
        created_at=now.isoformat(),
        pseudonym_key=base64.b64encode(sealed).decode(),
    )
    await write(file, manifest, dump.dump(database.connector.dsn, server), secret, passphrase)
    return manifest


def opens(secret: str, sealed: bytes) -> bool:
    """Return whether a secret key is that of a database, by its encrypted pseudonym key."""
    try:
        SecretCipher(secret).decrypt(sealed)
    except UnreadableError:
        return False
    return True


def key_for(backup: BackupFile, settings: Settings, passphrase: str | None) -> Key | None:
    """Return the key that must be written for a server of these settings to open the restored database; None if it has it.

    Raises:
        BackupError: the environment has another key, or none and there is no passphrase.
    """
    sealed = base64.b64decode(backup.manifest.pseudonym_key)
    file = settings.data_dir / "secret.key"
    if settings.secret_key is not None:
        present: str | None = settings.secret_key.get_secret_value()
    else:
        present = file.read_text().strip() if file.exists() else None
    if present is not None:
        if opens(present, sealed):
            return None
        where = "TALLYLIGHT_SECRET_KEY" if settings.secret_key is not None else str(file)
        raise BackupError(
            f"{where} is not the secret key of this backup; with --passphrase-file, --key-to FILE writes the right one"
        )
    if passphrase is None:
        raise BackupError("the restored database needs its secret key: give --passphrase-file, or set TALLYLIGHT_SECRET_KEY")
    return Key(backup.secret_key(passphrase), file)


def write_key(key: Key) -> None:
    """Write a secret key to its file, which only its owner reads.

    Raises:
        BackupError: there is one, or it cannot be written.
    """
    try:
        key.file.parent.mkdir(parents=True, exist_ok=True)
        create(key.file, key.secret)
    except OSError as error:
        raise BackupError(f"cannot write {key.file}: {error.strerror or error}") from None


async def restore(database: Database, backup: BackupFile, key: Key | None = None) -> str | None:
    """Restore a backup into an empty database, in one transaction, and migrate it to this version; return its revision.

    The secret key is written first: of a process that is killed, PostgreSQL's program may complete the restore, and nothing would
    open that database.

    Raises:
        BackupError: the database is not empty, the backup is of a newer version, Citus; the key cannot be written.
        DumpError: PostgreSQL's program failed; the database is as empty as before.
    """
    if database.distributed:
        raise BackupError(_ON_CITUS)
    if not migrate.is_known(backup.manifest.migration):
        raise BackupError(
            f"the backup is at migration {backup.manifest.migration}, which this version does not know: use a newer one"
        )
    async with database.acquire() as connection:
        if await status_reads.has_tables(connection):
            raise BackupError("the database is not empty: restore into an empty one")
        server = await status_reads.major_version(connection)
        # Policies of the dump name the role; a role belongs to a cluster and is in no dump.
        await connection.execute(_READER_ROLE)
    if server < backup.manifest.server:
        raise BackupError(
            f"the backup is of PostgreSQL {backup.manifest.server}, this server is PostgreSQL {server}: use a newer one"
        )
    entries = await dump.entries_of(server, backup.database())
    if key is not None:
        write_key(key)
    try:
        await dump.restore(database.connector.dsn, server, backup.database(), entries)
    except (DumpError, BackupError):
        if key is not None:
            key.file.unlink()
        raise
    return await migrate.upgrade(database)
