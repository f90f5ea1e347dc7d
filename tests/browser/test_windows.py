"""The report page shows what coincided with a coupon, what was sold after the show, and how long viewers stayed."""

import re
from typing import Any

import httpx
from playwright.sync_api import expect

from tests.browser.barriers import serious
from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS


def _paid(order: str, amount: str) -> dict[str, Any]:
    line = {"product": "knit", "quantity": 1, "amount": amount}
    return {"order": order, "buyer": f"b-{order}", "currency": "CNY", "amount": amount, "lines": [line]}


def _show(base: str) -> str:
    form = {
        "title": "クーポンのあるライブ", "brand": "windows", "host": "小林", "currency": "CNY",
        "streams": [{"platform": "wechat", "room": "windows"}], "lineup": [{"product": "knit", "name": "ニット"}],
    }  # fmt: skip
    session: str = httpx.post(f"{base}/v1/sessions", headers=HEADERS, json=form).json()["id"]
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("session.started", "14:00:00", {}),
        ("product.showcased", "14:01:00", {"product": "knit"}),
        *[("viewer.entered", "14:02:00", {"viewer": f"v{number}"}) for number in range(4)],
        *[("viewer.left", "14:06:00", {"viewer": f"v{number}"}) for number in range(3)],
        ("viewer.entered", "14:09:00", {"viewer": "v0"}),
        ("mark.set", "14:10:00", {"label": "coupon", "text": "満減20", "until": "2021-09-25T14:20:00+09:00"}),
        ("order.paid", "14:05:00", _paid("1", "100.00")),
        ("order.paid", "14:15:00", _paid("2", "250.00")),
        *[
            ("audience.sampled", f"{clock}:30", {"concurrent": viewers})
            for clock, viewers in (("14:00", 120), ("14:10", 130), ("14:19", 90))
        ],
        *[("comment.posted", f"{clock}:20", {"viewer": "v0"}) for clock in ("14:11", "14:12", "14:21")],
        ("product.clicked", "14:13:00", {"product": "knit", "count": 4}),
        ("host.changed", "14:30:00", {"host": "王芳"}),
        ("order.paid", "14:40:00", _paid("4", "70.00")),
        ("session.ended", "15:00:00", {}),
        ("order.paid", "16:00:00", _paid("3", "80.00")),
    ]
    events = [
        {"specversion": "1.0", "source": "/windows", "id": str(number), "type": f"live.{kind}", "subject": session, "data": data,
         "time": f"2021-09-25T{clock}+09:00"}
        for number, (kind, clock, data) in enumerate(told)
    ]  # fmt: skip
    httpx.post(f"{base}/v1/events", headers=HEADERS, json=events).raise_for_status()
    path = f"{base}/v1/sessions/{session}/plan"
    plan = httpx.get(path, headers=HEADERS).json() | {"targets": {"gmv": "1000.00"}}
    httpx.put(path, headers=HEADERS | {"If-Match": "*"}, json=plan).raise_for_status()
    return session


def test_the_windows_of_a_session_stand_in_its_report(open_page: PageMaker, base: str) -> None:
    """On a phone as on a desk; a table scrolls in its frame and the page itself does not."""
    session = _show(base)
    page = open_page(f"#/report/{session}")
    expect(page.locator("#report-marks")).to_contain_text("満減20")
    # The chart's description names what it shows.
    expect(page.locator("#chart-timeline .chart")).to_have_attribute("aria-label", re.compile("クーポン 14:10"))
    expect(page.locator("#report-targets-table tbody tr")).to_have_text("GMV1,000元500元50.00%")
    expect(page.locator("#report-hosts-table tbody tr")).to_have_text(["小林30.00分2350元11.67元", "王芳30.00分170元2.33元"])
    coupon = page.locator("#effects .effect")
    expect(coupon).to_contain_text("14:10–14:20 クーポン")
    figures = ["注文件数110", "GMV100元250元0元", "1分あたりGMV10元25元0元"]
    audience = ["同時視聴者数開始 → 終了120 → 120最大120人120 → 90最大130人90 → 90最大90人", "コメント数021", "商品クリック数040"]
    expect(coupon.locator("tbody tr")).to_have_text(figures + audience)
    expect(page.locator("#effects")).to_contain_text("原因を示すものではありません")
    expect(page.locator("#after-live .cells div").first).to_have_text("終了後24時間の注文件数1")
    expect(page.locator("#retention-table tbody tr")).to_have_text("14:00525.00%4.00分100.00%0.00%0.00%")
    expect(page.locator("#retention .texts li")).to_have_text("14:06 −3人（退室3・入室0）：ニット · 小林")
    assert [] == serious(page, "report")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # A4 less its margins, at 96 pixels per inch.
    page.set_viewport_size({"width": 703, "height": 1017})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.locator("#report-hosts-table")).to_be_visible()
    expect(page.locator(":is(.button, input, select, textarea):visible")).to_have_count(0)
