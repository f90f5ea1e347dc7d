"""Pages that tests open: watched, signed in, in contexts that the tests take one after the other.

In: a browser, a server's address. Out: pages; whether a page has come to rest. Never here: what a page shows.

In a new context nothing is cached: its first page fetches, parses and compiles every module again. A context is therefore taken
again, emptied of everything but that cache, and keeps the process of its pages.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Request, ViewportSize

from tests.browser.chromium import sign_in_with
from tests.pipeline.processes import ADMIN_KEY

PATIENCE = 60_000
"""Milliseconds until a page that does not come is a failure; a busy machine is none."""
PageMaker = Callable[..., Page]
T = TypeVar("T")
_LASTING_SECONDS = 15
"""What is found for so long is a fault."""
COUNT_CLICKS = """() => { window.clicks = 0; addEventListener('click', (event) => { if (event.isTrusted && event.detail > 0) window.clicks += 1; }, true); }"""
"""Counts the clicks of a pointer on a page from now on."""
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
# Without animations: Chromium would draw sixty pictures a second of a live page, by computing alone.
_STILL: dict[str, Any] = {"reduced_motion": "reduce"}
_RESTS = """async () => {
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
  // The first draws what has changed, or notices that a chart has another width; the second comes after that.
  await frame();
  await frame();
  const headings = document.querySelectorAll("main h1");
  if (headings.length !== 1 || !headings[0].checkVisibility()) return "there is no heading";
  if (document.querySelector(".waiting")) return "a part still waits";
  const undrawn = [...document.querySelectorAll(".chart")].some((chart) => chart.dataset.drawn !== "yes" && chart.clientWidth > 0);
  return undrawn || document.querySelector(".chart-stage") ? "a chart is being drawn" : "";
}"""


class _Traffic:
    """What a page asks for, and what is on its way; event streams, which have no end, aside."""

    def __init__(self, page: Page) -> None:
        self.begun = 0
        self.open: set[Request] = set()
        page.on("request", self._begin)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)

    def _begin(self, request: Request) -> None:
        self.begun += 1
        if request.resource_type != "eventsource":
            self.open.add(request)

    def _end(self, request: Request) -> None:
        self.open.discard(request)


_traffic: WeakKeyDictionary[Page, _Traffic] = WeakKeyDictionary()


def settled(page: Page) -> None:
    """Return once a view has its heading, its data and its charts, and asks for nothing more."""
    traffic = _traffic[page]
    end = time.monotonic() + PATIENCE / 1000
    while True:
        begun = traffic.begun
        lacks = page.evaluate(_RESTS) or ", ".join(request.url for request in traffic.open)
        if not lacks and begun == traffic.begun:
            return
        assert time.monotonic() < end, f"{page.url}: {lacks or 'it never rests'}"


def lasting(page: Page, look: Callable[[], T]) -> T:
    """Return what a look at a settled page finds, and goes on to find: what a stream sends is drawn a moment later."""
    end = time.monotonic() + _LASTING_SECONDS
    while True:
        settled(page)
        found = look()
        if not found or time.monotonic() > end:
            return found


class Contexts:
    """The contexts of a browser by language; each serves one test at a time."""

    def __init__(self, browser: Browser) -> None:
        """Prepare; no context is made yet."""
        self._browser = browser
        self._idle: dict[str, list[BrowserContext]] = defaultdict(list)
        self._staying: dict[BrowserContext, tuple[Page, CDPSession]] = {}
        """The page of a context that stays, over which its storage is emptied."""

    @contextmanager
    def lent(self, base: str) -> Iterator[Callable[..., BrowserContext]]:
        """Give a function that lends contexts as long as the block runs; `base` is the server whose data they forget."""
        taken = list[tuple[str, BrowserContext]]()
        alone = list[BrowserContext]()

        def lend(locale: str, *, fresh: bool, **options: Any) -> BrowserContext:
            if fresh or options:
                context = self._browser.new_context(locale=locale, **{"viewport": VIEWPORT} | _STILL | options)
                alone.append(context)
                return context
            idle = self._idle[locale]
            context = idle.pop() if idle else self._new(locale, base)
            taken.append((locale, context))
            return context

        try:
            yield lend
        finally:
            for context in alone:
                context.close()
            for locale, context in taken:
                self._empty(context, base)
                self._idle[locale].append(context)

    def _new(self, locale: str, base: str) -> BrowserContext:
        context = self._browser.new_context(locale=locale, viewport=VIEWPORT, **_STILL)
        page = context.new_page()
        # It keeps the process of the site, and what that has compiled.
        page.goto(f"{base}/healthz")
        self._staying[context] = page, context.new_cdp_session(page)
        return context

    def _empty(self, context: BrowserContext, base: str) -> None:
        staying, storage = self._staying[context]
        for page in context.pages:
            if page is not staying:
                page.close()
        context.set_offline(offline=False)
        context.clear_cookies()
        storage.send("Storage.clearDataForOrigin", {"origin": base, "storageTypes": "all"})


@contextmanager
def watched_pages(contexts: Contexts, base: str) -> Iterator[PageMaker]:
    """A maker of pages that are watched: no error in the console, no request to anywhere else."""
    troubles = list[str]()

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on("console", lambda said: troubles.append(f"console: {said.text}") if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((base, "blob:", "data:")) else troubles.append(f"foreign: {asked.url}"),
        )
        _traffic[page] = _Traffic(page)

    with contexts.lent(base) as lend:

        def make(
            where: str = "", *, key: str | None = ADMIN_KEY, locale: str = "ja-JP", viewport: ViewportSize = VIEWPORT,
            color_scheme: Any = None, fresh: bool = False, **options: Any,
        ) -> Page:  # fmt: skip
            # A page of a phone is not a desk's whose window is small.
            sized = {"viewport": viewport} if options else {}
            context = lend(locale, fresh=fresh, **options, **sized)
            if key is not None:
                sign_in_with(context, base, key)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            watch(page)
            if viewport != VIEWPORT and not sized:
                page.set_viewport_size(viewport)
            if color_scheme:
                page.emulate_media(color_scheme=color_scheme)
            page.goto(f"{base}/{where}")
            return page

        make.troubles = troubles  # type: ignore[attr-defined]
        yield make
    assert [] == troubles
