"""One browser, one server and one whole demo for all tests of this folder; a watched page for each."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.brands import BrandPages, brand_with_months
from tests.browser.chromium import PATH, SCENARIO, chromium, sessions, sign_in_with, simulating
from tests.databases import LOCAL
from tests.pipeline.processes import ADMIN_KEY, HEADERS, ServerProcess

HOSTILE = "<img src=x onerror=window.hacked=1>"
"""What would become markup and run, were it ever treated as markup."""
READ_FIGURES = """() => {
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
PageMaker = Callable[..., Page]
_PATIENCE = 60_000
"""Milliseconds until a page that does not come is a failure; a busy machine is none."""
expect.set_options(timeout=_PATIENCE)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser; without one these tests have nothing to say.

    It ends with this package: Playwright's loop runs in this thread as long, and no test of another package could run its own.
    """
    if PATH is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def base(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server on the embedded PostgreSQL; started only where a browser is."""
    assert browser.is_connected()
    folder = tmp_path_factory.mktemp("dashboard")
    server = ServerProcess(folder, {"TALLYLIGHT_DATA_DIR": str(folder), "TALLYLIGHT_API_BASE_ALLOW": LOCAL})
    server.start()
    try:
        # Playwright's own loop runs in this thread.
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(lambda: asyncio.run(server.ready())).result()
        yield server.base
    finally:
        server.end()


@pytest.fixture(scope="module")
def live(base: str) -> Iterator[str]:
    """A session that is live: an hour of it takes a minute and a half."""
    with simulating(base, SCENARIO, 40) as session:
        yield session


@pytest.fixture(scope="module")
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


@contextmanager
def watched_pages(browser: Browser, base: str) -> Iterator[PageMaker]:
    """A maker of pages that are watched: no error in the console, no request to anywhere else."""
    contexts, troubles = [], list[str]()

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("console", lambda said: troubles.append(f"console: {said.text}") if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((base, "blob:", "data:")) else troubles.append(f"foreign: {asked.url}"),
        )

    # Without animations: Chromium would draw sixty pictures a second of a live page, by computing alone.
    def make(where: str = "", *, key: str | None = ADMIN_KEY, **options: Any) -> Page:
        settings: dict[str, Any] = {
            "viewport": {"width": 1440, "height": 900},
            "locale": "ja-JP",
            "reduced_motion": "reduce",
        } | options
        context = browser.new_context(**settings)
        contexts.append(context)
        if key is not None:
            sign_in_with(context, base, key)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE)
        watch(page)
        page.goto(f"{base}/{where}")
        return page

    make.troubles = troubles  # type: ignore[attr-defined]
    yield make
    for context in contexts:
        context.close()
    assert [] == troubles


@pytest.fixture
def open_page(browser: Browser, base: str) -> Iterator[PageMaker]:
    """A maker of watched pages, which are closed with the test."""
    with watched_pages(browser, base) as make:
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
def demo(browser: Browser, base: str) -> WatchedDemo:
    """The session of 2021-09-25 at full speed, whose live screen is read at fifty random moments."""
    rng, moments = Random(20210925), []
    with simulating(base, "2021-09-25", "max") as session, watched_pages(browser, base) as open_page:
        page = open_page(f"#/live/{session}")
        expect(page.locator("#chart-funnel")).to_be_visible()
        for _ in range(50):
            page.wait_for_timeout(rng.randrange(20, 700))
            moments.append(page.evaluate(READ_FIGURES))
        while next(one for one in sessions(base) if one["id"] == session)["status"] == "live":
            page.wait_for_timeout(500)
        page.wait_for_timeout(3000)
        moments.append(page.evaluate(READ_FIGURES))
    return WatchedDemo(session, moments)
