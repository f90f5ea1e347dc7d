"""The agency of the story: an empty server, its first link, and the platforms that the agency works with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.pages import Contexts, PageMaker, watched_pages
from tests.browser.servers import first_server
from tests.channels.fake_bots import FakeBots
from tests.platforms.fake_server import Running
from tests.platforms.fake_wechat import FakeWechat
from tests.prepared_cluster import PreparedCluster


@dataclass(frozen=True)
class Agency:
    """What there is at the beginning."""

    first_link: str
    """The sign-in link that the server printed at its first start."""
    open_page: PageMaker
    wechat: FakeWechat
    bots: FakeBots


@pytest.fixture
def agency(contexts: Contexts, prepared_cluster: PreparedCluster, tmp_path: Path) -> Iterator[Agency]:
    """A server whose database is empty, with an administrator who has a link and nothing else."""
    prepared_cluster.copy_to(tmp_path / "story")
    with first_server(tmp_path / "story") as server:
        printed = re.search(r"http://\S+/#/sign-in/\S+", server.log)
        assert printed is not None, server.log
        with Running(FakeWechat()) as wechat, Running(FakeBots()) as bots, watched_pages(contexts, server.base) as open_page:
            yield Agency(printed[0], open_page, wechat, bots)
