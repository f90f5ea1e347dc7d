"""The browser that the tests and the screenshots drive.

In: Debian's Chromium, or any that the path names. Out: pages of the dashboard, signed in. Never here: downloads of a browser.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.pipeline.processes import ADMIN_KEY, HEADERS, ROOT

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The shell first: it is the same engine without the windows of a browser, which cost computing although a test shows none."""
PATH = next((found for name in _NAMES if (found := shutil.which(name))), None)
ARGUMENTS = [
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-quic", "--disable-gpu", "--hide-scrollbars", "--process-per-site",
]  # fmt: skip
"""No sandbox, since containers run as root; one process for the pages of a site, which has compiled its modules already; the rest keeps
Chromium itself off the network."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser."""
    assert PATH is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PATH, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def sign_in_with(context: BrowserContext, base: str, key: str = ADMIN_KEY) -> None:
    """Let every page of a context begin signed in, as on a device that was signed in before."""
    answer = context.request.post(f"{base}/v1/sign-in", data={"key": key})
    assert 204 == answer.status, answer.text()


def drawn(page: Page, charts: int) -> None:
    """Return once so many charts are drawn."""
    page.wait_for_function(
        "count => document.querySelectorAll('.chart[data-drawn=yes] svg').length >= count", arg=charts, timeout=60_000
    )


@contextmanager
def simulating(base: str, scenario: str | Path, speed: float | str) -> Iterator[str]:
    """Run the simulator against a server; gives the id of its session once it is live."""
    before = {session["id"] for session in sessions(base)}
    arguments = [str(scenario), "--url", base, "--key", ADMIN_KEY, "--speed", str(speed), "--batch", "100"]
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "simulate", *arguments],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield _begun(base, before)
    finally:
        process.terminate()
        process.wait(30)


def _begun(base: str, before: set[str]) -> str:
    # One client: each new one loads the certificates of all authorities.
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        for _ in range(300):
            for session in client.get("/v1/sessions").json()["sessions"]:
                if session["id"] not in before and session["status"] != "scheduled":
                    return str(session["id"])
            time.sleep(0.1)
    raise AssertionError("the simulator did not begin")


def sessions(base: str) -> list[dict[str, str]]:
    """Return the newest sessions of a server."""
    found: list[dict[str, str]] = httpx.get(f"{base}/v1/sessions", headers=HEADERS).json()["sessions"]
    return found
