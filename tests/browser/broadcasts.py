"""Sessions that strain the layout: twelve hours with 200 products, 8 hosts, 20 sources and long names, one platform, no data.

In: a server's address. Out: ids of sessions. Never here: a browser.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx

from tests.pipeline.processes import HEADERS

PRODUCTS = 200
HOURS = 12
BEGIN = datetime(2021, 9, 25, 1, 0, tzinfo=UTC)
LONG_TITLE = "秋冬コレクション大感謝祭十二時間連続ライブコマース WeChat・Weibo同時配信スペシャル（全二百点・数量限定・送料無料）"
LONG_HOST = "小林麻衣子（KOBAYASHI Maiko）＆ ゲスト：王芳・李娜 – The Extraordinarily Long-Named Presenters"
LONG_BRAND = "メゾン・ド・コバヤシ・インターナショナル株式会社 東京本店"
NAMES = (
    "メリノウール100%使用 ふんわり軽い長袖タートルネックニット（ユニセックス・五色展開）",
    "双面羊绒中长款大衣（宽松版型·可拆卸腰带·附赠防尘袋）第{number}号色",
    "Hand-finished water-repellent travel trousers with concealed zip pockets, no. {number}",
    "スカート",
    "コート{number}",
)
_SOURCES = (
    "fans", "recommendation", "promotion", "share", "search", "natural", "boosted", "ads", "a-very-long-source-name-of-a-partner",
    *(f"wechat-matrix-partner-{number}" for number in range(11)),
)  # fmt: skip
_PAID = ("boosted", "ads")
_HOSTS = (
    LONG_HOST, "王芳", "李娜・ゲストスタイリスト", "张伟（品牌创始人兼设计总监）", "アレクサンドラ・フォン・ヴァイツゼッカー", "陈晓明",
    LONG_HOST, "佐藤",
)  # fmt: skip
_MARK = "満500元で50元引き（先着100名様・ライブ限定・他の割引との併用不可）"
Telemetry = tuple[str, str, datetime, dict[str, Any]]
"""Type without `live.`, subject, time, data."""


def create(client: httpx.Client, **fields: Any) -> str:
    """Create a session and return its id."""
    answer = client.post("/v1/sessions", json={"title": "t", "brand": "layout", "currency": "CNY"} | fields)
    assert 201 == answer.status_code, answer.text
    session: str = answer.json()["id"]
    return session


def send(client: httpx.Client, events: Iterator[Telemetry], source: str) -> None:
    """Send (type without `live.`, subject, time, data) in batches; every event must be accepted."""
    batch: list[dict[str, Any]] = []
    for number, (kind, subject, at, data) in enumerate(events):
        batch.append({
            "specversion": "1.0", "source": source, "id": str(number), "type": f"live.{kind}", "subject": subject,
            "time": at.isoformat(), "data": data,
        })  # fmt: skip
    for first in range(0, len(batch), 1000):
        answer = client.post("/v1/events", json=batch[first : first + 1000])
        assert 200 == answer.status_code, answer.text
        assert [] == answer.json()["rejected"]


def long_session(base: str, *, ends: bool) -> str:
    """Create a session of twelve hours on two platforms: 200 products with long names, large amounts, many sell-outs."""
    rng = Random(20210925)
    names = [NAMES[number % len(NAMES)].format(number=number) for number in range(PRODUCTS)]
    suffix = "ended" if ends else "live"
    with httpx.Client(base_url=base, headers=HEADERS, timeout=60) as client:
        client.post("/v1/brands", json={"slug": "layout-long", "name": LONG_BRAND})
        session = create(
            client, title=LONG_TITLE, brand="layout-long", host=LONG_HOST,
            streams=[{"platform": "wechat", "room": f"long-{suffix}"}, {"platform": "weibo", "room": f"long-{suffix}"}],
            lineup=[
                {"product": f"item-{number:03}", "name": name, "live_price": f"{rng.randrange(99, 9999)}.00", "stock": 40}
                for number, name in enumerate(names)
            ],
            promotions=[
                {"url": f"https://promotion.example/a/very/long/path/to/the/video/number-{number}?utm_source=weibo", "kind": "video",
                 "platform": "weibo", "title": "秋冬コレクション先行公開・メイキング映像 完全版"}
                for number in range(3)
            ],
        )  # fmt: skip
        plan = client.get(f"/v1/sessions/{session}/plan").json()
        aims = {"gmv": "9999999999.99", "viewers": 3000, "conversion_rate": 0.02, "refund_rate": 0.01, "orders": 1000}
        client.put(
            f"/v1/sessions/{session}/plan",
            json=plan | {"targets": aims, "planned_minutes": HOURS * 60},
            headers={"If-Match": "*"},
        ).raise_for_status()
        for section, text in (("live", "1、前半の視聴者が多い。\n2、後半は商品説明に時間をかけた。"), ("ec", "在庫が足りない。")):
            client.post(f"/v1/sessions/{session}/notes", json={"section": section, "kind": "summary", "text": text})
        send(client, _long(rng, f"long-{suffix}", ends=ends), f"/layout/{suffix}")
    return session


def _at(second: float) -> datetime:
    return BEGIN + timedelta(seconds=second)


def _long(rng: Random, room: str, *, ends: bool) -> Iterator[Telemetry]:
    subjects = (f"wechat:{room}", f"weibo:{room}")
    seconds = HOURS * 3600
    for subject in subjects:
        yield "session.started", subject, _at(0), {}
        for minute in range(HOURS * 60):
            yield "audience.sampled", subject, _at(minute * 60), {"concurrent": rng.randrange(90_000, 130_000)}
    yield from _hosts_marks_and_reports(subjects[0], seconds)
    yield "audience.sampled", subjects[0], _at(seconds - 120), {"impressions_total": 123_456_789, "average_watch_seconds": 634.2}
    for number in range(4000):
        source, subject, at = _SOURCES[number % len(_SOURCES)], subjects[number % 2], rng.randrange(seconds - 600)
        arrival = {"viewer": f"v{number}", "source": source, "paid": source in _PAID, "fan_level": number % 7}
        yield "viewer.entered", subject, _at(at), arrival
        if number % 2:
            stay = rng.randrange(5, 600)
            yield "viewer.left", subject, _at(at + stay), {"viewer": f"v{number}", "watched_seconds": stay}
    for number in range(PRODUCTS):
        yield from _showcase(rng, subjects, number, seconds / PRODUCTS)
    for ticket in range(8):
        yield "support.requested", subjects[1], _at(seconds - 900 + ticket), {"ticket": f"t{ticket}"}
    # The last minutes are busy: alerts of several kinds stand on the screen.
    for number in (0, 5, 10, 15):
        yield "product.clicked", subjects[0], _at(seconds - 60), {"product": f"item-{number:03}", "count": 40, "viewer": "v1"}
    if ends:
        for subject in subjects:
            yield "session.ended", subject, _at(seconds), {}


def _hosts_marks_and_reports(subject: str, seconds: int) -> Iterator[Telemetry]:
    for number, host in enumerate(_HOSTS):
        yield "host.changed", subject, _at(number * seconds / len(_HOSTS)), {"host": host}
        mark = {"label": ("coupon", "giveaway", "highlight")[number % 3], "text": _MARK}
        yield "mark.set", subject, _at(number * seconds / len(_HOSTS) + 600), mark
    for campaign, spend, currency in (("直播加热", "18600.00", "CNY"), ("overseas", "900.00", "USD")):
        yield "ad.sampled", subject, _at(seconds - 120), {"campaign": campaign, "spend_total": spend, "currency": currency}
    for kpi, indicator in (("average_watch_seconds", "average_watch_seconds"), ("engagement_rate", "comment_uv_over_new_watch_uv"),
                           ("entry_rate", "recommend_effective_new_watch_2_uv_over_impression_uv")):  # fmt: skip
        comparison = {
            "kpi": kpi,
            "indicator": indicator,
            "percentile": 20,
            "value": 0.0134,
            "recent_minutes": 10,
            "recent_percentile": 40,
        }
        yield "benchmark.sampled", subject, _at(seconds - 120), comparison


def _showcase(rng: Random, subjects: tuple[str, str], number: int, window: float) -> Iterator[Telemetry]:
    product, begin = {"product": f"item-{number:03}"}, number * window
    yield "product.showcased", subjects[0], _at(begin), product
    clicks = {"count": rng.randrange(900, 90_000), "viewer": f"v{number}"}
    yield "product.clicked", subjects[0], _at(begin + 20), product | clicks
    for sale in range(6):
        amount = f"{rng.randrange(10_000, 9_999_999)}.{rng.randrange(100):02}"
        order = {"order": f"o{number}-{sale}", "buyer": f"v{rng.randrange(4000)}", "currency": "CNY", "amount": amount}
        lines = [product | {"quantity": rng.randrange(1, 9), "amount": amount}]
        yield "order.paid", subjects[sale % 2], _at(begin + 30 + sale), order | {"lines": lines}
    yield "stock.changed", subjects[0], _at(begin + 60), product | {"stock": 0 if number % 5 == 0 else 37}
    yield "product.withdrawn", subjects[0], _at(begin + 0.9 * window), product


def one_platform(base: str) -> str:
    """Create a short live session on one platform, without a line-up, without sources."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        session = create(client, title="一つの配信", streams=[{"platform": "weibo", "room": "one"}])

        def events() -> Iterator[Telemetry]:
            yield "session.started", "weibo:one", BEGIN, {}
            for number in range(30):
                yield "viewer.entered", "weibo:one", BEGIN + timedelta(seconds=number), {"viewer": f"v{number}"}
            yield "product.clicked", "weibo:one", BEGIN + timedelta(seconds=60), {"product": "a"}

        send(client, events(), "/layout/one")
    return session


def no_data(base: str) -> str:
    """Create a session that has begun and of which nothing else is known."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        session = create(client, title="データのない配信", streams=[{"platform": "wechat", "room": "none"}])
        send(client, iter([("session.started", "wechat:none", BEGIN, {})]), "/layout/none")
    return session


def scheduled(base: str) -> str:
    """Create a session that has not begun, without a product, a stream or a time."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        return create(client, title="予定のない配信")
