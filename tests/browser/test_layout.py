"""The layout, measured: no word and no number is broken, no text lies on another one or leaves its frame.

`make pages` measures every view in Japanese at four widths and in the other languages at one; with TALLYLIGHT_FAULTS=full each language
is measured at each width, at which every view is opened.
"""

import os
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, expect

from app.labels.catalogue import LANGUAGES, Language
from tests.browser import broadcasts
from tests.browser.brands import PARTS, BrandPages
from tests.browser.conftest import WatchedDemo
from tests.browser.layout import MEASURE, WIDTHS, complaints_at
from tests.browser.pages import PageMaker, settled

LOCALES = {"ja": "ja-JP", "zh": "zh-CN", "en": "en-GB"}
FULL = os.environ.get("TALLYLIGHT_FAULTS") == "full"


class Part(NamedTuple):
    """A language at some widths."""

    language: Language
    widths: tuple[int, ...]

    def __str__(self) -> str:
        """Return the name of the case."""
        return "-".join([self.language, *map(str, self.widths)])


if FULL:
    PARTS_OF_VIEWS = [pytest.param(Part(language, WIDTHS)) for language in LANGUAGES]
else:
    parts = (Part("ja", (390, 1440)), Part("ja", (820, 1920)), Part("zh", (1440,)), Part("en", (390,)))
    PARTS_OF_VIEWS = [pytest.param(part) for part in parts]


@pytest.fixture(scope="package")
def addresses(base: str, demo: WatchedDemo, brand: BrandPages) -> dict[str, str]:
    """Addresses of views by name: a demo, twelve hours with 200 products, no data, one platform."""
    long_live, long_ended = (broadcasts.long_session(base, ends=ends) for ends in (False, True))
    one, none, scheduled = broadcasts.one_platform(base), broadcasts.no_data(base), broadcasts.scheduled(base)
    return {
        "today": "#/today",
        "sessions": "#/sessions",
        "demo": f"#/live/{demo.session}",
        "demo, report": f"#/report/{demo.session}",
        "long": f"#/live/{long_live}",
        "long, plan": f"#/plan/{long_ended}",
        "long, host": f"#/host/{long_live}",
        "long, closing": f"#/close/{long_ended}?step=products",
        "long, report": f"#/report/{long_ended}",
        "one platform": f"#/live/{one}",
        "one platform, report": f"#/report/{one}",
        "no data": f"#/live/{none}",
        "no data, host": f"#/host/{none}",
        "no data, closing": f"#/close/{none}?step=summary",
        "no data, report": f"#/report/{none}",
        "scheduled": f"#/live/{scheduled}",
        "scheduled, plan": f"#/plan/{scheduled}",
        "new plan": "#/plan/new",
        "comparison": f"#/comparison?sessions={demo.session},{long_ended},{one}",
        "connections": "#/connections",
        "new connection": "#/connection/new/mapping",
        "brands": "#/brands",
        "rates": "#/rates",
        "month": f"#/brand/{brand.slug}/month/2021-09",
        "draft": f"#/brand/{brand.slug}/settlement/{brand.draft}",
        "hosts": f"#/brand/{brand.slug}/hosts",
        "exports": f"#/brand/{brand.slug}/exports",
        "packing": f"#/brand/{brand.slug}/shipping/{brand.latest}",
        **({} if not FULL else {part: f"#/brand/{brand.slug}/{part}" for part in PARTS}),
        "dead letters": "#/dead-letters",
        "people": "#/people",
        "channels": "#/channels",
        "audit log": "#/audit",
        "status": "#/status",
    }


def expand(buttons: Locator) -> None:
    """Click on each of the buttons; they go away."""
    for _ in range(buttons.count()):
        buttons.first.click()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("part", PARTS_OF_VIEWS, ids=str)
def test_nothing_is_broken_covered_or_cut(open_page: PageMaker, addresses: dict[str, str], part: Part) -> None:
    """On a phone, a tablet, a laptop and a wall, in every view."""
    page = open_page(locale=LOCALES[part.language])
    complaints: dict[str, list[str]] = {}
    for name, address in addresses.items():
        page.goto(page.url.split("#")[0] + address)
        settled(page)
        everything = page.get_by_role("button", name="200")
        for rows in ("first rows", "all rows")[: 1 + ("long" in name and everything.count() > 0)]:
            if rows == "all rows":
                expand(everything)
            for width in part.widths:
                if FULL:
                    page.set_viewport_size({"width": width, "height": 900})
                    page.reload()
                    settled(page)
                    if rows == "all rows":
                        expand(everything)
                if found := complaints_at(page, width):
                    complaints[f"{name}, {rows}, {width}"] = found
    assert {} == complaints


def test_the_measure_finds_what_is_wrong(open_page: PageMaker, addresses: dict[str, str]) -> None:
    """Each kind of fault, made on purpose, is found."""
    page = open_page(addresses["demo"])
    settled(page)
    assert [] == page.evaluate(MEASURE)
    faults = {
        "broken": "Object.assign(document.querySelector('.strip dd').style, {width: '2ch', whiteSpace: 'normal', wordBreak: 'break-all'})",
        "overlap": "document.querySelector('.tile-below').style.marginTop = '-3rem'",
        "outside": "Object.assign(document.querySelector('.badge').style, {width: '1rem', padding: '0'})",
        "sideways": "document.querySelector('.view').style.width = '3000px'",
        "lone": "const label = document.querySelector('.strip dt'); label.textContent = '注文件数'; label.style.width = '3.2em'; label.style.wordBreak = 'break-all'",
        "unmarked": "Object.assign(document.querySelector('.table-frame').style, {width: '6rem', background: 'none'})",
        "uneven": "document.querySelector('.strip dd').style.marginBottom = '6px'",
    }
    for kind, fault in faults.items():
        page.reload()
        settled(page)
        page.evaluate(f"() => {{ {fault} }}")
        assert any(complaint.startswith(kind) for complaint in page.evaluate(MEASURE)), kind


def test_two_hundred_products_stay_readable(open_page: PageMaker, addresses: dict[str, str]) -> None:
    """Twelve rows at first, the rest on demand under a head that stays; sorted by a column, found by name."""
    page = open_page(addresses["long"])
    settled(page)
    rows = page.locator("#product-table tbody tr")
    expect(rows).to_have_count(12)
    search = page.locator("#products input[type=search]")
    search.fill("item-042")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("item-042")
    search.fill("")
    page.get_by_role("button", name="200件すべて表示").click()
    expect(rows).to_have_count(200)
    amounts = rows.locator(".amount .figure")
    values = [float(text.rstrip("元").replace(",", "")) for text in amounts.all_inner_texts()]
    assert sorted(values, reverse=True) == values
    frame = page.locator("#products .table-frame")
    frame.evaluate("node => node.scrollTo(0, 2000)")
    head, top = page.locator("#product-table thead th").first.bounding_box(), frame.bounding_box()
    assert head is not None
    assert top is not None
    assert abs(head["y"] - top["y"]) < 3
    page.locator("#product-table thead").get_by_role("button", name="商品名").click()
    expect(page.locator("#product-table th[aria-sort=ascending]")).to_have_count(1)
    names = page.locator("#product-table .product-name").all_inner_texts()
    assert names == page.evaluate("names => [...names].sort((a, b) => a.localeCompare(b))", names)
