"""WeChat's dashboard as the only source: it starts a session, gives its live figures and ends it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.service import Service
from tests.platforms.conftest import ROOM, Answer, Connect, Kpis
from tests.platforms.fake_wechat import FakeWechat
from tests.platforms.live_dashboard import APP, SECOND, Sample, blocks

Poll = Callable[[datetime], Awaitable[int]]


@pytest.fixture
def now() -> datetime:
    """Return the time at the start of the test: the server compares times of platforms with its own clock."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def ago(now: datetime) -> datetime:
    """Return the time ten minutes before."""
    return now - timedelta(minutes=10)


@pytest.fixture
async def poll(service: Service, connect: Connect, wechat: FakeWechat) -> Poll:
    """Run the poll of a connection of the brand, if one is due; return how many broadcasts were polled."""
    connection = UUID((await connect("wechat_live", APP, api_base=wechat.base))["id"])

    async def turn(now: datetime) -> int:
        read = 0
        for job, key in await service.platforms.pollers.due(now):
            assert ("poll_live", connection) == (job, key)
            read += await service.platforms.pollers.poll_live(key, now)
        return read

    return turn


@pytest.fixture
def document(client: httpx.AsyncClient) -> Callable[[Answer], Awaitable[dict[str, Any]]]:
    """Return a session's KPI document."""

    async def read(session: Answer) -> dict[str, Any]:
        found: dict[str, Any] = (await client.get(f"/v1/sessions/{session['id']}/kpis")).json()
        return found

    return read


async def _marks(client: httpx.AsyncClient, session: Answer) -> list[tuple[str, datetime]]:
    found = (await client.get("/v1/events", params={"session": session["id"], "limit": 200})).json()["events"]
    return sorted(
        (event["type"].removeprefix("live.session."), datetime.fromisoformat(event["time"]))
        for event in found
        if event["type"].startswith("live.session.")
    )


async def test_the_dashboard_alone_starts_a_session_shows_live_figures_and_ends_it(
    now: datetime,
    ago: datetime,
    poll: Poll,
    wechat: FakeWechat,
    new_session: Connect,
    sample: Sample,
    document: Any,
    client: httpx.AsyncClient,
) -> None:
    """Start and end have the platform's own times and are one event each; the end stops the polling."""
    session = await new_session(("wechat", ROOM), scheduled_at=(now - timedelta(minutes=12)).isoformat())
    assert 0 == await poll(now)
    # Around midnight in China the lists of two days are requested.
    assert wechat.calls["live_list"] in (1, 2)
    assert 0 == wechat.calls["live_data"]
    wechat.lives[ROOM] = blocks(sample, began=ago)
    for turn in range(1, 4):
        assert 1 == await poll(now + timedelta(seconds=30 * turn))
    found = await document(session)
    assert ("live", 128) == (found["status"], found["kpis"]["concurrent_viewers"]["value"])
    assert [("started", ago)] == await _marks(client, session)
    wechat.lives[ROOM] = blocks(sample, living=False, began=ago, seconds=690)
    for turn in range(4, 7):
        assert 1 == await poll(now + timedelta(seconds=30 * turn))
    found = await document(session)
    assert ("provisional", 690) == (found["status"], found["duration_seconds"])
    assert [("ended", ago + timedelta(seconds=690)), ("started", ago)] == await _marks(client, session)
    assert 0 == await poll(now + timedelta(minutes=20))
    assert 0 == await poll(now + timedelta(hours=3))


@pytest.mark.parametrize(
    ("schedule", "looks"),
    [(timedelta(hours=2), 0), (timedelta(minutes=50), 1), (-timedelta(hours=11), 1), (-timedelta(hours=13), 0), (None, 1)],
    ids=["long before", "shortly before", "long after", "too late", "no schedule"],
)
async def test_a_broadcast_is_expected_around_its_scheduled_time(
    schedule: timedelta | None, looks: int, poll: Poll, wechat: FakeWechat, new_session: Connect
) -> None:
    """The list is requested from an hour before the scheduled time to twelve hours after it; without one, for a day."""
    fields = {} if schedule is None else {"scheduled_at": (datetime.now(UTC) + schedule).isoformat()}
    await new_session(("wechat", ROOM), **fields)
    await poll(datetime.now(UTC))
    assert looks == bool(wechat.calls["live_list"])
    if schedule is None:
        before = wechat.calls["live_list"]
        await poll(datetime.now(UTC) + timedelta(hours=25))
        assert before == wechat.calls["live_list"]


async def test_a_session_without_a_wechat_stream_is_not_expected(
    now: datetime, poll: Poll, wechat: FakeWechat, new_session: Connect
) -> None:
    """No quota is spent on sessions of other platforms."""
    await new_session(("weibo", "1042097:1"), scheduled_at=now.isoformat())
    await new_session(("wechat", ROOM), brand="another", scheduled_at=now.isoformat())
    assert 0 == await poll(now)
    assert 0 == sum(wechat.calls.values())


