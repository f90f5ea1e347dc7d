"""The watcher: starts, ends and alerts of sessions on air, one message per alert and state."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import given, strategies as st

from app.channels.transitions import CLEARED_AFTER, look, off_air
from app.live.alerts import Alert, Level, alert_id
from app.service import Service
from app.storage.live.alert_states import AlertState
from tests.channels.conftest import Answer, Drain, Make, Send, Times, deliveries, events
from tests.channels.fake_bots import FakeBots

NOW = datetime.now(UTC)
SECOND = timedelta(seconds=1)
LOW = Alert("low_stock", Level.WARNING, NOW, {"stock": 3, "units_recent": 0}, "knit-01")
FALLING = Alert("audience_falling", Level.WARNING, NOW, {"viewers": 5, "viewers_before": 50, "share_left": 0.1})


async def on_air(send: Send, session: Answer, stock: int = 3) -> None:
    """Let a session go on air with a product whose stock is low."""
    await send(session, "session.started")
    await send(session, "product.showcased", product="knit-01")
    await send(session, "stock.changed", product="knit-01", stock=stock)


async def test_a_session_is_followed_from_its_start_to_its_end(
    client: httpx.AsyncClient, bots: FakeBots, make_channel: Make, make_session: Make, send: Send, drain: Drain, times: Times
) -> None:
    """Each state once, however often the watcher looks; in the channel's language, with the figures."""
    channel = await make_channel("webhook", lang="ja")
    session = await make_session(lineup=[{"product": "knit-01", "name": "ニット", "live_price": "10.00"}])
    assert 0 == await times.look()
    await on_air(send, session)
    for _ in range(3):
        assert 1 == await times.look()
    await drain(channel)
    assert ["session.started", "alert.raised"] == events(await deliveries(client, channel))
    assert ["配信が始まりました", "「ニット」の在庫が残り3点です"] == bots.texts("webhook")
    raised = bots.received[1][1]["data"]["alert"]
    assert ("low_stock", "knit-01", 3) == (raised["code"], raised["product"], raised["figures"]["stock"])
    await send(session, "stock.changed", product="knit-01", stock=90)
    await times.look()
    assert 2 == len(await deliveries(client, channel)), "it may come back in a moment"
    for _ in range(5):
        await times.look()
    await send(session, "stock.changed", product="knit-01", stock=2)
    await times.look()
    await send(session, "order.paid", order="A-1", buyer="b", currency="CNY", amount="481888.00",
               lines=[{"product": "knit-01", "quantity": 1, "amount": "481888.00"}])  # fmt: skip
    await send(session, "session.ended", at=datetime.now(UTC) + timedelta(seconds=1))
    for _ in range(3):
        assert 0 == await times.look()
    await drain(channel)
    wanted = ["session.started", "alert.raised", "alert.cleared", "alert.raised", "alert.cleared", "session.ended"]
    assert wanted == events(await deliveries(client, channel))
    texts = bots.texts("webhook")
    assert "「ニット」の在庫不足は解消しました" == texts[2]
    assert "配信が終了したため、アラートを終了しました：「ニット」の在庫が残り2点です" == texts[4]
    assert texts[5].startswith("配信が終了しました\nGMV 481,888元 · ")
    assert {session["id"]} == {one["session"] for one in await deliveries(client, channel)}


async def test_a_replay_of_an_old_broadcast_is_watched(
    client: httpx.AsyncClient, make_channel: Make, make_session: Make, send: Send, times: Times
) -> None:
    """Its session was created now; its clock is where the replay has come to."""
    channel = await make_channel("webhook")
    session = await make_session()
    at = datetime(2021, 9, 25, 5, tzinfo=UTC)
    await send(session, "session.started", at=at)
    await send(session, "product.showcased", at=at, product="knit-01")
    await send(session, "stock.changed", at=at + timedelta(minutes=1), product="knit-01", stock=3)
    await times.look()
    assert ["session.started", "alert.raised"] == events(await deliveries(client, channel))


async def test_a_session_that_lost_its_end_is_no_longer_watched(
    client: httpx.AsyncClient, make_channel: Make, make_session: Make, send: Send, times: Times
) -> None:
    """After a day and a half it is left alone, without a message: nothing is known of its end."""
    channel = await make_channel("webhook")
    session = await make_session()
    await send(session, "session.started")
    assert 1 == await times.look()
    assert 0 == await times.look(seconds=37 * 3600)
    assert 0 == await times.look()
    assert ["session.started"] == [event for event in events(await deliveries(client, channel)) if event != "alert.raised"]


