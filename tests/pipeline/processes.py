"""Real server processes that tests can kill.

In: a database or a folder. Out: processes that listen on a loopback port. Never here: in-process shortcuts.

A server's imports are two seconds of computing. Servers of this code are therefore copies of one process that has made them; those
of other code are started by their command, as tests/cli starts its own.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random

import httpx

from tests.databases import SECRET
from tests.pipeline import server_fork
from tests.pipeline.strategies import Event

ROOT = Path(__file__).parents[2]
ADMIN_KEY = "tl_pipeline_0123456789abcdefghijklmnop"
HEADERS = {"Authorization": f"Bearer {ADMIN_KEY}"}
_BATCH = {"Content-Type": "application/cloudevents-batch+json"}
_COPIES = get_context("forkserver")
_COPIES.set_forkserver_preload(server_fork.IMPORTED)


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ServerProcess:
    """`tallylight serve`, which can be started again after its death, on the same port."""

    def __init__(self, folder: Path, environment: Mapping[str, str], key: str | None = ADMIN_KEY, code: Path = ROOT) -> None:
        """Prepare; nothing runs yet. Without a key the server invites its first administrator by a link. `code` has its sources."""
        self._code = code
        self.base = f"http://127.0.0.1:{(port := free_port())}"
        self._log = folder / f"server-{port}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
        self._environment = kept | {
            "TALLYLIGHT_SECRET_KEY": SECRET,
            **({} if key is None else {"TALLYLIGHT_BOOTSTRAP_ADMIN_KEY": key}),
            "TALLYLIGHT_PORT": str(port),
            "TALLYLIGHT_LOG_FORMAT": "json",
            **environment,
        }
        self._process: ForkServerProcess | subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._exit_code() is None

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """Return what the server has logged."""
        return self._log.read_text()

    def start(self) -> None:
        """Start the process."""
        if self._code == ROOT:
            self._process = _COPIES.Process(target=server_fork.serve, args=(ROOT, self._environment, self._log))
            self._process.start()
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve"], cwd=self._code, env=self._environment, stdout=log, stderr=log
            )

    def _exit_code(self) -> int | None:
        if isinstance(self._process, subprocess.Popen):
            return self._process.poll()
        assert self._process is not None
        return self._process.exitcode

    def _wait(self, seconds: float) -> int:
        if isinstance(self._process, subprocess.Popen):
            return self._process.wait(seconds)
        assert self._process is not None
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, f"the process runs after {seconds:g} s: {self.log}"
        return code

    async def ready(self) -> None:
        """Return once the server takes work."""
        end = time.monotonic() + 90
        async with httpx.AsyncClient() as client:
            while time.monotonic() < end:
                assert self.running, self.log
                try:
                    if (await client.get(f"{self.base}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise AssertionError(self.log)

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal."""
        os.kill(self.pid, number)

    async def exit_code(self, seconds: float = 30) -> int:
        """Return the exit code once the process is gone."""
        return await asyncio.to_thread(self._wait, seconds)

    def end(self) -> None:
        """Stop the process if it still runs."""
        if self.running:
            self.signal(signal.SIGTERM)
            self._wait(30)


class Sender:
    """A correct sender: it repeats a batch until a server answers with 2xx."""

    def __init__(self, servers: list[str], random: Random) -> None:
        """Know the servers' addresses."""
        self._servers = servers
        self._random = random
        self.acknowledged: list[Event] = []
        self.troubles = 0

    async def send(self, batches: list[list[Event]], *, give_up: asyncio.Event | None = None) -> None:
        """Send all batches; with `give_up` set, stop at the first trouble."""
        async with httpx.AsyncClient(headers=HEADERS | _BATCH, timeout=10) as client:
            for batch in batches:
                end = time.monotonic() + 30
                while not await self._once(client, batch):
                    self.troubles += 1
                    if give_up is not None and give_up.is_set():
                        return
                    assert time.monotonic() < end, "no server took the batch"
                    await asyncio.sleep(0.05)
                self.acknowledged += batch

    async def _once(self, client: httpx.AsyncClient, batch: list[Event]) -> bool:
        try:
            answer = await client.post(f"{self._random.choice(self._servers)}/v1/events", json=batch)
        except httpx.TransportError:
            return False
        if answer.status_code == 503:
            assert "1" == answer.headers["Retry-After"]
            return False
        assert 200 == answer.status_code, answer.text
        receipt = answer.json()
        assert [] == receipt["rejected"]
        assert len(batch) == receipt["accepted"] + receipt["duplicates"]
        return True
