"""The embedded PostgreSQL: private, protected by a secret, shared by processes, and clear about what prevents it."""

import asyncio
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from app.storage.postgres import embedded
from app.storage.postgres.embedded import EmbeddedPostgres
from app.storage.postgres.postgres_programs import EmbeddedPostgresError

pytestmark = pytest.mark.processes


async def _answer(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("SELECT 42"))
    finally:
        await connection.close()


def _without_password(dsn: str, password: str = "") -> str:
    parts = urlsplit(dsn)
    return f"postgresql://postgres{password}@{parts.path}?{parts.query}"


def _modes(path: Path) -> dict[Path, int]:
    return {folder: stat.S_IMODE(folder.stat().st_mode) for folder in (path, *path.parents)}


async def test_the_data_folder_is_private_and_its_parents_stay_what_they_are(tmp_path: Path) -> None:
    """No folder above is opened, the cluster is readable by its owner only, and a connection needs the secret."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    before = _modes(private)
    server = EmbeddedPostgres(private / "data")
    dsn = server.start()
    try:
        assert before == _modes(private)
        assert 0o700 == stat.S_IMODE((private / "data" / "postgres").stat().st_mode)
        assert 0o600 == stat.S_IMODE((private / "data" / "postgres.secret").stat().st_mode)
        assert 42 == await _answer(dsn)
        for wrong in (_without_password(dsn), _without_password(dsn, ":wrong")):
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await _answer(wrong)
    finally:
        server.stop()
    assert server.pid is None


async def test_a_folder_of_a_version_without_a_secret_is_protected(tmp_path: Path) -> None:
    """A cluster that trusted every local user requires the secret after its next start, and keeps its data."""
    server = EmbeddedPostgres(tmp_path)
    dsn = server.start()
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    await connection.close()
    server.stop()
    (tmp_path / "postgres.secret").unlink()
    rules, victim = tmp_path / "postgres" / "pg_hba.conf", tmp_path / "victim"
    victim.write_text("local all all trust\n")
    rules.unlink()
    rules.symlink_to(victim)
    dsn = server.start()
    try:
        assert ("local all all trust\n", False) == (victim.read_text(), rules.is_symlink())
        connection = await asyncpg.connect(dsn)
        assert 7 == await connection.fetchval("SELECT value FROM kept")
        await connection.close()
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await _answer(_without_password(dsn))
    finally:
        server.stop()


async def test_a_folder_of_a_former_version_has_the_settings_of_today(tmp_path: Path) -> None:
    """Its next start replaces what that version wrote, and leaves what an operator has set."""
    file = tmp_path / "postgres" / "postgresql.auto.conf"
    server = EmbeddedPostgres(tmp_path)
    dsn = server.start()
    for former, own, expected in (
        (embedded._FORMER_SETTINGS, "work_mem = '7MB'\n", "off"), (embedded._FORMER_SETTINGS, "wal_compression = 'pglz'\n", "pglz"),
    ):  # fmt: skip
        server.stop()
        before = file.stat()
        file.write_text(f"# as it was\n{former}{own}")
        server.start()
        assert (before.st_mode, before.st_uid, before.st_gid) == (file.stat().st_mode, file.stat().st_uid, file.stat().st_gid)
        connection = await asyncpg.connect(dsn)
        assert expected == await connection.fetchval("SHOW wal_compression")
        assert "15min" == await connection.fetchval("SHOW checkpoint_timeout")
        await connection.close()
        assert f"# as it was\n{embedded._SETTINGS}{own}" == file.read_text()
    server.stop()
    file.unlink()  # PostgreSQL does not need it
    assert 42 == await _answer(server.start())
    server.stop()


def test_new_settings_are_written_to_no_file_that_the_folder_leads_to(tmp_path: Path) -> None:
    """The database's user may leave a link or a folder there: what root owns elsewhere stays as it is, and the server starts."""
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    server.stop()
    file, victim = tmp_path / "data" / "postgres" / "postgresql.auto.conf", tmp_path / "victim"
    victim.write_text("as it was")
    before = victim.stat()
    file.write_text(embedded._FORMER_SETTINGS)
    file.with_name("postgresql.auto.conf.new").symlink_to(victim)
    server.start()
    server.stop()
    assert ("as it was", before.st_uid, before.st_mode) == (victim.read_text(), victim.stat().st_uid, victim.stat().st_mode)
    assert (embedded._SETTINGS, False) == (file.read_text(), file.is_symlink())


def test_a_stop_removes_no_folder_that_the_data_folder_names(tmp_path: Path) -> None:
    """The database's user writes the name of the socket's folder, and root would remove any other one."""
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    kept = tmp_path / "victim" / "kept"
    kept.parent.mkdir()
    kept.write_text("as it was")
    file = tmp_path / "data" / "postgres" / "postmaster.pid"
    lines = file.read_text().splitlines()
    lines[4] = str(kept.parent)
    file.write_text("\n".join(lines) + "\n")
    server.stop()
    assert server.pid is None
    assert "as it was" == kept.read_text()


async def test_the_last_of_several_users_stops_the_server(tmp_path: Path) -> None:
    """Two users share one server; it outlives the first and ends with the second."""
    first, second = EmbeddedPostgres(tmp_path), EmbeddedPostgres(tmp_path)
    assert first.start() == second.start()
    pid = first.pid
    first.stop()
    first.stop()
    assert pid == second.pid is not None
    second.stop()
    assert second.pid is None


def test_a_long_path_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    """A data folder whose path is too long for a socket works, and its socket folder is private and goes away."""
    server = EmbeddedPostgres(tmp_path / ("long" * 25))
    dsn = server.start()
    try:
        assert 42 == asyncio.run(_answer(dsn))
        sockets = Path(urlsplit(dsn).query.partition("=")[2])
        assert 0o700 == stat.S_IMODE(sockets.stat().st_mode)
    finally:
        server.stop()
    assert not sockets.exists()


def test_what_a_crash_leaves_behind_does_no_harm(tmp_path: Path) -> None:
    """A half-made cluster is made again; a process number that belongs to another program is not taken for the server."""
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(tmp_path)
    server.start()
    server.stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}/postgres\n1\n5432\n\n\n\n")
    assert server.pid is None


def test_what_prevents_it_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in place of the folder, another version's data, other files, a user without a passwd entry: a sentence each."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match="cannot use the data folder"):
        EmbeddedPostgres(tmp_path / "file").start()
    (tmp_path / "old" / "postgres").mkdir(parents=True)
    (tmp_path / "old" / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 12"):
        EmbeddedPostgres(tmp_path / "old").start()
    (tmp_path / "other" / "postgres").mkdir(parents=True)
    (tmp_path / "other" / "postgres" / "own.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="not empty"):
        EmbeddedPostgres(tmp_path / "other").start()
    assert (tmp_path / "other" / "postgres" / "own.txt").exists()
    monkeypatch.setattr(embedded, "entry_of", lambda _: None)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    with pytest.raises(EmbeddedPostgresError, match="user 4321 in /etc/passwd"):
        EmbeddedPostgres(tmp_path / "nameless").start()
    assert not (tmp_path / "nameless" / "postgres.new").exists()


def test_a_failed_start_leaves_no_half_made_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If `initdb` fails, the next start begins from nothing and succeeds."""
    monkeypatch.setattr(embedded, "_SUPERUSER", "pg_reserved")
    with pytest.raises(EmbeddedPostgresError, match="initdb"):
        EmbeddedPostgres(tmp_path).start()
    assert not (tmp_path / "postgres").exists()
    monkeypatch.undo()
    server = EmbeddedPostgres(tmp_path)
    server.start()
    server.stop()
