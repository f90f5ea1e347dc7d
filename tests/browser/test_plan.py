"""The plan of a show on the dashboard: pasted from a spreadsheet, saved while it is typed, copied to the next week."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from playwright.sync_api import Page, expect

from tests.browser.pages import COUNT_CLICKS, PageMaker
from tests.pipeline.processes import HEADERS

TABLE = "商品コード\t商品名\t定価\tライブ価格\t在庫\tトークポイント\n" + "\n".join(
    f"plan-{number:02}\t商品{number}\t¥{number},299.00\t{number},099\t{60 + number}\t素材と着心地{number}"
    for number in range(1, 11)
)


def paste(page: Page, selector: str, text: str) -> None:
    """Paste a text as a spreadsheet's clipboard does."""
    page.locator(selector).evaluate(
        """(node, text) => {
          const data = new DataTransfer();
          data.setData('text/plain', text);
          node.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def saved(page: Page) -> None:
    """Return once everything is saved."""
    # A change is drawn with the next frame.
    page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    expect(page.locator(".plan-state[data-state=saved]")).to_be_visible()


def plan_of(base: str, session: str) -> dict[str, Any]:
    """Return a plan as the server has it."""
    found: dict[str, Any] = httpx.get(f"{base}/v1/sessions/{session}/plan", headers=HEADERS).json()
    return found


def new_session(base: str, **fields: Any) -> str:
    """Create a session and return its id."""
    form = {
        "title": "計画のライブ",
        "brand": "plan-brand",
        "currency": "CNY",
        "scheduled_at": "2021-09-25T14:00:00+09:00",
    } | fields
    made: str = httpx.post(f"{base}/v1/sessions", headers=HEADERS, json=form).json()["id"]
    return made


def test_a_show_of_ten_products_is_planned_and_copied_to_next_week(open_page: PageMaker, base: str) -> None:
    """From the first page: a new show, its room by a link, ten products from a spreadsheet; then one like it, in few clicks."""
    page = open_page("")
    page.get_by_role("link", name="新しいライブ").click()
    page.get_by_label("タイトル").fill("秋の新作ライブ")
    page.get_by_label("ブランド名").fill("Plan Maison")
    page.get_by_label("開始日時").fill("2021-09-25T14:00")
    page.get_by_role("button", name="作成して計画する").click()
    expect(page.get_by_role("heading", level=1, name="秋の新作ライブ")).to_be_visible()
    session = page.url.rsplit("/", 1)[1]
    page.get_by_role("textbox", name="KOL").fill("小林")
    page.get_by_role("textbox", name="GMV").fill("500,000")
    room = page.get_by_label("ルームIDまたはURL")
    room.fill("https://weibo.com/l/wblive/p/show/1022%3A2321325099887766")
    expect(page.locator("#room-hint")).to_contain_text("1022:2321325099887766")
    page.get_by_role("button", name="ルームを追加").click()
    paste(page, ".plan-grid", TABLE)
    page.get_by_role("button", name="10点を追加").click()
    expect(page.locator("#lineup-grid tbody tr")).to_have_count(10)
    saved(page)
    stored = plan_of(base, session)
    assert "小林" == stored["host"]
    assert [{"platform": "weibo", "room": "1022:2321325099887766"}] == [
        {name: one[name] for name in ("platform", "room")} for one in stored["streams"]
    ]
    assert [f"plan-{number:02}" for number in range(1, 11)] == [item["product"] for item in stored["lineup"]]
    third = stored["lineup"][2]
    assert ("商品3", "3299.00", "3099.00", 63, "素材と着心地3") == tuple(
        third[name] for name in ("name", "list_price", "live_price", "stock", "talk_points")
    )

    page.goto(f"{base}/#/")
    page.evaluate(COUNT_CLICKS)
    page.get_by_role("button", name="以前のライブをコピー").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("コピー元").select_option(value=session)
    at = dialog.get_by_label("開始日時").input_value()
    dialog.get_by_role("button", name="コピーする").click()
    expect(page.locator("#lineup-grid tbody tr")).to_have_count(10)
    clicks = page.evaluate("window.clicks")
    copy = page.url.rsplit("/", 1)[1]
    assert session != copy
    print(f"a show like the last one: {clicks} clicks")
    assert clicks < 15
    made = plan_of(base, copy)
    begins = datetime.fromisoformat(made["scheduled_at"]).astimezone(ZoneInfo("Asia/Tokyo"))
    assert begins > datetime.now(begins.tzinfo)
    assert ("Saturday", "14:00") == (begins.strftime("%A"), begins.strftime("%H:%M"))
    assert begins.strftime("%Y-%m-%dT%H:%M") == at
    assert [item["product"] for item in stored["lineup"]] == [item["product"] for item in made["lineup"]]


def test_rows_are_moved_by_keys_and_by_dragging(open_page: PageMaker, base: str) -> None:
    """The order of the grid is the order of the plan; where a row went is said aloud."""
    session = new_session(base, lineup=[{"product": f"m-{number}"} for number in range(5)])
    page = open_page(f"#/plan/{session}")
    handles = page.locator("#lineup-grid .handle")
    handles.nth(0).press("ArrowDown")
    expect(page.locator("[aria-live=polite]").filter(has_text="m-0")).to_contain_text("5点中2番")
    first, last = handles.nth(2).bounding_box(), handles.nth(4).bounding_box()
    assert first is not None
    assert last is not None
    page.mouse.move(first["x"] + 10, first["y"] + 10)
    page.mouse.down()
    page.mouse.move(last["x"] + 10, last["y"] + 10, steps=4)
    page.mouse.up()
    saved(page)
    expect(page.locator("#lineup-grid tbody tr td:nth-child(2) input").nth(4)).to_have_value("m-2")
    assert ["m-1", "m-0", "m-3", "m-4", "m-2"] == [item["product"] for item in plan_of(base, session)["lineup"]]


def test_a_stale_plan_is_not_overwritten(open_page: PageMaker, base: str) -> None:
    """Two people change the same plan: both versions are shown, the choice is saved, what only one changed stays."""
    session = new_session(base, lineup=[{"product": "s-1", "stock": 1}, {"product": "s-2"}])
    one, two = open_page(f"#/plan/{session}"), open_page(f"#/plan/{session}")
    title = one.get_by_label("タイトル").first
    expect(title).to_be_visible()
    expect(two.get_by_label("タイトル").first).to_be_visible()
    title.fill("一人目のタイトル")
    one.get_by_role("textbox", name="在庫 1").fill("11")
    saved(one)
    two.get_by_label("タイトル").first.fill("二人目のタイトル")
    two.get_by_role("textbox", name="商品名 2").fill("二番目の商品")
    conflict = two.get_by_role("alert").filter(has_text="ほかの人がこの計画を変更しました")
    expect(conflict).to_contain_text("一人目のタイトル")
    expect(conflict).to_contain_text("二人目のタイトル")
    expect(conflict).to_contain_text("s-1")
    assert "一人目のタイトル" == plan_of(base, session)["title"], "nothing is overwritten before the choice"
    conflict.get_by_role("radio", name="一人目のタイトル").check()
    conflict.get_by_role("button", name="選んだ内容で保存").click()
    saved(two)
    stored = plan_of(base, session)
    assert ("一人目のタイトル", 11, "二番目の商品") == (
        stored["title"],
        stored["lineup"][0]["stock"],
        stored["lineup"][1]["name"],
    )
    # The browser itself logs a refused request.
    open_page.troubles.clear()  # type: ignore[attr-defined]


def test_a_rehearsal_becomes_the_show(open_page: PageMaker, base: str) -> None:
    """With all of its plan."""
    session = new_session(base, kind="rehearsal", lineup=[{"product": "r-1"}])
    page = open_page(f"#/plan/{session}")
    page.get_by_role("button", name="本番にする").click()
    saved(page)
    assert "live" == plan_of(base, session)["kind"]


def test_a_rehearsal_that_has_begun_becomes_another_show(open_page: PageMaker, base: str) -> None:
    """Its rooms move; the date is asked for, since that of the rehearsal is over, and nothing else can be chosen."""
    room = {"platform": "wechat", "room": "export/rehearsed-1"}
    session = new_session(base, kind="rehearsal", streams=[room], lineup=[{"product": "b-1"}])
    for action in ("start", "end"):
        httpx.post(f"{base}/v1/sessions/{session}/desk", headers=HEADERS, json={"action": action}).raise_for_status()
    page = open_page(f"#/plan/{session}")
    page.get_by_role("button", name="本番にする").click()
    dialog = page.get_by_role("dialog", name="本番にする")
    at = dialog.get_by_label("開始日時")
    expect(at).to_have_value("")
    expect(dialog.get_by_role("combobox")).to_have_count(0)
    dialog.get_by_role("button", name="本番にする").click()
    assert at.evaluate("field => field.validity.valueMissing")
    at.fill("2030-09-28T14:00")
    dialog.get_by_role("button", name="本番にする").click()
    expect(dialog).to_have_count(0)
    show = page.url.rsplit("/", 1)[1]
    assert session != show
    made, left = plan_of(base, show), plan_of(base, session)
    assert ("live", "2030-09-28T05:00:00Z") == (made["kind"], made["scheduled_at"])
    assert ["export/rehearsed-1"] == [one["room"] for one in made["streams"]]
    assert ("rehearsal", []) == (left["kind"], left["streams"])


def test_a_show_that_is_not_wanted_is_deleted(open_page: PageMaker, base: str) -> None:
    """After a question that names it; a number that was typed as people type it was saved before."""
    session = new_session(base, title="やめたライブ", lineup=[{"product": "d-1"}])
    page = open_page(f"#/plan/{session}")
    page.get_by_role("textbox", name="ライブ価格 1").fill("１,９９９")
    page.get_by_role("textbox", name="在庫 1").fill("1,200")
    target = page.get_by_role("textbox", name="GMV")
    target.press("5")
    saved(page)
    # The page was drawn again since: what is being typed must still be there.
    target.press("0")
    target.press("Tab")
    expect(target).to_have_value("50")
    saved(page)
    assert {"gmv": "50.00"} == plan_of(base, session)["targets"]
    item = plan_of(base, session)["lineup"][0]
    assert ("1999.00", 1200) == (item["live_price"], item["stock"])
    page.get_by_role("button", name="ライブを削除").click()
    question = page.get_by_role("dialog", name="ライブを削除")
    expect(question).to_contain_text("「やめたライブ」")
    question.get_by_role("button", name="キャンセル").click()
    page.get_by_role("button", name="ライブを削除").click()
    question.get_by_role("button", name="ライブを削除").click()
    expect(page.get_by_role("heading", level=1, name="今日")).to_be_visible()
    assert 404 == httpx.get(f"{base}/v1/sessions/{session}", headers=HEADERS).status_code


def test_a_new_code_can_be_another_name_of_a_product(open_page: PageMaker, base: str) -> None:
    """A code that the catalogue does not know is offered as an alias; the line-up then has the product."""
    new_session(base, brand="alias-brand", lineup=[{"product": "known-1", "name": "ニット"}])
    session = new_session(base, brand="alias-brand")
    page = open_page(f"#/plan/{session}")
    expect(page.locator(".plan-grid")).to_be_visible()
    page.wait_for_load_state("networkidle")
    paste(page, ".plan-grid", "9001\tニット 白\t1099\n9002\t帽子\t99")
    page.get_by_role("button", name="2点を追加").click()
    expect(page.locator("#lineup-grid .chip-good")).to_have_count(2)
    page.get_by_label("9001の商品").select_option(label="known-1 (known-1)")
    expect(page.locator("#lineup-grid .chip-good")).to_have_count(1)
    saved(page)
    assert ["known-1", "9002"] == [item["product"] for item in plan_of(base, session)["lineup"]]
