"""Takes the pictures of the documentation: `make screenshots`.

In: a server of its own with an agency at work, and a session of the simulator that runs. Out: WebP files in `docs/pictures`. Never
here: made-up figures.

Chromium itself writes the WebP files, so that no library for pictures is needed.
"""

import asyncio
import base64
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.browser.agency import aim, screens
from tests.browser.chromium import PATH, chromium, drawn, sessions, sign_in_with, simulating
from tests.pipeline.processes import ROOT, ServerProcess

FOLDER = ROOT / "docs" / "pictures"
SCENARIO = "2021-09-25"
SIZES = {
    "wall": {"width": 1920, "height": 1080},
    "laptop": {"width": 1440, "height": 900},
    "tablet": {"width": 820, "height": 1180},
    "phone": {"width": 390, "height": 844},
}
LOCALES = {"ja": "ja-JP", "zh": "zh-CN", "en": "en-GB"}
TO_WEBP = """async (png) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = Object.assign(document.createElement('canvas'), {width: picture.naturalWidth, height: picture.naturalHeight});
  canvas.getContext('2d').drawImage(picture, 0, 0);
  return canvas.toDataURL('image/webp', 0.8).split(',')[1];
}"""


class Picture(NamedTuple):
    """How a screen is shown, and where."""

    page: str
    """The page of the documentation that shows it; a test holds it."""
    size: str
    language: str
    scheme: str
    charts: int = 0
    at: str | None = None
    """What stands at the upper edge; absent: the page's own beginning."""
    pressed: str | None = None
    """What is pressed first."""


PICTURES = {
    "today": Picture("reference/desk", "laptop", "ja", "dark"),
    "menu": Picture("reference/dashboard", "phone", "en", "light", pressed="#menu-button"),
    "sessions": Picture("reference/dashboard", "laptop", "zh", "light"),
    "comparison": Picture("reference/dashboard", "laptop", "en", "light"),
    "plan": Picture("reference/desk", "laptop", "ja", "light"),
    "close-import": Picture("reference/desk", "phone", "ja", "dark"),
    "close-summary": Picture("reference/desk", "laptop", "ja", "light"),
    "close-release": Picture("reference/desk", "laptop", "zh", "light"),
    "report": Picture("../README", "laptop", "ja", "light", 2),
    "traffic": Picture("reference/traffic", "laptop", "en", "light", 2, "#traffic"),
    "windows": Picture("reference/windows", "laptop", "ja", "light", 2, "#effects"),
    "shared": Picture("reference/people", "tablet", "zh", "light"),
    "agency-month": Picture("reference/brands", "laptop", "en", "dark"),
    "rates": Picture("reference/settlement", "laptop", "ja", "light"),
    "brand-shows": Picture("reference/brands", "laptop", "en", "dark"),
    "brand-hosts": Picture("reference/brands", "laptop", "zh", "light"),
    "brand-month": Picture("reference/brands", "laptop", "ja", "light"),
    "brand-contract": Picture("reference/brands", "laptop", "ja", "light"),
    "brand-statement": Picture("reference/brands", "laptop", "en", "light"),
    "brand-customers": Picture("reference/brands", "laptop", "zh", "light"),
    "brand-packing": Picture("reference/brands", "phone", "ja", "light"),
    "brand-catalogue": Picture("reference/brands", "laptop", "ja", "dark"),
    "exports": Picture("reference/exports", "tablet", "ja", "light"),
    "waiting": Picture("reference/waiting", "laptop", "en", "light"),
    "connections": Picture("reference/waiting", "laptop", "ja", "light"),
    "mapping": Picture("howto/mapping", "laptop", "en", "dark"),
    "people": Picture("reference/people", "laptop", "ja", "light"),
    "channels": Picture("reference/channels", "laptop", "zh", "dark"),
    "audit": Picture("reference/audit", "laptop", "en", "light"),
    "status": Picture("reference/operations", "laptop", "ja", "dark"),
    "guide": Picture("README", "laptop", "en", "light"),
}
DESK = "#app button:text-is('デスク')"
LIVE = {
    # A wall is looked at; the desk is where an operator works.
    "live-wall": Picture("../README", "wall", "ja", "dark", 1, pressed=DESK),
    "live-laptop": Picture("../README", "laptop", "en", "light", 1),
    "live-phone": Picture("reference/desk", "phone", "zh", "dark", 1),
    "targets": Picture("reference/targets", "laptop", "ja", "dark", 1, ".live-parts", "[data-part=targets]"),
    "desk": Picture("reference/desk", "tablet", "ja", "dark"),
    "host": Picture("reference/desk", "tablet", "ja", "dark"),
}
"""Screens of a session that is on air."""


