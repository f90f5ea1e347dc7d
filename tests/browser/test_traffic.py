"""Traffic on the dashboard: the funnel and the sources of a session, on the report and on the live screen."""

from typing import Any

import httpx
from playwright.sync_api import expect

from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS


def _session(base: str) -> str:
    form = {
        "title": "流入のライブ", "brand": "traffic-brand", "currency": "CNY", "streams": [{"platform": "wechat", "room": "traffic"}],
        "lineup": [{"product": "knit", "name": "ニット"}],
    }  # fmt: skip
    session: str = httpx.post(f"{base}/v1/sessions", headers=HEADERS, json=form).json()["id"]
    line = {"product": "knit", "quantity": 1, "amount": "200.00"}
    told: list[tuple[str, dict[str, Any]]] = [
        ("session.started", {}),
        ("audience.sampled", {"impressions_total": 40}),
        ("viewer.entered", {"viewer": "a", "source": "fans"}),
        ("viewer.entered", {"viewer": "b", "source": "ads", "paid": True}),
        ("product.clicked", {"viewer": "a", "product": "knit"}),
        ("order.paid", {"order": "1", "buyer": "a", "currency": "CNY", "amount": "200.00", "lines": [line]}),
        ("ad.sampled", {"campaign": "c", "spend_total": "50.00"}),
        ("ad.sampled", {"campaign": "d", "spend_total": "9.00", "currency": "USD"}),
    ]
    events = [
        {"specversion": "1.0", "source": "/traffic", "id": str(number), "type": f"live.{kind}", "subject": "wechat:traffic",
         "data": data, "time": f"2021-09-25T14:00:{number:02d}+09:00"}
        for number, (kind, data) in enumerate(told)
    ]  # fmt: skip
    httpx.post(f"{base}/v1/events", headers=HEADERS, json=events).raise_for_status()
    return session


def test_the_report_divides_the_funnel_and_the_live_screen_says_what_sources_bought(open_page: PageMaker, base: str) -> None:
    """Absent steps have a dash; what lacks for ROI is named; the same source has the same words in both places."""
    session = _session(base)
    page = open_page(f"#/report/{session}")
    traffic = page.locator("#traffic")
    expect(traffic.locator("[data-step=viewers] dd")).to_have_text("2 · 5.00%")
    expect(traffic.locator("[data-step=product_viewers] dd")).to_have_text("—")
    expect(traffic.locator("[data-step=clickers] dd")).to_have_text("1 · 50.00%（累計視聴人数比）")
    expect(traffic.locator("#source-table tbody tr").first).to_contain_text("フォロワー")
    expect(traffic.locator("#source-table tbody tr").nth(1)).to_contain_text("有料")
    expect(traffic).to_contain_text("USD で支払った広告費を CNY に換算できません")
    page.locator("#funnel-by").select_option("source")
    expect(page.locator("#funnel-table tbody tr")).to_have_count(2)
    page.locator("#funnel-by").select_option("product")
    # The table by source stands until the other one has come.
    expect(page.locator("#funnel-table tbody tr")).to_have_count(1)
    expect(page.locator("#funnel-table tbody tr")).to_contain_text("ニット")
    expect(page.locator("#retention")).to_contain_text("入室と退室がそろって送られていないため、分かりません")
    live = open_page(f"#/live/{session}")
    expect(live.locator("#chart-funnel [data-step=buyers] dd")).to_have_text("1 · 100.00%")
    expect(live.locator("#chart-sources [data-step=fans] dd")).to_have_text("1 · 50.0% · 200元")
    expect(live.locator("#chart-sources [data-flow=true]")).to_have_text("有料1 · 0元")
    expect(live.locator("#chart-sources [data-flow=null]")).to_have_text("区分の記録なし1 · 200元")
