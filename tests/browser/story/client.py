"""The client: a browser that knows nothing opens the link, and everything that it receives is kept.

In: a share link. Out: what the client saw and received. Never here: anything that the agency's pages show.
"""

import time

from playwright.sync_api import Page, Request, expect

from tests.browser.pages import PATIENCE, PageMaker
from tests.browser.story.broadcasting import INTERNAL_NOTE, SHARED_NOTE
from tests.browser.story.closing import Drafts
from tests.browser.story.planning import NEXT_TITLE
from tests.browser.story.setting_up import BRAND

_STREAM = "text/event-stream"


class Received:
    """Every body of an answer, and every message of an event stream, that a page received."""

    def __init__(self, page: Page) -> None:
        """Begin to keep."""
        self._page = page
        self.bodies: dict[str, str] = {}
        """URL → the bodies that came from it."""
        self.messages: list[str] = []
        page.on("requestfinished", self._keep)
        # The body of a stream has no end, so that its messages are kept one by one.
        inside = page.context.new_cdp_session(page)
        inside.on("Network.eventSourceMessageReceived", lambda message: self.messages.append(message["data"]))
        inside.send("Network.enable")

    def _keep(self, request: Request) -> None:
        answer = request.response()
        if answer is not None and answer.status != 204 and _STREAM not in answer.headers.get("content-type", ""):
            self.bodies[request.url] = self.bodies.get(request.url, "") + answer.body().decode(errors="replace")

    def first_message(self) -> None:
        """Return once an event stream has sent a message; the page's figures may have come before it."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.messages:
            assert time.monotonic() < end, "no stream sent a message"
            self._page.wait_for_timeout(50)

    def text(self) -> str:
        """Return all of it."""
        return "\n".join([*self.bodies.values(), *self.messages])


def open_link(open_page: PageMaker, link: str) -> tuple[Page, Received]:
    """Open a share link in a browser that has never been here."""
    page = open_page(key=None, locale="zh-CN")
    page.goto("about:blank")
    received = Received(page)
    page.goto(link)
    return page, received


def read(page: Page, revision: int) -> str:
    """Read the client edition in Chinese; return its text."""
    expect(page.get_by_role("banner")).to_contain_text(BRAND)
    report = page.get_by_role("article")
    expect(report.get_by_role("heading", level=1)).to_contain_text(NEXT_TITLE)
    expect(report).to_contain_text(f"定稿 第 {revision} 版")
    expect(report).to_contain_text("¥6,194")
    expect(report).to_contain_text(SHARED_NOTE)
    return report.inner_text()


def look_at_the_live_screen(page: Page, received: Received) -> None:
    """The live screen is the client's too, without alerts, insights and the desk."""
    menu = page.get_by_role("navigation", name="主菜单")
    menu.get_by_role("link", name="直播大屏").click()
    expect(page.get_by_role("table", name="各商品业绩")).to_contain_text("6,194")
    expect(page.get_by_role("complementary")).to_have_count(0)
    received.first_message()
    menu.get_by_role("link", name="报告").click()


def nothing_internal(received: Received, drafts: Drafts) -> None:
    """Neither a draft in any language nor the internal note is anywhere in what came; what was shared is."""
    text = received.text()
    for shared in (SHARED_NOTE, *drafts.taken):
        assert shared in text, "what was shared must be found, or the search would find nothing at all"
    assert any("/report" in url for url in received.bodies)
    assert len(drafts.untaken()) >= 3
    assert [] == [draft for draft in drafts.untaken() if draft in text]
    assert INTERNAL_NOTE not in text
