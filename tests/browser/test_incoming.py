"""The pages of what comes in from elsewhere, with data in every state, measured: in each language and width, closed and opened."""

import pytest
from playwright.sync_api import Page, expect

from app.labels.catalogue import LANGUAGES, Language
from tests.browser import incoming
from tests.browser.incoming import Incoming
from tests.browser.layout import WIDTHS, complaints_at
from tests.browser.pages import PageMaker, settled

LOCALES = {"ja": "ja-JP", "zh": "zh-CN", "en": "en-GB"}
EXPORT = {"name": "订单导出（小店）.csv", "mimeType": "text/csv", "buffer": "\n".join([
    "订单号,买家,商品编码,数量,实付,支付时间,备注,配送",
    *(f"88{number},b{number},new-{number % 5},1,1099.00,2021-09-25 13:3{number}:07,x,y" for number in range(10)),
]).encode()}  # fmt: skip


@pytest.fixture(scope="package")
def filled(base: str) -> Incoming:
    """Connections, waiting data, imports and channels."""
    return incoming.fill(base)


def addresses(filled: Incoming) -> dict[str, str]:
    """Return the addresses of the pages by name."""
    return {
        "waiting": "#/dead-letters",
        "connections": "#/connections",
        "connection": f"#/connection/{filled.tool}",
        "channels": "#/channels",
        "imports": f"#/close/{filled.session}?step=import",
    }


def open_all(page: Page, name: str) -> None:
    """Open what a page shows on demand: the registration of a room, a channel's deliveries and its form, the columns of a file."""
    if name == "waiting":
        page.locator("li.dead-letter").filter(has_text="22637261").get_by_role("button").first.click()
        expect(page.locator(".dead-letter form")).to_be_visible()
        page.locator("li.dead-letter", has=page.locator("code", has_text="/")).get_by_role("button").first.click()
    if name == "channels":
        page.locator("li.channel").filter(has_text="客服预警").get_by_role("button").nth(1).click()
        expect(page.locator(".channel-delivery")).to_be_visible()
        page.locator("li.channel").filter(has_text="KOL連絡用LINE").get_by_role("button").nth(2).click()
        expect(page.locator(".channel form")).to_be_visible()
    if name == "imports":
        page.locator("input[type=file]").set_input_files(EXPORT)  # type: ignore[arg-type]
        expect(page.locator(".columns-grid select").first).to_be_visible()
        page.locator(".card .button-danger").first.click()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_broken_where_data_comes_in(open_page: PageMaker, filled: Incoming, language: Language) -> None:
    """Long names, ids and errors stay in their cards, buttons and fields stand in line."""
    page = open_page(locale=LOCALES[language])
    complaints: dict[str, list[str]] = {}
    for name, address in addresses(filled).items():
        page.goto(page.url.split("#")[0] + address)
        settled(page)
        for opened in ("closed", "opened"):
            if opened == "opened":
                open_all(page, name)
            for width in WIDTHS:
                if found := complaints_at(page, width):
                    complaints[f"{name}, {opened}, {width}"] = found
                if name == "connections" and width >= 820:
                    assert page.locator(".table-frame").evaluate("frame => frame.scrollWidth <= frame.clientWidth"), width
    assert {} == complaints


def test_the_help_of_the_rules_and_of_their_completion_are_two_lines(open_page: PageMaker, filled: Incoming) -> None:
    """Neither ends with a full stop that would part them."""
    page = open_page(f"#/connection/{filled.tool}")
    help_of_rules = page.locator(".field-help", has_text="受信したJSONから")
    assert 2 == len(help_of_rules.inner_text().splitlines())
