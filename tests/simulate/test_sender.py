from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from app.simulate.generation.generator import generate, rooms
from app.simulate.scenario.scenario import Scenario
from app.simulate.sending.api_client import ApiClient, SendError
from app.simulate.sending.delivery import WINDOW, Batch, SendOptions, Shuffle, batches
from app.simulate.sending.sender import BatchSender, run
from tests.simulate.stub import Stub

SMALL = Scenario.model_validate(
    {
        "name": "small",
        "session": {"starts_at": "2021-09-25T14:00:00+09:00", "duration_seconds": 600, "brand": "brand-l"},
        "kpis": {"viewers": 200, "buyers": 12, "units_sold": 20, "gmv": "2000.00", "comments": 30},
        "products": [{"name": "ニット", "clicks": 90, "buyers": 8, "units": 9, "gmv": "900.00", "live_price": "110"}],
        "promotions": [{"views": 100, "engagements": 4}],
        "platforms": {"wechat": 2, "weibo": 1},
    }
)
EVENTS = generate(SMALL)


class Time:
    """A clock that only `sleep` advances."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        """Return the seconds since the test began."""
        return self.now


@pytest.fixture
def stub() -> Stub:
    """A server."""
    return Stub()


@pytest.fixture
def clock() -> Time:
    """A clock."""
    return Time()


def wire(stub: Stub, clock: Time, give_up_after: float = 120.0) -> ApiClient:
    """A client of the stub."""
    return ApiClient(stub.client(), give_up_after=give_up_after, sleep=clock.sleep, clock=clock.clock)


def identities(events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return the parts of events that identify them."""
    return {(event["source"], event["id"]) for event in events}


async def test_a_session_is_created_and_all_its_events_arrive(stub: Stub, clock: Time) -> None:
    """The session has its streams, line-up and promotions; the server receives exactly the generated events."""
    seen: list[str] = []
    progress: list[float] = []
    outcome = await run(
        SMALL,
        wire(stub, clock),
        SendOptions(batch=100, senders=3),
        on_session=seen.append,
        on_progress=lambda seconds, _: progress.append(seconds),
    )
    (session,) = stub.sessions
    assert ["session-1"] == seen
    assert "brand-l" == session["brand"]
    assert [{"platform": name, "room": room} for name, room in rooms(SMALL).items()] == session["streams"]
    assert [{"product": "knit-01", "name": "ニット", "live_price": "110.00", "stock": 9}] == session["lineup"]
    assert SMALL.promotions[0].url == session["promotions"][0]["url"]
    assert identities(EVENTS) == stub.events.keys()
    assert (len(EVENTS), len(EVENTS), 0, 0) == (
        outcome.summary.sent,
        outcome.summary.accepted,
        outcome.summary.duplicates,
        outcome.summary.rejected,
    )
    assert 100 == max(len(batch) for batch in stub.batches)
    assert 600 == max(progress)
    assert {"Bearer key"} == {headers["Authorization"] for headers in stub.headers}


async def test_events_join_a_session_that_exists(stub: Stub, clock: Time) -> None:
    """With a session's id nothing is created; its rooms are used, and sending again gives duplicates only."""
    first = await run(SMALL, wire(stub, clock), SendOptions(), in_rooms={"wechat": "a", "weibo": "b"})
    again = await run(SMALL, wire(stub, clock), SendOptions(), session=first.session)
    assert 1 == len(stub.sessions)
    assert (0, len(EVENTS)) == (again.summary.accepted, again.summary.duplicates)
    assert {"wechat:a", "weibo:b"} == {event["subject"] for event in stub.events.values()}


async def test_a_session_without_a_platform_of_the_scenario_is_refused(stub: Stub, clock: Time) -> None:
    """Events of an unregistered room would stay parked, so the sender refuses."""
    stub.sessions.append({"streams": [{"platform": "wechat", "room": "a"}]})
    with pytest.raises(SendError, match="no stream on weibo"):
        await run(SMALL, wire(stub, clock), SendOptions(), session="session-1")


