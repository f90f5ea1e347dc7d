"""What comes in from elsewhere, in every state: connections that work, fail, refuse and rest, data that waits, imports, channels.

In: a server's address. Out: the session with the imports, the connection with deliveries of each outcome. Never here: a browser, a
network: what is asked for answers is a closed port.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
from standardwebhooks import Webhook

from tests.browser.broadcasts import LONG_TITLE, create
from tests.pipeline.processes import HEADERS

BRAND = "incoming"
CLOSED = "http://127.0.0.1:9"
"""Refuses every connection."""
SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = "693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"
LONG_FILE = "微信小店_订单明细_2021-09-25_直播场次_含退款_第2版（运营部核对后）.csv"
RULES = [
    {"type": "live.like.sent", "id": "n", "room": "room", "data": {"viewer": "user", "count": "total"}},
    {"type": "live.comment.posted", "when": "text", "id": "n", "room": "room", "data": {"viewer": "user", "text": "text"}},
]
_HEADING = "订单号,买家,商品编码,数量,实付,支付时间"
_EVENTS = ["alert.raised", "session.started"]


class Incoming(NamedTuple):
    """What has an address."""

    session: str
    """Over, with five imports; `#/close/…` lists them."""
    tool: str
    """A connection with deliveries that were accepted, refused, repeated and not understood."""


def fill(base: str) -> Incoming:
    """Fill the server."""
    with httpx.Client(base_url=base, headers=HEADERS, timeout=60) as client:

        def post(path: str, **form: Any) -> Any:
            answer = client.post(path, json=form)
            assert answer.is_success, f"{path}: {answer.text}"
            return answer.json() if answer.content else None

        post("/v1/brands", slug=BRAND, name="Maison K 銀座本店")
        session = _imports(client)
        tool = _connections(client, post, session)
        _channels(client, post)
        for event in _waiting_events():
            client.post("/v1/events", json=event)
        _claim(client)
        return Incoming(session, tool)


def _connections(client: httpx.Client, post: Any, session: str) -> str:
    shop = {"name": "Shopify 越境EC 注文通知", "secrets": {"secret": SIGNING}, "options": {"session": session}}
    signed = post("/v1/connections", kind="standard_webhooks", brand=BRAND, **shop)
    for number in range(3):
        at, name = datetime.now(UTC), f"msg_{number}"
        body = json.dumps({"type": "live.like.sent", "timestamp": at.isoformat(), "data": {"count": number + 1}})
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(SIGNING).sign(name, at, body),
            "content-type": "application/json",
        }
        client.post(signed["webhook_url"], content=body, headers=headers)
    fans = post("/v1/connections", kind="weibo_fans", name="Maison K 微博", brand=BRAND, secrets={"app_secret": "s" * 32})
    client.post(f"{fans['webhook_url']}?signature=0&timestamp=0&nonce=0", json={"type": "text"})
    app = {"appid": "wx1234567890abcdef", "app_secret": "0123456789abcdef0123456789abcdef"}
    live = post("/v1/connections", kind="wechat_live", name="视频号直播大屏（本店）", secrets=app, options={"api_base": CLOSED})
    client.post(f"/v1/connections/{live['id']}/test")
    spy = post("/v1/connections", kind="wechat_spy", name="転送ツール（スタジオPC 2台目・予備機）")
    client.patch(f"/v1/connections/{spy['id']}", json={"enabled": False}).raise_for_status()
    options = {"platform": "bilibili", "signature": "none", "rules": RULES}
    tool = post("/v1/connections", kind="mapping", name="弹幕ツール（ビリビリ・配信管理画面からの転送）", options=options)
    bodies = [
        *({"n": number, "room": "22637261", "user": f"u{number}", "total": number + 1} for number in range(4)),
        {"n": 0, "room": "22637261", "user": "u0", "total": 1},
        {"n": 9, "room": "22637261", "user": "u9", "total": "many"},
        {"n": 10, "ping": True},
    ]
    for delivery in bodies:
        client.post(tool["webhook_url"], json=delivery)
    return str(tool["id"])


def _channels(client: httpx.Client, post: Any) -> None:
    forms: tuple[tuple[str, str, str, dict[str, str], dict[str, str]], ...] = (
        ("wecom", "スタジオ運営グループ", "zh", {"key": KEY}, {"api_base": CLOSED}),
        ("feishu", "飞书 · 直播运营群（上海·东京）", "zh", {"token": KEY, "secret": "s" * 22}, {"keyword": "直播", "api_base": CLOSED}),
        ("dingtalk", "客服预警", "zh", {"access_token": KEY, "secret": "SEC" + "0" * 16}, {"api_base": CLOSED}),
        ("slack", "#live-commerce-alerts", "en", {"url": f"https://hooks.slack.com/services/T0/B0/{KEY}"}, {"api_base": CLOSED}),
        ("line", "KOL連絡用LINE", "ja", {"token": "line-channel-token", "to": "C" + "0123456789abcdef" * 2}, {"api_base": CLOSED}),
        ("webhook", "Maison K 基幹システム連携（精算書・確定レポートの自動取り込み）", "en",
         {"url": "https://hooks.example.com/tallylight/v1/incoming/maison-k/statements", "secret": SIGNING}, {}),
    )  # fmt: skip
    for kind, name, lang, secrets, options in forms:
        events = ["revision.created", "settlement.issued"] if kind == "webhook" else _EVENTS
        made = post("/v1/channels", name=name, kind=kind, lang=lang, secrets=secrets, options=options, brand=BRAND, events=events)
        if kind in {"wecom", "dingtalk"}:
            client.post(f"/v1/channels/{made['id']}/test")
        if kind == "slack":
            client.patch(f"/v1/channels/{made['id']}", json={"enabled": False}).raise_for_status()


def _waiting_events() -> Iterator[dict[str, Any]]:
    common = {"specversion": "1.0", "source": "/studio-tool/obs-plugin/tokyo-studio-2", "subject": "weibo:1022:2321324978"}
    for number in range(3):
        order = {"order": f"o{number}", "buyer": "b", "currency": "CNY", "amount": "12.345", "lines": []}
        yield common | {"id": f"w{number}", "type": "live.order.paid", "data": order}
    yield common | {"id": "x", "type": "live.gift.received", "data": {}}
    for number in range(12):
        yield common | {"id": f"p{number}", "type": "live.like.sent", "data": {"count": 3}}
    room = "wechat:export/UzFfAgtgekIEAQAAAAAAbG8KmSF9WgAAAAstQy6ubaLX4KHWvLEZgBPE2aNUPw4zeIeBzNPgMIugVgnL"
    yield common | {"id": "long", "type": "live.like.sent", "subject": room, "data": {"count": 3}}


def _claim(client: httpx.Client) -> None:
    session = create(client, title=LONG_TITLE, brand=BRAND)
    key = client.post("/v1/keys", json={"role": "operator", "brand": BRAND}).raise_for_status().json()["key"]
    room = {"platform": "weibo", "room": "1022:2321324978000000000001"}
    client.post(f"/v1/sessions/{session}/streams", json=room, headers={"Authorization": f"Bearer {key}"}).raise_for_status()


def _imports(client: httpx.Client) -> str:
    rooms = [{"platform": "wechat", "room": "incoming-room"}]
    session = create(client, title="9月の定期ライブ", brand=BRAND, time_zone="Asia/Shanghai", streams=rooms)
    bounds = [
        {
            "specversion": "1.0",
            "source": "/incoming",
            "id": kind,
            "type": f"live.session.{kind}",
            "subject": session,
            "data": {},
            "time": at,
        }
        for kind, at in (("started", "2021-09-25T13:00:00+08:00"), ("ended", "2021-09-25T15:24:00+08:00"))
    ]
    client.post("/v1/events", json=bounds).raise_for_status()

    def take(name: str, text: str, **options: Any) -> str:
        given = json.dumps({"subject": "wechat:incoming-room", "timezone": "Asia/Shanghai"} | options)
        answer = client.post("/v1/imports", files={"file": (name, text.encode())}, data={"options": given})
        assert answer.status_code == 200, answer.text
        return str(client.get(f"/v1/sessions/{session}/imports").json()["imports"][0]["id"])

    def orders(first: int, amount: str = "1099.00") -> str:
        rows = (
            f"37051150584712{n:04},买家{n},knit-{n % 4:02},1,{amount},2021-09-25 13:{n % 60:02}:07"
            for n in range(first, first + 40)
        )
        return "\n".join([_HEADING, *rows, f"37051150584719{first:04},买家,knit-01,1,壹千元,2021-09-25 13:31:07"]) + "\n"

    columns = {
        "order": "订单号",
        "buyer": "买家",
        "product": "商品编码",
        "quantity": "数量",
        "line_amount": "实付",
        "paid_at": "支付时间",
    }
    take("orders.csv", orders(0), kind="orders", columns=columns)
    take(LONG_FILE, orders(40), kind="orders")
    wrong = take("昨日分.csv", orders(80), kind="orders", columns=columns)
    reason = "前日のライブの注文が混ざっていたため（運営部で確認済み）"
    client.post(f"/v1/sessions/{session}/voids", json={"import": wrong, "reason": reason}).raise_for_status()
    audience = "时间,在线人数,累计观看人数\n" + "".join(f"2021-09-25 13:{n:02}:00,{100 + n},{200 + 9 * n}\n" for n in range(30))
    take(
        "直播数据.csv",
        audience,
        kind="audience",
        columns={"time": "时间", "concurrent": "在线人数", "viewers_total": "累计观看人数"},
    )
    return session
