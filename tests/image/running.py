"""Runs an image's root as a container would: read-only, as a user without privileges, with `/tmp` and its volumes alone to write to.

In: an image, a user, an environment. Out: processes. Never here: what is asked of them.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.image.building import Image

_CONTAINER = """
mount --bind "$ROOT" "$ROOT"
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
[ -z "$DATA" ] || mount --bind "$DATA" "$ROOT/data"
mount -o remount,bind,ro "$ROOT"
exec chroot "$ROOT" setpriv --reuid "$RUN_UID" --regid "$RUN_GID" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    env -i "$@"
"""
"""What compose.yaml asks for: `read_only`, `tmpfs: [/tmp]`, `cap_drop: [ALL]`, `no-new-privileges`."""


@dataclass(frozen=True, slots=True)
class Container:
    """An image with a user, settings, and perhaps a folder for `/data`."""

    image: Image
    uid: int
    gid: int
    environment: Mapping[str, str] = field(default_factory=dict)
    data: Path | None = None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the image to its end."""
        return subprocess.run(
            self._command(words), env=self._outside(), capture_output=True, text=True, timeout=120, check=False
        )  # fmt: skip

    def tallylight(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the image's entry point with these arguments."""
        return self.run(*self.image.entrypoint, *words)

    @contextmanager
    def serving(self, log: Path) -> Iterator["Serving"]:
        """Run the image as it is run without arguments; at the end kill it if it still runs."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._command([*self.image.entrypoint, *self.image.command]), env=self._outside(), stdout=output, stderr=output
            )
            try:
                yield Serving(process)
            finally:
                for one in (*psutil.Process(process.pid).children(recursive=True),) if process.poll() is None else ():
                    one.kill()
                process.wait(30)

    def _outside(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "ROOT": str(self.image.root),
            "DATA": str(self.data or ""),
            "RUN_UID": str(self.uid),
            "RUN_GID": str(self.gid),
        }

    def _command(self, words: Sequence[str]) -> list[str]:
        # A container engine gives a user that the image does not know the root as its folder.
        values = {"HOME": "/", **self.image.environment, **self.environment}
        inside = [
            *(f"{name}={value}" for name, value in values.items()),
            "sh",
            "-c",
            f'cd {self.image.workdir} && exec "$@"',
            "sh",
        ]
        return ["unshare", "--mount", "--pid", "--fork", "sh", "-euc", _CONTAINER, "sh", *inside, *words]


@dataclass(frozen=True, slots=True)
class Serving:
    """The running main process of a container."""

    process: subprocess.Popen[bytes]

    @property
    def main(self) -> psutil.Process:
        """Return the process with the number 1 of the container."""
        return psutil.Process(self.process.pid).children()[0]

    def stop(self) -> int:
        """Send SIGTERM, as an engine does; return the exit code."""
        self.main.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def alive(self) -> bool:
        """Return whether it still runs."""
        return self.process.poll() is None


def wait_for(condition: object, seconds: float = 60) -> bool:
    """Return whether a condition, a function without arguments, became true in time."""
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False
