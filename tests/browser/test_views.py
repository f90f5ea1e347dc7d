"""Every view: in every language, on a phone, without barriers, and whatever its texts look like.

`make test` looks at each view in one light, after one switch of the language, and on a phone in one language, by turns; `make pages`
in both lights and all languages.
"""

import re
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from app.labels.catalogue import CATALOGUE, LANGUAGES, Language
from tests.browser.barriers import Light, in_lights
from tests.browser.chromium import drawn
from tests.browser.conftest import HOSTILE
from tests.browser.pages import VIEWPORT, Contexts, PageMaker, lasting, settled, watched_pages

PHONE: ViewportSize = {"width": 375, "height": 812}
NAMES = {"ja": "日本語", "zh": "中文", "en": "English"}
TEXTS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    // The places where a text may break do not divide it.
    if (walker.currentNode.previousSibling?.nodeName === 'WBR') continue;
    let whole = '';
    for (let node = walker.currentNode; node && ['#text', 'WBR'].includes(node.nodeName); node = node.nextSibling) whole += node.textContent;
    const text = whole.trim();
    if (text && !walker.currentNode.parentElement.closest('script, noscript, [hidden], .switch, #audit code')) found.push(text);
  }
  return found.concat([...document.querySelectorAll('[aria-label], [placeholder]')]
    .flatMap((node) => node.closest('.switch') ? [] : [node.getAttribute('aria-label'), node.placeholder]).filter(Boolean));
}"""


def views(live: str, ended: str) -> dict[str, str]:
    """Return the address of every view."""
    return {
        "today": "#/today",
        "sessions": "#/sessions",
        "live": f"#/live/{live}",
        "host": f"#/host/{live}",
        "plan": f"#/plan/{ended}",
        "new": "#/plan/new",
        "over": f"#/live/{ended}",
        "close": f"#/close/{ended}",
        "report": f"#/report/{ended}",
        "summary": f"#/close/{ended}?step=summary",
        "comparison": f"#/comparison?sessions={live},{ended}",
        "products": f"#/close/{ended}?step=products",
        "history": "#/comparison",
        "release": f"#/close/{ended}?step=release",
        "letters": "#/dead-letters",
        "connections": "#/connections",
        "connection": "#/connection/new/mapping",
        "people": "#/people",
        "channels": "#/channels",
        "audit": "#/audit",
        "brands": "#/brands",
        "rates": "#/rates",
        "month": "#/brand/hostile/month/2021-09",
        "contract": "#/brand/hostile/contract",
        "shipping": "#/brand/hostile/shipping",
        "catalogue": "#/brand/hostile/catalogue",
    }


class Tour(NamedTuple):
    """What was found in the views, each of which was opened once."""

    foreign: dict[str, set[str]]
    """View and language → texts of another language, and names of labels."""
    barriers: list[str]
    pictures: dict[str, int]
    """View → images, of which the dashboard has none: they are markup that was a text."""
    widths: dict[str, int]
    """View and language → how wide the view is on a phone."""
    ran: object
    """What such markup leaves behind when it runs."""


class Looks(NamedTuple):
    """How a view is looked at."""

    lights: tuple[Light, ...]
    spoken: tuple[Language, ...]
    """Languages that are chosen one after the other."""
    phone: tuple[Language, ...]


def by_turns(number: int) -> Looks:
    """Return what is looked at of the view of this number: the language is another one than the view before was left in."""
    light: Light = "dark" if number % 2 else "light"
    return Looks((light,), (LANGUAGES[(number + 1) % 3],), (LANGUAGES[number % 3],))


def all_of_it(_: int) -> Looks:
    """Return everything, for any view."""
    return Looks(("dark", "light"), ("en", "zh", "ja"), LANGUAGES)


@pytest.fixture(scope="module", params=[by_turns, pytest.param(all_of_it, marks=pytest.mark.pages)])
def tour(request: pytest.FixtureRequest, contexts: Contexts, base: str, live: str, ended: str) -> Tour:
    """Open every view once."""
    words = {language: {texts[language] for texts in CATALOGUE.values()} for language in LANGUAGES}
    foreign, barriers, pictures, widths = dict[str, set[str]](), list[str](), dict[str, int](), dict[str, int]()
    with watched_pages(contexts, base) as open_page:
        page = open_page(is_mobile=True, has_touch=True)
        for number, (name, address) in enumerate(views(live, ended).items()):
            looks: Looks = request.param(number)
            page.goto(f"{base}/{address}")
            settled(page)
            barriers += in_lights(page, name, *looks.lights)
            pictures[name] = page.locator("img").count()
            # Each width once: for another one charts are drawn again.
            for language in looks.spoken:
                switch(page, language)
                others = set().union(*(words[other] for other in LANGUAGES if other != language)) - words[language]
                foreign[f"{name} in {language}"] = left(page, others)
            page.set_viewport_size(PHONE)
            for language in looks.phone:
                switch(page, language, in_a_closed_menu=True)
                settled(page)
                widths[f"{name} in {language}"] = page.evaluate("Math.max(document.documentElement.scrollWidth, innerWidth)")
            page.set_viewport_size(VIEWPORT)
        ran = page.evaluate("window.hacked")
    return Tour(foreign, barriers, pictures, widths, ran)


def switch(page: Page, language: Language, *, in_a_closed_menu: bool = False) -> None:
    """Choose a language in the bar; a phone has the choice in its menu, which is closed where the width is measured."""
    if in_a_closed_menu:
        page.locator(f".switch button[lang={language}]").dispatch_event("click")
    else:
        page.get_by_role("button", name=NAMES[language]).click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans" if language == "zh" else language)


def left(page: Page, foreign: set[str]) -> set[str]:
    """Return which of the texts are on the page, and go on to be: what the server wrote in the old language is loaded again."""
    name_of_label = re.compile(r"(dash|metric|status|product|sheet|today|desk|plan|close|import_row)\.\w")

    def look() -> set[str]:
        return {text for text in page.evaluate(TEXTS) if text in foreign or name_of_label.match(text)}

    return lasting(page, look)


def test_every_view_speaks_the_chosen_language(tour: Tour) -> None:
    """After a switch no text of another language is left, no name of a key is visible, and the page says its language."""
    assert {} == {view: texts for view, texts in tour.foreign.items() if texts}


def test_no_view_has_a_serious_barrier(open_page: PageMaker, tour: Tour) -> None:
    """Axe finds nothing serious or critical, in either light, the sign-in included."""
    page = open_page(key=None)
    expect(page.get_by_label("APIキー")).to_be_visible()
    assert [] == in_lights(page, "sign-in", "dark", "light") + tour.barriers


def test_a_phone_never_scrolls_sideways(tour: Tour) -> None:
    """At 375 pixels every view is as wide as the screen, in every language."""
    assert {} == {view: width for view, width in tour.widths.items() if width != PHONE["width"]}


def test_texts_that_look_like_markup_stay_texts(open_page: PageMaker, ended: str, tour: Tour) -> None:
    """Titles, hosts, products, promotions, notes and dead letters are shown as they are, and nothing of them runs."""
    assert ({}, None) == ({view: count for view, count in tour.pictures.items() if count}, tour.ran)
    page = open_page(f"#/report/{ended}")
    drawn(page, 3)
    for part in ("title", "product", "promotion", "note"):
        expect(page.locator("main")).to_contain_text(f"{HOSTILE} {part}")
    page.goto(page.url.split("#")[0] + "#/dead-letters")
    page.locator(".dead-letter").filter(has_text="no.such").get_by_role("button", name="内容を見る").click()
    expect(page.locator(".content")).to_contain_text("window.hacked")
    assert 0 == page.locator("img").count()
    assert page.evaluate("window.hacked") is None
    refused = page.evaluate(
        "() => { try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); } catch (error) { return error.name; } }"
    )
    assert "TypeError" == refused, "the page itself cannot turn text into markup"
    open_page.troubles.clear()  # type: ignore[attr-defined]
