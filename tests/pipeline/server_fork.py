"""What becomes `tallylight serve` in a copy of a process that has imported the server.

In: a folder, an environment, a log. Out: the command, in this process. Never here: an import of the server or of a test: a copy has
the one, and would pay for the other.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

IMPORTED = ["app.main", "app.cli.serve"]
"""What the process has imported that is copied: nearly all that the command needs."""


def serve(folder: Path, environment: Mapping[str, str], log: Path) -> None:
    """Be the command as if it had been started by its name, with its output in the log."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    with log.open("ab") as opened:
        os.dup2(opened.fileno(), 1)
        os.dup2(opened.fileno(), 2)
    sys.argv = [str(folder / "app" / "__main__.py"), "serve"]
    from app.cli import main  # noqa: PLC0415 - see above

    main()
