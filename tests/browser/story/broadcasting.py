"""On air: products change, a product is sold out and still wanted, two people work at once, the network goes and comes back.

In: the pages of two people, the shop, the tool in the live room. Out: a broadcast that is over. Never here: what follows it.
"""

import os
import re
import time
from dataclasses import dataclass
from datetime import datetime

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.browser.story.conftest import Agency
from tests.browser.story.desk import begin, desk, done, end, note, on_air, sent, set_stock, tap
from tests.browser.story.hands import until, visit
from tests.browser.story.planning import NEXT_TITLE, PRODUCTS
from tests.platforms.conftest import ROOM, signed
from tests.platforms.fake_wechat import order, push

OFFLINE_SECONDS = 20 if os.environ.get("TALLYLIGHT_FAULTS") == "full" else 2
SHARED_NOTE, INTERNAL_NOTE = "コートの質感が好評", "照明を一つ交換した"
ORDER = "3705115058471208928"
_LOST = "ERR_INTERNET_DISCONNECTED"


@dataclass(frozen=True)
class Platforms:
    """Where the platforms send: addresses that the pages of the connections showed."""

    shop: str
    taps: str

    def tell_of(self, order_id: str, event: str = "channels_ec_order_pay") -> None:
        """Push a change of an order, encrypted, as the shop does."""
        query, body = signed(push(order_id, event, at=int(time.time())), seed=len(event))
        answer = httpx.post(self.shop, params=query, content=body)
        assert "success" == answer.text, answer.text

    def tap_on(self, name: str, taps: int) -> None:
        """Tell how often viewers tapped on a product."""
        told = {"id": f"{name}-{taps}", "room": ROOM, "item": PRODUCTS[name], "taps": taps}
        httpx.post(self.taps, json=told).raise_for_status()


def run_the_show(page: Page, platforms: Platforms, agency: Agency) -> None:
    """Begin, put products on air by tap and by key, write a note, sell."""
    begin(page)
    tap(page, "メリノニット")
    on_air(page, "メリノニット")
    page.keyboard.press("2")
    page.keyboard.press(" ")
    on_air(page, "ワイドパンツ")
    note(page, SHARED_NOTE)
    sent(page)
    agency.wechat.orders[ORDER] = order(ORDER, ROOM, at=int(time.time()) - 5)
    platforms.tell_of(ORDER)
    sold = page.get_by_role("table", name="各商品実績").get_by_role("row").filter(has_text="knit-01")
    expect(sold).to_contain_text("1,099元")


def sell_out(page: Page, platforms: Platforms) -> None:
    """Two products are sold out and still tapped on, a third is tapped on and not bought."""
    for name, taps in (("ワイドパンツ", 40), ("ウールコート", 30)):
        set_stock(page, name, 0)
        expect(done(page, f"在庫 売り切れ：{name}")).to_be_visible()
        sent(page)
        platforms.tap_on(name, taps)
    platforms.tap_on("プリーツスカート", 300)
    expect(_alert(page, "ワイドパンツ")).to_contain_text("「ワイドパンツ」は売り切れましたが")


def _alert(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name="アラート").get_by_role("listitem").filter(has_text=name)


def work_together(operator: Page, administrator: Page) -> None:
    """Another person takes the alert and changes the product on air; both see the same."""
    visit(administrator, "今日")
    administrator.get_by_role("link", name=NEXT_TITLE).first.click()
    _alert(administrator, "ワイドパンツ").get_by_role("button", name=re.compile("^対応する")).click()
    expect(_alert(operator, "ワイドパンツ")).to_contain_text("が対応中")
    tap(administrator, "カシミヤマフラー")
    on_air(operator, "カシミヤマフラー")
    tap(operator, "レザー手袋")
    on_air(administrator, "レザー手袋")


def lose_the_network(page: Page, administrator: Page, troubles: list[str]) -> None:
    """What is done meanwhile waits on the device, and then the other person sees all of it."""
    page.context.set_offline(True)
    for name in ("トートバッグ", "シルクソックス", "モヘアカーディガン"):
        tap(page, name)
        on_air(page, name)
    note(page, INTERNAL_NOTE)
    expect(desk(page).get_by_role("status")).to_contain_text("4件をこの端末に保存中")
    page.wait_for_timeout(OFFLINE_SECONDS * 1000)
    expect(desk(page).get_by_role("status")).to_contain_text("4件をこの端末に保存中")
    expect(done(administrator, "トートバッグ")).to_have_count(0)
    page.context.set_offline(False)
    sent(page)
    on_air(administrator, "モヘアカーディガン")
    for name in ("トートバッグ", "シルクソックス", "モヘアカーディガン"):
        expect(done(administrator, f"商品説明：{name}")).to_have_count(1)
    # The browser itself logs each request that finds no network.
    troubles[:] = [one for one in troubles if _LOST not in one]


def see_the_message(page: Page, agency: Agency) -> None:
    """The alert is in the WeCom group too, where no page is open."""
    until(page, lambda: any("「ワイドパンツ」は売り切れ" in text for text in agency.bots.texts("wecom")), "the alert at the bot")
    assert any(NEXT_TITLE in text for text in agency.bots.texts("wecom"))


def end_the_show(page: Page) -> datetime:
    """End it; return a moment of the broadcast."""
    moment = datetime.now().astimezone()
    end(page)
    sent(page)
    return moment


def take_back(platforms: Platforms, agency: Agency, page: Page) -> None:
    """The buyer of the shop's order is refunded 99 yuan; the shop pushes the change, and is asked for it."""
    agency.wechat.orders[ORDER]["aftersale_detail"] = {"aftersale_order_list": [{"aftersale_order_id": "77", "status": 13}]}
    agency.wechat.aftersales["77"] = {
        "after_sale_order_id": "77", "order_id": ORDER, "status": "MERCHANT_REFUND_SUCCESS", "update_time": int(time.time()),
        "refund_info": {"amount": 9_900}, "product_info": {"product_id": "knit-01", "count": 1},
    }  # fmt: skip
    platforms.tell_of(ORDER, "channels_ec_order_confirm")
    until(page, lambda: agency.wechat.calls["aftersale_get"], "a question about the refund")
