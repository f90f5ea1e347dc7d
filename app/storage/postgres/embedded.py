"""The embedded PostgreSQL: a real server from a Python package, for a newcomer and for every test.

In: a folder. Out: a running server's connection string. Never here: a stop of a server that another process uses, a change to
anything outside the data folder.

The package brings PostgreSQL's programs; this module starts them itself. The data folder stays private, connections need a secret
that is kept beside it, and locks are files in the data folder, so that two operating system users do not share any.
"""

import atexit
import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from weakref import WeakSet

import psutil

from app.storage.postgres.postgres_programs import EmbeddedPostgresError, User, entry_of, last_error, path_of, run, user_of

VERSION = "18"
_SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 107
"""Bytes that the path of a Unix socket may have."""
_START_SECONDS = 120
_STOP_SECONDS = 3
_HBA = "# Written by Tallylight: every connection needs the secret beside the data folder.\nlocal all all scram-sha-256\n"
_SETTINGS = "shared_buffers = '512MB'\nmax_wal_size = '4GB'\ncheckpoint_timeout = '15min'\nwal_compression = 'off'\njit = 'off'\n"
"""fsync stays on. The rest suits one machine that runs the service beside the database; memory for pages is taken as they come.

The first change of a page after a checkpoint is logged with the whole page. PostgreSQL's package can compress pages only by pglz:
at half of the highest rate of events that took both processors of a small machine for ten seconds after each checkpoint.
"""
_FORMER_SETTINGS = "shared_buffers = '256MB'\nmax_wal_size = '4GB'\nwal_compression = 'on'\njit = 'off'\n"
"""Those of data folders that a former version made."""


