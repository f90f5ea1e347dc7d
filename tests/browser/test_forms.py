"""Forms of the dashboard: columns of a file, imports taken out, notes in order, logos, previous secrets, rules of a mapping."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter
from playwright.sync_api import Page, expect

from tests.browser.pages import PageMaker, settled
from tests.images import png
from tests.pipeline.processes import HEADERS


@pytest.fixture
def api(base: str) -> Iterator[httpx.Client]:
    """Requests of an administrator."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        yield client


def _show(api: httpx.Client, brand: str, **fields: Any) -> str:
    form = {"title": "フォームのライブ", "brand": brand, "currency": "CNY", "time_zone": "Asia/Shanghai"} | fields
    return str(api.post("/v1/sessions", json=form).raise_for_status().json()["id"])


def _workbook() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        book.add_worksheet("集計").write_row(0, 0, ["合計", 2])
        sheet = book.add_worksheet("明細")
        sheet.write_row(2, 0, ["注文番号", "品目", "数量", "単価", "支払日時"])
        for number in (1, 2):
            sheet.write_row(2 + number, 0, [f"20210925-100{number}", "forms-knit", number, 100, f"2021-09-25 13:3{number}:07"])
    return file.getvalue()


def test_a_workbook_is_imported_and_taken_out_again(open_page: PageMaker, api: httpx.Client, tmp_path: Path) -> None:
    """Its headings are offered; the guess is marked; what the file does not tell is asked for by name; the void has a preview and a reason."""
    show = _show(api, "forms-import", lineup=[{"product": "forms-knit"}])
    file = tmp_path / "明細.xlsx"
    file.write_bytes(_workbook())
    page = open_page(f"#/close/{show}")
    page.locator("input[type=file]").set_input_files(file)
    columns = page.get_by_role("group", name="列の割り当て")
    expect(columns.get_by_role("combobox", name="注文番号", exact=True)).to_have_value("注文番号")
    expect(columns.get_by_role("combobox", name="注文番号", exact=True)).to_have_accessible_description(
        re.compile("見出しから推定.*20210925-1001")
    )
    expect(columns.get_by_role("status")).to_have_text("次の列を選んでください：商品コード")
    expect(page.get_by_role("button", name="変更内容を確認")).to_have_count(0)
    columns.get_by_role("combobox", name="商品コード", exact=True).select_option("品目")
    page.get_by_role("button", name="変更内容を確認").click()
    outcome = page.locator(".outcome[data-dry=true]")
    expect(outcome).to_contain_text("0元 → 300元")
    expect(outcome).to_contain_text(re.compile("推定した列：.*単価 = 単価"))
    expect(outcome).not_to_contain_text("商品コード = 品目")
    page.get_by_role("button", name="取り込む", exact=True).click()
    imports = page.get_by_role("region", name="このライブの取り込み")
    one = imports.get_by_role("listitem").filter(has_text="明細.xlsx")
    one.get_by_role("button", name="取り込みを取り消す：明細.xlsx").click()
    expect(one.get_by_role("status").first).to_contain_text("イベント2件（注文2件）")
    one.get_by_label("理由").fill("別の日の書き出し")
    one.get_by_role("button", name="取り込みを取り消す", exact=True).click()
    expect(one).to_contain_text("別の日の書き出し")
    assert api.get(f"/v1/sessions/{show}/kpis").json()["kpis"]["orders"]["value"] in {None, 0}
    one.get_by_role("button", name="取り消しを元に戻す：明細.xlsx").click()
    expect(one.get_by_role("button", name="取り込みを取り消す：明細.xlsx")).to_be_visible()
    assert 2 == api.get(f"/v1/sessions/{show}/kpis").json()["kpis"]["orders"]["value"]


def _order(api: httpx.Client, show: str) -> list[str]:
    return [note["text"] for note in api.get(f"/v1/sessions/{show}/notes").json()["notes"]]


def test_notes_are_put_in_order_by_keys_and_by_dragging(open_page: PageMaker, api: httpx.Client) -> None:
    """The server keeps the order; a screen reader hears it; the focus stays on the note."""
    show = _show(api, "forms-notes")
    for text in ("一つ目", "二つ目", "三つ目"):
        note = {"section": "live", "kind": "summary", "text": text}
        api.post(f"/v1/sessions/{show}/notes", json=note).raise_for_status()
    page = open_page(f"#/close/{show}?step=summary")
    notes = page.get_by_role("region", name=re.compile("– まとめ$")).get_by_role("listitem")
    handle = notes.filter(has_text="三つ目").get_by_role("button", name=re.compile("^三つ目"))
    handle.focus()
    page.keyboard.press("ArrowUp")
    expect(notes.nth(1)).to_contain_text("三つ目")
    expect(page.get_by_text("三つ目を3件中2番目に移動しました")).to_be_attached()
    expect(handle).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(notes.nth(0)).to_contain_text("三つ目")
    expect(page.get_by_text("三つ目を3件中1番目に移動しました")).to_be_attached()
    first = notes.nth(0).get_by_role("button", name=re.compile("^三つ目")).bounding_box()
    last = notes.nth(2).bounding_box()
    assert first is not None
    assert last is not None
    with page.expect_response(lambda answer: answer.request.method == "PATCH" and "/notes/" in answer.url):
        page.mouse.move(first["x"] + 5, first["y"] + 5)
        page.mouse.down()
        page.mouse.move(last["x"] + 5, last["y"] + last["height"] - 5, steps=6)
        page.mouse.up()
    expect(notes.nth(2)).to_contain_text("三つ目")
    # The answer may have been that to a key.
    settled(page)
    assert ["一つ目", "二つ目", "三つ目"] == _order(api, show)


