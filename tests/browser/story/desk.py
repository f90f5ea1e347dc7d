"""The desk of a live screen, as an operator's hands know it.

In: a page that shows a live screen. Out: taps, and what they show. Never here: which show it is.
"""

from playwright.sync_api import Locator, Page, expect

from tests.browser.story.hands import confirm, write


def desk(page: Page) -> Locator:
    """Return the desk."""
    return page.get_by_role("complementary", name="デスク")


def product(page: Page, name: str) -> Locator:
    """Return the button that puts a product on air."""
    return desk(page).get_by_role("region", name="商品", exact=True).get_by_role("button", name=name)


def begin(page: Page) -> None:
    """Start the broadcast."""
    desk(page).get_by_role("button", name="配信を開始する").click()
    expect(desk(page).get_by_role("button", name="配信を終了する")).to_be_visible()


def end(page: Page) -> None:
    """End the broadcast; the page asks first."""
    confirm(page, "配信を終了する")
    expect(desk(page).get_by_role("button", name="配信を開始する")).to_be_visible()


def tap(page: Page, name: str) -> None:
    """Put a product on air, or take it off."""
    product(page, name).click()


def on_air(page: Page, name: str) -> None:
    """Return once a product is on air, and no other one."""
    expect(product(page, name)).to_have_attribute("aria-pressed", "true")
    expect(desk(page).get_by_role("button", pressed=True)).to_have_count(1)


def set_stock(page: Page, name: str, pieces: int) -> None:
    """Write the stock of a product."""
    field = desk(page).get_by_role("group", name=f"在庫：{name}").get_by_role("textbox", name="在庫")
    write(field, str(pieces))
    field.press("Enter")


def done(page: Page, words: str) -> Locator:
    """Return what the list of the last actions says of an action."""
    return desk(page).get_by_role("region", name="最近の操作").get_by_role("listitem").filter(has_text=words)


def sent(page: Page) -> None:
    """Return once nothing waits on the device."""
    expect(desk(page).get_by_role("status")).to_have_text("すべて送信済み")


def note(page: Page, text: str) -> None:
    """Write a note by the keyboard alone."""
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("n")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
