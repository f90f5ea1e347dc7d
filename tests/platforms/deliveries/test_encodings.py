"""One delivery has many encodings: all of them are read, with the same result."""

import base64
import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook

from app.adapters.signatures import sha1_of_sorted, weibo_live
from tests.platforms.conftest import PLAIN_SHOP, ROOM, SHOP, Connect, path_of, signed
from tests.platforms.fake_wechat import push

SECRET = base64.b64encode(os.urandom(32)).decode()
QUERY, BODY = signed(push("3705115058471208928"))
ENCRYPT = json.loads(BODY)["Encrypt"]
XML = f"<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[{ENCRYPT}]]></Encrypt></xml>"
PUSHES: dict[str, tuple[list[tuple[str, str]], bytes, dict[str, str]]] = {
    "json": (list(QUERY.items()), BODY.encode(), {"Content-Type": "application/json"}),
    "xml": (list(QUERY.items()), XML.encode(), {"Content-Type": "text/xml"}),
    "xml with a declaration": (
        list(QUERY.items()),
        f'<?xml version="1.0" encoding="UTF-8"?>\n{XML}'.encode(),
        {"Content-Type": "application/xml; charset=utf-8"},
    ),
    "the query in another order": (list(reversed(QUERY.items())), BODY.encode(), {}),
    "without a content type": (list(QUERY.items()), BODY.encode(), {}),
    "another content type": (list(QUERY.items()), BODY.encode(), {"Content-Type": "text/plain; charset=GBK"}),
    "a byte order mark": (list(QUERY.items()), b"\xef\xbb\xbf" + BODY.encode(), {}),
    "a byte order mark before xml": (list(QUERY.items()), b"\xef\xbb\xbf" + XML.encode(), {}),
    "white space around": (list(QUERY.items()), b"\r\n " + BODY.encode() + b"\r\n", {}),
    "gzip": (list(QUERY.items()), gzip.compress(BODY.encode()), {"Content-Encoding": "gzip"}),
    "an openid and no signature": ([*((k, v) for k, v in QUERY.items() if k != "signature"), ("openid", "o")], BODY.encode(), {}),
    "an empty openid": ([*QUERY.items(), ("openid", "")], BODY.encode(), {}),
    "no encrypt_type": ([(k, v) for k, v in QUERY.items() if k != "encrypt_type"], BODY.encode(), {}),
    "compatible mode": (
        list(QUERY.items()),
        json.dumps({**json.loads(push("1")), "Encrypt": ENCRYPT}).encode(),
        {"Content-Type": "application/json"},
    ),
}


