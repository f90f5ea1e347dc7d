"""The platforms' own comparisons stand beside our KPIs, and change none of them."""

from itertools import permutations
from typing import Any

import httpx
import pytest

from tests.kpis.event_builders import Event, NewSession, Read, Send


def sampled(second: int, kpi: str, percentile: float, **more: Any) -> Event:
    """Return a comparison."""
    return "benchmark.sampled", second, {"kpi": kpi, "indicator": f"{kpi}_index", "percentile": percentile} | more


EVENTS: tuple[Event, ...] = (
    ("session.started", 0, {}),
    ("audience.sampled", 50, {"viewers_total": 100, "average_watch_seconds": 47.5}),
    sampled(60, "average_watch_seconds", 20, value=60, recent_minutes=10, recent_percentile=40, recent_value=51.5),
    sampled(120, "average_watch_seconds", 35.5, value=61.25),
    sampled(90, "engagement_rate", 0, value=0.0061),
)  # fmt: skip


async def test_the_latest_comparison_stands_beside_the_kpi(new_session: NewSession, send: Send, read: Read) -> None:
    """By KPI and platform, whatever the order of arrival; what a later sample does not say is not of this moment."""
    documents = []
    for number, order in enumerate(list(permutations(range(2, 5)))[::2]):
        room = f"room-{number}"
        session = await new_session(streams=[{"platform": "wechat", "room": room}])
        before = None
        for place in (0, 1, *order):
            if place == order[0]:
                before = await read(session, "kpis")
            await send(f"wechat:{room}", EVENTS[place])
        after = await read(session, "kpis")
        assert before is not None
        assert [] == before["benchmarks"]
        names = ("kpis", "by_platform", "warnings")
        figures = [{slug: cell["value"] for slug, cell in one["kpis"].items() if slug not in TIMED} for one in (before, after)]
        assert figures[0] == figures[1]
        assert {*before} == {*after} >= {*names}
        documents.append(after["benchmarks"])
    assert documents[0] == documents[1] == documents[2]
    watch, engagement = documents[0]
    assert {
        "kpi": "average_watch_seconds", "platform": "wechat", "indicator": "average_watch_seconds_index", "percentile": 35.5, "value": 61.25,
        "recent": None, "basis": "reported", "at": "2021-09-25T14:02:00+09:00",
    } == watch  # fmt: skip
    assert ("engagement_rate", 0, 0.0061) == tuple(engagement[name] for name in ("kpi", "percentile", "value"))


TIMED = {"gmv_per_hour", "average_concurrent_viewers"}
"""They change as time passes."""


async def test_a_void_takes_a_comparison_away_and_a_rebuild_finds_no_difference(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read
) -> None:
    """As any other event."""
    session = await new_session()
    await send("wechat:room", *EVENTS)
    log = (await client.get("/v1/events", params={"session": session, "type": "live.benchmark.sampled"})).json()["events"]
    latest = max(log, key=lambda one: one["time"])
    void = {"source": latest["source"], "event": latest["id"], "reason": "test"}
    assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    watch, _ = (await read(session, "kpis"))["benchmarks"]
    assert (20, 60, {"minutes": 10, "percentile": 40, "value": 51.5}) == tuple(
        watch[name] for name in ("percentile", "value", "recent")
    )


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [({"percentile": 101}, "/data/percentile"), ({"percentile": -1}, "/data/percentile"), ({"kpi": "No KPI"}, "/data/kpi"),
     ({"value": -1}, "/data/value"), ({"recent_minutes": "10"}, "/data/recent_minutes")],
)  # fmt: skip
async def test_a_wrong_comparison_is_refused(
    client: httpx.AsyncClient, new_session: NewSession, wrong: Any, pointer: str
) -> None:
    """With the field's name."""
    data = {"kpi": "engagement_rate", "indicator": "x", "percentile": 5} | wrong
    event = {
        "specversion": "1.0",
        "id": pointer,
        "source": "/t",
        "type": "live.benchmark.sampled",
        "subject": await new_session(),
        "data": data,
    }
    answer = await client.post("/v1/events", json=event)
    assert 422 == answer.status_code
    assert pointer == answer.json()["rejected"][0]["errors"][0]["pointer"]