async def test_failures_are_retried_until_everything_arrived(stub: Stub, clock: Time) -> None:
    """Lost connections, lost answers, 429, 502 and 503 lose nothing and store nothing twice."""
    stub.failures.extend(
        [
            httpx.ConnectError("refused"),
            None,
            httpx.Response(503),
            httpx.Response(429),
            httpx.Response(502),
            httpx.ReadTimeout("too slow"),
        ]
    )
    outcome = await run(SMALL, wire(stub, clock), SendOptions(batch=200))
    assert identities(EVENTS) == stub.events.keys()
    assert 6 == outcome.summary.retries == len(clock.slept)
    assert len(EVENTS) == outcome.summary.sent
    # The batch whose answer was lost was stored the first time.
    assert 200 == outcome.summary.duplicates
    assert len(EVENTS) - 200 == outcome.summary.accepted


@pytest.mark.parametrize(
    ("value", "lowest", "highest"),
    [
        ("7", 7, 7),
        (timedelta(hours=1), 3000, 3600),
        ("soon", 0, 0.1),
    ],
    ids=["seconds", "a date in an hour", "nonsense"],
)
async def test_retry_after_is_honoured(stub: Stub, clock: Time, value: str | timedelta, lowest: float, highest: float) -> None:
    """Retry-After gives the pause, in seconds or as a date; if it is unreadable, the backoff applies."""
    header = value if isinstance(value, str) else format_datetime(datetime.now(UTC) + value, usegmt=True)
    stub.failures.append(httpx.Response(503, headers={"Retry-After": header}))
    await wire(stub, clock, give_up_after=7200).send(EVENTS[:3])
    (slept,) = clock.slept
    assert lowest <= slept <= highest


async def test_patience_ends(stub: Stub, clock: Time) -> None:
    """The sender gives up after `give_up_after` seconds; pauses grow and are bounded."""
    stub.failures.extend(httpx.ConnectError("refused") for _ in range(1000))
    with pytest.raises(SendError, match="gave up after"):
        await run(SMALL, wire(stub, clock, give_up_after=30), SendOptions(senders=1))
    assert 20 < clock.now <= 30
    assert max(clock.slept) <= 5
    assert clock.slept[0] < clock.slept[3]


async def test_a_wish_beyond_the_patience_is_not_waited_for(stub: Stub, clock: Time) -> None:
    """A Retry-After of an hour ends the request at once."""
    stub.failures.append(httpx.Response(503, headers={"Retry-After": "3600"}))
    with pytest.raises(SendError, match="answered 503"):
        await wire(stub, clock).send(EVENTS[:3])
    assert not clock.slept


async def test_a_session_is_not_created_twice(stub: Stub, clock: Time) -> None:
    """A request that certainly failed is retried; if the response is lost, the sender stops."""
    stub.session_failures.extend([httpx.ConnectError("refused"), httpx.Response(503)])
    assert "session-1" == await wire(stub, clock).create_session({"title": "x"})
    stub.session_failures.append(httpx.ReadError("reset"))
    with pytest.raises(SendError, match="may have done it"):
        await wire(stub, clock).create_session({"title": "x"})
    assert 1 == len(stub.sessions)


async def test_refusals_speak_plainly_and_hide_the_key(stub: Stub, clock: Time) -> None:
    """The error repeats the problem's title, detail and fields, and not the key."""
    problem = {"title": "Conflict", "detail": "the room is taken", "errors": [{"pointer": "/streams/0", "detail": "taken"}]}
    stub.session_failures.append(httpx.Response(409, json=problem))
    with pytest.raises(SendError, match="answered 409 Conflict; the room is taken; /streams/0: taken") as caught:
        await wire(stub, clock).create_session({"title": "x"})
    assert "key" not in str(caught.value).replace("taken", "")
    stub.failures.append(httpx.Response(401, text="no JSON"))
    with pytest.raises(SendError, match="answered 401"):
        await wire(stub, clock).send(EVENTS[:1])


async def test_one_failing_sender_stops_the_delivery(stub: Stub, clock: Time) -> None:
    """All senders stop when one is refused."""
    stub.failures.extend(httpx.Response(403, json={"title": "Not allowed"}) for _ in range(100))
    with pytest.raises(SendError, match="403 Not allowed"):
        await run(SMALL, wire(stub, clock), SendOptions(batch=1, senders=4))
    assert len(stub.headers) < 20


async def test_a_batch_that_is_too_large_is_halved(stub: Stub, clock: Time) -> None:
    """Every event arrives although the server takes 60 at most."""
    stub.most = 60
    outcome = await run(SMALL, wire(stub, clock), SendOptions(batch=500))
    assert identities(EVENTS) == stub.events.keys()
    assert len(EVENTS) == outcome.summary.sent == outcome.summary.accepted


