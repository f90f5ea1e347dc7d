"""Channels tell that a KPI is behind its target, in their own language, and when it is back on pace; not a brand that sees no target."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.service import Service
from tests.channels.conftest import Drain, Make, Send, Times, deliveries, events
from tests.channels.fake_bots import FakeBots

WORDS = {
    "ja": (
        "GMVが目標のペースを下回っています。現在100元、この時点の目安は500元です（目標1,000元）",
        "GMVは目標のペースに戻りました",
    ),
    "zh": ("成交金额落后于目标进度：当前 ¥100，此刻应达到 ¥500（目标 ¥1,000）", "成交金额已恢复到目标进度"),
    "en": (
        "GMV is behind its target: CN¥100 now, CN¥500 expected by now (target CN¥1,000)",
        "GMV is back on the pace of its target",
    ),
}
_STORED = """
    SELECT channel_id, event, content #>> '{alert,code}', content::jsonb #> '{alert,internal}' IS NOT NULL FROM channel_deliveries
"""


@pytest.mark.parametrize("lang", WORDS)
async def test_a_target_that_is_missed_is_told_and_cleared(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, make_session: Make, send: Send, drain: Drain,
    times: Times, lang: str,
) -> None:  # fmt: skip
    """With the figure, its pace and its target; once."""
    channel = await make_channel("webhook", lang=lang, events=["alert.raised", "alert.cleared"])
    session = await make_session()
    # A replay: its clock is that of its last event, half of the planned minute.
    plan = {"title": "t", "currency": "CNY", "planned_minutes": 1, "targets": {"gmv": "1000.00"}}
    begin = datetime(2021, 9, 25, 5, tzinfo=UTC)

    async def paid(order: str, amount: str, second: int) -> None:
        lines = [{"product": "knit-01", "quantity": 1, "amount": amount}]
        at = begin + timedelta(seconds=second)
        await send(session, "order.paid", at=at, order=order, buyer=order, currency="CNY", amount=amount, lines=lines)

    streams = [{"platform": one["platform"], "room": one["room"]} for one in session["streams"]]
    answer = await client.put(f"/v1/sessions/{session['id']}/plan", json=plan | {"streams": streams}, headers={"If-Match": "*"})
    assert 200 == answer.status_code, answer.text
    await send(session, "session.started", at=begin)
    await paid("1", "100.00", 5)
    await send(session, "audience.sampled", at=begin + timedelta(seconds=30), concurrent=5)
    for _ in range(3):
        await times.look()
    await paid("2", "400.00", 20)
    for _ in range(5):
        await times.look()
    await drain(channel)
    assert ["alert.raised", "alert.cleared"] == events(await deliveries(client, channel))
    assert list(WORDS[lang]) == bots.texts("webhook")
    raised = bots.received[0][1]["data"]["alert"]
    assert ("behind_target-gmv", "gmv", {"value": "100.00", "pace": "500.00", "target": "1000.00"}) == (
        raised["id"], raised["kpi"], raised["figures"],
    )  # fmt: skip


@pytest.mark.parametrize("shared", [False, True])
async def test_a_channel_of_a_brand_gets_the_alert_only_of_shared_targets(
    client: httpx.AsyncClient, service: Service, make_channel: Make, make_session: Make, send: Send,
    times: Times, shared: bool,
) -> None:  # fmt: skip
    """Raised or cleared: targets are internal, and readers of the brand may be behind its channel. It gets all other alerts."""
    session = await make_session()
    wanted = ["alert.raised", "alert.cleared"]
    own, agency = await make_channel(brand="maison-k", events=wanted), await make_channel(events=wanted)
    plan = {"title": "t", "currency": "CNY", "planned_minutes": 1, "targets": {"viewers": 100}, "targets_shared": shared}
    streams = [{"platform": one["platform"], "room": one["room"]} for one in session["streams"]]
    answer = await client.put(f"/v1/sessions/{session['id']}/plan", json=plan | {"streams": streams}, headers={"If-Match": "*"})
    assert 200 == answer.status_code, answer.text
    begin = datetime(2021, 9, 25, 5, tzinfo=UTC)
    await send(session, "session.started", at=begin)
    await send(session, "viewer.entered", at=begin + timedelta(seconds=1), viewer="v")
    await send(session, "stock.changed", at=begin + timedelta(seconds=2), product="knit-01", stock=0)
    await send(session, "product.clicked", at=begin + timedelta(seconds=29), product="knit-01")
    await send(session, "audience.sampled", at=begin + timedelta(seconds=30), concurrent=5)
    await times.look()
    await send(session, "session.ended", at=begin + timedelta(seconds=31))
    await times.look()
    async with service.database.acquire() as connection:
        rows = await connection.fetch(_STORED)
    told = {str(channel): {(event, code) for of, event, code, _ in rows if of == channel} for channel, *_ in rows}
    everything = told[agency["id"]]
    targets = {("alert.raised", "behind_target"), ("alert.cleared", "behind_target")}
    assert targets < everything
    assert told[own["id"]] == (everything if shared else everything - targets)
    assert not any(says_internal for *_, says_internal in rows)
