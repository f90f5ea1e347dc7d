"""The account of a shop: every entry is listed, pulled once and kept, in the session of its order or without one."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.ingest.retention import retire
from app.platforms.calls.wechat import QuotaBackoffError
from app.platforms.pulls import funds
from app.platforms.pulls.funds import FundsLister, FundsPosition, available_until, next_position
from app.service import Service, open_service
from tests.platforms.conftest import ROOM, SHOP, Connect, Kpis, until
from tests.platforms.fake_wechat import FakeWechat, entry, order


class _KilledError(BaseException):
    """Ends a poll where a signal would."""


def _at(now: datetime) -> int:
    """Return a time two days before, whose entries are available at any hour of the day."""
    return int((now - timedelta(days=2)).timestamp())


def _lister(service: Service, per_poll: int = 200) -> FundsLister:
    lister = service.platforms.worker.funds
    return replace(lister, settings=lister.settings.model_copy(update={"funds_per_poll": per_poll}))


async def _pulls(service: Service) -> list[str]:
    async with service.database.acquire() as lent:
        return [row["key"] for row in await lent.fetch("SELECT key FROM deliveries WHERE key LIKE 'work/funds/%' ORDER BY key")]


async def _finish_pulls(service: Service) -> None:
    async with service.database.acquire() as lent:
        await lent.execute("UPDATE deliveries SET settled_at = now()")


async def _moved(client: httpx.AsyncClient, session: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/events", params={"session": session, "type": "live.funds.moved"})
    assert 200 == answer.status_code, answer.text
    return [event["data"] for event in answer.json()["events"]]


async def _parked(client: httpx.AsyncClient) -> dict[str, int]:
    return {row["room"]: row["events"] for row in (await client.get("/v1/parked")).json()["rooms"]}


@pytest.mark.usefixtures("working")
async def test_entries_are_kept_once_in_the_session_of_their_order_or_without_one(
    service: Service, connect: Connect, wechat: FakeWechat, new_session: Connect, client: httpx.AsyncClient, kpis: Kpis
) -> None:
    """An entry with an order is an event of its session; a withdrawal and an order that cannot be read are kept apart."""
    now = datetime.now(UTC)
    session = (await new_session(("wechat", ROOM)))["id"]
    before = await kpis(session)
    wechat.orders["1"] = order("1", ROOM)
    for number, of in (("f1", "1"), ("f2", None), ("f3", "gone")):
        wechat.entries[number] = entry(number, _at(now), of)
    shop = UUID((await connect("wechat_shop", SHOP, api_base=wechat.base))["id"])

    async def kept() -> bool:
        return len(await _moved(client, session)) == 1 and (await _parked(client)).get("funds") == 2

    await until(kept, "the entries", 40)
    (moved,) = await _moved(client, session)
    assert ("f1", "in", "12.34", "1") == (moved["flow"], moved["direction"], moved["amount"], moved["order"])
    assert before == await kpis(session)

    # The last days are listed again a day later: nothing is new. Without the record of the pulls, the events are duplicates.
    later = now + timedelta(days=1)
    assert 0 == await _lister(service).poll(shop, later)
    assert 3 == wechat.calls["funds_get"]
    async with service.database.acquire() as lent:
        await lent.execute("DELETE FROM deliveries")
    assert 3 == await _lister(service).poll(shop, later + timedelta(days=1))

    async def again() -> bool:
        async with service.database.acquire() as lent:
            return bool(3 == await lent.fetchval("SELECT count(*) FROM deliveries WHERE settled_at IS NOT NULL"))

    await until(again, "the pulls")
    assert ([moved], 2) == (await _moved(client, session), (await _parked(client))["funds"])

    # Statements are made of entries: they outlive other parked events.
    await retire(service.database, service.settings, now + timedelta(days=3650))
    assert 2 == (await _parked(client))["funds"]


async def test_a_poll_is_bounded_and_the_next_one_continues(service: Service, connect: Connect, wechat: FakeWechat) -> None:
    """A poll ends with the page that reaches its number, waits for its pulls, and lists no page twice, also by key."""
    now = datetime.now(UTC)
    wechat.entries_per_page, wechat.entries_by_number = 2, 4
    wechat.entries.update({f"f{n}": entry(f"f{n}", _at(now)) for n in range(7)})
    shop, lister = UUID((await connect("wechat_shop", SHOP, api_base=wechat.base))["id"]), _lister(service, 3)
    assert 4 == await lister.poll(shop, now)
    listed = wechat.calls["funds_list"]
    assert (0, listed) == (await lister.poll(shop, now), wechat.calls["funds_list"])
    await _finish_pulls(service)
    assert 3 == await lister.poll(shop, now)
    assert [f"work/funds/f{n}" for n in range(7)] == await _pulls(service)
    await _finish_pulls(service)
    # The days that are left hold nothing; then there is nothing to list, and no call is made.
    assert 0 == await lister.poll(shop, now)
    listed = wechat.calls["funds_list"]
    assert (0, listed) == (await lister.poll(shop, now), wechat.calls["funds_list"])
    assert len(wechat.listed_pages) == len(set(wechat.listed_pages))


@pytest.mark.parametrize("moment", ["listed", "stored"])
async def test_a_poller_that_is_killed_between_list_and_detail_delays_and_loses_nothing(
    moment: str,
    service: Service,
    connect: Connect,
    wechat: FakeWechat,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a dead process leaves behind is what it committed, so a cut at that point equals the kill.

    Killed after the platform's answer but before the commit, nothing is stored and the next poll lists the same page. Killed after
    the commit, the pulls wait in the queue for whichever process works next.
    """
    now = datetime.now(UTC)
    wechat.entries_per_page = 2
    wechat.entries.update({f"f{n}": entry(f"f{n}", _at(now)) for n in range(3)})
    shop, lister = UUID((await connect("wechat_shop", SHOP, api_base=wechat.base))["id"]), _lister(service)

    async def killed(*_: Any) -> None:
        raise _KilledError

    with monkeypatch.context() as cut:
        if moment == "listed":
            cut.setattr(funds, "enqueue_pulls", killed)
            with pytest.raises(_KilledError):
                await lister.poll(shop, now)
            assert [] == await _pulls(service)
            assert 0 < wechat.calls["funds_list"]
        else:
            assert 3 == await lister.poll(shop, now)
    assert 0 == wechat.calls["funds_get"]

    async def kept() -> bool:
        return (await _parked(client)).get("funds") == 3

    async with open_service(service.settings) as next_process, next_process.platforms.working():
        if moment == "listed":
            assert 3 == await _lister(next_process).poll(shop, now)
        await until(kept, "the entries", 40)
    assert 3 == wechat.calls["funds_get"]
    assert 0 == await lister.poll(shop, now)


