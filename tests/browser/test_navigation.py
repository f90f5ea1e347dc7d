"""The bar of every page: one line from a tablet on, a menu on a phone, groups with their own pages; by keyboard too."""

import pytest
from playwright.sync_api import Page, expect

from app.labels.catalogue import LANGUAGES, Language
from tests.browser.barriers import in_lights
from tests.browser.pages import PageMaker

LOCALES: dict[Language, str] = {"ja": "ja-JP", "zh": "zh-CN", "en": "en-GB"}
PARTS_OF_THE_BAR = """() => [...document.querySelectorAll('.bar a, .bar button')].filter((one) => one.checkVisibility()).map((one) => {
  const {top, bottom} = one.getBoundingClientRect();
  return (top + bottom) / 2;
})"""


def menu(page: Page) -> None:
    """Open the menu by the keyboard, from the beginning of the page."""
    page.keyboard.press("Tab")  # the link that skips the bar
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#menu-button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#menu-button")).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bar_of_an_administrator_is_one_line(open_page: PageMaker, language: Language) -> None:
    """All destinations, languages, theme and sign-out, at each width from a tablet's on."""
    page = open_page("#/people", locale=LOCALES[language])
    expect(page.locator("main h1")).to_be_visible()
    for width in (820, 1024, 1180, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        middles = page.evaluate(PARTS_OF_THE_BAR)
        assert (13 if width > 1200 else 12) == len(middles), width  # the guide is in the bar where there is room
        assert max(middles) - min(middles) < 3, f"{width}: {middles}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert page.locator(".bar").evaluate("bar => bar.scrollWidth <= bar.clientWidth"), width


def test_a_phone_has_a_menu(open_page: PageMaker) -> None:
    """A button opens and closes it, Escape gives the focus back, a destination closes it; nothing of it is a barrier."""
    page = open_page("#/today", viewport={"width": 390, "height": 844}, has_touch=True)
    expect(page.locator("main h1")).to_be_visible()
    main = page.get_by_role("navigation", name="メインメニュー")
    expect(main).to_have_count(0)
    menu(page)
    expect(main.get_by_role("link")).to_have_count(6)
    expect(main.get_by_role("link", name="今日")).to_have_attribute("aria-current", "page")
    assert [] == in_lights(page, "menu", "dark", "light")
    page.keyboard.press("Tab")
    expect(main.get_by_role("link", name="今日")).to_be_focused()
    page.keyboard.press("Escape")
    expect(main).to_have_count(0)
    expect(page.locator("#menu-button")).to_be_focused()
    page.keyboard.press("Enter")
    main.get_by_role("link", name="ブランド").click()
    expect(page.get_by_role("heading", level=1, name="ブランド")).to_be_visible()
    expect(main).to_have_count(0)
    page.get_by_role("button", name="メニュー").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()
    page.locator("main h1").click()
    expect(page.get_by_role("navigation", name="Main menu")).to_have_count(0)


def test_a_group_shows_its_pages(open_page: PageMaker) -> None:
    """The bar says in which group the page is, and the group's own links which page it is."""
    page = open_page()
    main = page.get_by_role("navigation", name="メインメニュー")
    main.get_by_role("link", name="管理").click()
    parts = page.get_by_role("navigation", name="管理")
    for name in ("担当者とキー", "通知先", "監査ログ", "稼働状況"):
        parts.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        expect(parts.locator("[aria-current=page]")).to_have_text(name)
        expect(main.locator("[aria-current]")).to_have_text("管理")
    main.get_by_role("link", name="ライブ一覧").click()
    page.get_by_role("navigation", name="ライブ一覧").get_by_role("link", name="比較").click()
    expect(main.locator("[aria-current=true]")).to_have_text("ライブ一覧")


def test_the_destination_of_a_filtered_list_is_the_whole_list(open_page: PageMaker) -> None:
    """The bar's link to the page that is shown already takes its filter away, and the step back sets it again."""
    page = open_page("#/brands?q=no-such-brand")
    search = page.get_by_role("searchbox")
    expect(search).to_have_value("no-such-brand")
    page.get_by_role("navigation", name="メインメニュー").get_by_role("link", name="ブランド").click()
    expect(search).to_have_value("")
    page.go_back()
    expect(search).to_have_value("no-such-brand")
