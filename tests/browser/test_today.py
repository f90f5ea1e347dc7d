"""Today: what waits, and the step that comes next."""

from typing import Any

import httpx
from playwright.sync_api import expect

from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS

TITLES = ("まとめのないライブ", "まとめのあるライブ")


def _over(base: str, title: str) -> str:
    """Create a session that is over and return its id."""
    with httpx.Client(base_url=base, headers=HEADERS) as client:
        session: str = client.post("/v1/sessions", json={"title": title, "brand": "today", "currency": "CNY"}).json()["id"]
        events: list[dict[str, Any]] = [
            {"specversion": "1.0", "source": "/today", "id": f"{session} {kind}", "type": f"live.session.{kind}", "subject": session,
             "time": f"2021-09-25T1{hour}:00:00+09:00", "data": {}}
            for kind, hour in (("started", 4), ("ended", 6))
        ]  # fmt: skip
        client.post("/v1/events", json=events).raise_for_status()
    return session


def test_a_report_says_what_it_waits_for(open_page: PageMaker, base: str) -> None:
    """For its summary, with the way to write it; then for release, with the way to that."""
    without, summarized = (_over(base, title) for title in TITLES)
    note = {"section": "live", "kind": "summary", "text": "まとめ"}
    httpx.post(f"{base}/v1/sessions/{summarized}/notes", headers=HEADERS, json=note).raise_for_status()
    page = open_page("#/today")
    reports = page.get_by_role("region", name="まとめ・確定を待つレポート")
    release = reports.get_by_role("link", name=f"確認して確定する：{TITLES[1]}")
    expect(release).to_have_attribute("href", f"#/close/{summarized}?step=release")
    reports.get_by_role("link", name=f"まとめを書く：{TITLES[0]}").click()
    expect(page.locator("#close-step")).to_contain_text("まとめ")
    assert page.url.endswith(f"#/close/{without}?step=summary")
    viewer = httpx.post(f"{base}/v1/keys", headers=HEADERS, json={"role": "viewer"}).json()["key"]
    reader = open_page("#/today", key=viewer)
    link = reader.get_by_role("region", name="まとめ・確定を待つレポート").get_by_role("link", name=TITLES[0])
    expect(link).to_have_attribute("href", f"#/report/{without}")
    expect(reader.get_by_role("link", name="まとめを書く")).to_have_count(0)
