"""Two sessions of the same events, one told in order, one backwards: no document may show which is which."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given

from tests.pipeline.conftest import Stage
from tests.pipeline.reference_values import identity, when
from tests.pipeline.request_bodies import body, post
from tests.pipeline.strategies import START, Event, event, telemetry
from tests.properties import examples

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Generating overly large repr"),
]

_DOCUMENTS = (
    "kpis", "products", "timeline", "audience", "sources", "funnel", "showcases", "orders", "report", "effects", "after-live", "retention",
)  # fmt: skip
_PAID = {"order": "1", "buyer": "b", "currency": "CNY", "amount": "10.00"}
_LINE = {"product": "bag-03", "quantity": 1, "amount": "10.00"}
_NOTHING = {"product": "bag-03", "quantity": 0, "amount": "10.00"}
_OTHER = {"product": "knit-01", "quantity": 2, "amount": "9.00"}


async def _documents(stage: Stage, events: list[Event], suffix: str) -> dict[str, Any]:
    """Send events one by one into a session of their own and return all that can be read of it, without its id."""
    show = await stage.show(f"wechat:{suffix}-{uuid4().hex[:8]}")
    [room] = show.rooms
    for one in events:
        answer = await post(stage.client, body([one | {"subject": room}]))
        assert 1 == answer.json()["accepted"], answer.text
    found = {}
    for name in _DOCUMENTS:
        answer = await stage.client.get(f"/v1/sessions/{show.id}/{name}")
        assert 200 == answer.status_code, answer.text
        document = json.loads(answer.text.replace(show.brand, "brand").replace(show.id, "session"))
        for changing in ("as_of", "generated_at"):
            document.pop(changing, None)
        found[name] = document
    return found


def _minute() -> int:
    return int(time.time()) // 60


async def _assert_no_difference(stage: Stage, events: list[Event]) -> None:
    # An end keeps the clock from running on between the two readings.
    end = event(10_000, "session.ended", "", START.replace(hour=8).isoformat(), {})
    in_order = sorted([*events, end], key=lambda one: (when(one), identity(one)))
    # The timeline of a session in which nothing began and nothing is counted is the present minute: both are read within one.
    for _ in range(2):
        minute = _minute()
        forward = await _documents(stage, in_order, "forward")
        backward = await _documents(stage, in_order[::-1], "backward")
        if minute == _minute():
            break
    for name in _DOCUMENTS:
        assert forward[name] == backward[name], name


@pytest.mark.parametrize(
    "told",
    [
        [("order.refunded", 1, {"order": "1", "amount": "5.00"}),
         ("order.refunded", 2, {"order": "1", "amount": "5.00", "lines": [_LINE]})],
        [("order.paid", 1, {**_PAID, "lines": [_NOTHING]}), ("order.paid", 2, {**_PAID, "lines": [_LINE]}),
         ("audience.sampled", 3, {"units_total": 5})],
        [("support.answered", 1, {"ticket": "t"}), ("support.answered", 2, {"ticket": "t", "response_seconds": 500})],
        [("order.paid", 1, {**_PAID, "lines": [_OTHER]}), ("order.paid", 2, {**_PAID, "lines": [_LINE]})],
        [("viewer.entered", 1, {"viewer": "v"}), ("viewer.entered", 9000, {"viewer": "v", "source": "fans", "fan_level": 4})],
        [("follow.gained", 1, {"viewer": "v"}), ("follow.gained", 9000, {"viewer": "v"})],
        [("order.shipped", 1, {"order": "1"}), ("order.shipped", 9000, {"order": "1"}),
         ("order.paid", 0, {**_PAID, "lines": [_LINE]})],
    ],
    ids=["refund", "order of nothing", "answer", "order", "arrival", "follower", "shipping"],
)  # fmt: skip
async def test_what_is_taken_back_leaves_no_trace(stage: Stage, told: list[tuple[str, int, Event]]) -> None:
    """A later claim that came first and lost to an earlier one is gone: not a zero where there would be nothing."""
    moments = [START.fromtimestamp(START.timestamp() + second, START.tzinfo).isoformat() for _, second, _ in told]
    await _assert_no_difference(
        stage, [event(number, kind, "", moments[number], data) for number, (kind, _, data) in enumerate(told)]
    )


@examples(6)
@given(events=telemetry("wechat:a", max_size=25))
async def test_backwards_reads_like_forwards(stage: Stage, events: list[Event]) -> None:
    """The same for random telemetry."""
    await _assert_no_difference(stage, events)