class EmbeddedPostgres:
    """One PostgreSQL server in one data folder; several processes may share it, the last one stops it."""

    def __init__(self, data_dir: Path) -> None:
        """Prepare the server; nothing runs yet."""
        self._data_dir = data_dir.absolute()
        self._folder = self._data_dir / "postgres"
        self._secret_file = self._data_dir / "postgres.secret"
        self._secret = ""
        self._users: int | None = None
        self._creating: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server, or join the one that runs there, and return its connection string.

        Raises:
            EmbeddedPostgresError: it cannot run here.
        """
        path_of("postgres")
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
            with self._lock():
                self._check_version()
                process = self._process()
                if process is None:
                    self._begin()
                elif self._secret_file.exists():
                    self._secret = self._secret_file.read_text().strip()
                self._users = _shared_lock(self._data_dir / "postgres.users")
        except OSError as error:
            raise EmbeddedPostgresError(
                f"cannot use the data folder {self._data_dir}: {error.strerror or error}; set TALLYLIGHT_DATA_DIR to another one"
            ) from error
        atexit.register(self.stop)
        _started.add(self)
        return self._dsn()

    def cancel(self) -> None:
        """End the creation of a data folder, which takes seconds; the thread in `start` then raises."""
        if self._creating is not None:
            self._creating.terminate()

    def abandon(self) -> None:
        """End the server without waiting for it; nothing that was committed is lost."""
        self.cancel()
        process = self._process()
        if self._users is not None and process is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                process.send_signal(signal.SIGQUIT)

    def restart(self) -> None:
        """Start the server again after it died; returns at once if it runs."""
        if self._users is not None:
            with self._lock():
                if self._process() is None:
                    self._launch()

    @property
    def pid(self) -> int | None:
        """Return the process id of the server."""
        process = self._process()
        return process.pid if process is not None else None

    def stop(self) -> None:
        """Give the server up; it stops if no other process uses it."""
        users, self._users = self._users, None
        if users is None:
            return
        atexit.unregister(self.stop)
        with self._lock():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            finally:
                os.close(users)
            self._end()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the right to start and to stop the server."""
        handle = os.open(self._data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _check_version(self) -> None:
        try:
            found = (self._folder / "PG_VERSION").read_text().strip()
        except (FileNotFoundError, NotADirectoryError):
            return
        if found != VERSION:
            raise EmbeddedPostgresError(f"{self._folder} was made by PostgreSQL {found}; this version runs PostgreSQL {VERSION}")

    def _process(self) -> psutil.Process | None:
        """Return the server's process. A number in a file of a crashed server may be another program's today."""
        try:
            process = psutil.Process(int((self._folder / "postmaster.pid").read_text().split("\n", 1)[0]))
            return process if process.name() == "postgres" and Path(process.cwd()) == self._folder.resolve() else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _begin(self) -> None:
        user = user_of(self._folder)
        if not (self._folder / "PG_VERSION").exists():
            self._create(user)
        self._renew_settings()
        if not self._secret_file.exists():
            self._protect(user)
        self._secret = self._secret_file.read_text().strip()
        self._launch()

    def _create(self, user: User) -> None:
        if entry_of(user.uid) is None:
            raise EmbeddedPostgresError(
                f"the embedded PostgreSQL needs user {user.uid} in /etc/passwd; add an entry, or set TALLYLIGHT_DATABASE_URL"
            )
        if self._folder.exists():
            # Removes an empty folder, which an operator may have prepared, and no other.
            self._folder.rmdir()
        # Made aside and renamed: a data folder is whole or not there.
        aside = self._data_dir / "postgres.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(aside, user.uid, user.gid)
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
        try:
            run(user, "initdb", "-D", str(aside), "-U", _SUPERUSER, "--auth=trust", *locale, started=self._created_by)
            with (aside / "postgresql.auto.conf").open("a") as file:
                file.write(_SETTINGS)
            aside.rename(self._folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        finally:
            self._creating = None

    def _created_by(self, process: subprocess.Popen[bytes]) -> None:
        self._creating = process

    def _renew_settings(self) -> None:
        """Replace the settings of a former version, if no one has changed them since."""
        file = self._folder / "postgresql.auto.conf"
        try:
            found, was = file.read_text(), file.stat()
        except FileNotFoundError:
            return
        if _FORMER_SETTINGS in found:
            _replace(file, found.replace(_FORMER_SETTINGS, _SETTINGS), was, stat.S_IMODE(was.st_mode))

    def _protect(self, user: User) -> None:
        """Give the superuser a password and require it; also for a data folder of a version that required none."""
        secret = secrets.token_hex(32)
        # The secret has 256 bits, so that iterations would only slow every connection down.
        single = ("--single", "-D", str(self._folder), "-c", "scram_iterations=1", "postgres")
        run(user, "postgres", *single, text=f"ALTER ROLE {_SUPERUSER} PASSWORD '{secret}'\n")
        _replace(self._folder / "pg_hba.conf", _HBA, self._folder.stat(), 0o600)
        handle, aside = tempfile.mkstemp(dir=self._data_dir)
        with os.fdopen(handle, "w") as file:
            file.write(secret)
        Path(aside).rename(self._secret_file)

    def _launch(self) -> None:
        user = user_of(self._folder)
        options = f"-h '' -k '{self._socket_folder(user)}'"
        log = self._folder / "log"
        try:
            run(
                user, "pg_ctl", "start", "-w", "-t", str(_START_SECONDS), "-D", str(self._folder), "-l", str(log), "-o", options
            )  # fmt: skip
        except EmbeddedPostgresError as error:
            raise EmbeddedPostgresError(f"{error} ({last_error(log)})") from error

    def _socket_folder(self, user: User) -> Path:
        if len(os.fsencode(self._folder / _SOCKET)) <= _LONGEST_SOCKET and "'" not in str(self._folder):
            return self._folder
        folder = Path(tempfile.mkdtemp(prefix="tallylight-"))
        if os.geteuid() == 0:
            os.chown(folder, user.uid, user.gid)
        return folder

    def _end(self) -> None:
        process = self._process()
        if process is None:
            return
        sockets = self._listening_in()
        user = user_of(self._folder)
        for mode, seconds in (("fast", _STOP_SECONDS), ("immediate", _START_SECONDS)):
            try:
                run(user, "pg_ctl", "stop", "-w", "-m", mode, "-t", str(seconds), "-D", str(self._folder))
                break
            except EmbeddedPostgresError:
                if self._process() is None:
                    break
        if sockets != self._folder:
            # The database's user writes where that is, and could name any folder: only an empty one is removed.
            with contextlib.suppress(OSError):
                for name in (_SOCKET, f"{_SOCKET}.lock"):
                    (sockets / name).unlink(missing_ok=True)
                sockets.rmdir()

    def _listening_in(self) -> Path:
        return Path((self._folder / "postmaster.pid").read_text().splitlines()[4])

    def _dsn(self) -> str:
        password = f":{self._secret}" if self._secret else ""
        return f"postgresql://{_SUPERUSER}{password}@/postgres?host={quote(str(self._listening_in()), safe='/')}"


_started: WeakSet[EmbeddedPostgres] = WeakSet()


def abandon_all() -> None:
    """End the servers of this process at once, except those that other processes use."""
    for server in list(_started):
        server.abandon()


def _replace(file: Path, text: str, owner: os.stat_result, mode: int) -> None:
    """Write a file of the data folder again: whole or not at all, and no other file, where the folder's user has left a link."""
    handle, aside = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w") as new:
        new.write(text)
        if os.geteuid() == 0:  # Others own it already, and may not be in the folder's group.
            os.fchown(handle, owner.st_uid, owner.st_gid)
        os.fchmod(handle, mode)
    Path(aside).replace(file)


def _shared_lock(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle
