"""Channels and the audit log on the dashboard, by role and accessible names."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.pages import PageMaker
from tests.channels.fake_bots import KEY, FakeBots
from tests.pipeline.processes import HEADERS
from tests.platforms.fake_server import Running


@pytest.fixture
def bots() -> Iterator[FakeBots]:
    """Receivers on loopback."""
    with Running(FakeBots()) as fake:
        yield fake


def test_an_administrator_creates_tests_and_replays(base: str, open_page: PageMaker, bots: FakeBots) -> None:
    """A form per kind, a test, the deliveries; the audit log has each write, and no page a secret."""
    page = open_page("#/channels", locale="en-GB")
    page.get_by_role("button", name="New channel").click()
    form = page.get_by_role("form", name="New channel")
    form.get_by_label("Kind").select_option("dingtalk")
    expect(form.get_by_label("Keyword")).to_be_visible()
    form.get_by_label("Kind").select_option("wecom")
    form.get_by_label("Name").fill("Studio")
    form.get_by_label("Webhook URL").fill("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=by-the-form-0001")
    form.get_by_role("button", name="Create").click()
    expect(page.get_by_text(re.compile("qyapi.weixin.qq.com …0001"))).to_be_visible()
    # The server under test reaches nothing outside: its bot is the fake one.
    made = httpx.post(f"{base}/v1/channels", headers=HEADERS, json={
        "name": "Fake", "kind": "wecom", "secrets": {"key": KEY}, "options": {"api_base": bots.base}, "events": ["alert.raised"],
    })  # fmt: skip
    assert 201 == made.status_code, made.text
    page.reload()
    channel = page.get_by_role("listitem").filter(has_text="Fake").first
    channel.get_by_role("button", name="Send a test").click()
    expect(channel.get_by_text("The receiver accepted the test message.")).to_be_visible()
    channel.get_by_role("button", name="Deliveries").click()
    # Alerts of sessions that other tests have on air may be among the deliveries.
    expect(channel.get_by_text("Sent", exact=True).first).to_be_visible()
    channel.get_by_role("button", name="Send again").first.click()
    expect(channel.get_by_text("Waiting", exact=True).or_(channel.get_by_text("Sent", exact=True)).first).to_be_visible()
    assert KEY not in page.content()
    page.goto(f"{base}/#/audit")
    page.get_by_label(re.compile("^Action")).fill("channel")
    page.get_by_label(re.compile("^Action")).press("Enter")
    for action in ("channel.create", "channel.test", "channel.replay"):
        expect(page.get_by_role("cell", name=action).first).to_be_visible()


def test_an_administrator_sees_the_status(open_page: PageMaker) -> None:
    """Each check with its finding, the tables, recurring work; a warning stands out by its words too."""
    page = open_page("#/status", locale="en-GB")
    checks = page.get_by_role("table", name="Check")
    expect(checks.get_by_role("row", name=re.compile("^Worker OK ran [0-9]+ s ago"))).to_be_visible()
    expect(checks.get_by_role("row", name=re.compile("^Last backup Warning none is known"))).to_be_visible()
    expect(page.get_by_role("table", name="Largest tables").get_by_role("rowheader", name="events", exact=True)).to_be_visible()
    expect(page.get_by_role("table", name="Recurring work")).to_contain_text("platforms_tick")
