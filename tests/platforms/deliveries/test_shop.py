"""A WeChat shop from its push to the figures: every order counts once, whatever the platform's API does."""

import asyncio
from functools import partial
from typing import Any

import httpx
import pytest

from app.service import Service
from tests.platforms.conftest import ROOM, SHOP, Answer, Connect, Kpis, Push, until
from tests.platforms.fake_wechat import SECRET, FakeWechat, order, push

pytestmark = pytest.mark.usefixtures("working")


@pytest.fixture
async def shop(connect: Connect, wechat: FakeWechat) -> Answer:
    """A shop whose API is the fake."""
    return await connect("wechat_shop", SHOP, api_base=wechat.base)


async def test_a_push_becomes_a_counted_order(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, kpis: Kpis, client: httpx.AsyncClient
) -> None:
    """A push names an order; the order is pulled, attributed to its live room, and counted."""
    session = await new_session(("wechat", ROOM))
    # The search for orders without a push may begin at any moment, and must find nothing to report.
    wechat.lists_aftersales = True
    wechat.orders["3705115058471208928"] = order("3705115058471208928", ROOM)
    answer = await send_push(shop, push("3705115058471208928"))
    assert (200, "success", "text/plain") == (answer.status_code, answer.text, answer.headers["content-type"].split(";")[0])
    await until(lambda: _has(kpis, session, orders=1), "the order")
    assert "1099.00" == (await kpis(session["id"]))["gmv"]

    async def settled() -> Answer | None:
        found: Answer = (await client.get(f"/v1/connections/{shop['id']}")).json()
        return found if found["counts"]["pending"] == 0 else None

    # The events are counted before the delivery is marked as settled.
    found = await until(settled, "the end of the delivery")
    assert (1, None) == (found["counts"]["deliveries"], found["last_error"])
    assert found["last_delivery_at"]


async def _has(kpis: Kpis, session: Answer, **wanted: Any) -> bool:
    found = await kpis(session["id"])
    return all(found[name] == value for name, value in wanted.items())


async def test_the_same_push_ten_times_is_one_order(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, kpis: Kpis, client: httpx.AsyncClient
) -> None:
    """The platform repeats a push with a new encryption each time: one delivery, one pull, one order."""
    session = await new_session(("wechat", ROOM))
    wechat.orders["1"] = order("1", ROOM)
    answers = await asyncio.gather(*(send_push(shop, push("1"), seed=seed) for seed in range(10)))
    assert ["success"] * 10 == [answer.text for answer in answers]
    await until(lambda: _has(kpis, session, orders=1), "the order")
    assert 1 == wechat.calls["order_get"]
    counts = (await client.get(f"/v1/connections/{shop['id']}")).json()["counts"]
    assert (10, 9) == (counts["deliveries"], counts["duplicates"])


async def test_all_orders_are_counted_once_through_all_api_errors(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, kpis: Kpis
) -> None:
    """Tokens that expire, quotas, a busy platform, 5xx, a page of HTML, slow answers: every order is counted once."""
    session = await new_session(("wechat", ROOM))
    wechat.token_life, wechat.expires_in = 0.3, 7200
    wechat.troubles.extend(["500", "busy", "quota", "html", "500", "500", "500", "slow", "busy", "quota"])
    numbers = [str(number) for number in range(100, 120)]

    async def begun() -> bool:
        return bool((await kpis(session["id"]))["orders"])

    for number in numbers:
        if number == "110":
            # However fast the machine is, the token in use is refused once.
            await until(begun, "the first orders", 60)
            wechat.tokens.clear()
        wechat.orders[number] = order(number, ROOM, paid=1000)
        assert "success" == (await send_push(shop, push(number))).text
    await until(lambda: _has(kpis, session, orders=len(numbers)), "all orders", 60)
    found = await kpis(session["id"])
    assert ("200.00", 20, 20) == (found["gmv"], found["buyers"], found["units_sold"])
    assert not wechat.troubles
    assert wechat.refused_tokens


