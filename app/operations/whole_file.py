"""A file that has its name once it is whole.

In: a path, what is written to it. Out: the file, which only its owner reads, or the former one of that name. Never here: what is
in the file; a file that belongs to something else.

It is written beside its place as `NAME.part`, locked. What a killed process left of that name is removed: it may be readable by
others, or be a link to another file.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


class FileInUseError(OSError):
    """Another process is writing the file."""

    def __init__(self) -> None:
        super().__init__("another process is writing it")


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Yield a new file; at the end of the block it takes the place of the path, unless the block raised.

    Raises:
        OSError: it cannot be written, or the path is a folder, a device or the like.
    """
    if path.exists() and not path.is_file():
        raise OSError("it is there and is no regular file")
    part = path.with_name(f"{path.name}.part")
    _remove_left(part)
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        _lock(file.fileno(), part)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise


def _remove_left(part: Path) -> None:
    """Remove what a killed process left; a link is removed itself."""
    try:
        found = part.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(found.st_mode):
        descriptor = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
        try:
            _lock(descriptor, part)
            part.unlink()
        finally:
            os.close(descriptor)
    elif stat.S_ISLNK(found.st_mode):
        part.unlink()


def _lock(descriptor: int, part: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Before the lock, another process may have removed the file, or given it its final name, and begun another.
        if os.path.samestat(os.fstat(descriptor), part.lstat()):
            return
    except (BlockingIOError, FileNotFoundError):
        pass
    raise FileInUseError
