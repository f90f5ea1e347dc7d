"""Figures of the live screen agree with each other at any moment, however fast they change."""

import time
from random import Random
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import sessions, simulating
from tests.browser.conftest import PageMaker

READ = """() => {
  const number = (text) => (/\\d/.test(text) ? Number(text.split('·')[0].replace(/[^\\d.]/g, '')) : null);
  const text = (selector) => document.querySelector(selector)?.textContent ?? '';
  const tile = (slug) => number(text(`[data-metric=${slug}]`));
  const step = (slug) => number(text(`#chart-funnel [data-step=${slug}] dd`));
  const cells = [...document.querySelectorAll('#product-table tfoot tr:last-child > *')].map((cell) => number(cell.textContent));
  const sources = [...document.querySelectorAll('#chart-sources dd')].map((node) => number(node.textContent));
  return {
    viewers: [tile('viewers'), step('viewers'), sources.length ? sources.reduce((sum, value) => sum + value, 0) : null],
    buyers: [tile('buyers'), step('buyers'), cells[3]],
    clicks: [tile('product_clicks'), cells[1]],
    units: [number(text('.tile-orders strong')), cells[4]],
    gmv: [tile('gmv'), cells[5]],
  };
}"""


@pytest.mark.slow
def test_tiles_funnel_sources_and_table_agree_at_random_moments(open_page: PageMaker, base: str) -> None:
    """Fifty moments of a demo at full speed: the same figure is the same wherever it stands."""
    rng = Random(20210925)
    seen: list[dict[str, list[Any]]] = []
    with simulating(base, "2021-09-25", "max") as demo:
        page = open_page(f"#/live/{demo}")
        expect(page.locator("#chart-funnel")).to_be_visible()
        for _ in range(50):
            page.wait_for_timeout(rng.randrange(20, 700))
            seen.append(page.evaluate(READ))
        while next(one for one in sessions(base) if one["id"] == demo)["status"] == "live":
            time.sleep(0.5)
    page.wait_for_timeout(3000)
    seen.append(page.evaluate(READ))
    differing = [
        (moment, figure, values)
        for moment, figures in enumerate(seen)
        for figure, values in figures.items()
        if len(set(values)) > 1
    ]
    assert [] == differing
    assert {"viewers": 18052, "buyers": 190, "clicks": 12088, "units": 363, "gmv": 481888} == {
        figure: values[0] for figure, values in seen[-1].items()
    }
    assert len({str(figures) for figures in seen}) >= 5, "the figures hardly moved while they were watched"
