"""The agency of the story: an empty server, its first link, and the platforms that the agency works with."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PageMaker, watched_pages
from tests.channels.fake_bots import FakeBots
from tests.databases import LOCAL
from tests.pipeline.processes import ServerProcess
from tests.platforms.fake_server import Running
from tests.platforms.fake_wechat import FakeWechat


@dataclass(frozen=True)
class Agency:
    """What there is at the beginning."""

    first_link: str
    """The sign-in link that the server printed at its first start."""
    open_page: PageMaker
    wechat: FakeWechat
    bots: FakeBots


@pytest.fixture
def agency(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agency]:
    """A server whose database is empty, with an administrator who has a link and nothing else."""
    folder = tmp_path_factory.mktemp("story")
    server = ServerProcess(folder, {"TALLYLIGHT_DATA_DIR": str(folder), "TALLYLIGHT_API_BASE_ALLOW": LOCAL}, key=None)
    server.start()
    try:
        # Playwright's own loop runs in this thread.
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(lambda: asyncio.run(server.ready())).result()
        printed = re.search(r"http://\S+/#/sign-in/\S+", server.log)
        assert printed is not None, server.log
        with Running(FakeWechat()) as wechat, Running(FakeBots()) as bots, watched_pages(browser, server.base) as open_page:
            yield Agency(printed[0], open_page, wechat, bots)
    finally:
        server.end()
