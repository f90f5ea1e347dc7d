"""Barriers for people who see, hear or move differently, as axe finds them.

In: a page. Out: a text per barrier. Never here: which pages are looked at.
"""

from collections.abc import Mapping
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Light = Literal["dark", "light"]
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules of axe that a change of the light can break."""
_LESSER_OFF = """() => axe.configure({
  rules: axe._audit.rules.filter(({ impact }) => ["minor", "moderate"].includes(impact)).map(({ id }) => ({ id, enabled: false })),
})"""
"""A rule's impact is that of all that it finds."""
_RUN = """async (asked) => {
  // Without details of what is right, which takes axe longer than to find what is wrong.
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...asked });
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary.slice(0, 300)}`));
}"""


def in_lights(page: Page, view: str, *lights: Light) -> list[str]:
    """Return the barriers of a view in the first light, and those that others add."""
    found = []
    for number, light in enumerate(lights):
        page.emulate_media(color_scheme=light)
        found += serious(page, f"{view}, {light}", COLOURS if number else {})
    return found


def serious(page: Page, view: str, options: Mapping[str, Any] = {}) -> list[str]:
    """Return what axe holds for serious or worse; by default by all rules that find such."""
    # To read axe takes longer than to look at a page.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
        page.evaluate(_LESSER_OFF)
    return [f"{view}: {one}" for one in page.evaluate(_RUN, options)]
