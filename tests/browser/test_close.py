"""A show is closed on the dashboard: import, unknown products, contradictions, summary, release."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS

HEADING = "订单编号,买家ID,商家编码,商品名称,数量,实付金额,支付时间"
ROWS = (
    "C-1,b1,close-knit,针织衫,1,1099.00,2021-09-25 13:31:07",
    "C-2,b2,close-knit,针织衫,2,2198.00,2021-09-25 13:32:07",
    "C-3,b3,80001,针织衫 白,1,1099.00,2021-09-25 13:33:07",
    "C-4,b4,80002,裤子,1,699.00,2021-09-25 13:34:07",
    "C-5,b5,close-knit,针织衫,1,壹千元,2021-09-25",
)


@pytest.fixture
def room() -> str:
    """A room of no other test."""
    return f"to-close-{uuid4()}"


@pytest.fixture
def show(base: str, room: str) -> str:
    """A session that is over, with a contradiction and an observation; its orders are in an export only."""
    form = {
        "title": "締めるライブ", "brand": "close-brand", "host": "小林", "currency": "CNY", "time_zone": "Asia/Shanghai",
        "streams": [{"platform": "wechat", "room": room}],
        "lineup": [{"product": "close-knit", "name": "ニット"}, {"product": "close-pants", "name": "パンツ"}],
    }  # fmt: skip
    session: str = httpx.post(f"{base}/v1/sessions", headers=HEADERS, json=form).json()["id"]
    sample = {"concurrent": 100, "viewers_total": 1000, "average_watch_seconds": 90000}
    told: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("session.started", "13:00", {}), ("audience.sampled", "13:10", sample), ("product.showcased", "13:05", {"product": "close-knit"}),
        ("stock.changed", "13:15", {"product": "close-knit", "stock": 0}), ("product.clicked", "13:20", {"product": "close-knit", "count": 400}),
        ("support.requested", "13:21", {"ticket": "1"}), ("support.answered", "13:45", {"ticket": "1"}),
        ("session.ended", "13:50", {}),
    )  # fmt: skip
    events = [
        {"specversion": "1.0", "source": f"/close/{session}", "id": kind, "type": f"live.{kind}", "subject": session, "data": data,
         "time": f"2021-09-25T{time}:00+08:00"}
        for kind, time, data in told
    ]  # fmt: skip
    httpx.post(f"{base}/v1/events", headers=HEADERS, json=events).raise_for_status()
    note = {"section": "live", "kind": "observation", "text": "現場のフォローアップがよい"}
    httpx.post(f"{base}/v1/sessions/{session}/notes", headers=HEADERS, json=note).raise_for_status()
    return session


def step(page: Page, name: str) -> None:
    """Open a step of the strip."""
    page.get_by_role("navigation", name="締めの手順").get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", level=2, name=name)).to_be_visible()


def imported(page: Page, base: str, show: str, room: str, file: Path) -> None:
    """The columns are guessed, the change is shown before anything changes, the bad row has its reason in the reader's language."""
    page.get_by_label("取り込み先").select_option(label=f"WeChat {room}")
    page.locator("input[type=file]").set_input_files(file)
    for field, heading in (
        ("注文番号", "订单编号"),
        ("商品コード", "商家编码"),
        ("明細金額", "实付金额"),
        ("支払日時", "支付时间"),
    ):
        expect(page.get_by_role("combobox", name=field, exact=True)).to_have_value(heading)
    page.get_by_role("button", name="変更内容を確認").click()
    outcome = page.locator(".outcome[data-dry=true]")
    expect(outcome).to_contain_text("GB18030")
    expect(outcome).to_contain_text("0元 → 5,095元")
    expect(outcome).to_contain_text("時刻のない日付（0:00として集計）：支付时间（1行）")
    expect(outcome.get_by_role("row").filter(has_text="实付金额")).to_contain_text("金額として読み取れません")
    for code in ("80001", "80002"):
        expect(outcome).to_contain_text(code)
    kpis = httpx.get(f"{base}/v1/sessions/{show}/kpis", headers=HEADERS).json()["kpis"]
    assert kpis["orders"]["value"] in {None, 0}, "a look changes nothing"
    page.get_by_role("button", name="取り込む", exact=True).click()
    expect(page.locator(".outcome[data-dry=false]")).to_contain_text("取り込めない行")


