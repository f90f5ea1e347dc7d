"""Takes the README's pictures: `make screenshots`.

In: a server of its own, two sessions of the simulator, one that runs and one that is over. Out: PNG files beside this one.
Never here: made-up figures.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.browser.brands import brand_with_months
from tests.browser.chromium import PATH, chromium, drawn, sessions, sign_in_with, simulating
from tests.pipeline.processes import HEADERS, ServerProcess

FOLDER = Path(__file__).parent / "screenshots"
SCENARIO = "2021-09-25"
WALL = {"width": 1920, "height": 1080}
LAPTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
TABLET = {"width": 820, "height": 1180}


def open_page(browser: Browser, address: str, size: dict[str, int], language: str, scheme: str, charts: int) -> Page:
    """Return a page, signed in, its charts drawn."""
    options: dict[str, Any] = {"viewport": size, "locale": {"ja": "ja-JP", "en": "en-GB"}[language], "color_scheme": scheme}
    context = browser.new_context(**options, device_scale_factor=2 if size is PHONE else 1)
    sign_in_with(context, address.partition("/#")[0].rstrip("/"))
    page = context.new_page()
    page.goto(address)
    drawn(page, charts)
    return page


def take(page: Page, name: str) -> None:
    """Save what a page shows."""
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    print(f"{name}: {(FOLDER / f'{name}.png').stat().st_size / 1000:.0f} kB")


def over(base: str) -> str:
    """Return a session that has been sent whole."""
    with simulating(base, SCENARIO, "max") as session:
        while next(one for one in sessions(base) if one["id"] == session)["status"] == "live":
            time.sleep(0.5)
    return session


def pictures(base: str) -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        report = over(base)
        for language, scheme in (("ja", "light"), ("en", "dark")):
            page = open_page(browser, f"{base}/#/report/{report}", LAPTOP, language, scheme, 2)
            take(page, f"report-{language}")
        brand_pages(browser, base)
        show_pages(browser, base, report)
        with simulating(base, SCENARIO, 60) as live:
            address = f"{base}/#/live/{live}"
            wall = open_page(browser, address, WALL, "ja", "dark", 1)
            # A wall is looked at; the desk is where an operator works.
            wall.get_by_role("button", name="デスク").click()
            # Into the second half of the hour: one product is sold out and still clicked, the next is on air.
            wall.locator("[data-code=sold_out_clicked]").wait_for(timeout=240_000)
            wall.locator("#product-table .chip-live").wait_for(timeout=240_000)
            wall.locator("#insights").wait_for(timeout=240_000)
            take(wall, "live-ja")
            for size, language, scheme, name in ((LAPTOP, "en", "light", "live-en"), (PHONE, "ja", "dark", "live-phone")):
                take(open_page(browser, address, size, language, scheme, 1), name)
            for name, where in (("desk-tablet", address), ("host-ja", f"{base}/#/host/{live}")):
                page = open_page(browser, where, TABLET, "ja", "dark", 0)
                expect(page.locator(".desk-air[aria-pressed=true], .host-facts").first).to_be_visible()
                take(page, name)


def show_pages(browser: Browser, base: str, closing: str) -> None:
    """Take today, the plan of the next show, which is a copy of the earlier one, and the last steps of closing that one."""
    begins = (datetime.now(UTC) + timedelta(hours=3)).replace(minute=0, second=0, microsecond=0)
    form = {"title": "秋の新作ライブ 第2回", "kind": "live", "scheduled_at": begins.isoformat()}
    plan = httpx.post(f"{base}/v1/sessions/{closing}/copies", headers=HEADERS, json=form).json()["id"]
    for name, address, size, language, scheme in (
        ("today-ja", f"{base}/#/", LAPTOP, "ja", "dark"),
        ("plan-ja", f"{base}/#/plan/{plan}", LAPTOP, "ja", "light"),
        ("close-ja", f"{base}/#/close/{closing}?step=summary", LAPTOP, "ja", "light"),
        ("close-phone", f"{base}/#/close/{closing}", PHONE, "ja", "dark"),
    ):
        page = open_page(browser, address, size, language, scheme, 0)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator(".waiting")).to_have_count(0)
        take(page, name)


def brand_pages(browser: Browser, base: str) -> None:
    """Take the month that a client is shown, a draft with what it lacks, and the packing of a show."""
    brand = brand_with_months(base, "maison-m", "Maison M", "9月の定期ライブ", "小林")
    at = f"{base}/#/brand/{brand.slug}"
    for name, address, size, language, scheme in (
        ("brand-month-ja", f"{at}/month/2021-09", LAPTOP, "ja", "light"),
        ("brand-shows-en", f"{at}/shows", LAPTOP, "en", "dark"),
        ("brand-statement-en", f"{at}/settlement/{brand.draft}", LAPTOP, "en", "light"),
        ("brand-packing-phone", f"{at}/shipping/{brand.latest}", PHONE, "ja", "light"),
    ):
        page = open_page(browser, address, size, language, scheme, 0)
        expect(page.locator("main h1")).to_be_visible()
        expect(page.locator(".waiting")).to_have_count(0)
        take(page, name)


def main() -> None:
    """Start a server, take the pictures, stop it."""
    if PATH is None:
        raise SystemExit("no Chromium here: apt-get install chromium fonts-noto-cjk")
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder), {"TALLYLIGHT_DATA_DIR": folder})
        server.start()
        try:
            asyncio.run(server.ready())
            pictures(server.base)
        finally:
            server.end()


if __name__ == "__main__":
    main()
