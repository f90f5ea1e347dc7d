"""Pulled figures: the live dashboard, promoted posts, Weibo's stream; and sessions with several sources."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.service import Service
from app.settings import Settings
from tests.platforms.conftest import ROOM, SHOP, Connect, Kpis, Push, path_of, until
from tests.platforms.fake_wechat import FakeWechat, order, push
from tests.platforms.live_dashboard import APP, SECOND, Sample, blocks


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """The settings of the tests, with a test's own changes."""
    return settings.model_copy(update=getattr(request, "param", {}))


@pytest.fixture
def tell(client: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
    """Send `live.session.started` and the like for a room."""

    async def send(state: str, subject: str, at: datetime) -> None:
        event = {
            "specversion": "1.0",
            "id": f"{state}/{subject}/{at.isoformat()}",
            "source": "/tests",
            "type": f"live.session.{state}",
            "subject": subject,
            "time": at.isoformat(),
        }
        answer = await client.post("/v1/events", json=event, headers={"Content-Type": "application/cloudevents+json"})
        assert 200 == answer.status_code, answer.text

    return send


async def test_the_dashboard_is_polled_during_a_session_and_for_a_grace_period_after(
    service: Service, wechat: FakeWechat, connect: Connect, new_session: Connect, tell: Any, sample: Sample, kpis: Kpis
) -> None:
    """Nothing is due before the start. Then each turn polls once, until the grace period after the end is over."""
    wechat.lives[ROOM] = blocks(sample)
    pollers, now = service.platforms.pollers, datetime.now(UTC)
    session = await new_session(("wechat", ROOM), scheduled_at=(now + timedelta(days=1)).isoformat())
    live = await connect("wechat_live", APP, api_base=wechat.base)
    assert [] == await pollers.due(now)
    await tell("started", f"wechat:{ROOM}", now - timedelta(minutes=5))
    job = [("poll_live", UUID(live["id"]))]
    assert job == await pollers.due(now)
    assert [] == await pollers.due(now + timedelta(seconds=10))
    assert 1 == await pollers.poll_live(job[0][1], now)
    figures = await kpis(session["id"], "wechat")
    assert (1520, 128, "12345.00") == (figures["viewers"], figures["concurrent_viewers"], figures["gmv"])
    assert job == await pollers.due(now + timedelta(seconds=30))
    await tell("ended", f"wechat:{ROOM}", now + timedelta(seconds=31))
    assert job == await pollers.due(now + timedelta(seconds=31 + 890))
    assert [] == await pollers.due(now + timedelta(seconds=31 + 930))


async def test_two_processes_do_not_run_the_same_poll(
    service: Service, wechat: FakeWechat, connect: Connect, new_session: Connect, tell: Any
) -> None:
    """If several processes ask at one moment, exactly one gets the poll."""
    await new_session(("wechat", ROOM))
    await connect("wechat_live", APP, api_base=wechat.base)
    now = datetime.now(UTC)
    await tell("started", f"wechat:{ROOM}", now - timedelta(minutes=5))
    found = await asyncio.gather(*(service.platforms.pollers.due(now) for _ in range(5)))
    assert 1 == sum(len(turns) for turns in found)


async def test_a_room_that_the_platform_reports_as_finished_is_not_polled(
    service: Service, wechat: FakeWechat, connect: Connect, new_session: Connect, tell: Any, sample: Sample
) -> None:
    """Without an end event, the dashboard's own status ends the polling after the same grace period."""
    wechat.lives[ROOM] = blocks(sample, living=False)
    await new_session(("wechat", ROOM))
    live = await connect("wechat_live", APP, api_base=wechat.base)
    pollers, now = service.platforms.pollers, datetime.now(UTC)
    await tell("started", f"wechat:{ROOM}", now - timedelta(minutes=5))
    assert 1 == await pollers.poll_live(UUID(live["id"]), now)
    assert 1 == await pollers.poll_live(UUID(live["id"]), now + timedelta(seconds=890))
    assert 0 == await pollers.poll_live(UUID(live["id"]), now + timedelta(seconds=910))


async def test_a_connection_tied_to_a_session_finds_its_broadcast_in_the_list(
    service: Service, wechat: FakeWechat, connect: Connect, new_session: Connect, tell: Any, sample: Sample, kpis: Kpis
) -> None:
    """Without a registered room, the day's list names the broadcast."""
    wechat.lives["export/unregistered"] = blocks(sample, viewers=77)
    session = await new_session()
    live = await connect("wechat_live", APP, api_base=wechat.base, session=session["id"])
    now = datetime.now(UTC)
    await tell("started", session["id"], now - timedelta(minutes=5))
    await service.platforms.pollers.poll_live(UUID(live["id"]), now)
    assert 77 == (await kpis(session["id"], "wechat"))["viewers"]
    assert wechat.calls["live_list"]


@pytest.mark.usefixtures("working")
@pytest.mark.parametrize("settings", [{"poll_seconds": 5}], indirect=True, ids=["the shortest cadence"])
async def test_the_worker_starts_the_polling(
    wechat: FakeWechat, connect: Connect, new_session: Connect, sample: Sample, kpis: Kpis
) -> None:
    """A start event alone leads to the figures."""
    session = await new_session(("wechat", ROOM), scheduled_at=datetime.now(UTC).isoformat())
    await connect("wechat_live", APP, api_base=wechat.base)

    async def listed() -> bool:
        return bool(wechat.calls["live_list"])

    await until(listed, "the look-out", 40)
    assert 0 == wechat.calls["live_data"]
    wechat.lives[ROOM] = blocks(sample)

    async def read() -> bool:
        return bool((await kpis(session["id"]))["viewers"] == 1520)

    await until(read, "the dashboard's figure", 60)


async def test_one_session_fed_by_wechat_and_weibo_shows_both(
    wechat: FakeWechat, connect: Connect, new_session: Connect, sample: Sample, client: httpx.AsyncClient, send_push: Push,
    service: Service, tell: Any,
) -> None:  # fmt: skip
    """WeChat's orders are counted and its viewers reported, Weibo's comments counted; each platform has its own figures."""
    comment = sample("weibo_liveim_sync_comment")
    weibo_room = comment["form"]["room_id"]
    session = await new_session(("wechat", ROOM), ("weibo", weibo_room))
    shop = await connect("wechat_shop", SHOP, api_base=wechat.base)
    live = await connect("wechat_live", APP, api_base=wechat.base)
    weibo = await connect("weibo_live", {"app_secret": comment["app_secret"]})
    now = datetime.now(UTC)
    wechat.orders["1"], wechat.lives[ROOM] = order("1", ROOM), blocks(sample)
    await tell("started", f"wechat:{ROOM}", now - timedelta(minutes=5))
    await service.platforms.pollers.poll_live(UUID(live["id"]), now)
    assert 200 == (await client.post(path_of(weibo), data=comment["form"])).status_code
    async with service.platforms.working():
        await send_push(shop, push("1"))

        async def both() -> Any:
            found = (await client.get(f"/v1/sessions/{session['id']}/kpis")).json()
            return found if found["by_platform"]["wechat"]["buyers"]["basis"] == "counted" else None

        document = await until(both, "the order")
    wechat_figures, weibo_figures = document["by_platform"]["wechat"], document["by_platform"]["weibo"]
    assert ({"value": 1520, "basis": "reported"}, {"value": 1, "basis": "counted"}) == (
        {name: wechat_figures["viewers"][name] for name in ("value", "basis")},
        {name: wechat_figures["buyers"][name] for name in ("value", "basis")},
    )
    assert {"value": 1, "basis": "counted"} == {name: weibo_figures["comments"][name] for name in ("value", "basis")}


@pytest.mark.usefixtures("working")
async def test_a_broadcast_split_in_two_rooms_is_one_session(
    wechat: FakeWechat, connect: Connect, new_session: Connect, send_push: Push, kpis: Kpis
) -> None:
    """A lost signal gives the broadcast a second room; the orders of both rooms belong to one session."""
    session = await new_session(("wechat", ROOM), ("wechat", SECOND))
    shop = await connect("wechat_shop", SHOP, api_base=wechat.base)
    for number, room in (("1", ROOM), ("2", SECOND)):
        wechat.orders[number] = order(number, room)
        await send_push(shop, push(number))

    async def two() -> bool:
        return bool((await kpis(session["id"]))["orders"] == 2)

    await until(two, "both orders")


async def test_promoted_posts_are_counted(
    service: Service, wechat: FakeWechat, connect: Connect, client: httpx.AsyncClient, new_session: Connect
) -> None:
    """A post's reads and reactions become its promotion's figures; the connection needs no session of its own."""
    url = "https://weibo.com/1/A"
    session = await new_session(promotions=[{"url": url, "kind": "post", "platform": "weibo", "title": "t"}])
    wechat.counts["346"] = {"id": 346, "comments": 5, "reposts": 3, "attitudes": 2, "reads": 1320}
    counts = await connect("weibo_counts", {"access_token": "WB-T0KEN"}, api_base=wechat.base, posts={"346": url})
    now = datetime.now(UTC)
    assert 1 == len(await service.platforms.pollers.due(now))
    assert 1 == await service.platforms.pollers.poll_counts(UUID(counts["id"]), now)
    async with service.database.acquire() as connection:
        rows = await connection.fetch("SELECT metric, latest FROM gauges WHERE key = $1 AND grain = 0", url)
    assert {"promotion_views": 1320, "promotion_engagements": 10} == {row["metric"]: row["latest"] for row in rows}
    assert session["id"]
    result = (await client.post(f"/v1/connections/{counts['id']}/test")).json()
    assert result["ok"], result
    await client.patch(f"/v1/connections/{counts['id']}", json={"secrets": {"access_token": "old"}})
    result = (await client.post(f"/v1/connections/{counts['id']}/test")).json()
    assert "21332" in result["checks"][-1]["detail"]


@pytest.mark.usefixtures("working")
async def test_weibos_stream_is_read_and_resumed(
    wechat: FakeWechat, connect: Connect, new_session: Connect, sample: Sample, tell: Any, kpis: Kpis
) -> None:
    """The stream breaks inside a message and repeats earlier messages: every message is counted once."""
    found = sample("weibo_im_sdk_messages")["messages"]
    room = found[0]["room_id"]
    lines = b"".join(json.dumps(message).encode() + b"\n\n" for message in found[:3])
    wechat.stream = [lines[:100], lines[100:250], lines[250:], b'{"msg_type": 1, "mi']
    session = await new_session(("weibo", room))
    await connect("weibo_live", {"app_secret": "s", "access_token": "WB-T0KEN"}, api_base=wechat.base)
    await tell("started", f"weibo:{room}", datetime.now(UTC) - timedelta(minutes=1))

    async def repeated() -> bool:
        return wechat.calls["weibo_stream"] >= 2 and (await kpis(session["id"]))["comments"] == 1

    await until(repeated, "the stream's messages twice", 40)
    figures = await kpis(session["id"], "weibo")
    assert (1, 1, 128) == (figures["comments"], figures["viewers"], figures["concurrent_viewers"])
