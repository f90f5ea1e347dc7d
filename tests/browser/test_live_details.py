"""The live screen: figures in front with their targets, and one part at a time of what stands behind them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.barriers import serious
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
    yield "ad.sampled", subject, at(39), {"campaign": "c", "spend_total": "20.00"}
    yield "audience.sampled", subject, at(40), {"concurrent": 25, "impressions_total": 60}


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


_READ = """nodes => nodes.map((node) => {
  const [name] = ['step', 'figure', 'host', 'target'].map((kind) => node.dataset[kind]).filter((one) => one !== undefined);
  const text = node.querySelector('dd').textContent.split(/[·/]/)[0];
  return [name, /\\d/.test(text) ? Number(text.replace(/[^\\d.]/g, '')) : null];
})"""


def _figures(page: Page, selector: str) -> dict[str, float | None]:
    """Return the first figure of each row, by its name."""
    return dict(page.eval_on_selector_all(selector, _READ))


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
    expect(page.locator("[data-indicator=comment_uv_over_new_watch_uv] dd").first).to_have_text("35パーセンタイル")
    assert [] == complaints_of(page)


def test_what_stands_on_the_screen_is_what_the_api_says(open_page: PageMaker, base: str, show: str) -> None:
    """Funnel, sources, advertising, hosts and targets: the same figures, and a dash where the API has none."""
    page = open_page(f"#/live/{show}")
    with httpx.Client(base_url=f"{base}/v1/sessions/{show}", headers=HEADERS) as client:
        told = {name: client.get(f"/{name}").json() for name in ("kpis", "funnel", "sources", "hosts", "targets")}
    expect(page.locator("#chart-sources [data-step=fans]")).to_be_visible()
    assert {step["kpi"]: step["value"] for step in told["funnel"]["steps"]} == _figures(page, "#chart-funnel [data-step]")
    assert {one["source"]: one["viewers"] for one in told["sources"]["sources"]} == _figures(page, "#chart-sources [data-step]")
    kpis = told["kpis"]["kpis"]
    shown = _figures(page, "#advertising [data-figure]")
    assert {"entry_rate", "click_to_order_rate", "ad_spend", "roi", "net_roi"} >= set(shown) >= {"entry_rate", "ad_spend", "roi"}
    assert (50, 20, 15.03) == (shown["entry_rate"], shown["ad_spend"], shown["roi"])
    assert (0.5, "20.00") == (kpis["entry_rate"]["value"], kpis["ad_spend"]["value"])
    page.locator("[data-part=hosts]").click()
    expect(page.locator("#hosts")).to_be_visible()
    assert {one["host"]: float(one["gmv"]) for one in told["hosts"]["hosts"]} == _figures(page, "#hosts [data-host]")
    assert [] == serious(page, "hosts")
    page.locator("[data-part=targets]").click()
    expect(page.locator("#targets")).to_be_visible()
    assert {one["kpi"]: float(one["value"]) for one in told["targets"]["targets"]} == _figures(page, "#targets [data-target]")
    assert [] == serious(page, "targets")


def test_a_target_of_any_figure_is_entered_in_the_plan(open_page: PageMaker, base: str, show: str) -> None:
    """A percentage as people write it; the live screen has it with its pace."""
    page = open_page(f"#/plan/{show}")
    page.get_by_label("ほかの指標の目標").select_option("orders")
    field = page.get_by_role("textbox", name="注文件数")
    expect(field).to_be_focused()
    page.keyboard.type("４")
    page.get_by_label("ほかの指標の目標").select_option("conversion_rate")
    expect(page.get_by_role("textbox", name="コンバージョン率（%）")).to_be_focused()
    page.keyboard.type("12.5")
    with page.expect_response(lambda answer: "0.125" in (answer.request.post_data or "")) as answered:
        page.keyboard.press("Tab")
    assert {"gmv": "600.00", "viewers": 100, "orders": 4, "conversion_rate": 0.125} == answered.value.json()["targets"]
    page.goto(f"{base}/#/live/{show}")
    page.locator("[data-part=targets]").click()
    expect(page.locator("#targets [data-target=orders]")).to_contain_text("2 / 4")
    expect(page.locator("#targets [data-target=orders]")).to_contain_text("この時点の目安 2")
    expect(page.locator("#targets [data-target=conversion_rate]")).to_contain_text("12.50%")


def test_an_operator_chooses_the_figures_in_front(open_page: PageMaker, base: str, show: str) -> None:
    """In the dialog; the choice is the brand's, who sees it, and neither the button nor a target that is not shared."""
    page = open_page(f"#/live/{show}")
    expect(page.locator(".tile")).to_have_count(6)
    page.locator("#choose-figures").click()
    places = page.locator("dialog select")
    places.nth(0).select_option("gmv")
    places.nth(2).select_option("net_gmv")
    for number in (3, 4, 5):
        places.nth(number).select_option("")
    page.locator("dialog button", has_text="保存").click()
    expect(page.locator(".tile")).to_have_count(3)
    assert ["gmv", "concurrent_viewers", "net_gmv"] == _front(page)
    expect(page.locator(".strip > div")).to_have_count(12)
    for width in WIDTHS:
        assert [] == complaints_at(page, width), width
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        assert ["gmv", "concurrent_viewers", "net_gmv"] == client.get(f"/v1/sessions/{show}").json()["front_figures"]
        key = client.post("/v1/keys", json={"role": "viewer", "brand": "front"}).json()["key"]
        viewer = open_page(f"#/live/{show}", key=key)
        expect(viewer.locator(".tile")).to_have_count(3)
        assert ["gmv", "concurrent_viewers", "net_gmv"] == _front(viewer)
        expect(viewer.locator("#choose-figures, [data-target], [data-code=behind_target]")).to_have_count(0)
        client.patch("/v1/brands/front", json={"front_figures": None}).raise_for_status()
