"""An agency at work, for pictures of every screen: shows, brands, data that waits, connections, channels, people.

In: a server's address, an ended session of the simulator. Out: the addresses of the screens. Never here: a browser, figures of
sessions that nothing counted.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.browser.brands import brand_with_months
from tests.pipeline.processes import HEADERS

MAPPING = [
    {"type": "live.like.sent", "id": "n", "room": "room", "data": {"viewer": "user", "count": "total"}},
    {"type": "live.comment.posted", "when": "text", "id": "n", "room": "room", "data": {"viewer": "user", "text": "text"}},
]
Post = Callable[..., Any]
SUMMARY = "最初の20分はフォロワーが中心。ニットは前半で売り切れ、次回は在庫を倍にする。"


def screens(base: str, closing: str) -> dict[str, str]:
    """Fill the server and return the address of each screen behind its base."""
    with httpx.Client(base_url=base, headers=HEADERS, timeout=60) as client:

        def post(path: str, **form: Any) -> Any:
            answer = client.post(path, json=form)
            assert answer.is_success, f"{path}: {answer.text}"
            return answer.json() if answer.content else None

        begins = (datetime.now(UTC) + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
        copy = {"title": "秋の新作ライブ 第2回", "kind": "live", "scheduled_at": begins.isoformat()}
        plan = post(f"/v1/sessions/{closing}/copies", **copy)["id"]
        post(f"/v1/sessions/{closing}/notes", section="live", kind="summary", text=SUMMARY)
        brand = brand_with_months(base, "maison-m", "Maison M", "9月の定期ライブ", "小林")
        post(f"/v1/sessions/{closing}/finalize")
        shared = post(f"/v1/sessions/{closing}/share-links", shows=["report", "live"], lang="zh")["url"]
        tool = _connections(post)
        for number in range(4):
            body = {"n": number, "room": "22637261", "user": f"u{number}", "total": number + 1}
            client.post(tool["webhook_url"], json=body)
        for event in _events_that_wait():
            client.post("/v1/events", json=event)
        _administration(post)
    at = f"#/brand/{brand.slug}"
    return {
        "today": "#/",
        "sessions": "#/sessions",
        "comparison": f"#/comparison?sessions={closing},{brand.latest}",
        "plan": f"#/plan/{plan}",
        "close-import": f"#/close/{closing}",
        "close-products": f"#/close/{closing}?step=products",
        "close-contradictions": f"#/close/{closing}?step=contradictions",
        "close-summary": f"#/close/{closing}?step=summary",
        "close-release": f"#/close/{closing}?step=release",
        "report": f"#/report/{closing}",
        "traffic": f"#/report/{closing}",
        "windows": f"#/report/{closing}",
        "shared": f"#{urlsplit(shared).fragment}",
        "brands": "#/brands",
        "agency-month": "#/month/2021-09",
        "rates": "#/rates",
        "brand-shows": f"{at}/shows",
        "brand-hosts": f"{at}/hosts",
        "brand-month": f"{at}/month/2021-09",
        "brand-contract": f"{at}/contract",
        "brand-settlement": f"{at}/settlement",
        "brand-statement": f"{at}/settlement/{brand.draft}",
        "brand-customers": f"{at}/customers",
        "brand-shipping": f"{at}/shipping",
        "brand-packing": f"{at}/shipping/{brand.latest}",
        "brand-catalogue": f"{at}/catalogue",
        "exports": f"{at}/exports",
        "waiting": "#/dead-letters",
        "connections": "#/connections",
        "mapping": f"#/connection/{tool['id']}",
        "people": "#/people",
        "channels": "#/channels",
        "audit": "#/audit",
        "status": "#/status",
        "menu": "#/",
        "guide": "guide/run_a_show",
    }


def aim(base: str, session: str) -> None:
    """Give a session targets that it partly reaches."""
    with httpx.Client(base_url=f"{base}/v1/sessions/{session}", headers=HEADERS) as client:
        aims = {"gmv": "500000.00", "viewers": 20_000, "orders": 200, "conversion_rate": 0.012, "refund_rate": 0.05}
        plan = client.get("/plan").json() | {"planned_minutes": 150, "targets": aims}
        client.put("/plan", json=plan, headers={"If-Match": "*"}).raise_for_status()


def _connections(post: Post) -> Any:
    """Connect a platform and a tool with a mapping; return the tool's connection."""
    # No kind that asks its platform for anything: the pictures are taken without a network.
    post("/v1/connections", kind="weibo_fans", name="Maison M 微博", brand="maison-m", secrets={"app_secret": "s" * 32})
    options = {"platform": "bilibili", "signature": "none", "rules": MAPPING}
    return post("/v1/connections", kind="mapping", name="弹幕ツール", options=options)


def _events_that_wait() -> Iterator[dict[str, Any]]:
    """Yield what nothing can take: a wrong amount, an unknown type, and a room that no show has."""
    common = {"specversion": "1.0", "source": "/studio-tool", "subject": "weibo:1022:77"}
    for number in range(3):
        order = {"order": f"o{number}", "buyer": "b", "currency": "CNY", "amount": "12.345", "lines": []}
        yield common | {"id": f"w{number}", "type": "live.order.paid", "data": order}
    yield common | {"id": "x", "type": "live.gift.received", "data": {}}
    for number in range(12):
        yield common | {"id": f"p{number}", "type": "live.like.sent", "data": {"count": 3}}


def _administration(post: Post) -> None:
    """Add people of each role, a key, and channels."""
    for name, role, brand in (
        ("小林 麻衣子", "admin", None),
        ("王 芳", "operator", None),
        ("Maison M 佐藤", "viewer", "maison-m"),
    ):
        person = post("/v1/people", name=name, role=role, brand=brand)
        post(f"/v1/people/{person['id']}/sign-in-links")
    post("/v1/keys", role="ingest", name="配信ツール")
    bot = {"key": "693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa"}
    # Of a brand of which nothing is on air: no message leaves.
    quiet = {"brand": "maison-m", "events": ["alert.raised", "session.started"]}
    post("/v1/channels", name="スタジオ", kind="wecom", lang="zh", secrets=bot, **quiet)
    hook = {"url": "https://hooks.example.com/tallylight", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    post("/v1/channels", name="Maison M", kind="webhook", lang="en", secrets=hook, **quiet | {"events": ["revision.created"]})
