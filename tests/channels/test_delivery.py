"""Delivery: budgets and digests, retries, failures, replay, processes that die."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from app.channels.sender import MAX_ATTEMPTS, Sender
from app.service import Service
from app.storage.channels import channel_outbox
from app.storage.channels.channel_outbox import Message
from tests.channels.conftest import Clock, Drain, Make, deliveries, emit, emit_failing, run
from tests.channels.fake_bots import FakeBots


@pytest.mark.parametrize(
    ("kind", "trouble", "reason", "pause"),
    [
        ("wecom", "limit", "errcode 45009: too many messages", 60),
        ("feishu", "limit", "code 11232: too many messages", 60),
        ("dingtalk", "limit", "errcode 130101: too many messages", 600),
        ("slack", "limit", "status 429", 30),
        ("line", "429", "status 429", 3),
        ("webhook", "500 120", "status 500", 120),
        ("webhook", "404", "status 404", 3),
        ("wecom", "html", "status 200 without errcode", 3),
    ],
)
async def test_what_may_pass_is_tried_again_after_a_pause(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock, kind: str, trouble: str,
    reason: str, pause: float,
) -> None:  # fmt: skip
    """Codes in an answer of status 200 are failures; the platform's own pause is kept; the id stays."""
    channel = await make_channel(kind)
    await emit(service)
    clock.catch_up()
    bots.troubles.append(trouble)
    assert 1 == await run(sender, channel)
    waiting = (await deliveries(client, channel))[0]
    assert ("queued", 1, reason) == (waiting["state"], waiting["attempts"], waiting["error"])
    clock.pass_(seconds=pause - 0.1)
    assert 0 == await run(sender, channel)
    clock.pass_(seconds=pause + 5)
    assert 1 == await run(sender, channel)
    sent = (await deliveries(client, channel))[0]
    assert ("sent", 2, None, waiting["id"]) == (sent["state"], sent["attempts"], sent["error"], sent["id"])


@pytest.mark.parametrize(
    ("kind", "secrets", "reason"),
    [
        ("wecom", {"key": "wrong"}, "errcode 93000"),
        ("feishu", {"secret": "wrong"}, "code 19021"),
        ("dingtalk", {"secret": "wrong"}, "errcode 310000"),
        ("slack", {"url": "https://hooks.slack.com/services/T0/B0/wrong"}, "status 404"),
        ("line", {"token": "wrong"}, "status 401"),
    ],
)
async def test_what_never_passes_fails_at_once_and_can_be_replayed(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock, kind: str,
    secrets: dict[str, str], reason: str,
) -> None:  # fmt: skip
    """The failure names the platform's code; after the secret is right, the replay arrives with the same id."""
    channel = await make_channel(kind)
    path = f"/v1/channels/{channel['id']}"
    assert 200 == (await client.patch(path, json={"secrets": secrets})).status_code
    await emit(service)
    clock.catch_up()
    await run(sender, channel)
    failed = (await deliveries(client, channel))[0]
    assert ("failed", 1, reason, None) == tuple(failed[name] for name in ("state", "attempts", "error", "next_attempt_at"))
    assert reason == (await client.get(path)).json()["last_error"]
    right = {
        "wecom": {"key": "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"}, "feishu": {"secret": "feishu-secret"},
        "dingtalk": {"secret": "SEC0123456789abcdef"}, "line": {"token": "line-channel-token"},
        "slack": {"url": "https://hooks.slack.com/services/T0/B0/693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"},
    }  # fmt: skip
    assert 200 == (await client.patch(path, json={"secrets": right[kind]})).status_code
    replayed = (await client.post(f"{path}/deliveries/{failed['id']}/replay")).json()
    assert ("queued", 0, failed["id"]) == (replayed["state"], replayed["attempts"], replayed["id"])
    clock.catch_up()
    await run(sender, channel)
    assert "sent" == (await deliveries(client, channel))[0]["state"]
    assert 1 == len(bots.texts(kind))
    assert 404 == (await client.post(f"{path}/deliveries/{channel['id']}/replay")).status_code


