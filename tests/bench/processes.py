"""Benchmark of one session that several processes write, against as many sessions as processes.

In: the server. Out: rows of the table. Never here: other loads. Load, servers and PostgreSQL share the machine: on two cores a second
process adds no rate. What is compared is one session against several, by the same processes.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.bench.load import Load, drive, post
from tests.bench.servers import KEY, World, free_port, wait_for
from tests.bench.telemetry import events

PROCESSES = (1, 2, 4)
ROUNDS = 5
EVENTS = 15_000
"""Events of a process in a round."""
BATCH = 500
CONNECTIONS = 4
_BATCH_TYPE = "application/cloudevents-batch+json"
Row = tuple[str, str, str, str]


@contextmanager
def _more(here: World, count: int) -> Iterator[list[int]]:
    """Start `count` further server processes on the same database; return the ports of all."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TALLYLIGHT_")}
    running, ports = [], [here.port]
    try:
        for _ in range(count):
            port = free_port()
            settings = {
                "TALLYLIGHT_DATABASE_URL": here.dsn, "TALLYLIGHT_DATA_DIR": str(here.folder), "TALLYLIGHT_PORT": str(port),
                "TALLYLIGHT_LOG_LEVEL": "warning", "TALLYLIGHT_SECRET_KEY": (here.folder / "secret.key").read_text().strip(),
            }  # fmt: skip
            command = [sys.executable, "-m", "app", "serve"]
            running.append(subprocess.Popen(command, cwd=Path(__file__).parents[2], env=clean | settings))
            wait_for(port, "/readyz")
            ports.append(port)
        yield ports
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)


def _bodies(stream: Iterator[dict[str, object]]) -> list[bytes]:
    chunk = list(itertools.islice(stream, EVENTS))
    return [
        post("/v1/events", json.dumps(chunk[start : start + BATCH]).encode(), KEY, _BATCH_TYPE)
        for start in range(0, EVENTS, BATCH)
    ]


def _round(ports: list[int], streams: list[Iterator[dict[str, object]]]) -> float:
    """Send a share of events to every process at once; return the events of all per second."""
    shares = [_bodies(stream) for stream in streams]

    def send(port: int, share: list[bytes]) -> Load:
        return drive(port, iter(share), CONNECTIONS)

    began = time.perf_counter()
    with ThreadPoolExecutor(len(ports)) as pool:
        list(pool.map(send, ports, shares))
    return len(ports) * EVENTS / (time.perf_counter() - began)


def _telemetry(subject: str, share: int) -> Iterator[dict[str, object]]:
    return events(0, 10_000_000, 1_000_000, subject, seed=100 + share)


def _dealt(show: Iterator[dict[str, object]], count: int) -> list[Iterator[dict[str, object]]]:
    """Deal the batches of one show out to processes in turns, as a proxy in front of them does."""
    waiting: list[deque[dict[str, object]]] = [deque() for _ in range(count)]
    turns = itertools.cycle(waiting)

    def share(own: deque[dict[str, object]]) -> Iterator[dict[str, object]]:
        while True:
            while not own:
                next(turns).extend(itertools.islice(show, BATCH))
            yield own.popleft()

    return [share(own) for own in waiting]


def processes(here: World) -> list[Row]:
    """Measure 1, 2 and 4 processes; rounds of both kinds alternate."""
    rows = []
    for count in PROCESSES:
        hot, apart = f"hot-{count}", [f"apart-{count}-{number}" for number in range(max(count, 2))]
        for room in (hot, *apart):
            here.session(room)
        with _more(here, count - 1) as ports:
            # One process alone writes to one session, or to two in turns.
            one = _dealt(_telemetry(f"wechat:{hot}", 10 * count), count)
            several = [_telemetry(f"wechat:{room}", 50 + 10 * count + number) for number, room in enumerate(apart)]
            if count == 1:
                several = [_in_turns(several)]
            rates: tuple[list[float], list[float]] = ([], [])
            for streams in (one, several):
                _round(ports, streams)  # the processes and their caches are new
            for _ in range(ROUNDS):
                rates[0].append(_round(ports, one))
                rates[1].append(_round(ports, several))
        ratios = sorted(a / b for a, b in zip(*rates, strict=True))
        name = f"{count} process{'es' * (count > 1)}: one session against {max(count, 2)}"
        figures = f"{statistics.median(rates[0]):,.0f} events/s against {statistics.median(rates[1]):,.0f}"
        rows.append((name, f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}…{ratios[-1]:.2f})", "≥ 0.8", figures))
    return rows


def _in_turns(streams: list[Iterator[dict[str, object]]]) -> Iterator[dict[str, object]]:
    return (event for group in zip(*streams, strict=True) for event in group)