async def test_an_order_of_another_scene_is_parked_and_not_counted(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, kpis: Kpis, client: httpx.AsyncClient
) -> None:
    """An order from outside a live room is parked under its scene and counted for no session."""
    session = await new_session(("wechat", ROOM))
    wechat.orders["7"] = order("7", None)
    await send_push(shop, push("7"))

    async def rooms() -> list[Any]:
        return list((await client.get("/v1/parked")).json()["rooms"])

    found = await until(rooms, "the parked order")
    assert [("wechat", "scene-1", 2)] == [(row["platform"], row["room"], row["events"]) for row in found]
    assert 0 == ((await kpis(session["id"]))["orders"] or 0)


async def test_a_refund_is_pulled_with_its_order(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, kpis: Kpis
) -> None:
    """A successful after-sale is a refund; the order names the room that it belongs to."""
    session = await new_session(("wechat", ROOM))
    wechat.orders["9"] = order("9", ROOM, aftersale_detail={"aftersale_order_list": [{"aftersale_order_id": "77", "status": 13}]})
    wechat.aftersales["77"] = {
        "after_sale_order_id": "77",
        "order_id": "9",
        "status": "MERCHANT_REFUND_SUCCESS",
        "update_time": 1_788_000_900,
        "refund_info": {"amount": 9_900},
        "product_info": {"product_id": "knit-01", "count": 1},
    }
    await send_push(shop, push("9"))
    await until(lambda: _has(kpis, session, orders=1, refund_amount="99.00"), "the refund")
    await send_push(shop, push("9", "channels_ec_order_confirm"))
    await until(lambda: _calls(wechat, "order_get", 3), "the second pull")
    await asyncio.sleep(0.3)
    assert 1 == wechat.calls["aftersale_get"]


async def _calls(wechat: FakeWechat, name: str, count: int) -> bool:
    return wechat.calls[name] >= count


async def test_an_order_whose_push_was_lost_is_found(
    connect: Connect, wechat: FakeWechat, new_session: Connect, service: Service, kpis: Kpis, client: httpx.AsyncClient
) -> None:
    """The search by update time finds orders without a push, page by page, and counts nothing twice."""
    session = await new_session(("wechat", ROOM))
    for number in ("1", "2", "3", "4", "5"):
        wechat.orders[number] = order(number, ROOM)
        wechat.listed.append(number)
    # Only now, since the first search may start immediately, and the next one minutes later.
    shop = await connect("wechat_shop", SHOP, api_base=wechat.base)
    await until(lambda: _has(kpis, session, orders=5), "the orders", 40)
    assert 3 == wechat.calls["order_list"]
    # This shop has no permission for the list of after-sales, which is reported and stops nothing.
    assert "48001" in (await client.get(f"/v1/connections/{shop['id']}")).json()["last_error"]
    async with service.database.acquire() as connection:
        assert await connection.fetchval("SELECT reconciled_to IS NOT NULL FROM connections")


async def test_without_app_secret_a_delivery_is_acknowledged_and_the_error_names_what_is_missing(
    connect: Connect, send_push: Push, client: httpx.AsyncClient
) -> None:
    """A shop without app_secret cannot fetch orders: the push is stored, and last_error names what is missing."""
    shop = await connect("wechat_shop", {name: SHOP[name] for name in ("token", "encoding_aes_key", "appid")})
    assert "success" == (await send_push(shop, push("1"))).text

    async def error() -> Any:
        return (await client.get(f"/v1/connections/{shop['id']}")).json()["last_error"]

    assert "app_secret" in await until(error, "the error")