async def test_a_used_up_quota_keeps_what_was_listed(service: Service, connect: Connect, wechat: FakeWechat) -> None:
    """The pages before the quota's end are kept, no call is made during the pause, and the next poll continues."""
    now = datetime.now(UTC)
    wechat.entries_per_page = 2
    wechat.entries.update({f"f{n}": entry(f"f{n}", _at(now)) for n in range(3)})
    shop, lister = UUID((await connect("wechat_shop", SHOP, api_base=wechat.base))["id"]), _lister(service, 1)
    assert 2 == await lister.poll(shop, now)
    await _finish_pulls(service)
    wechat.list_troubles.append("quota")
    with pytest.raises(QuotaBackoffError) as paused:
        await lister.poll(shop, now)
    listed = wechat.calls["funds_list"]
    with pytest.raises(QuotaBackoffError):
        await lister.poll(shop, now)
    assert listed == wechat.calls["funds_list"]
    await asyncio.sleep(max((paused.value.until - datetime.now(UTC)).total_seconds(), 0) + 0.1)
    assert 1 == await lister.poll(shop, datetime.now(UTC))
    assert 3 == len(await _pulls(service))


async def test_an_expired_key_lists_the_day_again(service: Service, connect: Connect, wechat: FakeWechat) -> None:
    """If the platform refuses the key of a page, the next poll begins the day again and pulls only what is new."""
    now = datetime.now(UTC)
    wechat.entries_per_page, wechat.entries_by_number = 2, 2
    wechat.entries.update({f"f{n}": entry(f"f{n}", _at(now)) for n in range(5)})
    shop, lister = UUID((await connect("wechat_shop", SHOP, api_base=wechat.base))["id"]), _lister(service, 1)
    assert 2 == await lister.poll(shop, now)
    await _finish_pulls(service)
    wechat.list_troubles.append("expired")
    with pytest.raises(Exception, match="10022003"):
        await lister.poll(shop, now)
    # The first page of the day holds nothing new, so this poll goes on to the second.
    assert 2 == await lister.poll(shop, now)
    await _finish_pulls(service)
    assert 1 == await lister.poll(shop, now)
    assert 5 == len(await _pulls(service))


async def test_processes_that_list_at_once_enqueue_every_entry_once(
    service: Service, connect: Connect, wechat: FakeWechat
) -> None:
    """Only one of several processes advances the position; the others stop."""
    now = datetime.now(UTC)
    wechat.entries_per_page = 2
    wechat.entries.update({f"f{n}": entry(f"f{n}", _at(now)) for n in range(9)})
    shop = UUID((await connect("wechat_shop", SHOP, api_base=wechat.base))["id"])
    assert 9 == sum(await asyncio.gather(*(_lister(service).poll(shop, now) for _ in range(4))))
    async with service.database.acquire() as lent:
        assert 9 == await lent.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'pull'")


async def test_the_account_of_a_shop_with_credentials_is_polled(service: Service, connect: Connect, wechat: FakeWechat) -> None:
    """The poll is due with the search for orders; a shop without app_secret or a disabled one lists nothing."""
    shop = UUID((await connect("wechat_shop", SHOP, api_base=wechat.base))["id"])
    await connect("wechat_shop", {name: value for name, value in SHOP.items() if name != "app_secret"})
    now = datetime.now(UTC)
    assert [("reconcile", shop), ("poll_funds", shop)] == await service.platforms.pollers.due(now)
    async with service.database.acquire() as lent:
        await lent.execute("UPDATE connections SET enabled = false")
    assert 0 == await _lister(service).poll(shop, now)
    assert not wechat.calls["funds_list"]


def test_a_day_is_available_after_four_in_the_afternoon_of_the_next() -> None:
    """China's clock counts. A range is finished before the next one begins, and that one repeats the last three days."""
    before, after = datetime(2026, 9, 10, 7, 59, tzinfo=UTC), datetime(2026, 9, 10, 8, 0, tzinfo=UTC)
    assert (date(2026, 9, 9), date(2026, 9, 10)) == (available_until(before), available_until(after))
    first = FundsPosition(day=date(2026, 9, 7), end=date(2026, 9, 9))
    assert first == next_position(None, before, before)
    assert first == next_position(first, before, after + timedelta(days=9))
    done = FundsPosition(day=first.end, end=first.end)
    assert next_position(done, before, before) is None
    assert FundsPosition(day=date(2026, 9, 6), end=date(2026, 9, 10)) == next_position(done, before, after)
