"""What is printed from a dark screen is dark on white: texts, and the charts that were drawn for the dark."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from app.charts.specification import Theme
from tests.browser.brands import BrandPages
from tests.browser.pages import PageMaker, settled
from tests.pipeline.processes import ROOT

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
COLOURS = """() => [...new Set([...document.querySelectorAll('.chart svg *')]
  .flatMap((node) => { const { fill, stroke } = getComputedStyle(node); return [fill, stroke]; }))]"""


def _colours(theme: Theme) -> set[str]:
    """Return the colours of a theme of charts as a browser computes them."""

    def found(value: object) -> set[str]:
        if isinstance(value, dict | list):
            return set().union(*map(found, value.values() if isinstance(value, dict) else value))
        return {value} if isinstance(value, str) and value.startswith("#") else set()

    texts = found(json.loads((ROOT / "app" / "charts" / "themes" / f"{theme}.json").read_text(encoding="utf-8")))
    return {f"rgb({', '.join(str(int(text[at : at + 2], 16)) for at in (1, 3, 5))})" for text in texts}


def _pale(page: Page, *, printed: bool) -> list[str]:
    found: list[str] = page.evaluate(CONTRAST, printed)
    return found


def test_a_print_is_dark_on_white_whatever_the_theme(
    open_page: PageMaker, base: str, live: str, ended: str, brand: BrandPages
) -> None:
    """Every text is readable, and no colour of the dark theme of charts is left; the screen stays dark."""
    views = {
        "report": f"#/report/{ended}",
        "live": f"#/live/{live}",
        "shows": f"#/brand/{brand.slug}/shows",
        "month": f"#/brand/{brand.slug}/month/2021-09",
        "statement": f"#/brand/{brand.slug}/settlement/{brand.draft}",
    }
    only_dark = _colours("dark") - _colours("light")
    page = open_page(color_scheme="dark")
    pale: dict[str, list[str]] = {}
    for name, address in views.items():
        page.goto(f"{base}/{address}")
        settled(page)
        drawn = set(page.evaluate(COLOURS))
        assert (name in {"report", "live"}) == bool(only_dark & drawn), name
        page.emulate_media(media="print", color_scheme="dark")
        pale[name] = _pale(page, printed=True)
        assert set() == only_dark & set(page.evaluate(COLOURS)), name
        page.emulate_media(media="screen", color_scheme="dark")
        pale[f"{name}, on the screen"] = _pale(page, printed=False)
    page.goto(f"{base}/guide")
    expect(page.locator("main h1")).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    pale["guide"] = _pale(page, printed=True)
    page.emulate_media(media="screen", color_scheme="light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    pale["guide, in the light"] = _pale(page, printed=False)
    assert {} == {name: found for name, found in pale.items() if found}
