"""The import rows of the benchmark: a large file, and what others notice of it.

In: a running server. Out: rows of the table. Never here: the start of the server.
"""

import itertools
import json
import statistics
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tests.bench.limits import Limits
from tests.bench.load import drive, get, post
from tests.bench.servers import KEY, World
from tests.bench.telemetry import events, row

ROWS = 130_000
_START = datetime(2021, 9, 25, 5, tzinfo=UTC)
_COLUMNS = ("order", "buyer", "product", "quantity", "line_amount", "paid_at")
_ALONE = 200
"""Requests of the other client before the import."""
_PAUSE = 0.02
"""Seconds between two requests of the other client."""


def export(rows: int) -> bytes:
    """Return an export of orders with one line each."""
    lines = [",".join(_COLUMNS)]
    for number in range(rows):
        paid_at = _START + timedelta(seconds=number % 10_800)
        lines.append(
            f"{4_980_000_000_000_000_000 + number},b{number % 90_000},knit-{number % 8:02d},1,100.00,{paid_at:%Y-%m-%d %H:%M:%S}"
        )
    return "\n".join(lines).encode()


@contextmanager
def _in_background(work: threading.Thread) -> Iterator[None]:
    work.start()
    try:
        yield
    finally:
        work.join()


async def imports(here: World, rows: int = ROWS) -> list[tuple[str, str, str, str]]:
    """Import an export of single orders while another client posts events, one at a time, and reads KPIs."""
    session = here.session("imports")
    here.session("beside")
    file = export(rows)
    options = {"kind": "orders", "subject": session, "timezone": "UTC", "columns": {name: name for name in _COLUMNS}}
    request = urllib.request.Request(
        f"http://127.0.0.1:{here.port}/v1/imports?{urllib.parse.urlencode({'options': json.dumps(options)})}",
        data=file, headers={"Authorization": f"Bearer {KEY}", "Content-Type": "text/csv"},
    )  # fmt: skip
    beside = events(0, 1_000_000, 1_000_000, "wechat:beside", seed=3)
    requests = itertools.chain.from_iterable(
        (post("/v1/events", json.dumps(event).encode(), KEY), get(f"/v1/sessions/{session}/kpis", KEY)) for event in beside
    )  # fmt: skip
    alone = [_wait(here.port, requests) for _ in range(_ALONE)]
    took: list[float] = []
    answers: list[bytes] = []

    def upload() -> None:
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            answers.append(answer.read())
        took.append(time.perf_counter() - began)

    before = here.server.memory_info().rss
    highest = before
    latencies: list[float] = []
    sender = threading.Thread(target=upload)
    with _in_background(sender):
        while sender.is_alive():
            latencies.append(_wait(here.port, requests))
            highest = max(highest, here.server.memory_info().rss)
    # Read after the measurement: it takes this process half a second, in which the other client could not measure.
    report = json.loads(answers[0])
    assert rows == report["accepted"], report["accepted"]
    limits = Limits(here.dsn)
    await limits.open()
    now = datetime.now(UTC)
    bare = await limits.insert([row(event, UUID(session), now) for event in events(0, rows, rows, "wechat:imports", seed=4)])
    await limits.close()
    ordered, quiet = sorted(latencies), sorted(alone)
    p99 = ordered[int(0.99 * len(ordered))]
    figures = f"{took[0]:.1f} s, {rows / took[0]:,.0f} rows/s against {bare:,.0f}"
    waits = f"p99 {p99:.0f} ms, median {statistics.median(ordered):.1f} ms; without the import {quiet[-1]:.0f}, {quiet[int(0.99 * len(quiet))]:.0f}, {statistics.median(quiet):.1f}"
    return [
        (f"import of {rows:,} orders against the bare insert of as many rows", f"{rows / took[0] / bare:.2f}", "", figures),
        ("  longest wait of another client meanwhile", f"{ordered[-1]:.0f} ms", "< 100 ms", waits),
        ("  memory that the server gains", f"{(highest - before) / 2**20:.0f} MiB", "< 100 MB", ""),
    ]


def _wait(port: int, requests: Iterator[bytes]) -> float:
    """Send the next request after a pause; return how long its answer took, in milliseconds."""
    time.sleep(_PAUSE)
    return 1000 * drive(port, itertools.islice(requests, 1), 1).latencies[0]
