"""Pushes of a shop that are not about orders: stock warnings, products, settlements."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.adapters.signatures import sha1_of_sorted
from app.service import Service
from tests.platforms.conftest import PLAIN_SHOP, ROOM, SHOP, Answer, Connect, Push, path_of, until
from tests.platforms.fake_wechat import FakeWechat

pytestmark = pytest.mark.usefixtures("working")
PRODUCT = 10_000_075_680_050


def warning(left: int = 18) -> str:
    """Return a stock warning, its ids as numbers."""
    name = "channels_ec_stock_no_enough"
    body = {"product_id": PRODUCT, "sku_id": 1_064_839_936, "remaining_stock_amount": left, "remaining_code_amount": 0}
    return json.dumps({"MsgType": "event", "Event": name, "CreateTime": int(datetime.now(UTC).timestamp()), name: body})


def plain(name: str = "n") -> dict[str, str]:
    """Return the query of a plain push."""
    return {"timestamp": "1", "nonce": name, "signature": sha1_of_sorted(SHOP["token"], "1", name)}


@pytest.fixture
def start(client: httpx.AsyncClient) -> Callable[..., Awaitable[None]]:
    """Start a room's broadcast."""

    async def send(room: str, state: str = "started") -> None:
        event = {"specversion": "1.0", "id": f"{state}{room}", "source": "/tests", "type": f"live.session.{state}"}
        at = datetime.now(UTC) - timedelta(minutes=1)
        answer = await client.post("/v1/events", json={**event, "subject": f"wechat:{room}", "time": at.isoformat()})
        assert 200 == answer.status_code, answer.text

    return send


@pytest.fixture
def stock(service: Service) -> Callable[[Answer], Awaitable[int | None]]:
    """Return the stock of the product as a session knows it."""

    async def read(session: Answer) -> int | None:
        query = "SELECT latest FROM gauges WHERE session_id = $1 AND key = $2 AND metric = 'stock' AND grain = 0"
        async with service.database.acquire() as connection:
            found: int | None = await connection.fetchval(query, session["id"], str(PRODUCT))
            return found

    return read


async def test_a_warning_reaches_only_sessions_on_air(
    connect: Connect, new_session: Connect, send_push: Push, start: Any, stock: Any
) -> None:
    """The warning names no room: it sets the stock of the brand's session on air on WeChat, from the push if that is encrypted."""
    on_air, silent, other = (
        await new_session(("wechat", ROOM)),
        await new_session(("wechat", "export/silent")),
        await new_session(("wechat", "export/other"), brand="another"),
    )
    await start(ROOM)
    await start("export/other")
    shop = await connect("wechat_shop", {name: SHOP[name] for name in ("token", "encoding_aes_key", "appid")})
    for seed in range(2):
        assert "success" == (await send_push(shop, warning(), seed=seed)).text

    async def told() -> bool:
        return bool(await stock(on_air) == 18)

    await until(told, "the stock")
    assert (None, None) == (await stock(silent), await stock(other))


async def test_a_plain_warning_is_verified_by_a_pull(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, wechat: FakeWechat, start: Any, stock: Any
) -> None:
    """The body of a plain push is not signed, so the number comes from the platform's API."""
    session = await new_session(("wechat", ROOM))
    await start(ROOM)
    wechat.stocks[str(PRODUCT)] = 40
    shop = await connect("wechat_shop", PLAIN_SHOP, api_base=wechat.base)
    assert "success" == (await client.post(path_of(shop), params=plain(), content=warning(0))).text

    async def told() -> bool:
        return bool(await stock(session) == 40)

    await until(told, "the stock")


async def test_a_warning_while_nothing_is_on_air_costs_no_quota(
    connect: Connect, client: httpx.AsyncClient, wechat: FakeWechat, service: Service
) -> None:
    """It is stored and processed without a call to the platform."""
    shop = await connect("wechat_shop", PLAIN_SHOP, api_base=wechat.base)
    await client.post(path_of(shop), params=plain(), content=warning())

    async def settled() -> Any:
        async with service.database.acquire() as connection:
            return await connection.fetchval("SELECT settled_at FROM deliveries WHERE error IS NULL")

    await until(settled, "the delivery")
    assert 0 == wechat.calls["stock_get"]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("product_spu_listing", {"ProductSpuListing": {"product_id": "1", "status": 5, "reason": ""}}),
        ("product_spu_audit", {"ProductSpuAudit": {"product_id": 1, "status": 3}}),
        ("channels_ec_coupon_receive", {"coupon_info": {}}),
    ],
)
async def test_an_event_that_changes_no_figure_is_acknowledged_and_stored(
    name: str, body: dict[str, Any], connect: Connect, send_push: Push, stored: Any, client: httpx.AsyncClient
) -> None:
    """Products, coupons: one encrypted row, however often it is sent; no job, no event, no dead letter."""
    shop = await connect("wechat_shop", SHOP)
    for seed in range(3):
        text = json.dumps({"MsgType": "event", "Event": name, "CreateTime": 1_662_480_000, **body})
        assert "success" == (await send_push(shop, text, seed=seed)).text
    assert {"events": 0, "parked": 0, "dead_letters": 0, "deliveries": 1, "pgqueuer": 0} == await stored()
    counts = (await client.get(f"/v1/connections/{shop['id']}")).json()["counts"]
    assert (3, 2, 0) == (counts["deliveries"], counts["duplicates"], counts["pending"])
