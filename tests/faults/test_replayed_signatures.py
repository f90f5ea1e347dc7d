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
from app.service import Service

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


def nonce_of(kind: str, at: float, nonce: str = "n") -> dict[str, str]:
    """Return the signed part of a query of a kind whose signature covers a time and a nonce."""
    stamp = str(int(at * (1000 if kind == "weibo_fans" else 1)))
    return {"timestamp": stamp, "nonce": nonce, "signature": sha1_of_sorted("s", stamp, nonce)}


WEAK = {"wechat_shop": {"token": "s"}, "weibo_fans": {"app_secret": "s"}, "weibo_live": {"app_secret": "s"}}


@pytest.mark.parametrize("kind", ["wechat_shop", "weibo_fans"])
async def test_the_nonce_of_a_url_check_signs_nothing_else(client: httpx.AsyncClient, session: str, kind: str) -> None:
    """A check may be repeated as it was; neither another text nor a push is accepted with its signature, nor the reverse."""
    path = await connect(client, session, kind, WEAK[kind])
    push = {"MsgType": "event", "Event": "product_spu_listing", "type": "event", "data": {"subtype": "click"}}
    first, second = nonce_of(kind, time.time()), nonce_of(kind, time.time(), "other")
    checks = [(await client.get(path, params=first | {"echostr": text})).status_code for text in ("a", "a", "<script>")]
    assert [200, 200, 401] == checks
    assert 401 == (await client.post(path, params=first, json=push)).status_code
    assert 200 == (await client.post(path, params=second, json=push)).status_code
    assert 401 == (await client.get(path, params=second | {"echostr": "a"})).status_code


@pytest.mark.parametrize("kind", WEAK)
async def test_where_a_signature_covers_little_the_url_is_a_secret_too(
    client: httpx.AsyncClient, service: Service, session: str, kind: str
) -> None:
    """A new connection has a token in its URL. One that was made before keeps its URL until it is rotated."""
    path = await connect(client, session, kind, WEAK[kind])
    *_, connection_id, token = path.split("/")
    plain, url = path.removesuffix(f"/{token}"), f"/v1/connections/{connection_id}"
    assert "part" == (await client.get(url)).json()["signature_covers"]

    async def statuses(*paths: str) -> list[int]:
        # A delivery without a signature: 401 says that the URL was right.
        return [(await client.post(place, json={})).status_code for place in paths]

    assert [404, 404, 401] == await statuses(plain, f"{plain}/{token[::-1]}", path)
    sealed = service.platforms.cipher.encrypt(json.dumps({"secrets": WEAK[kind], "url_token": token}).encode())
    async with service.database.acquire() as connection:
        await connection.execute("UPDATE connections SET sealed = $1 WHERE id = $2", sealed, connection_id)
    # A change of something else does not change the URL.
    made = (await client.patch(url, json={"name": "made before"})).json()["webhook_url"]
    assert plain == urlsplit(made).path
    assert [401, 404, 401] == await statuses(plain, f"{plain}/{token[::-1]}", path)
    rotated = urlsplit((await client.patch(url, json={"rotate_url": True})).json()["webhook_url"]).path
    assert [404, 404, 401] == await statuses(plain, path, rotated)


async def test_where_a_signature_covers_the_body_the_url_has_no_token(client: httpx.AsyncClient, session: str) -> None:
    """An encrypted shop, and a shop's webhooks signed over their bodies."""
    keyed = {"token": "t", "encoding_aes_key": "A" * 43, "appid": "wx1"}
    for kind, secrets, options in (
        ("wechat_shop", keyed, {}),
        ("douyin_live", {"app_secret": "s"}, {}),
        ("mapping", {"secret": "s"}, {"signature": "shopify", "rules": [LIKE]}),
    ):
        path = await connect(client, session, kind, secrets, **options)
        assert 3 == path.count("/"), path
        assert "body" == (await client.get(path.replace("webhooks", "connections"))).json()["signature_covers"]


async def test_the_url_becomes_a_secret_when_the_signature_covers_less(client: httpx.AsyncClient, session: str) -> None:
    """A shop without its key, a mapping without its signature: the answer has the new URL, the old one is gone, and it stays so."""
    keyed = {"token": "t", "encoding_aes_key": "A" * 43, "appid": "wx1"}
    signed = {"signature": "shopify", "rules": [LIKE]}
    for kind, secrets, options, less, more in (
        ("wechat_shop", keyed, {}, {"secrets": {"encoding_aes_key": None}}, {"secrets": keyed}),
        ("mapping", {"secret": "s"}, signed, {"options": signed | {"signature": "none"}}, {"options": signed}),
    ):
        path = await connect(client, session, kind, secrets, **options)
        url = path.replace("webhooks", "connections")
        assert path == urlsplit((await client.patch(url, json={"name": "other"})).json()["webhook_url"]).path
        weaker = (await client.patch(url, json=less)).json()
        found = urlsplit(weaker["webhook_url"]).path
        assert ("body" != weaker["signature_covers"], path) == (True, found.rpartition("/")[0])
        assert len(found.rpartition("/")[2]) == 32
        assert 404 == (await client.post(path, json={})).status_code
        assert 404 != (await client.post(found, json={})).status_code
        stronger = (await client.patch(url, json=more)).json()
        assert ("body", found) == (stronger["signature_covers"], urlsplit(stronger["webhook_url"]).path)


async def test_money_that_no_signature_covers_can_be_kept_out(client: httpx.AsyncClient, session: str) -> None:
    """The option makes orders of unsigned deliveries dead letters, and other events count; a replay after a change counts them."""
    rules = [LIKE, ORDER | {"topics": []}]
    options = {"signature": "none", "rules": rules, "count_unsigned_money": False}
    path = await connect(client, session, "mapping", {}, **options)
    url = f"/v1/connections/{path.split('/')[3]}"
    assert 200 == (await client.post(path, json={"n": 5}, headers={"X-Event-Type": "likes"})).status_code
    found = await figures(client, session)
    assert (5, None) == (found["likes"], found["gmv"])
    preview = (await client.post(f"{url}/preview", json={"sample": {"n": 5}})).json()
    assert ([], True) == (preview["events"], "count_unsigned_money" in preview["problems"][0])
    (dead_letter,) = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert "no signature covers" in dead_letter["errors"][0]["detail"]
    changed = options | {"session": session, "count_unsigned_money": True}
    assert 200 == (await client.patch(url, json={"options": changed})).status_code
    assert 200 == (await client.post(f"/v1/dead-letters/{dead_letter['id']}/replay")).status_code
    assert "999.00" == (await figures(client, session))["gmv"]


async def test_a_signature_is_not_accepted_longer_than_it_is_remembered(client: httpx.AsyncClient, session: str) -> None:
    """After 400 days another body could come with it: Weibo's signed time is then too old."""
    path = await connect(client, session, "weibo_live", {"app_secret": "s"})
    for days, status in ((399, 200), (401, 401)):
        fields = {"room_id": "r", "ts": str(int((time.time() - days * 86_400) * 1000)), "msg_type": "6"}
        assert status == (await client.post(path, json=fields | {"sign": weibo_live(fields, "s")})).status_code