def open_page(browser: Browser, address: str, shown: Picture) -> Page:
    """Return a page, signed in unless the address does that, with its content and its charts."""
    context = browser.new_context(
        viewport=SIZES[shown.size], locale=LOCALES[shown.language], color_scheme=shown.scheme,  # type: ignore[arg-type]
        reduced_motion="reduce", device_scale_factor=2 if shown.size == "phone" else 1,
    )  # fmt: skip
    parts = urlsplit(address)
    if not parts.fragment.startswith("/share/"):
        sign_in_with(context, f"{parts.scheme}://{parts.netloc}")
    page = context.new_page()
    page.goto(address)
    expect(page.locator("main h1, main .host-title").first).to_be_visible(timeout=60_000)
    expect(page.locator(".waiting")).to_have_count(0, timeout=60_000)
    drawn(page, shown.charts)
    if shown.pressed is not None:
        page.locator(shown.pressed).click()
    if shown.at is not None:
        page.locator(shown.at).evaluate("node => node.scrollIntoView()")
    return page


class Camera:
    """Saves what pages show."""

    def __init__(self, browser: Browser) -> None:
        """Open the page that encodes the pictures."""
        self._encoder = browser.new_page()

    def take(self, page: Page, name: str) -> None:
        """Save what a page shows, and close it."""
        png = base64.b64encode(page.screenshot(animations="disabled")).decode()
        file = FOLDER / f"{name}.webp"
        file.write_bytes(base64.b64decode(self._encoder.evaluate(TO_WEBP, png)))
        print(f"{name}: {file.stat().st_size / 1000:.0f} kB")
        page.context.close()


def over(base: str) -> str:
    """Return a session that has been sent whole."""
    with simulating(base, SCENARIO, "max") as session:
        while next(one for one in sessions(base) if one["id"] == session)["status"] == "live":
            time.sleep(0.5)
    return session


def live_pictures(browser: Browser, camera: Camera, base: str) -> None:
    """Take the live screen, the desk and the host view once one product is sold out and still clicked, and the next is on air."""
    with simulating(base, SCENARIO, 60) as live:
        wall = open_page(browser, f"{base}/#/live/{live}", LIVE["live-wall"])
        for part in ("[data-code=sold_out_clicked]", "#product-table .chip-live", "#insights"):
            wall.locator(part).first.wait_for(timeout=240_000)
        camera.take(wall, "live-wall")
        aim(base, live)
        for name in LIVE.keys() - {"live-wall"}:
            page = open_page(browser, f"{base}/#/{'host' if name == 'host' else 'live'}/{live}", LIVE[name])
            if name in {"desk", "host"}:
                expect(page.locator(".desk-air[aria-pressed=true], .host-facts").first).to_be_visible(timeout=60_000)
            camera.take(page, name)


def pictures(base: str) -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser:
        camera = Camera(browser)
        addresses = screens(base, over(base))
        for name, shown in PICTURES.items():
            camera.take(open_page(browser, f"{base}/{addresses[name]}", shown), name)
        live_pictures(browser, camera, base)


@contextmanager
def server() -> Iterator[str]:
    """Run a server of its own; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        process = ServerProcess(Path(folder), {"TALLYLIGHT_DATA_DIR": folder})
        process.start()
        try:
            asyncio.run(process.ready())
            yield process.base
        finally:
            process.end()


def main(work: Callable[[str], Any] = pictures) -> None:
    """Start a server, take the pictures, stop it."""
    if PATH is None:
        raise SystemExit("no Chromium here: apt-get install chromium-headless-shell fonts-noto-cjk")
    with server() as base:
        work(base)


if __name__ == "__main__":
    main()
