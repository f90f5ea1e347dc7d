"""The desk: a broadcast is run by taps and keys, by two people, and through a network that fails."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS

PRODUCTS = ("ニット", "パンツ", "スカート", "コート")


@pytest.fixture
def show(base: str) -> str:
    """A session that has not begun, with four products."""
    lineup = [
        {"product": f"d-{number}", "name": name, "live_price": "1099.00", "stock": 60} for number, name in enumerate(PRODUCTS, 1)
    ]
    form = {"title": "デスクのライブ", "brand": "desk-brand", "host": "小林", "currency": "CNY", "lineup": lineup}
    session: str = httpx.post(f"{base}/v1/sessions", headers=HEADERS, json=form).json()["id"]
    return session


def actions(base: str, session: str) -> list[dict[str, Any]]:
    """Return what the server has of the desk, the earliest first."""
    found: list[dict[str, Any]] = httpx.get(f"{base}/v1/sessions/{session}/desk?limit=200", headers=HEADERS).json()["actions"]
    return found[::-1]


def waits(page: Page, count: int) -> None:
    """Return once so many actions wait on the device."""
    expect(page.locator(f".desk-sync[data-waiting='{count}']")).to_be_visible()


def start(page: Page) -> None:
    """Start the broadcast; return once the server has it."""
    page.get_by_role("button", name="配信を開始する").click()
    # Before the tap counts, no action waits either.
    expect(page.get_by_role("button", name="配信を終了する")).to_be_visible()
    waits(page, 0)


def product(page: Page, name: str) -> Any:
    """Return the button of a product."""
    return page.locator(".desk-air").filter(has_text=name)


def on_air(page: Page, name: str) -> None:
    """Return once a product is on air, and no other one."""
    expect(product(page, name)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".desk-air[aria-pressed=true]")).to_have_count(1)


def test_a_show_is_run_by_taps_and_keys(open_page: PageMaker, base: str, show: str) -> None:
    """Start, products by tap and by key, stock, host, mark, note with minute and product, undo, end; each is an event of the log."""
    page = open_page(f"#/live/{show}")
    page.get_by_role("button", name="配信を開始する").click()
    expect(page.get_by_role("button", name="配信を終了する")).to_be_visible()
    product(page, "ニット").click()
    on_air(page, "ニット")
    page.keyboard.press("2")
    page.keyboard.press(" ")
    on_air(page, "パンツ")
    stock = page.get_by_role("group", name="在庫：パンツ")
    for _ in range(3):
        stock.get_by_role("button", name="1つ減らす").click()
    expect(stock.get_by_role("textbox")).to_have_value("57")
    page.get_by_role("button", name="クーポン").click()
    page.get_by_role("textbox", name="担当KOL").fill("王芳")
    page.get_by_role("button", name="交代").click()
    # What is typed into a field is no key of the desk.
    page.get_by_role("textbox", name="担当KOL").press("2")
    page.get_by_role("textbox", name="担当KOL").press("Escape")
    page.locator("h1").click()
    page.keyboard.press("n")
    note = page.get_by_role("textbox", name="現場記録")
    expect(note).to_be_focused()
    page.keyboard.type("モデルさんが好評 1 2")
    page.keyboard.press("Enter")
    expect(note).to_have_value("")
    log = page.get_by_role("region", name="最近の操作")
    expect(log.get_by_role("listitem").filter(has_text="在庫 57：パンツ")).to_be_visible()
    log.get_by_role("button", name="取り消す：マーク：クーポン").click()
    expect(log.get_by_role("listitem").filter(has_text="マーク：クーポン")).to_contain_text("取り消し済み")
    waits(page, 0)
    page.locator("[data-part=hosts]").click()
    expect(page.locator("[data-host=王芳]")).to_contain_text("担当中")
    expect(page.locator("#marks li").first).to_contain_text("KOL 王芳")
    page.locator("h1").click()
    page.keyboard.press(" ")
    expect(page.locator(".desk-air[aria-pressed=true]")).to_have_count(0)
    page.get_by_role("button", name="配信を終了する").click()
    page.get_by_role("dialog").get_by_role("button", name="配信を終了する").click()
    expect(page.get_by_role("button", name="配信を開始する")).to_be_visible()
    waits(page, 0)
    done = actions(base, show)
    assert ["start", "showcase", "showcase", "stock", "mark", "host", "withdraw", "end"] == [one["action"] for one in done]
    assert ["mark"] == [one["action"] for one in done if one["voided"]]
    assert ("d-2", 57) == (done[3]["product"], done[3]["stock"])
    notes = httpx.get(f"{base}/v1/sessions/{show}/notes", headers=HEADERS).json()["notes"]
    assert 1 == len(notes)
    minute, name, text = notes[0]["text"].split(" ", 2)
    assert ("パンツ", "モデルさんが好評 1 2", False) == (name, text, notes[0]["share"])
    assert 5 == len(minute)


def test_a_stock_is_not_overwritten_while_it_is_typed(open_page: PageMaker, base: str, show: str) -> None:
    """Another person changes it meanwhile: the page shows that elsewhere, and the field keeps what is being written."""
    page = open_page(f"#/live/{show}")
    start(page)
    field = page.get_by_role("group", name="在庫：ニット").get_by_role("textbox", name="在庫")
    field.press("Control+A")
    page.keyboard.type("1")
    action = {"action": "stock", "product": "d-1", "stock": 55}
    httpx.post(f"{base}/v1/sessions/{show}/desk", headers=HEADERS, json=action).raise_for_status()
    expect(page.locator("#product-table tr", has_text="d-1").locator(".stock-cell")).to_contain_text("55")
    expect(field).to_have_value("1")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("region", name="最近の操作").get_by_role("listitem").filter(has_text="在庫 12：ニット")
    ).to_be_visible()
    waits(page, 0)
    assert [55, 12] == [one["stock"] for one in actions(base, show) if one["action"] == "stock"]


def test_two_people_see_what_the_other_does(open_page: PageMaker, base: str, show: str) -> None:
    """Each on a device of their own; what one does stands on the other's screen."""
    key = httpx.post(f"{base}/v1/keys", headers=HEADERS, json={"role": "operator", "name": "studio 2"}).json()["key"]
    one, two = open_page(f"#/live/{show}"), open_page(f"#/live/{show}", key=key)
    one.get_by_role("button", name="配信を開始する").click()
    expect(two.get_by_role("button", name="配信を終了する")).to_be_visible()
    product(two, "スカート").click()
    on_air(one, "スカート")
    product(one, "コート").click()
    on_air(two, "コート")
    line = one.get_by_role("region", name="最近の操作").get_by_role("listitem").filter(has_text="商品説明：スカート")
    expect(line).to_contain_text("studio 2")
    assert [None] * 3 == [action["voided"] for action in actions(base, show)]
    host = open_page(f"#/host/{show}")
    one.get_by_role("button", name="違反").click()
    one.get_by_role("textbox", name="担当KOL").fill("王芳")
    one.get_by_role("button", name="交代").click()
    expect(two.get_by_role("region", name="KOLとマーク").get_by_role("listitem").first).to_contain_text("KOL 王芳")
    expect(two.get_by_role("textbox", name="担当KOL")).to_have_value("王芳")
    expect(host.locator(".host-presenter")).to_have_text("KOL 王芳")
    expect(host.locator(".host-mark")).to_contain_text("違反")


