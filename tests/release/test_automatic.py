"""Automatic release: what is due, once, in any number of processes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.insights.reader import InsightSettings
from app.platforms.background.worker import Recurring
from app.release import automatic
from app.release.automatic import release_due
from app.service import Service, _recurring, open_service
from app.settings import Settings
from tests.kpis.event_builders import START, NewSession, Read, Send, paid
from tests.release.conftest import Finalize

INSIGHTS = InsightSettings(180.0, comment_text=False)
END = START + timedelta(seconds=3600)


async def test_a_session_is_released_once_the_days_have_passed(
    client: httpx.AsyncClient, service: Service, show: str, read: Read, new_session: NewSession, send: Send, finalize: Finalize
) -> None:
    """Not a moment before; with its author and an audit row; not a second time, and not one that a person has released."""
    by_hand = await new_session(streams=[{"platform": "wechat", "room": "second"}])
    await send("wechat:second", ("session.started", 0, {}), paid(1, "x", "b", ("knit", 1, "1.00")), ("session.ended", 60, {}))
    await finalize(by_hand)
    rehearsal = await new_session(kind="rehearsal", streams=[{"platform": "wechat", "room": "third"}])
    await send("wechat:third", ("session.started", 0, {}), ("session.ended", 60, {}))
    assert 0 == await release_due(service.database, INSIGHTS, 14, END + timedelta(days=14))
    assert 1 == await release_due(service.database, INSIGHTS, 14, END + timedelta(days=14, seconds=1))
    assert 0 == await release_due(service.database, INSIGHTS, 14, END + timedelta(days=400))
    (revision,) = (await read(show, "revisions"))["revisions"]
    assert (1, "automatic", None) == (revision["number"], revision["by"], revision["note"])
    rows = (await client.get("/v1/audit", params={"action": "revision.create", "session": show})).json()["entries"]
    assert [("service", "automatic release")] == [(row["principal"]["kind"], row["principal"]["id"]) for row in rows]
    assert [] == (await read(rehearsal, "revisions"))["revisions"]
    assert 1 == len((await read(by_hand, "revisions"))["revisions"])


async def test_two_processes_at_once_make_one_revision_each_session(
    service: Service, settings: Settings, show: str, read: Read, finalize: Finalize
) -> None:
    """Two runs of two processes and a person at the same time: one automatic revision at most, and consecutive numbers."""
    async with open_service(settings) as other:
        late = END + timedelta(days=30)
        runs = [release_due(one.database, INSIGHTS, 14, late) for one in (service, other)]
        by_hand = asyncio.ensure_future(finalize(show))
        released = await asyncio.gather(*runs)
        await by_hand
    revisions = (await read(show, "revisions"))["revisions"]
    authors = [one["by"] for one in revisions]
    assert sum(released) == authors.count("automatic") <= 1
    assert list(range(len(revisions), 0, -1)) == [one["number"] for one in revisions]


async def test_a_session_that_cannot_be_released_holds_up_no_other(
    service: Service, show: str, new_session: NewSession, send: Send, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room that never ended keeps an earlier session on air; it is passed over, also where a page holds one session."""
    stuck = await new_session(streams=[{"platform": "wechat", "room": room} for room in ("s1", "s2")])
    await send("wechat:s1", ("session.started", 0, {}), ("session.ended", 10, {}))
    await send("wechat:s2", ("session.started", 0, {}))
    monkeypatch.setattr(automatic, "_PAGE", 1)
    assert 1 == await release_due(service.database, INSIGHTS, 1, datetime.now(UTC))
    assert [] == (await read(stuck, "revisions"))["revisions"]
    assert "final" == (await read(show, "kpis"))["status"]


async def test_a_run_is_bounded(service: Service, new_session: NewSession, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most `MOST` releases; the next run does the rest."""
    for room in ("first", "second"):
        await new_session(streams=[{"platform": "wechat", "room": room}])
        await send(f"wechat:{room}", ("session.started", 0, {}), ("session.ended", 60, {}))
    monkeypatch.setattr(automatic, "MOST", 1)
    assert [1, 1, 0] == [await release_due(service.database, INSIGHTS, 1, datetime.now(UTC)) for _ in range(3)]


async def test_it_is_off_by_default_and_scheduled_by_the_setting(service: Service, settings: Settings) -> None:
    """Without the setting no process has the schedule."""
    assert ["log_partitions"] == [work.name for work in _recurring(service.database, settings)]
    _, one = _recurring(service.database, settings.model_copy(update={"finalize_after_days": 14}))
    assert "automatic_release" == one.name
    assert 0 == await one.work(datetime.now(UTC))


async def test_the_worker_runs_what_recurs(service: Service) -> None:
    """By its own schedule, here every second."""
    ran = asyncio.Event()

    async def work(now: datetime) -> None:
        assert now.tzinfo is not None
        ran.set()

    worker = replace(service.platforms.worker, recurring=[Recurring("probe", "* * * * * *", work)])
    async with worker.running(), asyncio.timeout(60):
        await ran.wait()
