"""The file of a backup: a ZIP archive with a description, PostgreSQL's own archive of the database, and the encrypted secret key.

In: what a backup consists of. Out: the file, and its parts again. Never here: the database, a key in an error.

A ZIP file has its table of contents at its end: one that is cut off does not open, and each part has a checksum. The secret key
is encrypted by AES-256-GCM with a key that scrypt derives from the passphrase (RFC 7914; N = 2^17, r = 8, p = 1: 128 MiB).
"""

import base64
import os
import struct
import zipfile
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ValidationError, field_validator
from pydantic_core import from_json, to_json

from app.operations.whole_file import written

FORMAT = 1
_MANIFEST, _DATABASE, _KEY = "backup.json", "database.dump", "secret-key.json"
_COST = {"n": 1 << 17, "r": 8, "p": 1}
_PIECE = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError, OverflowError)
"""What `zipfile` raises of a damaged archive: a wrong bit can also ask for a password or for an unknown compression."""


class BackupError(Exception):
    """A backup cannot be made, read or restored; the text says why and what helps."""


class Manifest(BaseModel):
    """What a backup is of."""

    format: int = FORMAT
    version: str
    """Of Tallylight."""
    migration: str
    server: int
    """Major version of PostgreSQL."""
    created_at: str
    pseudonym_key: str
    """The encrypted pseudonym key of the database, in base64: it tells whether a secret key is the right one."""

    @field_validator("pseudonym_key")
    @classmethod
    def _base64(cls, text: str) -> str:
        base64.b64decode(text)
        return text


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup that was opened."""

    manifest: Manifest
    archive: zipfile.ZipFile

    @property
    def has_key(self) -> bool:
        """Whether the secret key is inside."""
        return _KEY in self.archive.namelist()

    def database(self) -> Iterator[bytes]:
        """Yield PostgreSQL's archive.

        Raises:
            BackupError: it is damaged.
        """
        try:
            with self.archive.open(_DATABASE) as part:
                while piece := part.read(_PIECE):
                    yield piece
        except (KeyError, OSError, *_DAMAGED) as error:
            raise BackupError(f"the backup is damaged: {error}") from None

    def secret_key(self, passphrase: str) -> str:
        """Return the secret key.

        Raises:
            BackupError: it is not inside, or the passphrase is another one.
        """
        if not self.has_key:
            raise BackupError("the backup was made without the secret key; set TALLYLIGHT_SECRET_KEY to the key of its server")
        try:
            return _decrypted(from_json(self.archive.read(_KEY)), passphrase)
        except InvalidTag:
            raise BackupError("the passphrase does not open the secret key of this backup") from None
        except (KeyError, TypeError, *_DAMAGED) as error:
            raise BackupError(f"the backup is damaged: {type(error).__name__}") from None


@contextmanager
def opened(path: Path) -> Iterator[BackupFile]:
    """Open a backup.

    Raises:
        BackupError: it is no backup, is incomplete, or a newer version made it.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED:
        raise BackupError(f"{path} is no backup of Tallylight, or is incomplete") from None
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror or error}") from None
    with archive:
        yield BackupFile(_manifest(path, archive), archive)


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(archive.read(_MANIFEST))
    except (KeyError, ValidationError):
        raise BackupError(f"{path} is no backup of Tallylight") from None
    except (OSError, *_DAMAGED):
        raise BackupError(f"{path} is no backup of Tallylight, or is damaged") from None
    if manifest.format > FORMAT:
        raise BackupError(f"{path} was made by a newer version ({manifest.version}): restore it with that one")
    return manifest


async def write(
    path: Path, manifest: Manifest, database: AsyncGenerator[bytes, None], secret: str | None, passphrase: str | None
) -> None:
    """Write a backup; the file has its name once it is complete, and only its owner reads it.

    Raises:
        BackupError: it cannot be written, or another process is writing it.
    """
    try:
        # Closed here: if the disk is full, the program that makes the database's archive ends with this work, and not after it.
        async with aclosing(database):
            await _write(path, manifest, database, secret, passphrase)
    except OSError as error:
        raise BackupError(f"cannot write {path}: {error.strerror or error}") from None


async def _write(
    path: Path, manifest: Manifest, database: AsyncGenerator[bytes, None], secret: str | None, passphrase: str | None
) -> None:
    with written(path) as file, zipfile.ZipFile(file, "w") as archive:
        # PostgreSQL compresses its archive itself.
        with archive.open(zipfile.ZipInfo(_DATABASE, _EPOCH), "w", force_zip64=True) as whole:
            async for piece in database:
                whole.write(piece)
        if secret is not None and passphrase is not None:
            archive.writestr(zipfile.ZipInfo(_KEY, _EPOCH), to_json(_encrypted(secret, passphrase)))
        archive.writestr(zipfile.ZipInfo(_MANIFEST, _EPOCH), manifest.model_dump_json(indent=2))


def _key_of(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, **cost).derive(passphrase.encode())


def _encrypted(secret: str, passphrase: str) -> dict[str, Any]:
    salt, nonce = os.urandom(16), os.urandom(12)
    content = AESGCM(_key_of(passphrase, salt, _COST)).encrypt(nonce, secret.encode(), None)
    parts = {"salt": salt, "nonce": nonce, "ciphertext": content}
    return {"kdf": "scrypt", **_COST, "cipher": "AES-256-GCM"} | {
        name: base64.b64encode(part).decode() for name, part in parts.items()
    }


def _decrypted(content: dict[str, Any], passphrase: str) -> str:
    # The costs are those of this version: a file must not choose how much memory they take.
    salt, nonce, ciphertext = (base64.b64decode(content[name]) for name in ("salt", "nonce", "ciphertext"))
    return AESGCM(_key_of(passphrase, salt, _COST)).decrypt(nonce, ciphertext, None).decode()
