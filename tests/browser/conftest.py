"""One browser, one server and one whole demo for all tests of this folder; a watched page for each."""

from collections.abc import Iterator
from math import inf
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, expect

from app.simulate.scenario.library import load
from tests.browser.brands import BrandPages, brand_with_months
from tests.browser.chromium import PATH, chromium
from tests.browser.pages import PATIENCE, Contexts, PageMaker, settled, watched_pages
from tests.browser.servers import server_on
from tests.browser.simulated import Show
from tests.pipeline.processes import HEADERS

SCENARIO = Path(__file__).parent / "scenario.json"
HOSTILE = "<img src=x onerror=window.hacked=1>"
"""What would become markup and run, were it ever treated as markup."""
READ_FIGURES = """() => {
  const number = (text) => (/\\d/.test(text) ? Number(text.split('·')[0].replace(/[^\\d.]/g, '')) : null);
  const text = (selector) => document.querySelector(selector)?.textContent ?? '';
  const tile = (slug) => number(text(`[data-metric=${slug}]`));
  const step = (slug) => number(text(`#chart-funnel [data-step=${slug}] dd`));
  const cells = [...document.querySelectorAll('#product-table tfoot tr:last-child > *')].map((cell) => number(cell.textContent));
  const sources = [...document.querySelectorAll('#chart-sources dl:not(.flows) dd')].map((node) => number(node.textContent));
  return {
    viewers: [tile('viewers'), step('viewers'), sources.length ? sources.reduce((sum, value) => sum + value, 0) : null],
    buyers: [tile('buyers'), step('buyers'), cells[3]],
    clicks: [tile('product_clicks'), cells[1]],
    units: [number(text('.tile-orders strong')), cells[4]],
    gmv: [tile('gmv'), cells[5]],
  };
}"""
WATCH = f"""async (pauses) => {{
  const moments = [];
  for (const pause of pauses) {{
    await new Promise((over) => setTimeout(over, pause));
    moments.push(({READ_FIGURES})());
  }}
  return moments;
}}"""
IN_EVERY_RUN = {
    "test_views.py",
    "test_dashboard.py",
    "test_navigation.py",
    "test_today.py",
}
"""Files with tests of `make test`; what people do on the other pages, click by click, is `make pages`."""
expect.set_options(timeout=PATIENCE)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what `make pages` runs."""
    if item.path.name not in IN_EVERY_RUN:
        item.add_marker("pages")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser; without one these tests have nothing to say.

    It ends with this package: Playwright's loop runs in this thread as long, and no test of another package could run its own.
    """
    if PATH is None:
        pytest.skip("no Chromium here: apt-get install chromium-headless-shell")
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> Contexts:
    """The contexts of the browser, which the tests take one after the other."""
    return Contexts(browser)


@pytest.fixture(scope="package")
def base(postgres: str, template: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, for all tests; started only if there is a browser."""
    assert browser.is_connected()
    with server_on(postgres, template, tmp_path_factory.mktemp("dashboard")) as server:
        yield server.base


@pytest.fixture(scope="package")
def show(base: str) -> Iterator[Show]:
    """A show of an hour, of which a quarter is over."""
    show = Show(base, load(str(SCENARIO)))
    show.play(15)
    yield show
    show.close()


@pytest.fixture(scope="package")
def live(show: Show) -> str:
    """A session that is live."""
    return show.id


@pytest.fixture(scope="package")
def ended(base: str) -> str:
    """A session that is over, on two platforms, all of whose texts are hostile."""
    form: dict[str, Any] = {
        "title": f"{HOSTILE} title", "brand": "hostile", "host": f"{HOSTILE} host", "currency": "JPY",
        "streams": [{"platform": "wechat", "room": "r1"}, {"platform": "weibo", "room": "r2"}],
        "lineup": [{"product": "p-1", "name": f"{HOSTILE} product", "live_price": "1000", "stock": 3}],
        "promotions": [{"url": "https://promotion.example/x", "kind": "video", "platform": "weibo", "title": f"{HOSTILE} promotion"}],
    }  # fmt: skip
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        session: str = client.post("/v1/sessions", json=form).json()["id"]
        note = {"section": "live", "kind": "observation", "text": f"{HOSTILE} note"}
        client.post(f"/v1/sessions/{session}/notes", json=note).raise_for_status()
        line = {"product": "p-1", "quantity": 3, "amount": "3000"}
        order = {"order": "o", "buyer": "b", "currency": "JPY", "amount": "3000", "lines": [line]}
        told: list[tuple[str, str, str, dict[str, Any]]] = [
            ("wechat:r1", "live.session.started", "00", {}),
            ("weibo:r2", "live.session.started", "00", {}),
            *[("wechat:r1", "live.viewer.entered", f"{minute:02}", {"viewer": f"v{minute}"}) for minute in range(1, 30)],
            ("weibo:r2", "live.viewer.entered", "05", {"viewer": "w", "source": HOSTILE}),
            ("wechat:r1", "live.product.clicked", "06", {"product": "p-1", "viewer": "v1"}),
            ("wechat:r1", "live.product.clicked", "06", {"product": f"{HOSTILE} code", "viewer": "v1"}),
            ("wechat:r1", "live.order.paid", "07", order),
            ("wechat:r1", "live.session.ended", "40", {}),
            ("weibo:r2", "live.session.ended", "41", {}),
        ]
        events = [
            {"specversion": "1.0", "source": "/browser", "id": str(number), "type": kind, "subject": subject, "data": data,
             "time": f"2021-09-25T14:{minute}:00+09:00"}
            for number, (subject, kind, minute, data) in enumerate(told)
        ]  # fmt: skip
        wrong = {"specversion": "1.0", "source": "/browser", "id": HOSTILE, "type": "no.such", "subject": session, "data": {}}
        client.post("/v1/events", json=events).raise_for_status()
        assert 422 == client.post("/v1/events", json=wrong).status_code
    return session


@pytest.fixture
def open_page(contexts: Contexts, base: str) -> Iterator[PageMaker]:
    """A maker of watched pages, which are closed with the test."""
    with watched_pages(contexts, base) as make:
        yield make


@pytest.fixture(scope="package")
def brand(base: str) -> BrandPages:
    """A brand with half a year of shows, long names, 200 products, an issued statement and a draft."""
    return brand_with_months(base)


class WatchedDemo(NamedTuple):
    """A whole demo that is over, and what its live screen showed while it ran."""

    session: str
    moments: list[dict[str, list[Any]]]
    """Figures by name at one moment: the same figure from every place of the screen. The last moment is after the end."""


@pytest.fixture(scope="package")
def demo(contexts: Contexts, base: str) -> WatchedDemo:
    """The session of 2021-09-25, whose live screen is read at fifty random moments while its events come in ten parts."""
    rng, moments, scenario = Random(20210925), [], load("2021-09-25")
    show = Show(base, scenario)
    with watched_pages(contexts, base) as open_page:
        page = open_page(f"#/live/{show.id}")
        for part in range(1, 11):
            show.play(scenario.duration_ms / 60_000 * part / 10)
            moments += page.evaluate(WATCH, [rng.randrange(20, 250) for _ in range(5)])
        show.play(inf)
        expect(page.locator(".live.is-provisional")).to_be_visible()
        page.reload()
        settled(page)
        moments.append(page.evaluate(READ_FIGURES))
    show.close()
    return WatchedDemo(show.id, moments)
