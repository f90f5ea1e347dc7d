"""Dead letters of platforms: replayed through their adapter once the cause is corrected, and stored until then."""

import asyncio
import base64
import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from standardwebhooks import Webhook

from app.adapters.signatures import sha1_of_sorted
from app.adapters.wechat import shop as wechat_shop
from app.platforms.pulls.job_errors import PartlyReadError
from app.service import Service
from tests.platforms.conftest import ROOM, SHOP, Answer, Connect, Kpis, Push, path_of, until
from tests.platforms.fake_wechat import FakeWechat, order, push

LIKE = {"type": "live.like.sent", "id": "n", "room": "room", "data": {"viewer": "user", "count": "likes"}}


@pytest.fixture
def dead_letters(client: httpx.AsyncClient) -> Callable[[], Awaitable[list[Answer]]]:
    """Return the dead letters."""

    async def read() -> list[Answer]:
        found: list[Answer] = (await client.get("/v1/dead-letters")).json()["dead_letters"]
        return found

    return read


@pytest.fixture
def replay(client: httpx.AsyncClient) -> Callable[[Answer], Awaitable[httpx.Response]]:
    """Replay a dead letter."""

    async def send(dead_letter: Answer) -> httpx.Response:
        return await client.post(f"/v1/dead-letters/{dead_letter['id']}/replay")

    return send


async def test_a_dead_letter_is_accepted_once_the_mapping_is_corrected(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, dead_letters: Any, replay: Any, kpis: Kpis
) -> None:
    """Two of three likes hold their count under another name; after the rule names it, each is counted once."""
    session = await new_session(("bilibili", "8812"))
    each = {**LIKE, "each": "likes", "id": "item.n", "room": "body.room"}
    rule = {**each, "data": {"viewer": "item.user", "count": "item.count"}}
    hook = await connect("mapping", signature="none", platform="bilibili", rules=[rule])
    likes = [{"n": 1, "user": "u1", "count": 3}, {"n": 2, "user": "u2", "count": "many", "total": 4}]
    body = {"room": "8812", "likes": [*likes, {"n": 3, "user": "u3", "count": "few", "total": 5}]}
    assert 200 == (await client.post(path_of(hook), json=body)).status_code
    (dead_letter,) = await dead_letters()
    assert (None, 2) == (dead_letter["type"], len(dead_letter["errors"]))
    still = (await replay(dead_letter)).json()
    assert (0, 1, 1) == (still["accepted"], still["duplicates"], len(still["rejected"]))
    assert [(dead_letter["id"], 2)] == [(kept["id"], kept["attempts"]) for kept in await dead_letters()]
    corrected = {**each, "data": {"viewer": "item.user", "count": "item.total || item.count"}}
    options = {"signature": "none", "platform": "bilibili", "rules": [corrected]}
    assert 200 == (await client.patch(f"/v1/connections/{hook['id']}", json={"options": options})).status_code
    done = (await replay(dead_letter)).json()
    assert (2, 1, []) == (done["accepted"], done["duplicates"], done["rejected"])
    assert [] == await dead_letters()
    assert 404 == (await replay(dead_letter)).status_code
    assert 12 == (await kpis(session["id"]))["likes"]
    assert 200 == (await client.post(path_of(hook), json=body)).status_code
    assert 12 == (await kpis(session["id"]))["likes"]


@pytest.mark.usefixtures("working")
async def test_a_dead_letter_of_an_event_that_is_known_now_pulls_its_order(
    connect: Connect, new_session: Connect, send_push: Push, wechat: FakeWechat, dead_letters: Any, replay: Any, kpis: Kpis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """An unknown event of the shop is stored; once it is known, its replay enqueues one pull."""
    session = await new_session(("wechat", ROOM))
    shop = await connect("wechat_shop", SHOP, api_base=wechat.base)
    wechat.orders["7"] = order("7", ROOM)
    assert "success" == (await send_push(shop, push("7", "channels_ec_order_reborn"))).text
    (dead_letter,) = await dead_letters()
    assert 1 == len((await replay(dead_letter)).json()["rejected"])
    monkeypatch.setattr(wechat_shop, "ORDER_EVENTS", wechat_shop.ORDER_EVENTS | {"channels_ec_order_reborn"})
    answers = await asyncio.gather(replay(dead_letter), replay(dead_letter))
    assert {200} <= {answer.status_code for answer in answers} <= {200, 404}
    assert 1 in {answer.json().get("pulls") for answer in answers}

    async def counted() -> bool:
        return bool((await kpis(session["id"]))["orders"] == 1)

    await until(counted, "the order")
    await send_push(shop, push("7", "channels_ec_order_reborn"), seed=9)
    await asyncio.sleep(1)
    assert 1 == wechat.calls["order_get"]
    assert [] == await dead_letters()


async def test_a_dead_letter_is_accepted_once_an_option_names_its_type(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, dead_letters: Any, replay: Any, kpis: Kpis
) -> None:
    """Events of a batch with an unknown type name are stored until `types` maps the name."""
    session = await new_session(("bilibili", "8812"))
    secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    hook = await connect("standard_webhooks", {"secret": secret})
    like = {"specversion": "1.0", "id": "1", "source": "/x", "type": "our.like", "subject": "bilibili:8812", "data": {"count": 6}}
    body, now = json.dumps([like, {**like, "id": "2", "type": "live.like.sent"}]), datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }
    assert 200 == (await client.post(path_of(hook), content=body, headers=headers)).status_code
    (dead_letter,) = await dead_letters()
    await client.patch(f"/v1/connections/{hook['id']}", json={"options": {"types": {"our.like": "live.like.sent"}}})
    assert 1 == (await replay(dead_letter)).json()["accepted"]
    assert (12, []) == ((await kpis(session["id"]))["likes"], await dead_letters())


