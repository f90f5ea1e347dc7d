"""The file that holds the secret key of an embedded database.

In: its path. Out: the key, created once. Never here: a key in an error.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path


def read_or_create(path: Path) -> str:
    """Return the text of the file, without white space at its ends; a new file is readable by its owner only.

    Raises:
        OSError: the folder or the file cannot be made or read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with suppress(FileExistsError):
            create(path, secrets.token_hex(32))
    return path.read_text().strip()


def create(path: Path, text: str) -> None:
    """Write a new file that its owner alone reads: all of it or nothing.

    Raises:
        OSError: there is one, or it cannot be written.
    """
    # A temporary file is linked to the name: of two keys the first counts, and none is read half.
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        Path(temporary).unlink()
