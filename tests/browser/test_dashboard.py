"""The dashboard as people meet it: a real browser, a real server, a session that runs."""

from functools import partial
from pathlib import Path
from typing import Any

import httpx
from openpyxl import load_workbook
from playwright.sync_api import Request, Route, expect

from app.labels.catalogue import CATALOGUE, Language
from app.platforms.administration.models import Connection
from tests.browser.chromium import drawn
from tests.browser.conftest import HOSTILE
from tests.browser.pages import PageMaker
from tests.browser.simulated import Show
from tests.languages import first_language_else_long
from tests.pipeline.processes import ADMIN_KEY, HEADERS


def test_a_wrong_key_is_told_kindly_and_the_keyboard_alone_reaches_a_session(open_page: PageMaker, live: str) -> None:
    """Tab, type, Enter; a wrong key is a sentence in place; the right one leads to today, and on to the live screen."""
    page = open_page(key=None)
    expect(page.get_by_label("APIキー")).to_be_focused()
    # The browser itself logs a refused request; here it is what the test asks for.
    with page.expect_event("console"):
        page.keyboard.type("tl_unknown_0123456789abcdef")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("キーが正しくありません")
    open_page.troubles.clear()  # type: ignore[attr-defined]
    page.keyboard.type(ADMIN_KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="今日")).to_be_visible()
    link = page.locator(f"main a[href='#/live/{live}']")
    expect(link).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if link.evaluate("node => node === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="夜のライブ")).to_be_visible()
    expect(page.locator(".age")).to_contain_text("リアルタイム")
    assert ADMIN_KEY not in page.url
    page.get_by_role("button", name="サインアウト").click()
    expect(page.get_by_label("APIキー")).to_be_visible()
    assert [] == page.context.cookies()
    assert 0 == page.evaluate("sessionStorage.length")


def test_the_live_screen_moves_and_tells_what_is_sold_out(open_page: PageMaker, show: Show) -> None:
    """Figures grow without a reload, charts are drawn by interpreted expressions, the stock-out comes as an alert."""
    page = open_page(f"#/live/{show.id}")
    clicks = page.locator("[data-metric=product_clicks]")
    expect(clicks).to_be_visible()
    before = clicks.inner_text()
    show.play(17)
    expect(clicks).not_to_have_text(before)
    drawn(page, 1)
    marker = page.evaluate("document.querySelector('.tile-value').dataset.mine = 'kept'")
    assert "kept" == marker
    # Its first product is sold out in the nineteenth minute.
    show.play(23)
    alert = page.locator("[data-code=sold_out_clicked]")
    expect(alert).to_contain_text("ニット")
    expect(page.locator("#alerts [aria-live=polite]")).to_have_count(1)
    expect(page.locator("#product-table .chip-out")).to_have_text("売り切れ")
    assert "kept" == page.evaluate("document.querySelector('.tile-value').dataset.mine"), "nodes were thrown away"


def test_a_lost_connection_never_looks_live(open_page: PageMaker, live: str) -> None:
    """Offline: at once a banner with the time of the figures, and the board is dimmed; online again: fresh figures."""
    page = open_page(f"#/live/{live}")
    expect(page.locator(".age-open")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("接続が切れました")
    expect(page.locator(".live.stale .board")).to_have_count(1)
    expect(page.locator(".age")).to_contain_text("再接続中")
    page.context.set_offline(False)
    expect(page.locator(".age-open")).to_be_visible()
    expect(page.locator(".stale")).to_have_count(0)
    # A network that is gone is an error to the browser; what the page makes of it is what counts.
    open_page.troubles.clear()  # type: ignore[attr-defined]


@first_language_else_long
def test_the_report_comes_as_files(open_page: PageMaker, ended: str, language: Language, tmp_path: Path) -> None:
    """The workbook opens, and the HTML file requests nothing."""
    page = open_page(f"#/report/{ended}", locale={"ja": "ja-JP", "zh": "zh-CN", "en": "en-GB"}[language])
    files = {}
    for kind in ("xlsx", "html"):
        with page.expect_download() as started:
            page.locator(f"[data-file={kind}]").click()
        files[kind] = tmp_path / started.value.suggested_filename
        started.value.save_as(files[kind])
        assert files[kind].suffix == f".{kind}"
    book = load_workbook(files["xlsx"])
    cells = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert CATALOGUE["metric.buyers"][language] in cells
    alone = page.context.browser.new_page()  # type: ignore[union-attr]
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(files["html"].as_uri())
    assert [files["html"].as_uri()] == [url for url in asked if not url.startswith("data:")]
    expect(alone.locator("body")).to_contain_text(HOSTILE)
    alone.close()


def test_an_operator_adds_a_note_and_a_viewer_cannot(open_page: PageMaker, base: str, ended: str) -> None:
    """Each sees what the key may do, no more; and a key that is revoked meanwhile leads back to the sign-in."""
    made = [httpx.post(f"{base}/v1/keys", headers=HEADERS, json={"role": role}).json() for role in ("operator", "viewer")]
    operator = open_page(f"#/report/{ended}", key=made[0]["key"])
    operator.get_by_role("textbox", name="内容").fill("最初の20分はコアファンが中心")
    operator.get_by_role("button", name="ノートを追加").click()
    expect(operator.locator(".notes")).to_contain_text("最初の20分はコアファンが中心")
    expect(operator.locator("#analysis-live")).to_contain_text("最初の20分はコアファンが中心")
    viewer = open_page(f"#/report/{ended}", key=made[1]["key"])
    expect(viewer.locator(".notes")).to_contain_text("最初の20分はコアファンが中心")
    expect(viewer.get_by_role("button", name="ノートを追加")).to_have_count(0)
    expect(viewer.get_by_role("link", name="連携")).to_have_count(0)
    httpx.delete(f"{base}/v1/keys/{made[1]['id']}", headers=HEADERS).raise_for_status()
    viewer.goto(f"{base}/#/sessions")
    expect(viewer.get_by_role("alert")).to_contain_text("サインインが無効になりました")
    # Of several requests that are refused at once, some may still be on their way.
    viewer.close()
    open_page.troubles.clear()  # type: ignore[attr-defined]


def _fulfill(route: Route, _: Request, **answer: Any) -> None:
    route.fulfill(**answer)


@first_language_else_long
def test_errors_of_the_server_come_in_the_language_of_the_page(open_page: PageMaker, base: str, language: Language) -> None:
    """By the code of the problem; the server's own detail where the catalogue has no words for the code."""
    event = {"specversion": "1.0", "source": "/browser", "id": f"gone-{language}", "type": f"gone.{language}", "data": {}}
    assert 422 == httpx.post(f"{base}/v1/events", headers=HEADERS, json=event).status_code
    page = open_page("#/dead-letters", locale=f"{language}-{language.upper()}")
    row = page.locator("li.dead-letter", has_text=f"gone.{language}")
    expect(row).to_be_visible()
    expect(row.locator(".errors")).to_contain_text(CATALOGUE["field.event_type"][language])
    waiting = httpx.get(f"{base}/v1/dead-letters", headers=HEADERS).json()["dead_letters"]
    gone = next(one["id"] for one in waiting if one["type"] == f"gone.{language}")
    httpx.delete(f"{base}/v1/dead-letters/{gone}", headers=HEADERS).raise_for_status()
    row.get_by_role("button", name=CATALOGUE["dash.dead_letters.inspect"][language]).click()
    expect(page.get_by_role("status").first).to_have_text(CATALOGUE["problem.dead_letter_not_found"][language])
    for status, code, words in (
        (503, "database_unavailable", CATALOGUE["problem.database_unavailable"][language]),
        (409, "of_another_version", "the disk is full"),
    ):
        problem = {"title": "Title", "status": status, "code": code, "detail": "the disk is full"}
        page.route("**/v1/connections*", partial(_fulfill, status=status, json=problem))
        page.goto(f"{base}/#/connections")
        expect(page.get_by_role("alert").locator("p").first).to_have_text(words)
        page.goto(f"{base}/#/sessions")
        expect(page.get_by_role("alert")).to_have_count(0)
        page.unroute("**/v1/connections*")
    # What a sentence of the catalogue does not say is in the server's own words, which are marked as English.
    vague = {"pointer": "/limit", "detail": "is no limit", "code": "invalid"}
    for code, errors, words in (("conflict", [], "the disk is full"), ("invalid_input", [vague], "is no limit")):
        problem = {"title": "Title", "status": 409, "code": code, "detail": "the disk is full", "errors": errors}
        page.route("**/v1/connections*", partial(_fulfill, status=409, json=problem))
        page.goto(f"{base}/#/connections")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text(CATALOGUE[f"problem.{code}"][language])
        expect(alert.locator("small[lang=en]")).to_have_text([words])
        page.goto(f"{base}/#/sessions")
        expect(alert).to_have_count(0)
        page.unroute("**/v1/connections*")
    wrong = {"pointer": "/limit", "detail": "detail", "code": "less_than_equal", "params": {"le": 200}}
    problem = {"title": "Title", "status": 422, "code": "invalid_input", "errors": [wrong]}
    page.route("**/v1/connections*", partial(_fulfill, status=422, json=problem))
    page.goto(f"{base}/#/connections")
    expect(page.get_by_role("alert").locator("li")).to_have_text(
        "/limit " + CATALOGUE["field.less_than_equal"][language].format(le=200)
    )
    page.unroute("**/v1/connections*")
    example: Any = Connection.model_config["json_schema_extra"]
    failed = example["example"] | {
        "last_error": "getlivedata: 10021001", "last_error_code": "poll_failed", "last_error_at": "2021-09-25T05:31:07Z",
    }  # fmt: skip
    page.route("**/v1/connections*", partial(_fulfill, status=200, json={"connections": [failed], "next_cursor": None}))
    page.goto(f"{base}/#/sessions")
    page.goto(f"{base}/#/connections")
    cell = page.locator("#connections td", has_text="getlivedata: 10021001")
    expect(cell).to_contain_text(CATALOGUE["connection_error.poll_failed"][language])
    page.unroute("**/v1/connections*")
    # A refused request is an error to the browser; here the requests are meant to be refused.
    open_page.troubles.clear()  # type: ignore[attr-defined]


def test_the_first_view_is_light_and_comes_from_the_cache_afterwards(open_page: PageMaker, live: str) -> None:
    """Sign-in, sessions, and the live screen with its charts: under 1.2 MB; after a reload no file is fetched again."""
    page = open_page(f"#/live/{live}", fresh=True)
    drawn(page, 1)
    transferred = "performance.getEntriesByType('resource').map((one) => [new URL(one.name).pathname, one.transferSize])"
    first = dict(page.evaluate(transferred))
    weight = sum(first.values()) + page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
    assert 300_000 < weight < 1_200_000, weight
    page.reload()
    drawn(page, 1)
    again = dict(page.evaluate(transferred))
    assert {0} == {size for name, size in again.items() if name.startswith("/assets/")}
    assert again["/v1/labels"] < 1000 < first["/v1/labels"]
    print(f"first view with charts: {weight / 1000:.0f} kB")
