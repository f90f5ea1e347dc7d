"""A backup takes its place once it is whole, whatever a killed process or another program left there."""

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.operations.backup_file import BackupError, Manifest, opened, write
from tests.operations.conftest import names_in

MANIFEST = Manifest(version="1", migration="0001", server=16, created_at="2021-09-25T05:00:00Z", pseudonym_key="a2V5")


async def _pieces() -> AsyncGenerator[bytes, None]:
    yield b"PGDMP"


def _write(path: Path) -> None:
    asyncio.run(write(path, MANIFEST, _pieces(), None, None))


@pytest.mark.parametrize("linked", [False, True])
def test_what_a_killed_process_left_is_not_written_to(tmp_path: Path, *, linked: bool) -> None:
    """A file that all may read, and a link to a file of another program."""
    other, left = tmp_path / "other", tmp_path / "one.backup.part"
    other.write_text("theirs")
    if linked:
        left.symlink_to(other)
    else:
        left.write_text("x" * 10_000)
        left.chmod(0o644)
    _write(file := tmp_path / "one.backup")
    assert ("theirs", 0o600, False) == (other.read_text(), file.stat().st_mode & 0o777, file.is_symlink())
    assert ["one.backup", "other"] == sorted(names_in(tmp_path))
    with opened(file) as found:
        assert MANIFEST == found.manifest


def test_two_backups_into_one_file_do_not_mix(tmp_path: Path) -> None:
    """The second is refused while the first is under way, and the first ends well."""
    file = tmp_path / "one.backup"

    async def slow() -> AsyncGenerator[bytes, None]:
        yield b"PG"
        with pytest.raises(BackupError, match="another process is writing it"):
            await write(file, MANIFEST, _pieces(), None, None)
        yield b"DMP"

    asyncio.run(write(file, MANIFEST, slow(), None, None))
    with opened(file) as found:
        assert b"PGDMP" == b"".join(found.database())
    assert ["one.backup"] == names_in(tmp_path)


def test_a_file_that_another_process_began_between_two_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets the lock of a file that has lost its name does not take the name of the next."""
    file, flock = tmp_path / "one.backup", fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        (tmp_path / "one.backup.part").unlink()
        (tmp_path / "one.backup.part").write_text("of the other process")
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(BackupError, match="another process"):
        _write(file)
    assert "of the other process" == (tmp_path / "one.backup.part").read_text()
    assert not file.exists()


@pytest.mark.parametrize("name", ["", "..", "folder", "device", "file/one.backup", "n" * 253, "n" * 300, "missing/one.backup"])
def test_a_place_that_takes_no_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence; nothing is replaced or left, and nothing is dumped before."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "device")
    before = sorted(path.name for path in tmp_path.iterdir())

    async def never() -> AsyncGenerator[bytes, None]:
        yield pytest.fail("the dump began")

    with pytest.raises(BackupError, match="cannot write"):
        asyncio.run(write(Path(name), MANIFEST, never(), None, None))
    assert before == sorted(path.name for path in tmp_path.iterdir())
    assert (tmp_path / "device").is_fifo()


def test_a_full_disk_keeps_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stays of the new one."""
    file = tmp_path / "one.backup"
    file.write_text("the former one")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BackupError, match="No space left"):
        _write(file)
    assert (["one.backup"], "the former one") == (names_in(tmp_path), file.read_text())
