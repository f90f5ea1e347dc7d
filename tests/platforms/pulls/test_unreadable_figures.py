"""Pulled figures that cannot be read: the others are stored, each has one dead letter an hour, and the connection says so."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.adapters.wechat import api as wechat_api
from app.adapters.wechat.api import Unreadable
from app.platforms.calls.calls import UnavailableError, send
from app.platforms.pulls.job_errors import PartlyReadError
from app.service import Service
from tests.platforms.conftest import ROOM, SHOP, Answer, Connect, Kpis
from tests.platforms.fake_wechat import FakeWechat
from tests.platforms.live_dashboard import APP, Sample, blocks

Turn = Callable[[str, Answer], Awaitable[None]]
BAD = "getlivedata: live_ec_data_summary.total_gmv"


@pytest.fixture
def turn(service: Service) -> Turn:
    """Run a periodic job of a connection as the worker does."""
    platforms = service.platforms
    work: dict[str, Any] = {
        "poll_live": platforms.pollers.poll_live,
        "poll_counts": platforms.pollers.poll_counts,
        "reconcile": platforms.worker.puller.reconcile,
    }

    async def run(name: str, connection: Answer) -> None:
        job: Any = SimpleNamespace(payload=connection["id"].encode())
        await platforms.worker.runner.periodic(name, work[name])(job)

    return run


@pytest.fixture
def state(service: Service, client: httpx.AsyncClient) -> Callable[[Answer], Awaitable[tuple[Any, ...]]]:
    """Return the code and the text of a connection's last error, and whether it counts as failing."""

    async def read(connection: Answer) -> tuple[Any, ...]:
        await service.platforms.counters.write()
        found = (await client.get(f"/v1/connections/{connection['id']}")).json()
        async with service.database.acquire() as lent:
            failing = await lent.fetchval(
                "SELECT failing_since IS NOT NULL FROM connections WHERE id = $1", UUID(connection["id"])
            )
        return found["last_error_code"], found["last_error"], failing

    return read


async def _dead_letters(client: httpx.AsyncClient) -> list[Answer]:
    return list((await client.get("/v1/dead-letters")).json()["dead_letters"])


def _dashboard(sample: Sample, **figures: Any) -> dict[str, Any]:
    found = blocks(sample, began=datetime.now(UTC) - timedelta(minutes=10))
    summary = {"online_audience_count": 128, "cumulative_audience_count": 1520, "total_gmv": 1_234_500, "total_pay_pv": 96}
    return found | {"live_ec_data_summary": summary | figures}


async def test_one_bad_figure_of_the_dashboard_is_named_and_the_others_count(
    client: httpx.AsyncClient, connect: Connect, new_session: Connect, wechat: FakeWechat, sample: Sample,
    turn: Turn, state: Any, kpis: Kpis,
) -> None:  # fmt: skip
    """However often it is polled, there is one dead letter, which shows the value; the connection recovers with the figure."""
    session = await new_session(("wechat", ROOM))
    connection = await connect("wechat_live", APP, api_base=wechat.base)
    for number, value in enumerate(("1.2万", "1.3万", "--"), 1):
        wechat.lives[ROOM] = _dashboard(sample, total_gmv=value, online_audience_count=103)
        await turn("poll_live", connection)
        assert ("partly_read", f"poll_live: {BAD} cannot be read", number == 3) == await state(connection)
    assert 103 == (await kpis(session["id"]))["concurrent_viewers"]
    hours = len(found := await _dead_letters(client))
    # An hour may end while the test runs.
    assert (hours in (1, 2), 3) == (True, sum(one["attempts"] for one in found))
    assert {f"{BAD} cannot be read"} == {one["errors"][0]["detail"] for one in found}
    detail = (await client.get(f"/v1/dead-letters/{found[-1]['id']}")).json()
    assert {"field": BAD, "value": "1.2万"} == detail["event"]
    assert 409 == (await client.post(f"/v1/dead-letters/{found[-1]['id']}/replay")).status_code

    wechat.lives[ROOM] = _dashboard(sample)
    await turn("poll_live", connection)
    assert (None, None, False) == await state(connection)
    assert hours == len(await _dead_letters(client))


