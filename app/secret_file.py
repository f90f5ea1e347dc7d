"""The file that holds the secret key of an embedded database.

In: its path. Out: the key, created once. Never here: a key in an error.
"""

import os
import secrets
import tempfile
from pathlib import Path


def read_or_create(path: Path) -> str:
    """Return the text of the file, without white space at its ends; a new file is readable by its owner only.

    Raises:
        OSError: the folder or the file cannot be made or read.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path)
    return path.read_text().strip()


def _create(path: Path) -> None:
    # A temporary file is linked to the name: of two keys the first counts, and none is read half.
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink()
