"""The week before: a show from a spreadsheet, one like it a week later, a rehearsal of it, and the show that it becomes.

In: the operator's page. Out: a show that can begin. Never here: a broadcast that counts.
"""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import COUNT_CLICKS
from tests.browser.story.desk import begin, desk, end, on_air, sent, tap
from tests.browser.story.hands import saving, visit, write
from tests.browser.story.setting_up import BRAND
from tests.platforms.conftest import ROOM

TITLE, NEXT_TITLE = "秋のニット祭り", "秋のニット祭り 第2回"
PRODUCTS = {
    "メリノニット": "knit-01", "ワイドパンツ": "pants-02", "プリーツスカート": "skirt-03", "ウールコート": "coat-04",
    "カシミヤマフラー": "scarf-05", "耳当て付き帽子": "cap-06", "レザー手袋": "glove-07", "トートバッグ": "bag-08",
    "シルクソックス": "sock-09", "モヘアカーディガン": "cardigan-10",
}  # fmt: skip
SPREADSHEET = "品番\t商品名\t定価\tライブ価格\t在庫数\t備考\n" + "\n".join(
    f"{code}\t{name}\t¥{number},499.00\t{number},099\t{60 + number}\t洗える素材です"
    for number, (name, code) in enumerate(PRODUCTS.items(), 1)
)
_TOKYO = ZoneInfo("Asia/Tokyo")


def plan_a_show(page: Page) -> datetime:
    """Plan a show of ten products, pasted from a spreadsheet; return when it begins."""
    at = (datetime.now(_TOKYO) + timedelta(days=1)).replace(hour=20, minute=0, second=0, microsecond=0)
    page.get_by_role("link", name="新しいライブ").click()
    write(page.get_by_label("タイトル"), TITLE)
    page.get_by_role("combobox", name="ブランド", exact=True).select_option(label=BRAND)
    page.get_by_label("開始日時").fill(f"{at:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="作成して計画する").click()
    expect(page.get_by_role("heading", level=1, name=TITLE)).to_be_visible()
    with saving(page, "500000"):
        write(page.get_by_role("textbox", name="KOL"), "小林")
        write(page.get_by_role("textbox", name="GMV"), "500,000")
        page.keyboard.press("Tab")
    # What is copied in a spreadsheet lies on the clipboard.
    page.evaluate("text => navigator.clipboard.writeText(text)", SPREADSHEET)
    page.get_by_role("region", name="ラインナップ").get_by_role("region").focus()
    page.keyboard.press("Control+V")
    with saving(page, "cardigan-10"):
        page.get_by_role("button", name="10点を追加").click()
    expect(_lineup(page)).to_have_count(11)
    return at


def _kind(page: Page) -> Locator:
    return page.get_by_role("combobox", name="種類", exact=True)


def _lineup(page: Page) -> Locator:
    return page.get_by_role("table", name="ラインナップ").get_by_role("row")


def copy_to_next_week(page: Page, first: datetime) -> int:
    """Plan a show like the last one: its title, its room, a price that changed. Return how many clicks it took."""
    visit(page, "今日")
    checks = page.get_by_role("list", name="配信前の確認")
    expect(checks.get_by_role("listitem").filter(has_text="商品の価格と在庫")).to_contain_text("済み")
    page.evaluate(COUNT_CLICKS)
    page.get_by_role("button", name="以前のライブをコピー").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("開始日時")).to_have_value(f"{first + timedelta(days=7):%Y-%m-%dT%H:%M}")
    write(dialog.get_by_label("タイトル"), NEXT_TITLE)
    dialog.get_by_role("button", name="コピーする").click()
    expect(page.get_by_role("heading", level=1, name=NEXT_TITLE)).to_be_visible()
    expect(_lineup(page)).to_have_count(11)
    with saving(page, "1999"):
        write(page.get_by_label("ルームIDまたはURL"), f"https://channels.weixin.qq.com/live?id={ROOM}")
        page.get_by_role("button", name="ルームを追加").click()
        write(page.get_by_role("textbox", name="ライブ価格 2"), "1,999")
    clicks = int(page.evaluate("window.clicks"))
    expect(page.get_by_role("region", name="ルーム", exact=True).get_by_role("listitem")).to_contain_text(ROOM)
    return clicks


def rehearse(page: Page) -> None:
    """Make it a rehearsal, begin it, put a product on air, end it."""
    with saving(page, "rehearsal"):
        _kind(page).select_option(label="リハーサル")
    page.get_by_role("link", name="ライブ画面").click()
    begin(page)
    tap(page, "メリノニット")
    on_air(page, "メリノニット")
    end(page)
    sent(page)


def make_it_the_show(page: Page) -> None:
    """The rehearsal has begun, so that the show is another one with its plan and its room."""
    page.get_by_role("link", name="本番にする").click()
    rehearsal = page.url
    page.get_by_role("button", name="本番にする").click()
    page.get_by_role("dialog", name="本番にする").get_by_role("button", name="本番にする").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(rehearsal)
    expect(page.get_by_role("region", name="ルーム", exact=True).get_by_role("listitem")).to_contain_text(ROOM)
    expect(_kind(page)).to_have_value("live")
    expect(_lineup(page)).to_have_count(11)
    page.get_by_role("link", name="ライブ画面").click()
    # Nothing of the rehearsal is part of the show.
    expect(desk(page).get_by_role("region", name="最近の操作")).to_contain_text("まだ操作はありません")
    expect(desk(page).get_by_role("button", name=re.compile("^メリノニット"))).to_have_attribute("aria-pressed", "false")
