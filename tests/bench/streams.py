"""Benchmark of event streams: many subscribers of one session while events arrive.

In: the server. Out: delay until every subscriber sees a commit, and the rate of ingest with subscribers. Never here: an SSE library.

Run as a program, it is the process of the subscribers: all sockets in one loop, which looks for one figure.
"""

import asyncio
import itertools
import json
import re
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

if __package__ in {None, ""}:
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.load import drive, post
from tests.bench.servers import KEY, World
from tests.bench.telemetry import START, events

SUBSCRIBERS = 1_000
PER_SECOND = 2_000
BATCH = 100
SECONDS = 20.0
ROUNDS = 5
ROUND_SECONDS = 3.0
_BATCH_TYPE = "application/cloudevents-batch+json"
_FIGURE = re.compile(rb'"gifts":\{"value":(\d+)')
Row = tuple[str, str, str, str]
Sightings = list[list[tuple[float, int]]]
"""Per subscriber: times and values of each higher figure."""


def _watch(port: int, path: str, count: int) -> None:
    """Open the streams, report it, read until the standard input ends, print the times of the figures."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 100)), hard))
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    selector = selectors.DefaultSelector()
    tails = [b""] * count
    highest = [-1] * count
    seen: Sightings = [[] for _ in range(count)]
    received = 0
    for number in range(count):
        stream = socket.create_connection(("127.0.0.1", port))
        stream.sendall(request)
        stream.setblocking(False)
        selector.register(stream, selectors.EVENT_READ, number)
    ending = threading.Thread(target=sys.stdin.read, daemon=True)
    ending.start()
    waiting = set(range(count))
    while ending.is_alive():
        for key, _ in selector.select(0.2):
            number = key.data
            data = key.fileobj.recv(1 << 18)  # type: ignore[union-attr]
            if not data:
                raise RuntimeError("the server ended a stream")
            now = time.monotonic()
            received += len(data)
            figures = _FIGURE.findall(tails[number] + data)
            tails[number] = data[-40:]
            if figures and (figure := int(figures[-1])) > highest[number]:
                highest[number] = figure
                seen[number].append((now, figure))
            if number in waiting and b"event: alerts" in data:
                waiting.remove(number)
                if not waiting:
                    print("open", flush=True)
    print(json.dumps({"seen": seen, "received": received}), flush=True)


@asynccontextmanager
async def _watching(here: World, session: str) -> AsyncIterator[tuple[Sightings, list[int]]]:
    """Keep the subscribers connected; their results are filled in at the end."""
    seen: Sightings = []
    received: list[int] = []
    path = f"/v1/sessions/{session}/stream?lang=en"
    watcher = await asyncio.create_subprocess_exec(
        sys.executable, __file__, str(here.port), path, str(SUBSCRIBERS),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=1 << 28,
    )  # fmt: skip
    assert watcher.stdin is not None
    assert watcher.stdout is not None
    if await watcher.stdout.readline() != b"open\n":
        raise RuntimeError("the subscribers did not all get a snapshot")
    try:
        yield seen, received
    finally:
        watcher.stdin.close()
        found = json.loads(await watcher.stdout.readline())
        seen += found["seen"]
        received.append(found["received"])
        await watcher.wait()


def _gift(number: int, subject: str) -> bytes:
    event = {
        "specversion": "1.0", "id": f"gift-{number}", "source": "//tool.example/bench", "type": "live.gift.sent",
        "subject": subject, "time": START.isoformat(), "data": {"gift": "rose", "count": 1},
    }  # fmt: skip
    return post("/v1/events", json.dumps(event).encode(), KEY)


async def _send_paced(here: World, bodies: Iterator[bytes]) -> int:
    """Send batches at a fixed rate, independent of earlier responses; return the number of events sent."""
    began = time.monotonic()
    sending: set[asyncio.Task[object]] = set()
    sent = 0
    while (elapsed := time.monotonic() - began) < SECONDS:
        if sent < elapsed * PER_SECOND:
            task = asyncio.create_task(asyncio.to_thread(drive, here.port, itertools.islice(bodies, 1), 1))
            sending.add(task)
            task.add_done_callback(sending.discard)
            sent += BATCH
        else:
            await asyncio.sleep(0.005)
    await asyncio.gather(*sending)
    return sent


async def _send_marked(here: World, subject: str) -> list[float]:
    """Send gifts at intervals; return the time of each request."""
    moments = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        moments.append(time.monotonic())
        await asyncio.to_thread(drive, here.port, iter([_gift(len(moments), subject)]), 1)
        await asyncio.sleep(0.37)
    return moments


def _delays(seen: Sightings, moments: list[float]) -> list[float]:
    """Return, for every subscriber and gift, the delay between the request and the stream's figure."""
    found = []
    for sightings in seen:
        at = iter(sightings)
        current = next(at, None)
        for number, moment in enumerate(moments, 1):
            while current is not None and current[1] < number:
                current = next(at, None)
            found.append(float("inf") if current is None else current[0] - moment)
    return sorted(found)


