"""Backups and what they restore into, for the tests of operations."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.operations import backup as backups
from app.operations.backup_file import opened
from app.service import Service
from app.settings import Settings
from app.storage.database import open_database
from tests.databases import SECRET, OwnSettings

PASSPHRASE = "correct horse battery staple"


async def make(service: Service, file: Path, passphrase: str | None = PASSPHRASE) -> Path:
    """Write a backup of the service's database."""
    await backups.back_up(service.database, service.settings, file, passphrase, datetime.now(UTC))
    return file


async def restore(dsn: str, file: Path) -> None:
    """Restore a backup into the database of a connection string."""
    database = await open_database(settings_of(dsn, file.parent))
    try:
        with opened(file) as found:
            await backups.restore(database, found)
    finally:
        await database.close()


def settings_of(dsn: str, folder: Path, **others: Any) -> Settings:
    """Return the settings of a server on a restored database."""
    return OwnSettings(database_url=dsn, secret_key=SecretStr(SECRET), data_dir=folder, **others)


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return [one.name for one in folder.iterdir() if one.is_file()]


@pytest.fixture
async def sessions(client: httpx.AsyncClient) -> list[str]:
    """Two sessions of two brands."""
    found = []
    for number in range(2):
        form = {
            "title": "t",
            "brand": f"brand-{number}",
            "currency": "CNY",
            "streams": [{"platform": "wechat", "room": f"r{number}"}],
        }
        found.append((await client.post("/v1/sessions", json=form)).json()["id"])
    return found
