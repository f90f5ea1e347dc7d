"""What a person does with a page: reads the menu, clicks into a field and writes, waits until something is there.

In: pages. Out: clicks and keys. Never here: what the story is about.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, Response, expect

_PATIENCE_SECONDS = 120


def visit(page: Page, name: str, group: str | None = None) -> None:
    """Open a page from the main menu, or from the menu of its group."""
    page.get_by_role("navigation", name="メインメニュー").get_by_role("link", name=group or name, exact=True).click()
    if group is not None:
        page.get_by_role("navigation", name=group).get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def write(field: Locator, text: str) -> None:
    """Click into a field and write over what it holds."""
    field.click()
    field.fill(text)


def confirm(page: Page, name: str) -> None:
    """Answer the question that a button asks with the button of the same name."""
    page.get_by_role("button", name=name).click()
    page.get_by_role("dialog").get_by_role("button", name=name).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def until(page: Page, holds: Callable[[], object], what: str) -> None:
    """Return once something outside the browser is true; the page lives on meanwhile."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, f"not seen: {what}"
        page.wait_for_timeout(50)


@contextmanager
def saving(page: Page, last: str) -> Iterator[None]:
    """Change a plan; return once the server has a version with `last`, the text of the last change, and the page says so."""

    def has_it(answer: Response) -> bool:
        asked = answer.request
        return asked.method == "PUT" and answer.url.endswith("/plan") and answer.ok and last in (asked.post_data or "")

    with page.expect_response(has_it):
        yield
    expect(page.get_by_role("status").filter(has_text="に保存済み")).to_be_visible()