def bound(page: Page, base: str, show: str) -> None:
    """Both unknown codes become aliases, after a look at what moves."""
    cards = page.locator(".card")
    expect(cards).to_have_count(2)
    for code, target in (("80001", "ニット (close-knit)"), ("80002", "パンツ (close-pants)")):
        card = cards.filter(has_text=code)
        card.get_by_label(f"{code}の商品").select_option(label=target)
        expect(card.get_by_role("status")).to_contain_text("に移ります")
        card.get_by_role("button", name="結び付ける").click()
        expect(page.get_by_role("status").filter(has_text=f"{code}を結び付けました")).to_be_visible()
    expect(page.locator(".calm")).to_contain_text("未登録の商品はありません")
    found = httpx.get(f"{base}/v1/sessions/{show}/products", headers=HEADERS).json()
    assert {"close-knit": "4396.00", "close-pants": "699.00"} == {one["product"]: one["gmv"] for one in found["products"]}


def summed_up(page: Page) -> str:
    """A draft is taken, another one dropped, a note edited and shared; returns the draft's text."""
    drafts = page.locator(".card").filter(has=page.get_by_role("button", name="取り込む"))
    expect(drafts.first).to_be_visible()
    before = drafts.count()
    assert before >= 2
    text = drafts.first.locator("p").inner_text()
    drafts.first.get_by_role("button", name="取り込む").click()
    expect(drafts).to_have_count(before - 1)
    drafts.first.get_by_role("button", name="使わない").click()
    expect(drafts).to_have_count(before - 2)
    observations = page.get_by_role("region", name="現場記録").first
    note = observations.get_by_role("listitem").filter(has_text="現場のフォローアップ")
    note.get_by_role("button", name="編集").click()
    observations.get_by_role("textbox").fill("現場の対応がよかった")
    observations.get_by_role("button", name="保存").click()
    edited = observations.get_by_role("listitem").filter(has_text="現場の対応がよかった")
    shared = edited.get_by_role("button", name="ブランドと共有")
    expect(shared).to_have_attribute("aria-pressed", "false")
    shared.click()
    expect(shared).to_have_attribute("aria-pressed", "true")
    return text


def test_a_show_is_closed(open_page: PageMaker, base: str, show: str, room: str, tmp_path: Path) -> None:
    """An export in GB 18030 with a bad row and two unknown codes; a remark, a draft, a note; final, with files."""
    file = tmp_path / "订单导出.csv"
    file.write_bytes("\r\n".join([HEADING, *ROWS]).encode("gb18030"))
    page = open_page(f"#/close/{show}")
    imported(page, base, show, room, file)
    step(page, "未登録の商品")
    bound(page, base, show)
    step(page, "数値の矛盾")
    page.get_by_label("理由・確認した内容").first.fill("管理画面の単位は分でした")
    page.get_by_role("button", name="注記する").first.click()
    expect(page.locator(".card").first).to_contain_text("管理画面の単位は分でした")
    step(page, "まとめ")
    text = summed_up(page)
    step(page, "確定")
    preview = page.get_by_role("region", name="ブランド向けの表示")
    expect(preview).to_contain_text("現場の対応がよかった")
    expect(preview).to_contain_text(text)
    expect(preview).not_to_contain_text("管理画面の単位は分でした")
    page.get_by_role("button", name="レポートを確定する").click()
    page.get_by_role("dialog").get_by_role("button", name="レポートを確定する").click()
    expect(page.locator(".notice").filter(has_text="第1版として確定済み")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("button", name="第1版をExcelでダウンロード").click()
    assert started.value.suggested_filename.endswith(".xlsx")
    page.get_by_role("form", name="共有リンク").get_by_role("combobox", name="表示言語").select_option(label="中文")
    page.get_by_role("button", name="リンクを作成").click()
    expect(page.get_by_role("textbox", name="リンク")).to_have_value(re.compile("#/"))
    page.get_by_role("button", name="取り消す").click()
    page.get_by_role("dialog").get_by_role("button", name="取り消す").click()
    expect(page.get_by_role("button", name="取り消す")).to_have_count(0)
    revisions = httpx.get(f"{base}/v1/sessions/{show}/revisions", headers=HEADERS).json()["revisions"]
    assert [1] == [one["number"] for one in revisions]


def test_the_step_follows_the_address(open_page: PageMaker, show: str) -> None:
    """A link to another step, and the step back, need no reload; what is being written stays."""
    page = open_page(f"#/close/{show}?step=summary")
    observations = page.get_by_role("region", name="現場記録").first
    note = observations.get_by_role("listitem").filter(has_text="現場のフォローアップ")
    note.get_by_role("button", name="編集").click()
    observations.get_by_role("textbox").fill("書きかけ")
    page.evaluate("location.hash = location.hash.replace('summary', 'contradictions')")
    expect(page.get_by_role("heading", level=2, name="数値の矛盾")).to_be_visible()
    expect(page.get_by_role("navigation", name="締めの手順").locator("[aria-current=step]")).to_contain_text("数値の矛盾")
    page.go_back()
    expect(page.get_by_role("heading", level=2, name="まとめ")).to_be_visible()
    expect(observations.get_by_role("textbox")).to_have_value("書きかけ")
