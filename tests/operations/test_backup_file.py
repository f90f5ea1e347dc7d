"""A backup file that is damaged is refused with one sentence, whatever is wrong in it."""

import asyncio
import json
import resource
import zipfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.operations.backup_file import BackupError, Manifest, opened, write

DATABASE = b"PGDMP" + bytes(range(200))


async def _pieces() -> AsyncGenerator[bytes, None]:
    yield DATABASE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small backup without a key."""
    manifest = Manifest(version="1", migration="0001", server=16, created_at="2021-09-25T05:00:00Z", pseudonym_key="a2V5")
    asyncio.run(write(tmp_path / "one.backup", manifest, _pieces(), None, None))
    return tmp_path / "one.backup"


def test_every_wrong_bit_is_found_or_changes_nothing(file: Path) -> None:
    """Also one that asks for a password, for an unknown compression, or for another place."""
    whole, refused = file.read_bytes(), 0
    with opened(file) as found:
        manifest = found.manifest
    for place in range(len(whole)):
        for bit in range(0, 8, 1 if place > len(whole) - 300 else 3):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            try:
                with opened(file) as found:
                    assert (manifest, DATABASE) == (found.manifest, b"".join(found.database()))
            except BackupError:
                refused += 1
    assert refused > 1_000


@pytest.mark.parametrize("part", ["backup.json", "database.dump"])
def test_a_part_that_is_missing(file: Path, part: str) -> None:
    """The description, and PostgreSQL's archive."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != part}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(BackupError), opened(file) as found:
        list(found.database())


def test_a_description_whose_key_is_no_base64(file: Path) -> None:
    """It is no description of ours."""
    with zipfile.ZipFile(file) as archive:
        told = json.loads(archive.read("backup.json"))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("backup.json", json.dumps(told | {"pseudonym_key": "é"}))
    with pytest.raises(BackupError, match="no backup"), opened(file):
        pass


def test_an_error_of_the_caller_is_not_taken_for_one_of_the_file(file: Path) -> None:
    """A database that refuses the connection is not a file that cannot be read."""
    with pytest.raises(ConnectionRefusedError), opened(file):
        raise ConnectionRefusedError


def test_a_full_disk_ends_what_makes_the_archive(tmp_path: Path) -> None:
    """The program that the pieces come from has ended before the error is raised, and nothing is left of the file."""
    ended = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield bytes(1 << 20)
        finally:
            ended.append(True)

    async def work() -> None:
        manifest = Manifest(version="1", migration="0001", server=16, created_at="2021-09-25T05:00:00Z", pseudonym_key="a2V5")
        with pytest.raises(BackupError, match="cannot write"):
            await write(tmp_path / "one.backup", manifest, pieces(), None, None)
        assert [True] == ended

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, limits[1]))
    try:
        asyncio.run(work())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [] == list(tmp_path.iterdir())