async def test_a_bad_figure_is_named_again_in_the_next_hour_and_by_each_connection(
    service: Service, client: httpx.AsyncClient, connect: Connect, new_session: Connect, wechat: FakeWechat, sample: Sample
) -> None:
    """Two fields, two hours and two connections are different dead letters."""
    await new_session(("wechat", ROOM))
    wechat.lives[ROOM] = _dashboard(sample, total_gmv="--", total_pay_pv="--")
    now = datetime.now(UTC)
    for _ in range(2):
        connection = await connect("wechat_live", APP, api_base=wechat.base)
        for moment in (now, now + timedelta(hours=1), now + timedelta(hours=1)):
            with pytest.raises(PartlyReadError, match="total_pay_pv cannot be read"):
                await service.platforms.pollers.poll_live(UUID(connection["id"]), moment)
    found = await _dead_letters(client)
    assert 8 == len(found)
    assert 12 == sum(one["attempts"] for one in found)


async def test_a_broken_counter_beside_messages_of_weibo_is_named_once(
    service: Service,
    client: httpx.AsyncClient,
    connect: Connect,
    new_session: Connect,
    wechat: FakeWechat,
    state: Any,
    kpis: Kpis,
) -> None:
    """Each message counts, and their other counters too."""
    session = await new_session(("weibo", "1042097:1"))
    connection = await connect("weibo_live", {"app_secret": "s", "access_token": "t"}, api_base=wechat.base)
    loaded = await service.platforms.connection_cache.reload(UUID(connection["id"]))
    assert loaded is not None
    lines: list[object] = [
        {
            "room_id": "1042097:1", "msg_type": 1, "mid": str(number), "content": "好", "sender_info": {"uid": str(number)},
            "create_at": int(datetime.now(UTC).timestamp() * 1000) + number - 5,
            "room_info": {"status": 1, "counters": {"onlines": 40 + number, "praise_count": f"{number}.5万"}},
        }
        for number in range(5)
    ]  # fmt: skip
    await service.platforms.worker.streams._take(loaded, lines, 100, {})
    assert ("partly_read", "pull stream: liveim message.praise_count cannot be read", False) == await state(connection)
    figures = await kpis(session["id"])
    assert (5, 44) == (figures["comments"], figures["concurrent_viewers"])
    assert len(await _dead_letters(client)) in (1, 2)


async def _reconciled(service: Service) -> bool:
    async with service.database.acquire() as lent:
        return bool(await lent.fetchval("SELECT reconciled_to IS NOT NULL FROM connections"))


async def _pulls(service: Service) -> int:
    async with service.database.acquire() as lent:
        return int(await lent.fetchval("SELECT count(*) FROM deliveries"))


async def test_an_order_id_that_cannot_be_read_is_named_and_the_others_are_pulled(
    service: Service, client: httpx.AsyncClient, connect: Connect, wechat: FakeWechat, turn: Turn, state: Any
) -> None:
    """The search is complete, since another one would list the same id."""
    connection = await connect("wechat_shop", SHOP, api_base=wechat.base)
    listed: list[Any] = ["1", None, "2", {"order_id": 3}]
    wechat.listed, wechat.lists_aftersales = listed, True
    await turn("reconcile", connection)
    assert (True, 2) == (await _reconciled(service), await _pulls(service))
    code, text, _ = await state(connection)
    assert ("partly_read", "reconcile: list of order_get: order_id cannot be read") == (code, text)
    assert len(await _dead_letters(client)) in (1, 2)