async def test_attempts_are_bounded(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock
) -> None:
    """Ten attempts with growing pauses; the others do not wait behind what fails; what is a day old is given up."""
    channel = await make_channel("webhook")
    await emit_failing(service, 2, clock.now)
    bots.troubles += ["500"] * (2 * MAX_ATTEMPTS)
    for _ in range(2 * MAX_ATTEMPTS):
        clock.pass_(minutes=13)
        assert 1 == await run(sender, channel)
    assert [("failed", MAX_ATTEMPTS)] * 2 == [(one["state"], one["attempts"]) for one in await deliveries(client, channel)]
    await emit_failing(service, 1, clock.now)
    await client.patch(f"/v1/channels/{channel['id']}", json={"enabled": False})
    clock.pass_(hours=25)
    await client.patch(f"/v1/channels/{channel['id']}", json={"enabled": True})
    assert 0 == await run(sender, channel)
    assert "not sent within a day" == (await deliveries(client, channel))[0]["error"]
    assert 2 * MAX_ATTEMPTS == bots.requests["webhook"]


async def test_a_process_that_dies_after_the_request_leaves_the_message_to_another(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """At least once: it comes again, with the same id, once the first process is taken for dead; LINE accepts it once."""
    for kind in ("webhook", "line"):
        channel = await make_channel(kind)
        await emit(service)
        clock.catch_up()
        with monkeypatch.context() as dying:
            # It dies between the answer and the commit.
            dying.setattr("app.storage.channels.channel_queue.finish", _die)
            with pytest.raises(DiedError):
                await run(sender, channel)
        assert 0 == await run(sender, channel)
        clock.pass_(seconds=21)
        assert 1 == await run(sender, channel)
        found = (await deliveries(client, channel))[0]
        assert ("sent", 2) == (found["state"], found["attempts"])
        await client.delete(f"/v1/channels/{channel['id']}")
    assert 3 == len(bots.ids)
    assert 2 == len(set(bots.ids))
    assert 2 == bots.requests["line"]


class DiedError(Exception):
    """The process ends here."""


async def _die(*_: object) -> None:
    raise DiedError


async def test_a_message_that_ends_its_process_is_given_up(
    client: httpx.AsyncClient, make_channel: Make, service: Service, sender: Sender, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attempts count before they are made, so that they have an end."""
    channel = await make_channel("webhook")
    await emit(service)
    clock.catch_up()
    monkeypatch.setattr("app.storage.channels.channel_queue.finish", _die)
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(DiedError):
            await run(sender, channel)
        clock.pass_(seconds=21)
    assert 0 == await run(sender, channel)
    found = (await deliveries(client, channel))[0]
    assert ("failed", "no outcome") == (found["state"], found["error"])


async def test_two_jobs_of_a_channel_send_nothing_twice(
    bots: FakeBots, make_channel: Make, service: Service, sender: Sender, clock: Clock
) -> None:
    """However many processes work at a time; and no connection of the pool is held while a request is under way."""
    channel = await make_channel("webhook")
    await emit_failing(service, 12, clock.now)
    bots.gate.clear()
    jobs = [asyncio.create_task(run(sender, channel)) for _ in range(6)]
    await until(lambda: bots.requests["webhook"] == 1)
    await until(lambda: sum(job.done() for job in jobs) == 5)
    pool = service.database.background().pool
    assert pool.get_idle_size() == pool.get_size()
    bots.gate.set()
    assert 12 == sum(await asyncio.gather(*jobs))
    assert 12 == len(set(bots.ids)) == len(bots.ids)
    assert [f"shop-{number} " in text for number, text in enumerate(bots.texts("webhook"))] == [True] * 12


async def until(check: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + 20
    while not check():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def test_a_transaction_that_fails_leaves_no_message(
    client: httpx.AsyncClient, make_channel: Make, service: Service, drain: Drain
) -> None:
    """The outbox belongs to the transaction of what happened."""
    channel = await make_channel("webhook")
    with contextlib.suppress(DiedError):
        async with service.database.transaction() as connection:
            await channel_outbox.emit(connection, [Message("session.started", None, None, {})], datetime.now(UTC))
            raise DiedError
    assert [] == await deliveries(client, channel)
    assert 0 == await drain(channel)


async def test_the_worker_sends_what_is_queued(bots: FakeBots, make_channel: Make, service: Service) -> None:
    """A job of the queue, from the transaction of what happened to the receiver."""
    await make_channel("webhook")
    async with service.platforms.working():
        await emit(service)
        await until(lambda: len(bots.ids) == 1)
