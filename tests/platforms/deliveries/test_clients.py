"""Independent client libraries send deliveries to the connections."""

import base64
import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook
from wechatpy.crypto import WeChatCrypto
from werobot.crypto import MessageCrypt

from app.adapters.signatures import sha1_of_sorted
from tests.platforms.conftest import Answer, Connect, path_of
from tests.platforms.fake_wechat import push

TOKEN, APPID = "tok", "wx1234567890abcdef"


def _fresh_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")


async def _send(client: httpx.AsyncClient, connection: Answer, cipher: str, *, xml: bool) -> httpx.Response:
    timestamp, nonce = str(int(time.time())), secrets.token_hex(5)
    query = {
        "timestamp": timestamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": sha1_of_sorted(TOKEN, timestamp, nonce, cipher),
    }
    body = (
        f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
        if xml
        else json.dumps({"Encrypt": cipher})
    )
    return await client.post(path_of(connection), params=query, content=body)


@pytest.mark.parametrize("xml", [False, True])
async def test_pushes_of_wechatpy_and_werobot_are_accepted(
    xml: bool, connect: Connect, client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    """Pushes in JSON and XML that two independent libraries encrypt with random keys are acknowledged and stored."""
    for count, library in enumerate(("wechatpy", "werobot"), 1):
        key = _fresh_key()
        shop = await connect("wechat_shop", {"token": TOKEN, "encoding_aes_key": key, "appid": APPID})
        text = push(str(count))
        if library == "wechatpy":
            wrapped = WeChatCrypto(TOKEN, key, APPID).encrypt_message(text, "nonce", "1788000000")
            cipher = wrapped.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
        else:
            cipher = MessageCrypt(TOKEN, key, APPID).prp_crypto.encrypt(text, APPID).decode()
        answer = await _send(client, shop, cipher, xml=xml)
        assert (200, "success") == (answer.status_code, answer.text), library
        assert count == (await stored())["deliveries"]


async def test_what_the_standard_webhooks_library_signs_is_counted(
    connect: Connect, client: httpx.AsyncClient, new_session: Connect, kpis: Callable[..., Any]
) -> None:
    """A delivery signed by the reference library is accepted; after a rotation the old secret is valid until it is removed."""
    old, new = (f"whsec_{_fresh_key()}=" for _ in range(2))
    session = await new_session(("wechat", "r1"))
    hook = await connect("standard_webhooks", {"secret": old})
    await client.patch(f"/v1/connections/{hook['id']}", json={"secrets": {"secret": new}})
    data = {"platform": "wechat", "room": "r1", "viewers": 7}
    body = json.dumps({"type": "live.metrics", "timestamp": "2021-09-25T05:00:00Z", "data": data})

    async def send(secret: str, number: str) -> int:
        now = datetime.now(UTC)
        headers = {
            "svix-id": number,
            "svix-timestamp": str(int(now.timestamp())),
            "svix-signature": Webhook(secret).sign(number, now, body),
        }
        return (await client.post(path_of(hook), content=body, headers=headers)).status_code

    assert (200, 200) == (await send(old, "m1"), await send(new, "m2"))
    await client.patch(f"/v1/connections/{hook['id']}", json={"secrets": {"previous_secret": None}})
    assert (401, 200) == (await send(old, "m3"), await send(new, "m4"))
    assert 7 == (await kpis(session["id"]))["peak_concurrent_viewers"]