async def test_a_brand_without_a_channel_is_not_computed(
    client: httpx.AsyncClient, make_channel: Make, make_session: Make, send: Send, times: Times,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Figures of a session are read only if a channel wants its alerts; starts and ends are known in any case."""
    reads = []

    async def read(*arguments: Any) -> None:
        reads.append(arguments[1])

    monkeypatch.setattr("app.channels.watcher.read_session_state", read)
    theirs = await make_channel("webhook", brand="theirs")
    session = await make_session("mine")
    await on_air(send, session)
    assert 1 == await times.look()
    assert [] == reads
    await make_channel("webhook", brand="mine", events=["session.ended"])
    await times.look()
    assert [] == reads
    late = await make_channel("webhook", brand="mine")
    await times.look()
    assert [session["id"]] == [str(one) for one in reads]
    # A channel that is made during a session is not sent that it has begun.
    assert [] == await deliveries(client, theirs)
    assert [] == await deliveries(client, late)


@contextmanager
def counted() -> Iterator[list[str]]:
    """Count the statements of a block."""
    seen: list[str] = []
    patched = pytest.MonkeyPatch()
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        original = getattr(asyncpg.Connection, name)

        async def count(self: Any, query: str, *arguments: Any, original: Any = original, **options: Any) -> Any:
            seen.append(query)
            return await original(self, query, *arguments, **options)

        patched.setattr(asyncpg.Connection, name, count)
    try:
        yield seen
    finally:
        patched.undo()


async def test_an_idle_look_takes_two_queries(make_channel: Make, make_session: Make, times: Times) -> None:
    """While nothing is on air; the schedule looks every five seconds, in one process."""
    await make_channel("webhook")
    await make_session()
    with counted() as queries:
        await times.look()
    assert 2 == len(queries), queries


async def test_two_watchers_send_one_message(
    client: httpx.AsyncClient, make_channel: Make, make_session: Make, send: Send, service: Service
) -> None:
    """The first process may be taken for dead while it works."""
    channel = await make_channel("webhook")
    session = await make_session()
    await on_air(send, session)
    now = datetime.now(UTC)
    for _ in range(2):
        await asyncio.gather(*(service.channels.watcher.tick(now + number * SECOND) for number in range(5)))
    assert ["session.started", "alert.raised"] == events(await deliveries(client, channel))
    await send(session, "session.ended", at=datetime.now(UTC) + timedelta(seconds=1))
    await asyncio.gather(*(service.channels.watcher.tick(now + 10 * SECOND) for _ in range(5)))
    assert ["alert.cleared", "session.ended"] == events(await deliveries(client, channel))[2:]


async def test_an_alert_is_taken_and_snoozed(
    client: httpx.AsyncClient, make_channel: Make, make_session: Make, send: Send, times: Times
) -> None:
    """The live document shows it, the audit log has it, and a snoozed alert sends no message until the snooze is over."""
    channel = await make_channel("webhook", events=["alert.raised", "alert.cleared"])
    session = await make_session()
    await on_air(send, session)
    path = f"/v1/sessions/{session['id']}/alerts"
    found = (await client.get(path)).json()["alerts"][0]
    assert (None, None, None) == (found["taken_by"], found["taken_at"], found["snoozed_until"])
    one = f"{path}/{found['id']}"
    snoozed = await client.post(f"{one}/snooze", json={"minutes": 10})
    assert 200 == snoozed.status_code, snoozed.text
    taken = (await client.post(f"{one}/take")).json()
    assert "test" == taken["taken_by"]
    assert snoozed.json()["snoozed_until"] == taken["snoozed_until"]
    shown = (await client.get(path)).json()["alerts"][0]
    assert (taken["taken_by"], taken["taken_at"], taken["snoozed_until"]) == (
        shown["taken_by"], shown["taken_at"], shown["snoozed_until"],
    )  # fmt: skip
    await times.look()
    await times.look()
    assert [] == await deliveries(client, channel)
    assert "test" == (await client.get(path)).json()["alerts"][0]["taken_by"], "the watcher keeps it"
    await times.look(seconds=601)
    # By now no telemetry arrives either.
    assert 1 == sum("stock" in found["text"] for found in await deliveries(client, channel))
    assert (await client.delete(f"{one}/take")).json()["taken_by"] is None
    entries = (await client.get("/v1/audit", params={"action": "alert"})).json()["entries"]
    assert ["alert.give_back", "alert.take", "alert.snooze"] == [entry["action"] for entry in entries]
    assert {(session["id"], found["id"])} == {(entry["session"], entry["object"]["id"]) for entry in entries}


async def test_only_an_alert_that_there_is_can_be_taken(client: httpx.AsyncClient, make_session: Make, send: Send) -> None:
    """404 for one that is not raised, or of no such session; 422 for a snooze without an end."""
    session = await make_session()
    path = f"/v1/sessions/{session['id']}/alerts/slow_support"
    missing = await client.post(f"{path}/take")
    assert (404, "alert_not_found") == (missing.status_code, missing.json()["code"])
    await on_air(send, session)
    assert 404 == (await client.post(f"{path}/take")).status_code
    for minutes in (-1, 721, 1.5, "5", None):
        answer = await client.post(f"{path}/snooze", json={"minutes": minutes})
        assert (422, "/minutes") == (answer.status_code, answer.json()["errors"][0]["pointer"]), minutes


# --- Transitions ----------------------------------------------------------------------------------------------------------------


def follow(looks: list[tuple[float, list[Alert]]], snoozes: dict[int, float] | None = None) -> list[tuple[str, str]]:
    """Return the messages of several looks, as (event, alert); `snoozes` are seconds by the number of the look before which."""
    now, states, said = NOW, dict[str, AlertState](), list[tuple[str, str]]()
    for number, (seconds, alerts) in enumerate(looks):
        now += timedelta(seconds=seconds)
        if (snooze := (snoozes or {}).get(number)) is not None:
            known = states.get(alert_id(LOW), AlertState(alert_id(LOW)))
            states[alert_id(LOW)] = replace(known, snoozed_until=now + timedelta(seconds=snooze))
        changes = look(alerts, {}, list(states.values()), now)
        states |= {state.alert: state for state in changes.changed}
        for over in changes.over:
            states.pop(over, None)
        said += [(news.event, news.content["alert"]["code"]) for news in changes.news]
    return said


@pytest.mark.parametrize(
    ("looks", "snoozes", "said"),
    [
        ([(5, [LOW])] * 9, {}, ["raised"]),
        ([(5, [LOW]), (5, []), (5, [LOW]), (5, []), (5, []), (5, [LOW])], {}, ["raised"]),
        ([(5, [LOW]), (5, []), (15, [])], {}, ["raised", "cleared"]),
        ([(5, [LOW]), (5, []), (15, []), (5, [LOW])], {}, ["raised", "cleared", "raised"]),
        ([(5, [LOW]), (5, []), (15, []), (5, [])], {0: 60}, []),
        ([(5, [LOW]), (61, [LOW])], {0: 60}, ["raised"]),
        ([(5, [LOW]), (5, []), (15, []), (60, [])], {1: 60}, ["raised", "cleared"]),
        ([(5, [LOW]), (5, []), (15, []), (5, [LOW]), (60, [LOW])], {1: 60}, ["raised"]),
    ],
)
def test_messages_of_an_alert(looks: list[tuple[float, list[Alert]]], snoozes: dict[int, float], said: list[str]) -> None:
    """Raised once, cleared once it stays away, nothing during a snooze, and afterwards what receivers do not know."""
    assert [(f"alert.{one}", "low_stock") for one in said] == follow(looks, snoozes)


@given(
    looks=st.lists(st.tuples(st.sampled_from([5.0, 20.0]), st.sampled_from([[], [LOW], [FALLING], [LOW, FALLING]])), max_size=30),
    snoozes=st.dictionaries(st.integers(0, 30), st.floats(0, 60), max_size=3),
)
def test_states_alternate(looks: list[tuple[float, list[Alert]]], snoozes: dict[int, float]) -> None:
    """Of each alert, raised and cleared take turns, and what receivers know in the end is true after a quiet minute."""
    end: list[tuple[float, list[Alert]]] = [(61.0, []), (5.0, []), (20.0, [])]
    said = follow([*looks, *end], {number: seconds for number, seconds in snoozes.items() if number < len(looks)})
    for code in ("low_stock", "audience_falling"):
        own = [event for event, of in said if of == code]
        assert own == ["alert.raised", "alert.cleared"] * (len(own) // 2)


def test_the_end_clears_what_receivers_know() -> None:
    """Not what they do not know, and not what is snoozed."""
    known = AlertState("a", NOW, announced=True, content={"code": "low_stock"})
    states = [
        known, replace(known, alert="b", announced=False), replace(known, alert="c", snoozed_until=NOW + CLEARED_AFTER),
    ]  # fmt: skip
    assert ["alert.cleared"] == [news.event for news in off_air(states, NOW)]
