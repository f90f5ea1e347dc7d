"""connection.failing: once, when calls of a platform fail in a row."""

from datetime import UTC, datetime
from uuid import UUID

import httpx

from app.service import Service
from tests.channels.conftest import Drain, Make, deliveries
from tests.channels.fake_bots import FakeBots


async def test_a_connection_that_fails_is_one_message_until_a_call_succeeds(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, drain: Drain
) -> None:
    """Three failures in a row, in one write or in several; what strangers send to its webhook is no failure of its calls."""
    theirs, mine = await make_channel("webhook", brand="theirs"), await make_channel("webhook", brand="maison-k")
    form = {
        "kind": "weibo_counts",
        "name": "Weibo",
        "brand": "maison-k",
        "secrets": {"access_token": "t"},
        "options": {"posts": {}},
    }
    answer = await client.post("/v1/connections", json=form)
    assert 201 == answer.status_code, answer.text
    counters, connection = service.platforms.counters, UUID(answer.json()["id"])

    async def fail(times: int) -> int:
        for _ in range(times):
            counters.failed(connection, datetime.now(UTC), "poll_failed", "weibo_counts: 21332")
        await counters.write()
        return len(await deliveries(client, mine))

    for _ in range(5):
        counters.refused(connection, datetime.now(UTC), "the signature is wrong")
    assert [0, 1, 1, 1] == [await fail(2), await fail(1), await fail(1), await fail(9)]
    counters.succeeded(connection)
    assert [1, 2] == [await fail(2), await fail(1)]
    counters.failed(connection, datetime.now(UTC), "poll_failed", "x")
    counters.succeeded(connection)
    assert [2, 3] == [await fail(2), await fail(1)]
    assert [] == await deliveries(client, theirs)
    await drain(mine)
    assert "Weibo (weibo_counts)" in bots.texts("webhook")[0]
    assert {
        "id": str(connection),
        "name": "Weibo",
        "kind": "weibo_counts",
        "code": "poll_failed",
        "reason": "weibo_counts: 21332",
    } == (bots.received[0][1]["data"]["connection"])
