"""A page that opens: what can be tapped stays where it was first seen, whenever the answers come, and a click reaches its button."""

import json
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route, ViewportSize, expect

from tests.browser import broadcasts
from tests.browser.brands import BrandPages
from tests.browser.layout import complaints_at
from tests.browser.pages import PageMaker, settled
from tests.pipeline.processes import HEADERS

OPENING = (Path(__file__).parent / "opening.js").read_text(encoding="utf-8")
MOST_SHIFT = 0.05
"""Of the layout, summed as browsers do it; the web's own bound for a good page is twice as much."""
SIZES: list[ViewportSize] = [{"width": 1440, "height": 900}, {"width": 820, "height": 1180}, {"width": 390, "height": 844}]


def size_name(size: ViewportSize) -> str:
    """Return the name of a case."""
    return str(size["width"])


@pytest.mark.parametrize("viewport", SIZES, ids=size_name)
@pytest.mark.timeout(300)
def test_what_can_be_tapped_stays_in_its_place(
    open_page: PageMaker, base: str, brand: BrandPages, live: str, ended: str, viewport: ViewportSize
) -> None:
    """Each answer is late by a time of its own; in all main pages no button, link or field moves, and little else does."""
    scheduled = broadcasts.scheduled(base)
    addresses = {
        "today": "#/today",
        "sessions": "#/sessions",
        "live": f"#/live/{live}",
        "ended": f"#/live/{ended}",
        "scheduled": f"#/live/{scheduled}",
        "host": f"#/host/{live}",
        "plan": f"#/plan/{scheduled}",
        "closing": f"#/close/{ended}?step=summary",
        "report": f"#/report/{ended}",
        "comparison": f"#/comparison?sessions={live},{ended}",
        "brands": "#/brands",
        "brand": f"#/brand/{brand.slug}",
        "month": f"#/brand/{brand.slug}/month/2021-09",
        "statement": f"#/brand/{brand.slug}/settlement/{brand.draft}",
        "packing": f"#/brand/{brand.slug}/shipping/{brand.latest}",
        "connections": "#/connections",
        "waiting": "#/dead-letters",
        "people": "#/people",
        "channels": "#/channels",
        "status": "#/status",
    }
    page = open_page("healthz", viewport=viewport)
    page.add_init_script(OPENING)
    found: dict[str, list[str]] = {}
    for name, address in addresses.items():
        page.goto("about:blank")
        page.goto(f"{base}/{address}")
        page.wait_for_function("() => window.opening?.asked > 0 && window.opening.late === 0")
        settled(page)
        moves, shift, seen = page.evaluate("() => [opening.moves, opening.shift, opening.seen]")
        assert seen > 0, name
        if moves or shift > MOST_SHIFT:
            found[name] = [f"shift {shift:.3f}", *moves[:5]]
    assert {} == found, json.dumps(found, ensure_ascii=False, indent=1)


def test_the_measure_finds_what_moves(open_page: PageMaker, base: str) -> None:
    """A button that is pushed aside is found, and so is the shift."""
    page = open_page("healthz")
    page.add_init_script(OPENING)
    page.goto(f"{base}/#/brands")
    settled(page)
    page.evaluate("() => { document.querySelector('main').style.paddingTop = '300px'; }")
    page.wait_for_function("() => opening.moves.length > 0 && opening.shift > 0")


def test_a_click_reaches_its_button(open_page: PageMaker, base: str) -> None:
    """While a button is pressed the page keeps still: what comes meanwhile moves it after the release."""
    form = {"title": "押している間", "brand": "desk-brand", "host": "小林", "currency": "CNY"}
    session = httpx.post(f"{base}/v1/sessions", headers=HEADERS, json=form).json()["id"]
    held = list[Route]()
    page = open_page(f"#/live/{session}")
    page.route("**/v1/sessions/*/desk", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    page.get_by_role("button", name="配信を開始する").click()
    mark = page.get_by_role("button", name="クーポン", exact=True)
    first = mark.bounding_box()
    expect(page.locator(".desk-sync[data-waiting='1']")).to_be_visible()
    box = mark.bounding_box()
    assert box is not None
    assert first == box
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    # The refusal is shown above the marks, which it pushes down.
    refusal = {"title": "Conflict", "status": 409, "code": "of_another_version", "detail": "the desk is closed"}
    with page.expect_response(lambda answer: answer.status == 409):
        held.pop().fulfill(status=409, json=refusal)
    page.wait_for_timeout(500)
    assert mark.bounding_box() == box
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="the desk is closed")).to_be_visible()
    assert mark.bounding_box() != box
    expect(page.locator(".desk-sync[data-waiting='2']")).to_be_visible()
    open_page.troubles.clear()  # type: ignore[attr-defined]


def test_six_figures_stand_in_two_rows_beside_the_desk(open_page: PageMaker, live: str) -> None:
    """On a laptop alerts are in sight below them; an amount begins where its label begins, also behind a currency."""
    page = open_page(f"#/live/{live}", locale="en-GB")
    expect(page.locator(".tile")).to_have_count(6)
    tops = page.locator(".tile").evaluate_all(
        "tiles => [...new Set(tiles.map((one) => Math.round(one.getBoundingClientRect().top)))]"
    )
    assert 2 == len(tops)
    begins = page.locator(".tile-gmv").evaluate(
        """tile => ['.tile-label', '.tile-value'].map((part) => {
          const range = document.createRange();
          range.selectNodeContents(tile.querySelector(part));
          return range.getBoundingClientRect().left;
        })"""
    )
    assert abs(begins[0] - begins[1]) < 1.5, begins
    assert [] == complaints_at(page, 1440)