def _bodies(subject: str, first: int, count: int, size: int) -> list[bytes]:
    chunk = list(events(first, count, 3_000_000, subject, seed=5))
    return [
        post("/v1/events", json.dumps(chunk[start : start + size]).encode(), KEY, _BATCH_TYPE) for start in range(0, count, size)
    ]


async def streams(here: World) -> list[Row]:
    """1,000 subscribers and 2,000 events/s; then the highest rate with them and without them, in turn."""
    session = here.session("watched")
    subject = "wechat:watched"
    # A request blocks a thread; every due batch needs one, also while others are late.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(256))
    start = {
        "specversion": "1.0", "id": "start", "source": "//tool.example/bench", "type": "live.session.started",
        "subject": subject, "time": START.isoformat(), "data": {},
    }  # fmt: skip
    here.call("POST", "/v1/events", start)
    paced = iter(_bodies(subject, 0, round(PER_SECOND * SECONDS * 1.1), BATCH))
    async with _watching(here, session) as (seen, received):
        before = here.server.cpu_times()
        sent, moments = await asyncio.gather(_send_paced(here, paced), _send_marked(here, subject))
        after = here.server.cpu_times()
        await asyncio.sleep(2.0)
    delays = _delays(seen, moments)
    p99, median = delays[int(0.99 * len(delays))], delays[len(delays) // 2]
    busy = (after.user + after.system - before.user - before.system) / SECONDS
    figures = (
        f"median {median:.2f} s, worst {delays[-1]:.2f} s; {sent / SECONDS:,.0f} events/s, {busy:.2f} of a core, "
        f"{received[0] / SECONDS / 2**20:.0f} MiB/s out"
    )
    bodies = iter(_bodies(subject, 1_000_000, 1_600_000, 500))
    without, watched = [], []
    await asyncio.to_thread(drive, here.port, bodies, 4, 1.0)
    for _ in range(ROUNDS):
        without.append((await asyncio.to_thread(drive, here.port, bodies, 4, ROUND_SECONDS)).per_second)
        async with _watching(here, session):
            watched.append((await asyncio.to_thread(drive, here.port, bodies, 4, ROUND_SECONDS)).per_second)
    ratios = sorted(a / b for a, b in zip(watched, without, strict=True))
    rates = f"{500 * statistics.median(watched):,.0f} events/s against {500 * statistics.median(without):,.0f}"
    return [
        (
            f"{SUBSCRIBERS:,} live streams of one session, {PER_SECOND:,} events/s: from request to every stream, p99",
            f"{p99:.2f} s", "≤ 1.5 s", figures,
        ),
        (
            f"  highest rate of batches with {SUBSCRIBERS:,} streams against without",
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}…{ratios[-1]:.2f})", "≥ 0.8", rates,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    _watch(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
