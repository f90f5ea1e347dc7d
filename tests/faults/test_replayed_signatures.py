"""One captured signature: it repeats one delivery, and never makes another."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.adapters.signatures import sha1_of_sorted, weibo_live

LIKE = {"type": "live.like.sent", "topics": ["likes"], "data": {"count": "n"}}
ORDER = {
    "type": "live.order.paid",
    "topics": ["orders"],
    "id": "n",
    "data": {"order": "to_string(n)", "buyer": "'b'", "currency": "'CNY'", "amount": "'999.00'", "lines": "`[]`"},
}


async def connect(client: httpx.AsyncClient, session: str, kind: str, secrets: dict[str, str], **options: Any) -> str:
    """Create a connection tied to the session; return the path of its URL."""
    form = {"kind": kind, "name": "t", "secrets": secrets, "options": options | {"session": session}}
    answer = await client.post("/v1/connections", json=form)
    assert 201 == answer.status_code, answer.text
    return str(urlsplit(answer.json()["webhook_url"]).path)


@pytest.fixture
async def session(client: httpx.AsyncClient) -> str:
    """A session."""
    return str((await client.post("/v1/sessions", json={"title": "t", "brand": "b", "currency": "CNY"})).json()["id"])


async def figures(client: httpx.AsyncClient, session: str) -> dict[str, Any]:
    """Return the session's figures."""
    kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
    return {slug: figure["value"] for slug, figure in kpis.items()}


@pytest.mark.parametrize("style", ["shopify", "github"])
async def test_headers_that_no_signature_covers_identify_nothing(client: httpx.AsyncClient, session: str, style: str) -> None:
    """The same body under four other ids and under another topic: five likes stay five, and no order is paid."""
    path = await connect(client, session, "mapping", {"secret": "s"}, signature=style, rules=[LIKE, ORDER])
    body = b'{"n": 5}'
    digest = hmac.new(b"s", body, "sha256")
    signature, names = (
        ({"X-Shopify-Hmac-SHA256": base64.b64encode(digest.digest()).decode()}, ("X-Shopify-Webhook-Id", "X-Shopify-Topic"))
        if style == "shopify"
        else ({"X-Hub-Signature-256": f"sha256={digest.hexdigest()}"}, ("X-GitHub-Delivery", "X-GitHub-Event"))
    )
    for number in range(4):
        headers = signature | {names[0]: str(number), names[1]: "likes"}
        assert 200 == (await client.post(path, content=body, headers=headers)).status_code
    assert 401 == (await client.post(path, content=body, headers=signature | {names[0]: "9", names[1]: "orders"})).status_code
    found = await figures(client, session)
    assert (5, None) == (found["likes"], found["gmv"])


@pytest.mark.parametrize(("age", "status"), [(timedelta(0), 200), (timedelta(minutes=9), 200), (timedelta(minutes=11), 401)])
async def test_a_message_of_twitch_has_its_time_and_its_kind_from_what_is_signed(
    client: httpx.AsyncClient, session: str, age: timedelta, status: int
) -> None:
    """Ten minutes old at most; the type in a header changes nothing."""
    path = await connect(client, session, "mapping", {"secret": "s" * 10}, signature="twitch", rules=[LIKE, ORDER])
    body = json.dumps({"subscription": {"type": "likes"}, "event": {}, "n": 5})
    sent_at = (datetime.now(UTC) - age).isoformat()
    signature = hmac.new(b"s" * 10, f"m1{sent_at}{body}".encode(), hashlib.sha256).hexdigest()
    headers = {f"Twitch-Eventsub-Message-{name}": value for name, value in (("Id", "m1"), ("Timestamp", sent_at))}
    headers |= {"Twitch-Eventsub-Message-Signature": f"sha256={signature}", "Twitch-Eventsub-Message-Type": "revocation"}
    for topic in ("likes", "orders"):
        answer = await client.post(path, content=body, headers=headers | {"Twitch-Eventsub-Subscription-Type": topic})
        assert status == answer.status_code
    found = await figures(client, session)
    assert (5 if status == 200 else None, None) == (found["likes"], found["gmv"])


async def test_a_signature_of_weibo_signs_one_body(client: httpx.AsyncClient, session: str) -> None:
    """The signature covers a time and a nonce: a retry is a retry, other followers are refused, an old time too."""
    path = await connect(client, session, "weibo_fans", {"app_secret": "s"})

    def query(at: float) -> dict[str, str]:
        stamp = str(int(at * 1000))
        return {"timestamp": stamp, "nonce": "n", "signature": sha1_of_sorted("s", stamp, "n")}

    def follow(sender: int) -> dict[str, Any]:
        return {"type": "event", "receiver_id": 1, "sender_id": sender, "data": {"subtype": "follow"}}

    captured = query(time.time())
    statuses = [(await client.post(path, params=captured, json=follow(sender))).status_code for sender in (1, 1, 2, 3, 1)]
    assert [200, 200, 401, 401, 200] == statuses
    assert 401 == (await client.post(path, params=query(time.time() - 3600), json=follow(4))).status_code
    assert 1 == (await figures(client, session))["new_followers"]


async def test_a_signature_of_weibos_callback_signs_one_json_body(client: httpx.AsyncClient, session: str) -> None:
    """What is nested in JSON is outside the signature: other messages under the same sign are refused."""
    path = await connect(client, session, "weibo_live", {"app_secret": "s"})
    fields = {"room_id": "r", "ts": "1790316000000"}
    sign = weibo_live(fields, "s")
    statuses = []
    for viewer in ("1", "1", "2", "3"):
        message = {"msg_type": 1, "mid": viewer, "sender_info": {"uid": viewer}, "content": "x", "room_id": "r"}
        statuses.append((await client.post(path, json=fields | {"sign": sign, "messages": [message]})).status_code)
    assert [200, 200, 401, 401] == statuses
    assert 1 == (await figures(client, session))["comments"]


async def test_a_plain_push_is_refused_once_a_key_is_set(client: httpx.AsyncClient, session: str) -> None:
    """Its signature does not cover the body; without a key a second body under one signature is refused."""
    stamp, nonce = str(int(time.time())), "n"
    query = {"timestamp": stamp, "nonce": nonce, "signature": sha1_of_sorted("t", stamp, nonce)}
    event = {"MsgType": "event", "Event": "product_spu_listing", "CreateTime": int(stamp)}
    keyed = await connect(client, session, "wechat_shop", {"token": "t", "encoding_aes_key": "A" * 43, "appid": "wx1"})
    assert 401 == (await client.post(keyed, params=query, json=event)).status_code
    plain = await connect(client, session, "wechat_shop", {"token": "t"})
    statuses = [(await client.post(plain, params=query, json=event | {"n": number})).status_code for number in (1, 1, 2)]
    assert [200, 200, 401] == statuses
