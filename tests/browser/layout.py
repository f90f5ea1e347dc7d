"""The layout of a page, measured.

In: a page that has come to rest. Out: what is wrong with it. Never here: which pages are measured.
"""

from pathlib import Path

from playwright.sync_api import Page

from tests.browser.pages import lasting

MEASURE = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")
WIDTHS = (390, 820, 1440, 1920)
"""A phone, a tablet, a laptop, a wall."""


def complaints_at(page: Page, width: int) -> list[str]:
    """Return what is wrong with a page in a window of a width."""
    page.set_viewport_size({"width": width, "height": 900})
    return complaints_of(page)


def complaints_of(page: Page) -> list[str]:
    """Return what is wrong with the layout, and goes on to be."""

    def look() -> list[str]:
        found: list[str] = page.evaluate(MEASURE)
        return found

    return lasting(page, look)
