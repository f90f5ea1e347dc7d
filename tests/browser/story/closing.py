"""After the show: the platform's export, unknown codes, drafts and notes, the release and its link.

In: the operator's page. Out: a revision and a link for the client. Never here: the client.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, Response, expect

from tests.browser.story.broadcasting import INTERNAL_NOTE, SHARED_NOTE
from tests.browser.story.hands import confirm, until
from tests.platforms.conftest import ROOM

_HEADING = "订单编号,买家ID,商家编码,商品名称,数量,实付金额,支付时间"
_ROWS = (
    ("C-1", "knit-01", "1", "1099.00"), ("C-2", "knit-01", "2", "2198.00"), ("C-3", "80001", "1", "1099.00"),
    ("C-4", "80002", "1", "699.00"), ("C-5", "knit-01", "1", "壹千元"),
)  # fmt: skip


@dataclass
class Drafts:
    """The drafts that the operator's page received, and which of them became notes."""

    received: list[dict[str, str]] = field(default_factory=list)
    """Texts by language."""
    taken: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Keep what a page receives."""
        page.on("response", self._keep)

    def _keep(self, answer: Response) -> None:
        if answer.url.endswith("/insights") and answer.ok:
            found: list[dict[str, Any]] = answer.json()["insights"]
            self.received += [insight["text"] for insight in found]

    def untaken(self) -> set[str]:
        """Return every text, in every language, that no note has."""
        return {text for texts in self.received for text in texts.values()} - set(self.taken)


def import_orders(page: Page, at: datetime, folder: Path) -> None:
    """Drop the platform's export: what it would change is shown, with the row that cannot be read; then it is imported."""
    in_china = at.astimezone(ZoneInfo("Asia/Shanghai"))
    lines = [
        f"{number},买家{number},{code},针织衫,{quantity},{amount},{in_china - timedelta(seconds=index):%Y-%m-%d %H:%M:%S}"
        for index, (number, code, quantity, amount) in enumerate(_ROWS)
    ]
    file = folder / "订单导出.csv"
    file.write_bytes("\r\n".join([_HEADING, *lines]).encode("gb18030"))
    page.get_by_role("link", name="ライブを締める").click()
    expect(page.get_by_role("heading", level=2, name="データ取り込み")).to_be_visible()
    page.get_by_label("取り込み先").select_option(label=f"WeChat {ROOM}")
    # The show is planned in the time of Japan; the platform's exports have that of China.
    expect(page.get_by_label("ファイルの時刻のタイムゾーン")).to_have_value("Asia/Shanghai")
    page.get_by_label("ファイルをここにドロップ").set_input_files(file)
    page.get_by_role("button", name="変更内容を確認").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("GB18030")
    expect(main).to_contain_text("1,099元 → 6,194元")
    expect(page.get_by_role("row").filter(has_text="实付金额")).to_contain_text("金額として読み取れません")
    expect(main).to_contain_text("未登録の商品コード：2")
    page.get_by_role("button", name="取り込む", exact=True).click()
    expect(main).to_contain_text("取り込みました。")


def bind_codes(page: Page) -> None:
    """Both unknown codes are other names of products; what moves is shown before it does."""
    _go_on(page, "未登録の商品")
    for code, target in (("80001", "メリノニット (knit-01)"), ("80002", "ワイドパンツ (pants-02)")):
        card = page.get_by_role("listitem").filter(has=page.get_by_label(f"{code}の商品"))
        card.get_by_label(f"{code}の商品").select_option(label=target)
        expect(card.get_by_role("status")).to_contain_text("に移ります")
        card.get_by_role("button", name="結び付ける").click()
        expect(page.get_by_role("status").filter(has_text=f"{code}を結び付けました")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("未登録の商品はありません")


def sum_up(page: Page, drafts: Drafts) -> None:
    """Take two drafts as they are, leave the rest, and share one of two notes."""
    _go_on(page, "数値の矛盾")
    _go_on(page, "まとめ")
    cards = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="取り込む", exact=True))
    expect(cards.nth(2)).to_be_visible()
    before = cards.count()
    for taken in (1, 2):
        drafts.taken.append(cards.first.get_by_role("paragraph").inner_text())
        cards.first.get_by_role("button", name="取り込む", exact=True).click()
        expect(cards).to_have_count(before - taken)
    notes = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="ブランドと共有"))
    shared = notes.filter(has_text=SHARED_NOTE).get_by_role("button", name="ブランドと共有")
    shared.click()
    expect(shared).to_have_attribute("aria-pressed", "true")
    internal = notes.filter(has_text=INTERNAL_NOTE).get_by_role("button", name="ブランドと共有")
    expect(internal).to_have_attribute("aria-pressed", "false")


def release(page: Page, drafts: Drafts) -> str:
    """Look at the client edition, release it, and make a link in the client's language."""
    _go_on(page, "確定")
    preview = page.get_by_role("region", name="ブランド向けの表示")
    for text in (SHARED_NOTE, *drafts.taken):
        expect(preview).to_contain_text(text)
    expect(preview).not_to_contain_text(INTERNAL_NOTE)
    confirm(page, "レポートを確定する")
    expect(page.get_by_role("main")).to_contain_text("第1版として確定済みです")
    form = page.get_by_role("form", name="共有リンク")
    form.get_by_label("表示言語").select_option(label="中文")
    form.get_by_label("ライブ画面も表示する").check()
    form.get_by_role("button", name="リンクを作成").click()
    return page.get_by_role("textbox", name="リンク").input_value()


def see_the_change(page: Page) -> None:
    """The page tells that figures changed since the release, and which."""
    changed = page.get_by_text("第1版を確定したあとに、データが変わりました")

    def told() -> bool:
        page.reload()
        expect(changed.or_(page.get_by_text("第1版として確定済みです"))).to_be_visible()
        return changed.is_visible()

    until(page, told, "the change since the release")
    refunds = page.get_by_role("table", name="確定後の変更").get_by_role("row").filter(has_text="返金額")
    expect(refunds.first).to_contain_text("99元")


def release_again(page: Page) -> None:
    """A second revision has what changed."""
    page.get_by_role("button", name="新しい版を確定する").click()
    page.get_by_role("dialog").get_by_role("button", name="レポートを確定する").click()
    expect(page.get_by_role("main")).to_contain_text("第2版として確定済みです")
    expect(page.get_by_role("table", name="確定後の変更")).to_have_count(0)


def _go_on(page: Page, step: str) -> None:
    page.get_by_role("button", name="次へ").click()
    expect(page.get_by_role("heading", level=2, name=step)).to_be_visible()