async def test_a_broadcast_with_a_restored_signal_is_on_air_again(
    now: datetime, ago: datetime, poll: Poll, wechat: FakeWechat, new_session: Connect, sample: Sample, document: Any
) -> None:
    """The platform reports a broadcast as finished and then as live again, with its first start."""
    session = await new_session(("wechat", ROOM))
    wechat.lives[ROOM] = blocks(sample, began=ago)
    assert 1 == await poll(now)
    wechat.lives[ROOM] = blocks(sample, living=False, began=ago, seconds=600)
    assert 1 == await poll(now + timedelta(seconds=30))
    assert "provisional" == (await document(session))["status"]
    wechat.lives[ROOM] = blocks(sample, began=ago)
    assert 1 == await poll(now + timedelta(seconds=60))
    assert "live" == (await document(session))["status"]


async def test_a_second_room_is_found_after_the_first_has_ended(
    now: datetime,
    ago: datetime,
    poll: Poll,
    wechat: FakeWechat,
    new_session: Connect,
    sample: Sample,
    document: Any,
    client: httpx.AsyncClient,
) -> None:
    """A broadcast that a lost signal split in two rooms continues, however long the pause was."""
    session = await new_session(("wechat", ROOM), ("wechat", SECOND), scheduled_at=ago.isoformat())
    wechat.lives[ROOM] = blocks(sample, living=False, began=ago, seconds=60)
    assert 1 == await poll(now)
    later = now + timedelta(hours=1)
    wechat.lives[SECOND] = blocks(sample, began=later - timedelta(seconds=20))
    assert 1 == await poll(later)
    assert "live" == (await document(session))["status"]
    assert 3 == len(await _marks(client, session))


async def test_a_broadcast_that_the_platform_does_not_know_does_not_stop_the_others(
    now: datetime,
    ago: datetime,
    poll: Poll,
    wechat: FakeWechat,
    new_session: Connect,
    sample: Sample,
    document: Any,
    client: httpx.AsyncClient,
) -> None:
    """If one of two rooms on air is refused, the other is polled, and last_error names the first."""
    session = await new_session(("wechat", ROOM), ("wechat", "export/AAA-unknown"), scheduled_at=now.isoformat())
    wechat.lives[ROOM] = blocks(sample, began=ago)
    assert 1 == await poll(now)
    assert 1 == await poll(now + timedelta(seconds=30))
    assert "live" == (await document(session))["status"]
    assert "10021001" in (await client.get("/v1/connections")).json()["connections"][0]["last_error"]


async def test_a_start_without_a_usable_time_gets_the_time_of_the_first_poll(
    now: datetime, poll: Poll, wechat: FakeWechat, new_session: Connect, sample: Sample, document: Any, client: httpx.AsyncClient
) -> None:
    """A start time of another year is ignored; the broadcast starts at the first poll that shows it, once."""
    session = await new_session(("wechat", ROOM))
    wechat.lives[ROOM] = blocks(sample)
    assert 1 == await poll(now)
    assert 1 == await poll(now + timedelta(seconds=30))
    assert "live" == (await document(session))["status"]
    ((state, at),) = await _marks(client, session)
    assert "started" == state
    assert abs(at - now) < timedelta(minutes=5)


async def test_a_broadcast_that_has_not_begun_stays_scheduled(
    now: datetime, poll: Poll, wechat: FakeWechat, new_session: Connect, sample: Sample, document: Any
) -> None:
    """A broadcast that is announced and not on air has no start, and is polled until it has one."""
    session = await new_session(("wechat", ROOM))
    wechat.lives[ROOM] = blocks(sample, living=False, began=datetime.fromtimestamp(0, UTC), seconds=0)
    assert 1 == await poll(now)
    assert "scheduled" == (await document(session))["status"]
    wechat.lives[ROOM] = blocks(sample, began=now + timedelta(seconds=20))
    assert 1 == await poll(now + timedelta(seconds=1800))
    assert "live" == (await document(session))["status"]


async def test_a_session_that_an_operator_ended_stays_ended(
    now: datetime,
    ago: datetime,
    poll: Poll,
    wechat: FakeWechat,
    new_session: Connect,
    sample: Sample,
    document: Any,
    client: httpx.AsyncClient,
) -> None:
    """An end that an operator posted stays, although the dashboard still reports the broadcast as live."""
    session = await new_session(("wechat", ROOM))
    wechat.lives[ROOM] = blocks(sample, began=ago)
    assert 1 == await poll(now)
    end = {"specversion": "1.0", "id": "end", "source": "/hand", "type": "live.session.ended", "subject": session["id"]}
    assert 200 == (await client.post("/v1/events", json=end)).status_code
    assert 1 == await poll(now + timedelta(seconds=30))
    assert "provisional" == (await document(session))["status"]
    assert 0 == await poll(now + timedelta(hours=1))


async def test_a_tied_connection_finds_its_broadcast_by_the_schedule(
    service: Service, connect: Connect, wechat: FakeWechat, new_session: Connect, sample: Sample, kpis: Kpis, document: Any
) -> None:
    """Without a registered room, the broadcast that began around the scheduled time belongs to the session."""
    session = await new_session(scheduled_at=datetime.now(UTC).isoformat())
    live = await connect("wechat_live", APP, api_base=wechat.base, session=session["id"])
    wechat.lives["export/unregistered"] = blocks(sample, began=datetime.now(UTC))
    assert 1 == await service.platforms.pollers.poll_live(UUID(live["id"]), datetime.now(UTC))
    assert ("live", 128) == ((await document(session))["status"], (await kpis(session["id"], "wechat"))["concurrent_viewers"])