def test_a_lost_network_loses_no_action(open_page: PageMaker, base: str, show: str) -> None:
    """Actions wait on the device, in order and through a reload, and arrive once; the page says how many wait."""
    page = open_page(f"#/live/{show}")
    start(page)
    page.context.set_offline(True)
    for name in ("ニット", "パンツ", "スカート"):
        product(page, name).click()
        on_air(page, name)
    page.get_by_role("textbox", name="現場記録").fill("電波が切れた")
    page.get_by_role("button", name="記録する").click()
    waits(page, 4)
    expect(page.locator(".desk-sync")).to_contain_text("4件をこの端末に保存中")
    assert 1 == len(actions(base, show))
    # The tab is closed and opened while the network is gone: what waits is kept.
    again = page.context.new_page()
    page.close()
    page = again
    page.context.set_offline(False)
    page.route("**/v1/sessions/*/desk", lambda route: route.abort())
    page.route("**/v1/sessions/*/notes", lambda route: route.abort())
    page.goto(f"{base}/#/live/{show}")
    waits(page, 4)
    on_air(page, "スカート")
    page.unroute("**/v1/sessions/*/desk")
    page.unroute("**/v1/sessions/*/notes")
    waits(page, 0)
    done = actions(base, show)
    assert ["start", "d-1", "d-2", "d-3"] == [one["product"] or one["action"] for one in done]
    assert sorted(one["at"] for one in done) == [one["at"] for one in done]
    assert 1 == len(httpx.get(f"{base}/v1/sessions/{show}/notes", headers=HEADERS).json()["notes"])
    open_page.troubles.clear()  # type: ignore[attr-defined]