@pytest.mark.parametrize("name", PUSHES)
async def test_all_encodings_of_a_push_are_one_delivery(
    name: str, connect: Connect, client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    """Each encoding of one push is acknowledged, and counts as a repetition of the first."""
    shop = await connect("wechat_shop", SHOP)
    query, body, headers = PUSHES[name]
    for asked, content, more in ((list(QUERY.items()), BODY.encode(), {}), (query, body, headers)):
        answer = await client.post(f"{path_of(shop)}?{urlencode(asked)}", content=content, headers=more)
        assert (200, "success") == (answer.status_code, answer.text)
    assert (1, 1) == ((await stored())["deliveries"], (await stored())["pgqueuer"])


@pytest.mark.parametrize("kind", [None, "", "raw"])
@pytest.mark.parametrize("xml", [False, True])
async def test_a_plain_push_may_name_its_encryption_or_not(
    kind: str | None, xml: bool, connect: Connect, client: httpx.AsyncClient, stored: Callable[[], Any]
) -> None:
    """`encrypt_type` may be absent, empty or raw."""
    shop = await connect("wechat_shop", PLAIN_SHOP)
    query = {"timestamp": "1", "nonce": "2", "signature": sha1_of_sorted(SHOP["token"], "1", "2")}
    query |= {} if kind is None else {"encrypt_type": kind}
    event = "<Event>channels_ec_order_new</Event><order_info><order_id>3705115058471208928</order_id></order_info>"
    body = f"<xml><CreateTime>1662480000</CreateTime>{event}</xml>" if xml else push("3705115058471208928")
    assert "success" == (await client.post(path_of(shop), params=query, content=body)).text
    assert 1 == (await stored())["pgqueuer"]


@pytest.mark.parametrize("echo", ["4375120948345356249", "a b+c/d=&é", "中文", ""])
@pytest.mark.parametrize("kind", ["wechat_shop", "weibo_fans"])
async def test_the_echo_is_returned_unchanged(kind: str, echo: str, connect: Connect, client: httpx.AsyncClient) -> None:
    """`echostr` is returned as plain text if the signature is right, and not otherwise."""
    token = SHOP["token"] if kind == "wechat_shop" else "s3cret"
    made = await connect(kind, SHOP if kind == "wechat_shop" else {"app_secret": token})
    signature = sha1_of_sorted(token, "1714036504", "n")
    tail = f"echostr={quote(echo, safe='')}&nonce=n&timestamp=1714036504"
    answer = await client.get(f"{path_of(made)}?{tail}&signature={signature}")
    assert (200, echo) == (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("text/plain")
    refused = await client.get(f"{path_of(made)}?{tail}&signature={signature[::-1]}")
    assert 401 == refused.status_code
    assert not echo or echo not in refused.text


def _signed(body: str, number: str, *, prefix: str = "webhook", at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    stamp = str(int(at.timestamp()))
    return {f"{prefix}-id": number, f"{prefix}-timestamp": stamp, f"{prefix}-signature": Webhook(SECRET).sign(number, at, body)}


LIKE = {"type": "live.like.sent", "data": {"platform": "wechat", "room": ROOM, "count": 2}}


@pytest.mark.parametrize("secret", [SECRET, f"whsec_{SECRET}"], ids=["bare", "whsec_"])
@pytest.mark.parametrize("prefix", ["webhook", "svix", "Webhook", "SVIX"])
@pytest.mark.parametrize("before", ["", "v1,garbage v1a,AAAA ", "v1," + "A" * 43 + "= "], ids=["one", "strange", "wrong"])
async def test_a_standard_webhook_is_accepted_with_each_of_its_header_names(
    secret: str, prefix: str, before: str, connect: Connect, client: httpx.AsyncClient
) -> None:
    """Secrets with and without prefix, Svix's header names, any case, several signatures in one header."""
    hook = await connect("standard_webhooks", {"secret": secret})
    body = json.dumps({**LIKE, "timestamp": "2026-01-01T00:00:00Z"})
    headers = _signed(body, "msg_1", prefix=prefix)
    headers[f"{prefix}-signature"] = before + headers[f"{prefix}-signature"]
    headers["content-type"] = "application/json; charset=utf-8"
    assert 200 == (await client.post(path_of(hook), content=body, headers=headers)).status_code


@pytest.mark.parametrize("skew", [-301, 301, -86_400])
async def test_a_late_standard_webhook_is_refused(skew: int, connect: Connect, client: httpx.AsyncClient) -> None:
    """The tolerance is five minutes in both directions."""
    hook = await connect("standard_webhooks", {"secret": SECRET})
    body = json.dumps(LIKE)
    headers = _signed(body, "msg_1", at=datetime.now(UTC) + timedelta(seconds=skew + (1 if skew > 0 else 0)))
    assert 401 == (await client.post(path_of(hook), content=body, headers=headers)).status_code


async def test_events_of_the_cloudevents_sdk_are_accepted_alone_and_in_batches(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient, kpis: Callable[..., Any]
) -> None:
    """Events of the SDK, signed by the standard's library: one event, then a batch with a duplicate and an unknown event."""
    session = await new_session(("wechat", ROOM))
    hook = await connect("standard_webhooks", {"secret": SECRET})

    def made(number: str, kind: str = "live.like.sent") -> str:
        attributes = {"id": number, "source": "/sdk", "type": kind, "subject": f"wechat:{ROOM}", "specversion": "1.0"}
        attributes |= {"datacontenttype": "application/json"}
        body = to_structured_event(CloudEvent(attributes=attributes, data={"count": 3}), JSONFormat()).body
        return body.decode() if isinstance(body, bytes) else str(body)

    first, batch = made("1"), f"[{made('1')},{made('2')},{made('3', 'com.example.unknown')}]"
    for number, body in (("a", first), ("b", batch), ("c", "[]")):
        kind = "application/cloudevents-batch+json" if body.startswith("[") else "application/cloudevents+json"
        headers = {**_signed(body, number), "content-type": f"{kind}; charset=utf-8"}
        assert 200 == (await client.post(path_of(hook), content=body, headers=headers)).status_code
    assert 6 == (await kpis(session["id"]))["likes"]
    assert 1 == len((await client.get("/v1/dead-letters")).json()["dead_letters"])


async def test_one_session_of_three_rooms_fed_by_webhooks_alone(
    connect: Connect, new_session: Connect, client: httpx.AsyncClient
) -> None:
    """WeChat, whose broadcast was split in two rooms, and Weibo, in one session: each platform's figures with their basis."""
    weibo_room = "1042097:5617ce1cc0f822ebd37f93a0275c8660"
    session = await new_session(("wechat", "2042584726460027863"), ("wechat", "2042584726460027864"), ("weibo", weibo_room))
    spy, weibo = await connect("wechat_spy"), await connect("weibo_live", {"app_secret": "s3cret"})
    for number, room in enumerate(("2042584726460027863", "2042584726460027864")):
        said = {"msg_time": 1_698_657_150_123 + number * 1000, "decoded_openid": "o1", "seq": 101}
        events = [{**said, "decoded_type": "comment", "content": "多少钱"}, {**said, "decoded_type": "enter", "seq": 102}]
        figures = {"online_count": 128, "like_count": 4600} if number else {}
        body = {"live_info": {"live_id": room, "live_status": 1, **figures}, "events": events}
        assert 200 == (await client.post(path_of(spy), json=body)).status_code
    for kind in ("1", "2"):
        form = {"room_id": weibo_room, "ts": "1698657150123", "msg_type": kind, "content": "好", "uid": "2489518277"}
        answer = await client.post(path_of(weibo), data=form | {"sign": weibo_live(form, "s3cret")})
        assert {"error_code": 0, "error_msg": ""} == answer.json()
    found = (await client.get(f"/v1/sessions/{session['id']}/kpis")).json()

    def figure(document: dict[str, Any], slug: str) -> tuple[Any, str]:
        return document[slug]["value"], document[slug]["basis"]

    wechat, sina, total = found["by_platform"]["wechat"], found["by_platform"]["weibo"], found["kpis"]
    assert {"wechat", "weibo"} == found["by_platform"].keys()
    # One viewer entered both rooms and commented in both.
    assert ((1, "counted"), (2, "counted")) == (figure(wechat, "viewers"), figure(wechat, "comments"))
    assert ((4600, "reported"), (128, "reported")) == (figure(wechat, "likes"), figure(wechat, "peak_concurrent_viewers"))
    assert ((1, "counted"), (1, "counted")) == (figure(sina, "comments"), figure(sina, "likes"))
    assert ((3, "counted"), (4601, "mixed")) == (figure(total, "comments"), figure(total, "likes"))
