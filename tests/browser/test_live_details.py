"""The live screen: figures in front with their targets, and one part at a time of what stands behind them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.broadcasts import BEGIN, Telemetry, create, send
from tests.browser.layout import WIDTHS, complaints_at, complaints_of
from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS


def _events(room: str) -> Iterator[Telemetry]:
    def at(minute: int) -> Any:
        return BEGIN + timedelta(minutes=minute)

    subject = f"wechat:{room}"
    yield "session.started", subject, at(0), {}
    for number, (minute, amount) in enumerate(((5, "100.00"), (35, "200.50"))):
        line = {"product": "knit-01", "quantity": 1, "amount": amount}
        order = {"order": f"{room}-{number}", "buyer": f"b{number}", "currency": "CNY", "amount": amount, "lines": [line]}
        yield "order.paid", subject, at(minute), order
    yield "host.changed", subject, at(30), {"host": "王"}
    for number in range(30):
        yield "viewer.entered", subject, at(number), {"viewer": f"v{number}", "source": "fans"}
    comparison = {"kpi": "engagement_rate", "indicator": "comment_uv_over_new_watch_uv", "percentile": 35, "value": 0.0061}
    yield "benchmark.sampled", subject, at(39), comparison
    yield "audience.sampled", subject, at(40), {"concurrent": 25}


@pytest.fixture(scope="module")
def show(base: str) -> str:
    """A session that is live, with two targets, two hosts and WeChat's comparison."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        session = create(
            client, title="目標のある配信", brand="front", host="小林", streams=[{"platform": "wechat", "room": "front"}]
        )
        plan = client.get(f"/v1/sessions/{session}/plan").json()
        plan |= {"planned_minutes": 80, "targets": {"gmv": "600.00", "viewers": 100}}
        client.put(f"/v1/sessions/{session}/plan", json=plan, headers={"If-Match": "*"}).raise_for_status()
        send(client, _events("front"), "/front")
    return session


def _front(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all(".tile-value", "nodes => nodes.map((node) => node.dataset.metric)")
    return found


def test_a_figure_in_front_shows_its_target_and_its_pace(open_page: PageMaker, show: str) -> None:
    """Half of the time has passed: GMV is on pace and viewers are behind, in the tile, in its part and among the alerts."""
    page = open_page(f"#/live/{show}")
    gmv, viewers = page.locator("[data-target=gmv]").first, page.locator(".tile [data-target=viewers]")
    expect(gmv).to_have_attribute("data-state", "on_pace")
    expect(gmv).to_contain_text("目標 600元 50% 順調")
    expect(viewers).to_have_attribute("data-state", "behind")
    expect(page.locator("[data-code=behind_target]")).to_contain_text("現在30、この時点の目安は50です（目標100）")
    page.locator("[data-part=targets]").click()
    expect(page.locator("#targets [data-target=viewers]")).to_contain_text("この時点の目安 50")


def test_hosts_and_the_platforms_comparison_have_a_part_of_their_own(open_page: PageMaker, show: str) -> None:
    """One part at a time, which the device remembers; the platform's percentile stands beside our figure, not among ours."""
    page = open_page(f"#/live/{show}")
    expect(page.locator("#chart-funnel")).to_be_visible()
    page.locator("[data-part=hosts]").click()
    expect(page.locator("#chart-funnel")).to_have_count(0)
    expect(page.locator("[data-host=小林]")).to_contain_text("100元")
    expect(page.locator("[data-host=王]")).to_contain_text("200.50元")
    expect(page.locator("[data-host=王]")).to_contain_text("担当中")
    page.reload()
    expect(page.locator("[data-host=王]")).to_be_visible()
    page.locator("[data-part=platforms]").click()
    expect(page.locator("[data-indicator=comment_uv_over_new_watch_uv] dd")).to_have_text("35")
    assert [] == complaints_of(page)


def test_an_operator_chooses_the_figures_in_front(open_page: PageMaker, base: str, show: str) -> None:
    """In the dialog; the choice is the brand's, and each other page follows it."""
    page = open_page(f"#/live/{show}")
    expect(page.locator(".tile")).to_have_count(6)
    page.locator("#choose-figures").click()
    places = page.locator("dialog select")
    places.nth(0).select_option("gmv")
    places.nth(2).select_option("net_gmv")
    for number in (3, 4, 5):
        places.nth(number).select_option("")
    page.locator("dialog button", has_text="保存する").click()
    expect(page.locator(".tile")).to_have_count(3)
    assert ["gmv", "concurrent_viewers", "net_gmv"] == _front(page)
    expect(page.locator(".strip > div")).to_have_count(12)
    for width in WIDTHS:
        assert [] == complaints_at(page, width), width
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        assert ["gmv", "concurrent_viewers", "net_gmv"] == client.get(f"/v1/sessions/{show}").json()["front_figures"]
        client.patch("/v1/brands/front", json={"front_figures": None}).raise_for_status()