def test_an_action_whose_answer_is_lost_counts_once(open_page: PageMaker, base: str, show: str) -> None:
    """The server has it, the device does not know: it is sent again and is the same one."""
    page = open_page(f"#/live/{show}")
    lost: list[str] = []

    def lose(route: Any) -> None:
        if route.request.method == "POST" and len(lost) < 2:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/sessions/*/desk", lose)
    # The first answer that arrives is that of the third try.
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.url.endswith("/desk")):
        start(page)
    assert ['"accepted":1' in lost[0], '"duplicates":1' in lost[1]] == [True, True]
    assert ["start"] == [one["action"] for one in actions(base, show)]
    open_page.troubles.clear()  # type: ignore[attr-defined]


def test_a_refused_action_stops_the_queue_and_is_not_lost(open_page: PageMaker, base: str, show: str) -> None:
    """It is shown with its reason; sent again it goes through, and what followed it follows it."""
    page = open_page(f"#/live/{show}")
    refusal = {"title": "Conflict", "status": 409, "code": "of_another_version", "detail": "the desk is closed"}
    page.route(
        "**/v1/sessions/*/desk",
        lambda route: route.fulfill(status=409, json=refusal) if route.request.method == "POST" else route.continue_(),
    )
    page.get_by_role("button", name="配信を開始する").click()
    alert = page.get_by_role("alert").filter(has_text="受け付けられなかった操作：配信を開始")
    expect(alert).to_contain_text("the desk is closed")
    product(page, "ニット").click()
    waits(page, 2)
    page.reload()
    expect(alert).to_be_visible()
    waits(page, 2)
    page.unroute("**/v1/sessions/*/desk")
    alert.get_by_role("button", name="もう一度送信").click()
    waits(page, 0)
    assert ["start", "showcase"] == [one["action"] for one in actions(base, show)]
    open_page.troubles.clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize(("width", "height"), [(820, 1180), (390, 844)])
def test_the_desk_is_under_the_thumb(open_page: PageMaker, show: str, width: int, height: int) -> None:
    """On a tablet and a phone it is a sheet at the lower edge that opens and closes; its targets are large enough for a finger."""
    page = open_page(f"#/live/{show}", viewport={"width": width, "height": height}, has_touch=True)
    handle = page.get_by_role("button", name="デスク")
    expect(handle).to_have_attribute("aria-expanded", "true")
    for target in (product(page, "ニット"), page.get_by_role("button", name="配信を開始する")):
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    handle.tap()
    expect(handle).to_have_attribute("aria-expanded", "false")
    box = handle.bounding_box()
    assert box is not None
    assert height - 140 < box["y"] < height


def test_the_host_sees_four_things_from_afar(open_page: PageMaker, base: str, show: str) -> None:
    """Viewers now, GMV, the product on air with its stock, the next one; in type that can be read from three metres."""

    def act(**action: Any) -> None:
        httpx.post(f"{base}/v1/sessions/{show}/desk", headers=HEADERS, json=action).raise_for_status()

    act(action="start")
    act(action="showcase", product="d-2")
    page = open_page(f"#/host/{show}", viewport={"width": 1180, "height": 820})
    current = page.get_by_role("region", name="説明中")
    expect(current).to_contain_text("パンツ")
    expect(current).to_contain_text("残り60点")
    expect(page.get_by_role("region", name="次の商品")).to_contain_text("スカート")
    act(action="stock", product="d-2", stock=0)
    expect(current).to_contain_text("売り切れ")
    # A tablet of 820 px is 170 mm high. At three metres, signs of 10 arc minutes, twice the least that a good eye tells apart, are 8.7 mm
    # high, and a capital is 0.72 of the size of its type.
    for part in (".host-product", ".host-facts", ".host-value", ".host-following"):
        assert page.locator(part).first.evaluate("node => parseFloat(getComputedStyle(node).fontSize)") >= 58, part


def test_an_alert_is_taken_by_one_and_seen_by_the_other(open_page: PageMaker, base: str, show: str) -> None:
    """A product is sold out and still clicked: one operator takes the alert and snoozes it, the other sees who is at it."""
    for action in ({"action": "start"}, {"action": "stock", "product": "d-1", "stock": 0}):
        httpx.post(f"{base}/v1/sessions/{show}/desk", headers=HEADERS, json=action).raise_for_status()
    click = {
        "specversion": "1.0", "source": f"/desk-test/{show}", "id": "clicks", "type": "live.product.clicked", "subject": show,
        "data": {"product": "d-1", "count": 40},
    }  # fmt: skip
    httpx.post(f"{base}/v1/events", headers=HEADERS, json=click).raise_for_status()
    one, two = open_page(f"#/live/{show}"), open_page(f"#/live/{show}")
    one.get_by_role("button", name="対応する").click()
    expect(one.get_by_role("button", name="対応をやめる")).to_be_visible()
    expect(two.locator("#alerts li")).to_contain_text("が対応中")
    two.get_by_role("button", name="15分間通知しない").click()
    expect(one.locator("#alerts li")).to_contain_text("まで通知なし")
    two.get_by_role("button", name="対応をやめる").click()
    expect(one.locator("#alerts li")).not_to_contain_text("が対応中")