def test_a_logo_is_uploaded_and_a_guest_sees_it(open_page: PageMaker, api: httpx.Client, tmp_path: Path) -> None:
    """SVG is refused in the reader's words; the share link shows the picture."""
    show = _show(api, "forms-logo")
    page = open_page("#/brand/forms-logo")
    page.locator("summary", has_text="ロゴ").click()
    form = page.get_by_role("form", name="ロゴ")
    bad, good = tmp_path / "logo.png", tmp_path / "logo.jpg"
    bad.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    good.write_bytes(png(120, 30))
    form.get_by_label("画像ファイル").set_input_files(bad)
    form.get_by_role("button", name="アップロード").click()
    expect(form.get_by_role("alert")).to_contain_text("SVGは使えません")
    open_page.troubles.clear()  # type: ignore[attr-defined]
    form.get_by_label("画像ファイル").set_input_files(good)
    form.get_by_role("button", name="アップロード").click()
    logo = page.get_by_role("img", name="forms-logoのロゴ")
    expect(logo).to_be_visible()
    assert 120 == logo.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")
    events = [
        {"specversion": "1.0", "source": "/forms", "id": kind, "type": f"live.session.{kind}", "subject": show, "data": {},
         "time": f"2021-09-25T{hour}:00:00+08:00"}
        for kind, hour in (("started", "13"), ("ended", "14"))
    ]  # fmt: skip
    api.post("/v1/events", json=events).raise_for_status()
    api.post(f"/v1/sessions/{show}/finalize", json={}).raise_for_status()
    link = api.post(f"/v1/sessions/{show}/share-links", json={"lang": "en"}).raise_for_status().json()["url"]
    guest = open_page(key=None)
    guest.goto(link)
    expect(guest.get_by_role("img", name="Logo of forms-logo")).to_be_visible()


SECRETS = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


def _previous_secret(page: Page, name: str = "") -> None:
    """Its end is set and shown, then it ends at once."""
    previous = page.get_by_role("region", name=f"Previous secret{name}")
    expect(previous).to_contain_text("without an end")
    previous.get_by_role("button", name="Set the end").click()
    previous.get_by_label("Valid until").fill("2099-12-31T12:00")
    previous.get_by_role("button", name="Set the end").click()
    expect(previous).to_contain_text("is valid until")
    expect(previous).to_contain_text("2099")
    previous.get_by_role("button", name="End it now").click()
    page.get_by_role("dialog").get_by_role("button", name="End it now").click()
    expect(previous).to_have_count(0)


def test_the_previous_secret_of_a_connection_and_a_channel_ends(open_page: PageMaker, api: httpx.Client) -> None:
    """After a new secret was entered in the form, and for a channel in the list."""
    form = {"kind": "standard_webhooks", "name": "obs", "secrets": SECRETS}
    made = api.post("/v1/connections", json=form).raise_for_status().json()
    page = open_page(f"#/connection/{made['id']}", locale="en-GB")
    page.get_by_label("Signing secret").fill("whsec_" + "QUJD" * 11)
    page.get_by_role("button", name="Save").click()
    _previous_secret(page)
    hook = {
        "kind": "webhook",
        "name": "Hook",
        "events": ["session.started"],
        "secrets": SECRETS | {"url": "http://127.0.0.1:9/hook"},
    }
    channel = api.post("/v1/channels", json=hook).raise_for_status().json()
    api.patch(f"/v1/channels/{channel['id']}", json={"secrets": {"secret": "whsec_" + "QUJD" * 11}}).raise_for_status()
    page.goto(page.url.partition("#")[0] + "#/channels")
    _previous_secret(page, ": Hook")


def test_rules_are_completed_while_they_are_typed(open_page: PageMaker, api: httpx.Client) -> None:
    """Types of events, fields of the rule's event, paths of the pasted sample; by the keyboard alone."""
    rule = {"type": "live.like.sent", "data": {}}
    options = {"signature": "none", "rules": [rule]}
    made = api.post("/v1/connections", json={"kind": "mapping", "name": "tool", "options": options}).raise_for_status().json()
    page = open_page(f"#/connection/{made['id']}", locale="en-GB")
    sample = {"gifts": [{"count": 3, "from-user": {"id": "u"}}], "room": "r"}
    page.get_by_label("Sample (JSON)").fill(json.dumps(sample))
    rules = page.get_by_role("textbox", name="Rules")
    choices = page.get_by_role("listbox", name="Suggestions").get_by_role("option")

    def typed(begin: str) -> None:
        rules.fill(begin)
        rules.focus()
        page.keyboard.press("Control+End")
        page.keyboard.press("Control+Space")
        expect(choices.first).to_be_visible()

    typed('[{"type": "gift')
    expect(choices).to_have_text(["live.gift.sent type of event"])
    page.keyboard.press("Enter")
    expect(rules).to_have_value('[{"type": "live.gift.sent')
    typed('[{"type": "live.gift.sent", "each": "gifts", "data": {"')
    expect(choices).to_have_text([re.compile(f"^{name} ") for name in ("viewer", "gift", "count")])
    page.keyboard.press("ArrowDown")
    expect(choices.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(rules).to_have_value('[{"type": "live.gift.sent", "each": "gifts", "data": {"gift')
    typed('[{"type": "live.gift.sent", "each": "gifts", "data": {"count": "item.')
    expect(choices.first).to_contain_text("item.count")
    expect(choices.filter(has_text='item.\\"from-user\\".id')).to_have_count(1)
    page.keyboard.press("Escape")
    expect(choices).to_have_count(0)
    expect(rules).to_be_focused()