async def test_a_replay_that_fails_again_keeps_one_dead_letter(
    connect: Connect, client: httpx.AsyncClient, dead_letters: Any, replay: Any
) -> None:
    """An unknown message of the forwarder and a plain push that is not JSON: each replay fails, and one dead letter each stays."""
    spy, shop = await connect("wechat_spy"), await connect("wechat_shop", SHOP)
    strange = {"decoded_type": "strange", "seq": 1}
    for online in (1, 2):
        await client.post(path_of(spy), json={"live_info": {"live_id": "1", "online_count": online}, "events": [strange]})
    plain = {"timestamp": "1", "nonce": "2", "signature": sha1_of_sorted(SHOP["token"], "1", "2")}
    assert 400 == (await client.post(path_of(shop), params=plain, content=b"\xff\xfe no JSON")).status_code
    before = await dead_letters()
    assert [1, 2] == sorted(dead_letter["attempts"] for dead_letter in before)
    for dead_letter in before:
        assert 1 == len((await replay(dead_letter)).json()["rejected"])
        assert 200 == (await client.get(f"/v1/dead-letters/{dead_letter['id']}")).status_code
    after = await dead_letters()
    assert {dead_letter["id"] for dead_letter in before} == {dead_letter["id"] for dead_letter in after}
    assert [2, 3] == sorted(dead_letter["attempts"] for dead_letter in after)


async def test_an_order_that_the_session_refused_is_accepted_once_the_session_is_corrected(
    connect: Connect, new_session: Connect, send_push: Push, wechat: FakeWechat, dead_letters: Any, replay: Any, kpis: Kpis,
    client: httpx.AsyncClient, service: Service,
) -> None:  # fmt: skip
    """An order in CNY is stored until the session, which was created in JPY, is corrected."""
    session = await new_session(("wechat", ROOM), currency="JPY")
    shop = await connect("wechat_shop", SHOP, api_base=wechat.base)
    wechat.orders["1"] = order("1", ROOM)
    async with service.platforms.working():
        await send_push(shop, push("1"))

        async def kept() -> bool:
            return len(await dead_letters()) == 2

        await until(kept, "the dead letters")
    await client.patch(f"/v1/sessions/{session['id']}", json={"currency": "CNY"})
    for dead_letter in await dead_letters():
        assert 1 == (await replay(dead_letter)).json()["accepted"]
    figures = await kpis(session["id"], "wechat")
    assert ("1099.00", 1) == (figures["gmv"], figures["buyers"])


async def test_polled_samples_and_dead_letters_without_connection_are_not_replayed(
    connect: Connect, new_session: Connect, wechat: FakeWechat, client: httpx.AsyncClient, dead_letters: Any, replay: Any,
    service: Service,
) -> None:  # fmt: skip
    """Both answer 409 with the reason, and the dead letter stays."""
    await new_session(("wechat", ROOM))
    live, spy = (
        await connect("wechat_live", {"appid": SHOP["appid"], "app_secret": SHOP["app_secret"]}, api_base=wechat.base),
        (await connect("wechat_spy")),
    )
    wechat.lives[ROOM] = {"live_comparison_index": {"is_living": True}}
    with pytest.raises(PartlyReadError, match="no figures that we know"):
        await service.platforms.pollers.poll_live(UUID(live["id"]), datetime.now(UTC))
    await client.post(path_of(spy), json={"live_info": {"live_id": "1"}, "events": [{"decoded_type": "strange", "seq": 1}]})
    await client.delete(f"/v1/connections/{spy['id']}")
    found = await dead_letters()
    assert 2 == len(found)
    details = set()
    for dead_letter in found:
        answer = await replay(dead_letter)
        assert (409, 200) == (answer.status_code, (await client.get(f"/v1/dead-letters/{dead_letter['id']}")).status_code)
        details.add(answer.json()["detail"])
    assert {"the connection of this dead letter was deleted"} < details
    assert found == await dead_letters()