async def test_rejections_are_counted_and_shown(stub: Stub, clock: Time) -> None:
    """Rejections of a part of a batch and of all of it (422) count, and the first reasons are kept."""
    stub.refused = lambda event: event["type"] == "live.comment.posted"
    outcome = await run(SMALL, wire(stub, clock), SendOptions(batch=1))
    assert 30 == outcome.summary.rejected
    assert len(EVENTS) - 30 == outcome.summary.accepted
    assert 3 == len(outcome.summary.first_errors)
    assert "refused" == outcome.summary.first_errors[0]["errors"][0]["detail"]


def flat(found: list[Batch]) -> list[dict[str, Any]]:
    """Return the batches' events, in order."""
    return [event for batch in found for event in batch.events]


def test_a_fraction_travels_twice() -> None:
    """About a tenth of the events is sent twice, none is missing, and the receipt counts exactly those as duplicates."""
    sent = flat(list(batches(EVENTS, SendOptions(duplicates=0.1, seed=5))))
    copies = Counter(event["id"] for event in sent)
    assert identities(EVENTS) == identities(sent)
    assert {1, 2} == set(copies.values())
    twice = sum(times == 2 for times in copies.values())
    assert 0.05 * len(EVENTS) < twice < 0.15 * len(EVENTS)
    assert 2 * len(EVENTS) == len(flat(list(batches(EVENTS, SendOptions(duplicates=1.0)))))


async def test_duplicates_are_recognised_by_the_server(stub: Stub, clock: Time) -> None:
    """Sent twice, shuffled, by several senders: accepted once."""
    options = SendOptions(duplicates=0.5, shuffle=Shuffle.TOTAL, senders=4, batch=37)
    outcome = await run(SMALL, wire(stub, clock), options)
    assert len(EVENTS) == outcome.summary.accepted == len(stub.events)
    assert outcome.summary.duplicates == outcome.summary.sent - len(EVENTS) > len(EVENTS) // 4


@pytest.mark.parametrize("how", [Shuffle.BOUNDED, Shuffle.TOTAL])
def test_a_shuffle_keeps_the_events_and_loses_their_order(how: Shuffle) -> None:
    """A bounded shuffle keeps an event in its window of 5,000; a total shuffle does not."""
    numbered = [{**EVENTS[0], "id": str(number)} for number in range(3 * WINDOW)]
    order = [int(event["id"]) for event in flat(list(batches(numbered, SendOptions(shuffle=how))))]
    assert sorted(order) == list(range(3 * WINDOW)) != order
    farthest = max(abs(place - number) for place, number in enumerate(order))
    assert (farthest < WINDOW) == (how is Shuffle.BOUNDED)


async def test_a_paced_session_takes_its_time(stub: Stub, clock: Time) -> None:
    """At speed 60 ten minutes take ten seconds; no event is sent before its time; events after the broadcast do not wait."""
    began = SMALL.session.starts_at
    early: list[float] = []

    class Watched(ApiClient):
        async def send(self, events: list[dict[str, Any]]) -> None:
            latest = max(datetime.fromisoformat(event["time"]) for event in events)
            due = (min(latest, began + timedelta(minutes=10)) - began).total_seconds() / 60
            early.append(due - clock.now)
            await super().send(events)

    late = {**EVENTS[-1], "id": "late", "time": "2021-09-28T00:00:00Z"}
    options = SendOptions(speed=60, senders=1)
    watched = Watched(stub.client(), sleep=clock.sleep, clock=clock.clock)
    span = (began, began + timedelta(minutes=10))
    sender = BatchSender(watched, options, span, sleep=clock.sleep, clock=clock.clock)
    await sender.deliver(batches([*EVENTS, late], options))
    assert clock.now == pytest.approx(10, abs=0.01)
    assert max(early) <= 1e-6
    assert len(stub.batches) >= 15
    assert identities([*EVENTS, late]) == stub.events.keys()


async def test_at_full_speed_no_sender_waits(stub: Stub, clock: Time) -> None:
    """`max` sends without pauses."""
    sleep: Callable[[float], Awaitable[None]] = clock.sleep
    span = (SMALL.session.starts_at, SMALL.session.starts_at + timedelta(minutes=10))
    sender = BatchSender(wire(stub, clock), SendOptions(), span, sleep=sleep, clock=clock.clock)
    await sender.deliver(batches(EVENTS, SendOptions()))
    assert not clock.slept