@pytest.mark.parametrize("trouble", ["html", "empty"])
@pytest.mark.usefixtures("brief_pauses")
async def test_a_page_that_is_no_json_moves_nothing(trouble: str, service: Service, connect: Connect, wechat: FakeWechat) -> None:
    """A page of HTML with status 200 and an empty body are no empty list."""
    connection = await connect("wechat_shop", SHOP, api_base=wechat.base)
    wechat.listed, wechat.lists_aftersales = ["1"], True
    wechat.troubles.extend([trouble] * 3)
    with pytest.raises(UnavailableError, match="not JSON"):
        await service.platforms.worker.puller.reconcile(UUID(connection["id"]), datetime.now(UTC))
    assert (False, 0) == (await _reconciled(service), await _pulls(service))


async def test_a_list_of_after_sales_that_is_none_is_named_and_the_orders_are_pulled(
    service: Service, connect: Connect, wechat: FakeWechat, monkeypatch: pytest.MonkeyPatch, turn: Turn, state: Any
) -> None:
    """Orders list their after-sales too, so that they do not wait; only a shop without permission has a list that never comes."""
    connection = await connect("wechat_shop", SHOP, api_base=wechat.base)
    wechat.listed = ["1"]
    await turn("reconcile", connection)
    assert "48001" in (await state(connection))[1]
    path, read = wechat_api.aftersale_list("T", datetime.now(UTC), datetime.now(UTC)).path, send

    async def asked(*args: Any, **named: Any) -> Any:
        return {"errcode": 0} if args[2].path == path else await read(*args, **named)

    monkeypatch.setattr("app.platforms.calls.wechat.send", asked)
    for number in range(3):
        await turn("reconcile", connection)
        code, text, failing = await state(connection)
        assert ("poll_failed", number == 2) == (code, failing)
        assert "no order_id_list or after_sale_order_id_list in the answer" in text
    assert await _reconciled(service)
    assert await _pulls(service)


@pytest.mark.parametrize("fault", ["repeated key", "two keys in turn", "no key", "no list", "null"])
async def test_a_list_of_orders_that_does_not_end_or_is_none_moves_nothing(
    fault: str, service: Service, connect: Connect, wechat: FakeWechat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused by name after few calls, and the next search begins where this one did."""
    connection = await connect("wechat_shop", SHOP, api_base=wechat.base)
    page = {"errcode": 0, "order_id_list": ["1"], "has_more": True}
    faults: dict[str, list[Any]] = {
        "repeated key": [page | {"next_key": "a"}, page | {"next_key": "a"}],
        "two keys in turn": [page | {"next_key": key} for key in "abab"],
        "no key": [page], "no list": [{"errcode": 0}], "null": [None],
    }  # fmt: skip
    answers = iter(faults.get(fault, []))

    async def asked(*args: Any, **_: Any) -> Any:
        if "list/get" not in args[2].path:
            return {"access_token": "T", "expires_in": 7200}
        return next(answers)

    monkeypatch.setattr("app.platforms.calls.wechat.send", asked)
    with pytest.raises(Unreadable):
        await service.platforms.worker.puller.reconcile(UUID(connection["id"]), datetime.now(UTC))
    assert (False, 0) == (await _reconciled(service), await _pulls(service))


async def test_a_token_that_expires_between_two_pages_loses_no_order(
    service: Service, connect: Connect, wechat: FakeWechat
) -> None:
    """The page is asked for again with another token."""
    connection = await connect("wechat_shop", SHOP, api_base=wechat.base)
    wechat.listed, wechat.lists_aftersales = [str(number) for number in range(7)], True
    real = wechat.order_list

    async def expiring(request: Any) -> Any:
        answer = await real(request)
        wechat.tokens.clear()
        return answer

    wechat.order_list = expiring  # type: ignore[method-assign]
    assert 7 == await service.platforms.worker.puller.reconcile(UUID(connection["id"]), datetime.now(UTC))
    assert (True, 7) == (await _reconciled(service), await _pulls(service))
