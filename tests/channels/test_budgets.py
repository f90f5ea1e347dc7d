"""Budgets of platforms: no window has more requests than its platform takes, and what waits becomes one digest."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, strategies as st

from app.channels.budgets import remembered, slots
from app.channels.kinds.protocol import Budget
from app.channels.sender import Sender
from app.service import Service
from tests.channels.conftest import Clock, Make, deliveries, emit_failing, run
from tests.channels.fake_bots import FakeBots


@pytest.mark.parametrize(("kind", "budget"), [("wecom", 20), ("dingtalk", 20), ("feishu", 5), ("slack", 1)])
async def test_what_exceeds_the_budget_is_one_digest(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock, kind: str, budget: int
) -> None:  # fmt: skip
    """The platform's limit is kept, and every message is in what arrives, once and in order."""
    channel = await make_channel(kind)
    bots.per_minute = budget
    await emit_failing(service, budget + 6, clock.now)
    assert budget == await run(sender, channel)
    texts = bots.texts(kind)
    assert budget == len(texts)
    assert "7 messages" in texts[-1]
    joined = "\n".join(texts)
    found = [joined.index(f"shop-{number} ") for number in range(budget + 6)]
    assert sorted(found) == found
    assert all(1 == joined.count(f"shop-{number} ") for number in range(budget + 6))
    listed = await deliveries(client, channel)
    assert {"sent"} == {one["state"] for one in listed}
    digest = next(one for one in listed if one["event"] == "digest")
    assert 7 == sum(one["digest"] == digest["id"] for one in listed)
    assert 0 == (await client.get(f"/v1/channels/{channel['id']}")).json()["counts"]["queued"]


async def test_a_full_budget_waits_for_its_window(
    bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock
) -> None:
    """No request before a slot is free; then all that waits is one message."""
    channel = await make_channel("wecom")
    await emit_failing(service, 20, clock.now)
    assert 20 == await run(sender, channel)
    clock.pass_(seconds=30)
    await emit_failing(service, 9, clock.now, "late")
    assert 0 == await run(sender, channel)
    clock.pass_(seconds=30.1)
    # The twenty requests of the last digest's minute have left the window.
    assert 9 == await run(sender, channel)
    assert 29 == bots.requests["wecom"]


async def test_a_digest_holds_what_its_format_takes(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock
) -> None:
    """WeCom takes 4096 bytes: the messages that do not fit wait for the next digest, and none is cut."""
    channel = await make_channel("wecom")
    await emit_failing(service, 119, clock.now, "店" * 60)
    for _ in range(20):
        await run(sender, channel)
        clock.pass_(seconds=61)
    joined = "\n".join(bots.texts("wecom"))
    assert [1] * 119 == [joined.count(f"店-{number} ") for number in range(119)]
    assert 0 == (await client.get(f"/v1/channels/{channel['id']}")).json()["counts"]["queued"]


START = datetime(2021, 9, 25, tzinfo=UTC)
BUDGETS = st.lists(st.builds(Budget, st.integers(1, 5), st.sampled_from([1.0, 10.0, 60.0])), min_size=1, max_size=2)


@pytest.mark.property
@given(budgets=BUDGETS, pauses=st.lists(st.floats(0, 30), max_size=40))
def test_no_window_has_more_requests_than_its_budget(budgets: list[Budget], pauses: list[float]) -> None:
    """A sender that sends when `slots` permits, and at the end of each wait, never exceeds a budget, wherever a window begins."""
    now, made, kept = START, list[datetime](), list[datetime]()
    for pause in pauses:
        now += timedelta(seconds=pause)
        free = slots(budgets, kept, now)
        if not free.left:
            now += timedelta(seconds=free.wait)
            assert slots(budgets, kept, now).left
        kept = [*remembered(budgets, kept, now), now]
        made.append(now)
    for budget in budgets:
        for begin in made:
            inside = [moment for moment in made if begin <= moment < begin + timedelta(seconds=budget.seconds)]
            assert len(inside) <= budget.requests
