"""A release on the dashboard: an operator makes it, the brand reads its own edition of it."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS

OBSERVATION, SUMMARY, RELEASE_NOTE = "社内だけの現場記録", "ブランドに見せるまとめ", "返品を反映"


def _send(base: str, *told: tuple[str, str, dict[str, Any]]) -> None:
    events = [
        {"specversion": "1.0", "source": "/release", "id": f"{kind}-{minute}", "type": f"live.{kind}", "subject": "wechat:to-release",
         "data": data, "time": f"2021-09-25T14:{minute}:00+09:00"}
        for kind, minute, data in told
    ]  # fmt: skip
    httpx.post(f"{base}/v1/events", headers=HEADERS, json=events).raise_for_status()


def _paid(order: str, amount: str) -> dict[str, Any]:
    line = {"product": "knit", "quantity": 1, "amount": amount}
    return {"order": order, "buyer": f"b-{order}", "currency": "CNY", "amount": amount, "lines": [line]}


@pytest.fixture(scope="module")
def show(base: str) -> str:
    """A session that is over, with notes, a contradiction and drafts."""
    form = {
        "title": "確定するライブ", "brand": "release-brand", "host": "小林", "currency": "CNY",
        "streams": [{"platform": "wechat", "room": "to-release"}], "lineup": [{"product": "knit", "name": "ニット"}],
    }  # fmt: skip
    session: str = httpx.post(f"{base}/v1/sessions", headers=HEADERS, json=form).json()["id"]
    sample = {"concurrent": 100, "viewers_total": 1000, "average_watch_seconds": 90000}
    _send(
        base, ("session.started", "00", {}), ("audience.sampled", "10", sample), ("product.showcased", "05", {"product": "knit"}),
        ("order.paid", "20", _paid("o1", "200.00")), ("order.paid", "21", _paid("o2", "60.00")), ("session.ended", "50", {}),
    )  # fmt: skip
    for kind, text in (("observation", OBSERVATION), ("summary", SUMMARY)):
        note = {"section": "live", "kind": kind, "text": text}
        httpx.post(f"{base}/v1/sessions/{session}/notes", headers=HEADERS, json=note).raise_for_status()
    return session


def test_an_operator_releases_and_the_brand_reads_its_edition(open_page: PageMaker, base: str, show: str, tmp_path: Path) -> None:
    """The button makes a revision, a late order shows as a change, and the brand has neither drafts, warnings nor other notes."""
    made = [
        httpx.post(f"{base}/v1/keys", headers=HEADERS, json=form).json()["key"]
        for form in ({"role": "operator"}, {"role": "viewer", "brand": "release-brand"})
    ]
    early = open_page(f"#/report/{show}", key=made[1])
    expect(early.locator(".notice")).to_contain_text("まだ確定されていません")
    # The browser itself logs the 404 of a report that is not there yet.
    open_page.troubles.clear()  # type: ignore[attr-defined]
    operator = open_page(f"#/report/{show}", key=made[0])
    operator.on("dialog", lambda dialog: dialog.accept())
    expect(operator.locator("#drafts")).to_be_visible()
    expect(operator.locator("#warnings")).to_be_visible()
    operator.locator("#release").get_by_role("textbox").fill(RELEASE_NOTE)
    operator.get_by_role("button", name="レポートを確定する").click()
    expect(operator.locator(".report-head .badge")).to_have_text("確定値")
    expect(operator.locator("[data-revision-shown='1']")).to_have_text("確定版 第1版")
    expect(operator.locator("#revision-table tbody tr")).to_have_count(1)
    expect(operator.locator("#revision-table")).to_contain_text(RELEASE_NOTE)
    with operator.expect_download() as started:
        operator.locator("[data-revision='1.xlsx']").click()
    file = tmp_path / "brand.xlsx"
    started.value.save_as(file)
    book = load_workbook(file)
    cells = str([cell.value for sheet in book for row in sheet.iter_rows() for cell in row])
    assert SUMMARY in cells
    assert OBSERVATION not in cells
    assert 2 == len(book.sheetnames)

    _send(base, ("order.paid", "22", _paid("late", "40.00")))
    operator.reload()
    expect(operator.locator("[data-revision-shown='1']")).to_have_text("第1版のあとに変更あり")
    changed = operator.locator("#change-table tr", has_text="GMV").first
    expect(changed).to_contain_text("260元")
    expect(changed).to_contain_text("300元")

    brand = open_page(f"#/report/{show}", key=made[1])
    expect(brand.locator("[data-revision-shown='1']")).to_have_text("確定版 第1版")
    expect(brand.locator("#totals")).to_contain_text("260元")
    expect(brand.locator("#analysis-live")).to_contain_text(SUMMARY)
    for part in ("#notes", "#drafts", "#warnings", "#release", ".report-charts"):
        expect(brand.locator(part)).to_have_count(0)
    assert OBSERVATION not in brand.content()
    brand.goto(f"{base}/#/live/{show}")
    expect(brand.locator("[data-metric=gmv]")).to_contain_text("300")
    expect(brand.locator("#insights")).to_have_count(0)
