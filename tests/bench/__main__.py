"""`make bench`: every row is a ratio, measured side by side in one run on this machine.

In: nothing. Out: a table. Never here: a verdict that fails a build; machines differ, the ratios less so.
"""

import argparse
import asyncio
import inspect
import itertools
import json
import platform
import statistics
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import push
from tests.bench.at_size import at_size
from tests.bench.imports import imports
from tests.bench.limits import Limits
from tests.bench.load import Load, drive, get, post
from tests.bench.overload import overload, soak
from tests.bench.packing import packing
from tests.bench.processes import processes
from tests.bench.reads import reads
from tests.bench.rebuilds import rebuilds
from tests.bench.reports import reports
from tests.bench.servers import KEY, World, world
from tests.bench.settlements import settlements
from tests.bench.streams import streams
from tests.bench.telemetry import events, row

ROUND_SECONDS = 3.0
ROUNDS = 5
CHUNK = 100_000
BATCH = 500
BATCH_CONNECTIONS = 8
"""Senders of batches: their 4,000 events under way are as many as the rows of the four connections of the bare insert."""
SMALL = 10_000
BATCH_TYPE = "application/cloudevents-batch+json"

console = Console(width=150)
Row = tuple[str, str, str, str]


def paired(
    ours: Callable[[], Iterator[bytes]],
    limit: Callable[[], Iterator[bytes]],
    ports: tuple[int, int],
    connections: int,
    watch: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[list[Load], list[Load]]:
    """Run both alternately, so that a change of the machine's speed affects both."""
    first: list[Load] = []
    second: list[Load] = []
    drive(ports[0], ours(), connections, 1.0)
    drive(ports[1], limit(), connections, 1.0)
    for _ in range(ROUNDS):
        with watch():
            first.append(drive(ports[0], ours(), connections, ROUND_SECONDS))
        second.append(drive(ports[1], limit(), connections, ROUND_SECONDS))
    return first, second


class Cpu:
    """CPU time per event, which other load on the machine disturbs less than rates."""

    def __init__(self, here: World) -> None:
        """Begin at zero."""
        self._here = here
        self._spent = [0.0, 0.0]

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Count the CPU time of server and database."""
        before = self._here.cpu()
        yield
        for place, (now, then) in enumerate(zip(self._here.cpu(), before, strict=True)):
            self._spent[place] += now - then

    def row(self, events: int) -> Row:
        """Return the table's row."""
        server, database = (1e6 * spent / events for spent in self._spent)
        return ("  CPU per event", f"{server:.0f} + {database:.0f} µs", "", "server + database")


def ratio(ours: list[float], limit: list[float]) -> str:
    """Return the median of the pairs' ratios, with the range."""
    ratios = sorted(a / b for a, b in zip(ours, limit, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}…{ratios[-1]:.2f})"


def single_posts(here: World) -> list[Row]:
    """One event per request, 32 connections."""
    here.session("single")
    numbered = events(0, 10_000_000, 2_000_000, "wechat:single")
    prepared = [post("/v1/events", json.dumps(event).encode(), KEY) for event in itertools.islice(numbered, 200_000)]
    requests = iter(prepared)
    body = post("/noop", json.dumps(next(numbered)).encode(), KEY)
    cpu = Cpu(here)
    ports = (here.port, here.noop_port)
    ours, limit = paired(lambda: requests, lambda: itertools.repeat(body), ports, 32, cpu.watch)
    p99 = statistics.median(load.percentile(0.99) for load in ours)
    rates = [load.per_second for load in ours], [load.per_second for load in limit]
    figures = f"{statistics.median(rates[0]):,.0f}/s against {statistics.median(rates[1]):,.0f}/s"
    return [
        ("single-event POST, 32 connections, against a route that reads and answers", ratio(*rates), "≥ 0.5", figures),
        ("  its 99th percentile", f"{p99:.1f} ms", "< 30 ms", "median of the rounds"),
        cpu.row(sum(load.requests for load in ours)),
    ]


def signed_pushes(here: World) -> list[Row]:
    """Encrypted WeChat pushes, 32 connections; their jobs run in the same process."""
    path = push.connection(here)
    requests = iter(list(push.pushes(path, 100_000)))
    ours, limit = paired(lambda: requests, lambda: push.noop(path), (here.port, here.noop_port), 32)
    rates = [load.per_second for load in ours], [load.per_second for load in limit]
    figures = f"{statistics.median(rates[0]):,.0f}/s against {statistics.median(rates[1]):,.0f}/s"
    return [("signed WeChat push, 32 connections, against a route that reads and answers", ratio(*rates), "≥ 0.4", figures)]


async def batches(here: World, total: int) -> tuple[list[Row], str]:
    """Batches of 500 against the bare insert of the same rows; memory during the run."""
    session = here.session("batches")
    limits = Limits(here.dsn)
    await limits.open()
    before = here.server.memory_info().rss
    highest = before
    ours, bare, copied, written = [], [], [], 0
    cpu = Cpu(here)
    for first in range(0, total, CHUNK):
        chunk = list(events(first, min(CHUNK, total - first), total, "wechat:batches"))
        bodies = [
            post("/v1/events", json.dumps(chunk[start : start + BATCH]).encode(), KEY, BATCH_TYPE)
            for start in range(0, len(chunk), BATCH)
        ]
        log = await limits.log_position()
        with cpu.watch():
            load = drive(here.port, iter(bodies), BATCH_CONNECTIONS)
        written += await limits.log_position() - log
        ours.append(len(chunk) / load.seconds)
        del bodies
        highest = max(highest, here.server.memory_info().rss)
        rows = [row(event, UUID(session), datetime.now(UTC)) for event in chunk]
        bare.append(await limits.insert(rows))
        if first < 3 * CHUNK:
            copied.append(await limits.copy(rows))
            await limits.clear()
            await limits.insert(rows)
        console.print(f"  {first + len(chunk):>9,} events", style="dim", highlight=False)
    await limits.close()
    figures = f"{statistics.median(ours):,.0f} rows/s against {statistics.median(bare):,.0f}"
    gained = (highest - before) / 2**20
    return [
        (
            f"batches of {BATCH} by {BATCH_CONNECTIONS} senders against the bare idempotent insert of the same rows",
            ratio(ours, bare),
            "≥ 0.35",
            figures,
        ),
        cpu.row(total),
        ("  write-ahead log per event", f"{written / total:,.0f} bytes", "", "all that the database writes meanwhile"),
        ("  COPY against the same insert", ratio(copied, bare[: len(copied)]), "", f"{statistics.median(copied):,.0f} rows/s"),
        (f"memory that the server gains while {total:,} events pass", f"{gained:.0f} MiB", "< 150 MB", ""),
    ], session


def kpis(here: World, large: str) -> list[Row]:
    """KPIs against a constant, and with many events against few."""
    small = here.session("small")
    chunk = list(events(0, SMALL, SMALL, "wechat:small", seed=2))
    bodies = [
        post("/v1/events", json.dumps(chunk[start : start + BATCH]).encode(), KEY, BATCH_TYPE) for start in range(0, SMALL, BATCH)
    ]
    drive(here.port, iter(bodies), BATCH_CONNECTIONS)
    of_large, of_small = (get(f"/v1/sessions/{session}/kpis", KEY) for session in (large, small))
    constant = get("/constant", KEY)
    ours, limit = paired(lambda: itertools.repeat(of_large), lambda: itertools.repeat(constant), (here.port, here.noop_port), 8)
    rates = [load.per_second for load in ours], [load.per_second for load in limit]
    many, few = paired(lambda: itertools.repeat(of_large), lambda: itertools.repeat(of_small), (here.port, here.port), 1)
    times = [load.seconds / load.requests for load in many], [load.seconds / load.requests for load in few]
    figures = f"{statistics.median(rates[0]):,.0f}/s against {statistics.median(rates[1]):,.0f}/s"
    each = f"{1000 * statistics.median(times[0]):.2f} ms against {1000 * statistics.median(times[1]):.2f} ms"
    return [
        ("/kpis against a route that answers a constant, 8 connections", ratio(*rates), "≥ 0.3", figures),
        (f"/kpis of a large session against one of {SMALL:,} events, time", ratio(*times), "≤ 1.2", each),
    ]


_ALWAYS: dict[str, Callable[[World], Any]] = {
    "single": single_posts, "push": signed_pushes, "streams": streams, "imports": imports, "settlements": settlements,
    "packing": packing, "overload": overload,
}  # fmt: skip
_OF_A_LARGE_SESSION = ("batches", "kpis", "reports", "rebuilds")


async def _measured(here: World, arguments: argparse.Namespace) -> AsyncIterator[Row]:
    only = set(arguments.only)
    wanted = [name for name in _ALWAYS if not only or name in only]
    # These take long, or change the database for all others: by name only.
    by_name: dict[str, Callable[[World], Any]] = {
        "reads": partial(reads, total=arguments.events),
        "processes": processes,
        "soak": partial(soak, seconds=arguments.soak_seconds),
    }
    for measure in [*(_ALWAYS[name] for name in wanted), *(by_name[name] for name in by_name if name in only)]:
        found = measure(here)
        for line in await found if inspect.isawaitable(found) else found:
            yield line
    if not only or not only.isdisjoint(_OF_A_LARGE_SESSION):
        async for line in _of_a_large_session(here, arguments.events, only or set(_OF_A_LARGE_SESSION)):
            yield line
    if "at_size" in only:
        for line in await at_size(here, arguments.size):
            yield line


async def _of_a_large_session(here: World, total: int, wanted: set[str]) -> AsyncIterator[Row]:
    found, session = await batches(here, total)
    for line in found:
        yield line
    if "kpis" in wanted:
        for line in kpis(here, session):
            yield line
    if "reports" in wanted:
        for line in await reports(here, session):
            yield line
    if "rebuilds" in wanted:
        for line in rebuilds(here, session, total):
            yield line


async def run(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    table = Table("what", "measured", "goal", "figures", title="Tallylight, one server process, embedded PostgreSQL, fsync on")
    with world() as here:
        async for line in _measured(here, arguments):
            table.add_row(*line)
    console.print(table)
    cores, memory = psutil.cpu_count(), psutil.virtual_memory().total / 2**30
    console.print(
        f"{cores} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}; load on the same machine"
    )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the large session")
    parser.add_argument(
        "only",
        nargs="*",
        help="single, push, streams, imports, settlements, packing, overload, batches, kpis, reports, rebuilds; all where none is "
        "named. By name only: reads, processes, soak, at_size",
    )
    parser.add_argument("--soak-seconds", type=float, default=1200, help="how long the soak lasts")
    parser.add_argument("--size", type=int, default=20_000_000, help="events of the database of at_size")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