async def test_two_connections_of_one_app_share_one_token(
    wechat: FakeWechat, connect: Connect, send_push: Push, service: Service
) -> None:
    """The token is stored encrypted in the database and requested once."""
    for index in range(2):
        shop = await connect("wechat_shop", SHOP, api_base=wechat.base)
        wechat.orders[str(index)] = order(str(index), None)
        await send_push(shop, push(str(index)))
    await until(lambda: _calls(wechat, "order_get", 2), "both pulls")
    assert 1 == wechat.calls["token"]
    async with service.database.acquire() as connection:
        sealed = await connection.fetchval("SELECT sealed FROM platform_tokens")
    assert b"T0KEN" not in sealed


async def test_a_wrong_app_secret_is_reported_by_the_test_action(
    connect: Connect, wechat: FakeWechat, client: httpx.AsyncClient
) -> None:
    """The test action requests a new token; a wrong secret fails although another connection has a token."""
    good = await connect("wechat_shop", SHOP, api_base=wechat.base)
    bad = await connect("wechat_shop", {**SHOP, "app_secret": "wr0ng-secret"}, api_base=wechat.base)
    result = (await client.post(f"/v1/connections/{good['id']}/test")).json()
    assert result["ok"], result
    result = (await client.post(f"/v1/connections/{bad['id']}/test")).json()
    assert not result["ok"]
    assert "40125" in result["checks"][-1]["detail"]
    assert SECRET not in str(result)


async def test_the_worker_recovers_from_the_loss_of_its_connection(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, service: Service, kpis: Kpis
) -> None:
    """The database drops the queue's connection twice; orders pushed afterwards are counted."""
    session = await new_session(("wechat", ROOM))
    for number in ("1", "2"):

        async def lost() -> bool:
            async with service.database.acquire() as connection:
                gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tallylight-jobs'"
                return bool(await connection.fetch(f"{gone} AND datname = current_database()"))

        await until(lost, "the queue's connection")
        wechat.orders[number] = order(number, ROOM)
        assert "success" == (await send_push(shop, push(number))).text
        await until(partial(_has, kpis, session, orders=int(number)), "the order", 60)


async def test_presents_count_for_their_giver(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, kpis: Kpis
) -> None:
    """Three presents of one giver to three receivers, one of which is not accepted yet, are three orders of one buyer."""
    session = await new_session(("wechat", ROOM))
    for number, receiver in (("51", "o_1"), ("52", "o_2"), ("53", None)):
        present: dict[str, Any] = {"is_present": True, "present_giver_openid": "o_giver", "openid": receiver}
        wechat.orders[number] = order(number, ROOM, status=20 if receiver else 12, **present)
        await send_push(shop, push(number))
    await until(lambda: _has(kpis, session, orders=3), "the presents")
    figures = await kpis(session["id"])
    assert (1, figures["gmv"]) == (figures["buyers"], figures["spend_per_buyer"])


async def test_a_settlement_is_recorded_with_its_fees(
    shop: Answer, wechat: FakeWechat, new_session: Connect, send_push: Push, kpis: Kpis, client: httpx.AsyncClient
) -> None:
    """A settlement is pulled once and stays in the event log of the order's session."""
    session = await new_session(("wechat", ROOM))
    settled = order("7", ROOM, status=100)
    settled["order_detail"]["settle_info"] = {"settle_time": 1_788_100_000}
    wechat.orders["7"] = settled
    wechat.flows["7"] = {"order_id": "7", "mch_settle_amount": 98_000, "mch_settle_time": 1_788_100_000,
                         "platform_commission_amount": 500}  # fmt: skip
    for _ in range(2):
        await send_push(shop, push("7", "channels_ec_order_settle"))
    await until(lambda: _has(kpis, session, orders=1), "the order")

    async def recorded() -> list[Any]:
        answer = await client.get("/v1/events", params={"session": session["id"], "type": "live.order.settled"})
        assert 200 == answer.status_code, answer.text
        return list(answer.json()["events"])

    async def one() -> bool:
        return 1 == len(await recorded())

    await until(one, "the settlement")
    assert [{"kind": "platform_commission", "amount": "5.00"}] == (await recorded())[0]["data"]["fees"]
    assert 1 == wechat.calls["order_flow"]
