"""Zero: a reported zero is a figure; a figure that was never reported, or was taken back, is absent."""

from typing import Any

import pytest

from tests.pipeline.assertions import assert_told
from tests.pipeline.conftest import Stage
from tests.pipeline.request_bodies import body, post
from tests.pipeline.strategies import START, Event, event

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PAID = {"order": "1", "buyer": "b", "currency": "CNY", "amount": "0.00"}
_LINE = {"product": "bag-03", "quantity": 0, "amount": "0.00"}


def _at(minutes: int) -> str:
    return START.fromtimestamp(START.timestamp() + 60 * minutes, START.tzinfo).isoformat()


@pytest.mark.parametrize("lines", [[], [_LINE]])
async def test_a_free_order_paid_twice_leaves_no_trace_of_the_later_payment(stage: Stage, lines: list[Event]) -> None:
    """The later event comes first: what it added is taken back, its minute with it, and the rebuild sees every row."""
    show = await stage.show(f"wechat:zero-order-{len(lines)}")
    [room] = show.rooms
    late = event(1, "order.paid", room, _at(60), {**_PAID, "lines": lines})
    early = event(2, "order.paid", room, _at(0), {**_PAID, "lines": lines})
    for one in (late, early):
        assert 200 == (await post(stage.client, body([one]))).status_code
    await assert_told(stage.service, [show], [late, early])
    timeline = (await stage.client.get(f"/v1/sessions/{show.id}/timeline?metrics=orders,gmv")).json()
    assert ([1], ["0.00"]) == (timeline["series"]["orders"], timeline["series"]["gmv"])


@pytest.mark.parametrize(
    ("kind", "data", "slug", "zero"),
    [
        ("like.sent", {"count": 0}, "likes", 0),
        ("gift.sent", {"gift": "rose", "count": 0}, "gifts", 0),
        ("product.clicked", {"product": "bag-03", "count": 0}, "product_clicks", 0),
        ("order.refunded", {"order": "1", "amount": "0.00"}, "refund_amount", "0.00"),
        ("order.paid", {**_PAID, "lines": [_LINE]}, "gmv", "0.00"),
    ],
)
async def test_zero_is_told_and_a_void_untells_it(stage: Stage, kind: str, data: Event, slug: str, zero: Any) -> None:
    """The figure is zero while the event counts, and absent before and after."""
    show = await stage.show(f"wechat:zero-{kind}")
    [room] = show.rooms

    async def value() -> Any:
        return (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"][slug]["value"]

    one = event(1, kind, room, _at(0), data)
    assert await value() is None
    assert 200 == (await post(stage.client, body([one]))).status_code
    await assert_told(stage.service, [show], [one])
    assert zero == await value()
    form = {"source": one["source"], "event": one["id"], "reason": "a test"}
    assert 200 == (await stage.client.post(f"/v1/sessions/{show.id}/voids", json=form)).status_code
    await assert_told(stage.service, [show], [])
    assert await value() is None


@pytest.mark.parametrize("refund", [{}, {"refund": "r1"}])
@pytest.mark.parametrize("last_first", [False, True])
async def test_a_refund_of_nothing_is_no_other_refund(stage: Stage, refund: Event, last_first: bool) -> None:
    """An exchange without money and the refund that follows it name one order, or one id: what was paid back counts."""
    show = await stage.show(f"wechat:zero-refund-{len(refund)}-{last_first}")
    [room] = show.rooms
    events = [
        event(1, "order.paid", room, _at(0), {**_PAID, "amount": "99.00", "lines": []}),
        event(2, "order.refunded", room, _at(1), {"order": "1", "amount": "0.00", **refund}),
        event(3, "order.refunded", room, _at(2), {"order": "1", "amount": "40.00", **refund}),
    ]
    for one in reversed(events) if last_first else events:
        assert 200 == (await post(stage.client, body([one]))).status_code
    await assert_told(stage.service, [show], events)
    kpis = (await stage.client.get(f"/v1/sessions/{show.id}/kpis")).json()["kpis"]
    assert ("40.00", 1) == (kpis["refund_amount"]["value"], kpis["refunded_orders"]["value"])
