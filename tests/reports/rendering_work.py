"""Work for render processes. Each process imports this module: it has nothing of the application, whose import takes a second.

In: seconds, a file. Out: the id of the process that did it. Never here: imports of the application, assertions.
"""

import os
import signal
import time
from pathlib import Path


def busy(seconds: float) -> int:
    """Compute without a pause, and return the process id."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    return os.getpid()


def die(deaths: Path, most: int = 100) -> int:
    """End the process without notice, as the kernel does if memory is short, and note its id; return it after so many deaths."""
    known = deaths.read_text().split() if deaths.exists() else []
    if len(known) < most:
        deaths.write_text(" ".join([*known, str(os.getpid())]))
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()
