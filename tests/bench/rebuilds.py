"""Posts of a neighbour while a large session is rebuilt, against the same posts without the rebuild.

In: a server with a large session. Out: rows of the table. Never here: sending the large session's events.
"""

import itertools
import json
from typing import Any

from tests.bench.load import Load, drive, post
from tests.bench.servers import KEY, World
from tests.bench.telemetry import events

_ALONE_SECONDS = 10.0
_LOOKS_EVERY = 1.0
Row = tuple[str, str, str, str]


def rebuilds(here: World, session: str, total: int) -> list[Row]:
    """Void a purchase, which a job takes out of the figures, and post to another session until the job is done."""
    here.session("neighbour")
    requests = (
        post("/v1/events", json.dumps(event).encode(), KEY) for event in events(0, 10_000_000, 2_000_000, "wechat:neighbour", 3)
    )
    drive(here.port, itertools.islice(requests, 200), 1)
    alone = drive(here.port, requests, 1, _ALONE_SECONDS)
    paid = next(event for event in events(0, total, total, "wechat:batches") if event["type"] == "live.order.paid")
    form = {"source": paid["source"], "event": paid["id"], "reason": "benchmark"}
    pending = here.call("POST", f"/v1/sessions/{session}/voids", form)["rebuild"]
    if pending is None:
        return [("a neighbour's 99th percentile beside a rebuild", "", "", f"{total:,} events are rebuilt before the answer")]
    beside: list[Load] = []
    state: dict[str, Any] = pending
    while state["state"] != "done":
        beside.append(drive(here.port, requests, 1, _LOOKS_EVERY))
        state = here.call("GET", f"/v1/sessions/{session}/rebuild")
    latencies = [latency for load in beside for latency in load.latencies]
    seconds = sum(load.seconds for load in beside)
    both = Load(len(latencies), seconds, latencies)
    rows = state["events"]
    figures = (
        f"{both.percentile(0.99):.1f} ms (< 100 ms) against {alone.percentile(0.99):.1f} ms; longest {both.percentile(1):.0f} ms"
    )
    ratio = f"{both.percentile(0.99) / alone.percentile(0.99):.2f}"
    return [
        (f"a neighbour's 99th percentile while {rows:,} events are rebuilt, against none", ratio, "", figures),
        ("  duration of the rebuild", f"{seconds:.0f} s", "", "the neighbour posts without a pause"),
    ]
