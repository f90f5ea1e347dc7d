"""The first hour: who works here, for which brand, with which shop, and where alerts go.

In: the first link. Out: a brand, an operator, connections, a channel. Never here: shows.
"""

from playwright.sync_api import Locator, Page, expect

from tests.browser.pages import PageMaker
from tests.browser.story.hands import visit, write
from tests.channels.fake_bots import KEY, FakeBots
from tests.platforms.conftest import SHOP
from tests.platforms.fake_wechat import FakeWechat

BRAND = "花絵ニット"
OPERATOR = "林 小梅"
CLICKS = '[{"type": "live.product.clicked", "id": "id", "room": "room", "data": {"product": "item", "count": "taps"}}]'
"""How the tool in the live room tells which product viewers tap on."""


def sign_in(open_page: PageMaker, link: str, **options: object) -> Page:
    """Open a sign-in link on a device of its own."""
    page = open_page(f"#{link.partition('#')[2]}", key=None, **options)
    expect(page.get_by_role("heading", level=1, name="今日")).to_be_visible()
    return page


def set_up_brand(page: Page) -> None:
    """Create the brand with the name in addresses, and correct its name."""
    visit(page, "ブランド")
    form = page.get_by_role("form", name="ブランドを登録")
    write(form.get_by_label("名称"), "花絵")
    write(form.get_by_label("ID", exact=True), "hanae")
    form.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1, name="花絵")).to_be_visible()
    page.get_by_text("ブランド名を変更").click()
    name = page.get_by_role("form", name="ブランド名を変更")
    write(name.get_by_label("名称"), BRAND)
    name.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1, name=BRAND)).to_be_visible()


def invite_operator(page: Page) -> str:
    """Add a person and return the link that is theirs."""
    visit(page, "担当者とキー", "管理")
    form = page.get_by_role("form", name="担当者を追加")
    write(form.get_by_label("名称"), OPERATOR)
    form.get_by_role("button", name="担当者を追加").click()
    expect(page.get_by_role("row").filter(has_text=OPERATOR)).to_be_visible()
    return page.get_by_role("textbox", name="サインインリンク").input_value()


def connect_shop(page: Page, wechat: FakeWechat) -> str:
    """Connect the brand's WeChat shop, test it, and return the address to paste into the shop's console."""
    form = _new_connection(page, "WeChat小店（注文）", "花絵の小店")
    for label, text in (
        ("Token", SHOP["token"]), ("EncodingAESKey", SHOP["encoding_aes_key"]), ("AppID", SHOP["appid"]),
        ("AppSecret", SHOP["app_secret"]), ("APIのアドレス", wechat.base),
    ):  # fmt: skip
        write(form.get_by_label(label, exact=True), text)
    address = _connected(page, form)
    page.get_by_role("button", name="接続を確認").click()
    checks = page.get_by_role("region", name="状態").get_by_role("listitem")
    expect(checks.first).to_be_visible()
    expect(checks.filter(has_not_text="正常")).to_have_count(0)
    return address


def connect_click_counter(page: Page) -> str:
    """Connect the tool that counts taps on products. It signs nothing, so that its address is the secret."""
    form = _new_connection(page, "その他のWebhook（変換ルール）", "タップ計測")
    form.get_by_label("署名", exact=True).select_option("none")
    write(form.get_by_label("プラットフォーム", exact=True), "wechat")
    write(form.get_by_label("変換ルール", exact=True), CLICKS)
    return _connected(page, form)


def _new_connection(page: Page, kind: str, name: str) -> Locator:
    visit(page, "連携")
    page.get_by_role("link", name=kind).click()
    form = page.get_by_role("form", name=kind)
    write(form.get_by_label("名称"), name)
    form.get_by_label("ブランド", exact=True).select_option(label=BRAND)
    return form


def _connected(page: Page, form: Locator) -> str:
    form.get_by_role("button", name="追加").click()
    address = page.get_by_role("code").filter(has_text="/v1/webhooks/")
    expect(address).to_be_visible()
    return address.inner_text()


def add_channel(page: Page, bots: FakeBots) -> None:
    """Let alerts go to a WeCom group, and see that a test message arrives there."""
    visit(page, "通知先", "管理")
    page.get_by_role("button", name="通知先を追加").click()
    form = page.get_by_role("form", name="通知先を追加")
    write(form.get_by_label("名称"), "スタジオのグループ")
    write(form.get_by_label("Webhook URL"), f"{bots.base}/cgi-bin/webhook/send?key={KEY}")
    form.get_by_role("button", name="追加", exact=True).click()
    channel = page.get_by_role("listitem").filter(has_text="スタジオのグループ").first
    channel.get_by_role("button", name="テスト送信").click()
    expect(channel).to_contain_text("テストメッセージを送信しました")
    assert 1 == len(bots.texts("wecom"))
