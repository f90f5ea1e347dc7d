"""Senders' clocks: a time in the future stands at its arrival, the answer and the warnings say so, a past is never touched."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.ingest.rebuilding.rebuild import compare
from app.main import create_app
from app.service import open_service
from tests.pipeline.conftest import Rooms, Stage
from tests.pipeline.reference_records import Show
from tests.pipeline.request_bodies import body, like, post
from tests.pipeline.strategies import Event

pytestmark = pytest.mark.asyncio(loop_scope="module")

_MINUTE = timedelta(minutes=1)


def _now() -> datetime:
    return datetime.now(UTC)


async def _send(client: httpx.AsyncClient, *events: Event) -> dict[str, Any]:
    answer = await post(client, body(list(events)))
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


async def _read(stage: Stage, show: Show, name: str) -> dict[str, Any]:
    answer = await stage.client.get(f"/v1/sessions/{show.id}/{name}?lang=en")
    assert 200 == answer.status_code, answer.text
    return dict(answer.json())


def _event(subject: str, kind: str, time: datetime | str | None, **data: Any) -> Event:
    moment = time.isoformat() if isinstance(time, datetime) else time
    return like(subject, type=f"live.{kind}", time=moment, data=data)


async def _logged(stage: Stage, show: Show) -> dict[str, Any]:
    answer = await stage.client.get("/v1/events", params={"session": show.id})
    return {event["id"]: event for event in answer.json()["events"]}


@pytest.mark.parametrize(
    "future", ["2057-05-05T00:00:00Z", "2099-12-31T23:59:59Z", "2150-01-01T00:00:00+09:00", "9998-12-31T23:59:59Z"]
)
async def test_a_time_in_the_future_stands_at_its_arrival(stage: Stage, room: Rooms, future: str) -> None:
    """However far: the session lasts until now, shows the right sample, and can be reported."""
    show = await stage.show(subject := room())
    began = _now() - 30 * _MINUTE
    await _send(stage.client, _event(subject, "session.started", began))
    wrong = [_event(subject, "audience.sampled", future, concurrent=7), _event(subject, "viewer.entered", future, viewer="v")]
    receipt = await _send(stage.client, *wrong)
    assert (2, 2, []) == (receipt["accepted"], receipt["corrected"], receipt["rejected"])
    await _send(stage.client, _event(subject, "audience.sampled", _now(), concurrent=55))
    document = await _read(stage, show, "kpis")
    assert 55 == document["kpis"]["concurrent_viewers"]["value"]
    assert 1 == document["kpis"]["viewers"]["value"]
    assert 1800 <= document["duration_seconds"] < 1900
    for name in ("report", "timeline", "showcases", "audience", "products"):
        await _read(stage, show, name)
    logged = await _logged(stage, show)
    for event in wrong:
        found = logged[event["id"]]
        assert datetime.fromisoformat(found["senttime"]) == datetime.fromisoformat(future)
        assert found["time"] == found["receivedat"] or abs(_moment(found["time"]) - _now()) < _MINUTE
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_the_warnings_name_the_source_and_how_many_events(stage: Stage, room: Rooms) -> None:
    """Of each source whose clock was wrong; a source whose clock is right is not named."""
    show = await stage.show(subject := room())
    future = _now() + 10 * _MINUTE
    await _send(
        stage.client,
        *(like(subject, time=future.isoformat(), source="//tool.example/ahead") for _ in range(3)),
        like(subject, time=future.isoformat(), source="//tool.example/other"),
        like(subject, time=_now().isoformat(), source="//tool.example/right"),
    )
    warnings = [found for found in (await _read(stage, show, "kpis"))["warnings"] if found["code"] == "clock_corrected"]
    assert [{"source": "//tool.example/ahead", "events": 3}, {"source": "//tool.example/other", "events": 1}] == [
        found["figures"] for found in warnings
    ]
    assert all("//tool.example/" in found["message"] for found in warnings)


@pytest.mark.parametrize(("ahead", "corrected"), [(timedelta(minutes=4, seconds=30), 0), (timedelta(minutes=5, seconds=30), 1)])
async def test_five_minutes_are_tolerated(stage: Stage, room: Rooms, ahead: timedelta, corrected: int) -> None:
    """What lies within them keeps its time, and does not make the broadcast longer than until now."""
    show = await stage.show(subject := room())
    await _send(stage.client, _event(subject, "session.started", _now() - 10 * _MINUTE))
    event = like(subject, time=(_now() + ahead).isoformat())
    assert corrected == (await _send(stage.client, event))["corrected"]
    found = (await _logged(stage, show))[event["id"]]
    assert (corrected == 0) == (_moment(found["time"]) == _moment(event["time"]))
    assert 600 <= (await _read(stage, show, "kpis"))["duration_seconds"] < 660


async def test_a_past_is_never_touched(stage: Stage, room: Rooms) -> None:
    """Replays and imports keep their times, of any year."""
    show = await stage.show(subject := room())
    past = like(subject, time="2003-01-01T00:00:00Z")
    assert 0 == (await _send(stage.client, past))["corrected"]
    form = {"columns": {"time": "at", "concurrent": "n"}, "kind": "audience", "subject": subject, "timezone": "UTC"}
    answer = await stage.client.post(
        "/v1/imports", data={"options": body(form).decode()}, files={"file": ("a.csv", b"at,n\n2021-09-25 05:00:00,3\n")}
    )
    assert 200 == answer.status_code, answer.text
    moments = {_moment(found["time"]) for found in (await _logged(stage, show)).values()}
    assert {datetime(2003, 1, 1, tzinfo=UTC), datetime(2021, 9, 25, 5, tzinfo=UTC)} == moments
    assert [] == [found for found in (await _read(stage, show, "kpis"))["warnings"] if found["code"] == "clock_corrected"]


async def test_a_corrected_event_sent_again_is_a_duplicate(stage: Stage, room: Rooms) -> None:
    """And is corrected once."""
    show = await stage.show(subject := room())
    event = like(subject, time="2057-05-05T00:00:00Z")
    receipts = [await _send(stage.client, event, event), await _send(stage.clients[1], event)]
    assert [(1, 1, 1), (0, 1, 0)] == [(one["accepted"], one["duplicates"], one["corrected"]) for one in receipts]
    [warning] = (await _read(stage, show, "kpis"))["warnings"]
    assert {"source": event["source"], "events": 1} == warning["figures"]


async def test_a_parked_event_is_corrected_by_its_arrival(stage: Stage, room: Rooms) -> None:
    """It keeps the arrival however late its room is registered, and its source is named then."""
    subject = room()
    event = like(subject, time=(_now() + 30 * _MINUTE).isoformat())
    receipt = await _send(stage.client, event)
    assert (1, 1) == (receipt["parked"], receipt["corrected"])
    show = await stage.show(subject)
    found = (await _logged(stage, show))[event["id"]]
    assert abs(_moment(found["time"]) - _now()) < _MINUTE
    assert _moment(event["time"]) == _moment(found["senttime"])
    [warning] = (await _read(stage, show, "kpis"))["warnings"]
    assert {"source": event["source"], "events": 1} == warning["figures"]
    assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))


async def test_a_voided_correction_is_no_warning(stage: Stage, room: Rooms) -> None:
    """A void takes the warning out with the event."""
    show = await stage.show(subject := room())
    event = like(subject, time="2057-05-05T00:00:00Z")
    await _send(stage.client, event)
    form = {"source": event["source"], "event": event["id"], "reason": "wrong clock"}
    assert 200 == (await stage.client.post(f"/v1/sessions/{show.id}/voids", json=form)).status_code
    assert [] == (await _read(stage, show, "kpis"))["warnings"]


async def test_a_tolerance_of_zero_corrects_nothing(stage: Stage, room: Rooms) -> None:
    """Every time that can be stored stands; what cannot be stored is refused by name."""
    show = await stage.show(subject := room())
    settings = stage.service.settings.model_copy(update={"clock_tolerance_seconds": 0})
    async with open_service(settings) as service:
        transport = httpx.ASGITransport(create_app(service))
        headers = {"Authorization": stage.client.headers["Authorization"]}
        async with httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers) as client:
            event = like(subject, time="2057-05-05T00:00:00Z")
            receipt = await _send(client, event, like(subject, time="2100-01-01T00:00:00Z"))
    assert (1, 0, ["/time"]) == (
        receipt["accepted"], receipt["corrected"], [error["pointer"] for one in receipt["rejected"] for error in one["errors"]]
    )  # fmt: skip
    assert _moment(event["time"]) == _moment((await _logged(stage, show))[event["id"]]["time"])


async def test_duration_is_the_broadcasts(stage: Stage, room: Rooms) -> None:
    """Until the last end, or until now while on air; no other event makes it longer or shorter."""
    show = await stage.show(subject := room())
    began = _now() - 180 * _MINUTE
    await _send(
        stage.client,
        _event(subject, "session.started", began),
        like(subject, time=(began + 10 * _MINUTE).isoformat()),
        like(subject, time=(_now() + 4 * _MINUTE).isoformat()),
    )
    assert 10800 <= (await _read(stage, show, "kpis"))["duration_seconds"] < 10860
    await _send(stage.client, _event(subject, "session.ended", began + 120 * _MINUTE))
    assert 7200 == (await _read(stage, show, "kpis"))["duration_seconds"]
    await _send(stage.client, like(subject, time=_now().isoformat()))
    assert 7200 == (await _read(stage, show, "kpis"))["duration_seconds"]


async def test_of_a_start_and_an_end_at_one_moment_the_end_counts(stage: Stage) -> None:
    """A batch without times has one moment, its arrival; whichever event is first, the session has ended."""
    for number in range(4):
        show = await stage.show(f"wechat:short-{uuid4().hex[:8]}")
        batch = [
            {
                "specversion": "1.0",
                "id": f"{kind}-{number}",
                "source": "//tool.example/t",
                "type": kind,
                "subject": show.id,
                "data": {},
            }
            for kind in ("live.session.ended", "live.session.started")[:: -1 if number % 2 else 1]
        ]
        answer = await stage.client.post("/v1/events", json=batch)
        assert 2 == answer.json()["accepted"], answer.text
        assert "provisional" == (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["status"]
        assert [] == await compare(stage.service.database, stage.service.settings, UUID(show.id))
