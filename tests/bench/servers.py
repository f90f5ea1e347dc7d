"""Processes of the benchmark: the server on an embedded database, and the limit.

In: nothing. Out: ports, a key, a connection string. Never here: measurements.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

KEY = "tl_bench_benchbenchbenchbenchbench"


@dataclass(frozen=True, slots=True)
class World:
    """Two servers, each one process."""

    server: psutil.Process
    database: psutil.Process
    port: int
    noop_port: int
    dsn: str
    folder: Path
    """The data folder of the server, with its secret key."""

    def cpu(self) -> tuple[float, float]:
        """Return the seconds of CPU that the server and the database have used so far."""
        parts = self.database.cpu_times()
        ended = parts.children_user + parts.children_system + parts.user + parts.system
        return _seconds(self.server), ended + sum(_seconds(child) for child in self.database.children())

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the server once."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())

    def session(self, room: str, brand: str = "bench") -> str:
        """Create a session with one stream and return its id."""
        lineup = [{"product": f"knit-{number:02d}", "name": f"Knit {number}", "live_price": "1099.00"} for number in range(8)]
        stream = {"platform": "wechat", "room": room}
        form = {"title": room, "brand": brand, "host": "bench", "kind": "live", "currency": "CNY"}
        return str(self.call("POST", "/v1/sessions", form | {"streams": [stream], "lineup": lineup})["id"])


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # counted by its parent from now on
        return 0.0
    return float(times.user + times.system)


def free_port() -> int:
    """Return a port that nothing uses at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, path: str) -> None:
    """Return once a server answers."""
    for _ in range(2400):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("a server did not start")


@contextmanager
def world() -> Iterator[World]:
    """Start both servers, and stop them at the end."""
    root = Path(__file__).parents[2]
    with TemporaryDirectory(prefix="tallylight-bench-") as folder:
        port, noop_port = free_port(), free_port()
        settings = {
            "TALLYLIGHT_DATA_DIR": folder,
            "TALLYLIGHT_PORT": str(port),
            "TALLYLIGHT_BOOTSTRAP_ADMIN_KEY": KEY,
            "TALLYLIGHT_LOG_LEVEL": "warning",
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
        server = subprocess.Popen([sys.executable, "-m", "app", "serve"], cwd=root, env=clean | settings)
        noop = subprocess.Popen([sys.executable, str(Path(__file__).parent / "noop.py"), str(noop_port)])
        try:
            wait_for(port, "/readyz")
            wait_for(noop_port, "/constant")
            postgres = Path(folder).resolve() / "postgres"
            database = psutil.Process(int((postgres / "postmaster.pid").read_text().splitlines()[0]))
            secret = (Path(folder) / "postgres.secret").read_text()
            dsn = f"postgresql://postgres:{secret}@/postgres?host={postgres}"
            yield World(psutil.Process(server.pid), database, port, noop_port, dsn, Path(folder))
        finally:
            for process in (server, noop):
                process.terminate()
                process.wait(30)
