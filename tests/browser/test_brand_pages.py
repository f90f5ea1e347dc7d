"""The pages of brands that are about money, by role and accessible name, from an empty brand; and of all of them, barriers and print."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser.barriers import serious
from tests.browser.brands import BrandPages, addresses_of, brand_with_orders
from tests.browser.layout import MEASURE
from tests.browser.pages import PageMaker, settled


def test_rates_are_entered_and_imported(open_page: PageMaker, tmp_path: Path) -> None:
    """An error stands beside its field; a rate is entered; a file brings others, and its receipt names the row it refuses."""
    page = open_page("#/rates")
    enter = page.get_by_role("form", name="レートを入力")
    enter.get_by_label("日付").fill("2021-08-28")
    enter.get_by_label("レート", exact=True).fill("0")
    enter.get_by_label("出典").fill("公表仲値")
    enter.get_by_role("button", name="保存").click()
    wrong = enter.get_by_label("レート", exact=True)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_be_focused()
    expect(wrong).to_have_accessible_description("元の通貨1単位の価格（例：17.09） 正の数で指定してください（例：17.09）")
    # The browser itself logs a refused request.
    open_page.troubles.clear()  # type: ignore[attr-defined]
    wrong.fill("１６．９５")
    page.keyboard.press("Enter")
    row = page.locator("#rate-table tbody tr", has_text="2021年8月28日")
    expect(row).to_contain_text("16.95")
    expect(row).to_contain_text("CNY → JPY")

    file = tmp_path / "rates.csv"
    file.write_text("日付,TTM\n2021-08-29,16.90\n2021-08-30,不明\n", encoding="shift_jis")
    load = page.get_by_role("form", name="レートのファイルを取り込む")
    load.get_by_label("ファイル").set_input_files(file)
    expect(load.get_by_role("combobox", name="レート", exact=True)).to_have_value("TTM")
    load.get_by_label("出典").fill("公表仲値")
    load.get_by_role("button", name="取り込む").click()
    receipt = page.get_by_role("region", name="取り込みの結果")
    expect(receipt).to_contain_text("1行を取り込めませんでした")
    expect(receipt.get_by_role("row", name="3")).to_contain_text("金額として読み取れません")
    expect(page.locator("#rate-table")).to_contain_text("16.90")

    days = page.get_by_role("region", name="為替レート").first
    days.get_by_label("開始日").fill("2021-08-29")
    expect(page.locator("#rate-table")).not_to_contain_text("16.95")
    expect(page.locator("#rate-table")).to_contain_text("16.90")
    page.get_by_role("button", name="削除：2021-08-29 TTM").click()
    question = page.get_by_role("dialog", name="この為替レートを削除しますか？")
    expect(question.get_by_role("button", name="キャンセル")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#rate-table")).to_contain_text("16.90")
    page.get_by_role("button", name="削除：2021-08-29 TTM").click()
    question.get_by_role("button", name="削除").click()
    expect(page.get_by_role("cell", name="16.90")).to_have_count(0)


@pytest.fixture(scope="module")
def brand_with_show(base: str) -> str:
    """A brand and its show, from which a statement is made."""
    return brand_with_orders(base, "brand-pages", "Brand Pages")


def enter_contract(page: Page) -> None:
    """Try a preset with its subsidy, then enter a chain of shares; an error of the server stands beside its field."""
    page.get_by_role("button", name="契約を登録").click()
    form = page.get_by_role("form", name="契約を登録")
    form.get_by_role("radio", name="IT補助金プラン").check()
    form.get_by_label("補助対象経費（円・税抜）").fill("4,380,000")
    expect(form.get_by_role("status").filter(has_text="円")).to_have_text("2,920,000円")
    form.get_by_role("radio", name="スポットプラン").check()
    form.get_by_label("開始日").fill("2021-09-01")
    form.get_by_label("最終日").fill("2021-12-31")
    form.get_by_label("料率（%）").fill("30")
    form.get_by_role("button", name="分配先を追加").click()
    form.get_by_label("分配先").nth(1).fill("kol:kobayashi")
    form.get_by_label("料率（%）").nth(1).fill("80")
    form.get_by_label("計算の基準").nth(1).select_option("net_gmv")
    form.get_by_role("button", name="契約を登録").click()
    wrong = form.get_by_label("料率（%）").nth(1)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("10")
    form.get_by_label("計算の基準").nth(1).select_option("agency")
    form.get_by_role("button", name="契約を登録").click()
    contract = page.get_by_role("region", name="スポットプラン")
    expect(contract).to_contain_text("kol:kobayashi：10% × 当社")


def invited(page: Page, brand: str) -> str:
    """Invite a person of the brand, who may read; return the link."""
    page.get_by_role("link", name="管理", exact=True).click()
    form = page.get_by_role("form", name="担当者を追加")
    form.get_by_label("名称").fill("ブランドの担当者")
    form.get_by_label("権限").select_option(label="閲覧")
    form.get_by_label("対象ブランド").select_option(label=brand)
    form.get_by_role("button", name="担当者を追加").click()
    return page.get_by_role("textbox", name="サインインリンク").input_value()


def read_as_client(client: Page, payable: str, file: Path) -> None:
    """A viewer of the brand finds the issued statement, and nothing internal in the page or in the file."""
    client.get_by_role("link", name="ブランド", exact=True).click()
    expect(client.get_by_role("heading", level=1, name="Brand Pages")).to_be_visible()
    expect(client.get_by_role("link", name="契約")).to_have_count(0)
    client.get_by_role("link", name="精算").click()
    client.get_by_role("link", name="2021年9月").click()
    expect(client.get_by_role("region", name="合計")).to_contain_text(payable)
    client.go_back()
    client.get_by_label("支払額（以上）").fill("99,999,999")
    expect(client.get_by_text("該当するものはありません")).to_be_visible()
    client.get_by_label("支払額（以上）").fill("5,000,000")
    client.get_by_role("link", name="2021年9月").click()
    expect(client.get_by_role("region", name="合計")).to_contain_text(payable)
    for internal in ("kobayashi", "key:", "社内"):
        assert internal not in client.content(), internal
    with client.expect_download() as started:
        client.get_by_role("button", name="Excel").click()
    started.value.save_as(file)
    cells = str([cell.value for sheet in load_workbook(file) for row in sheet.iter_rows() for cell in row])
    assert "送料の精算" in cells
    assert "kobayashi" not in cells


def test_a_click_while_the_month_is_looked_up_is_not_lost(open_page: PageMaker, brand_with_show: str) -> None:
    """The draft is asked for at once, also before the server has said of which month the latest show is."""
    page = open_page(f"#/brand/{brand_with_show}")
    page.route("**/history?*", lambda _: None)
    page.route("**/v1/settlements", lambda route: route.abort())
    page.get_by_role("navigation", name="ページ").get_by_role("link", name="精算").click()
    with page.expect_request(lambda sent: sent.method == "POST" and sent.url.endswith("/v1/settlements")):
        page.get_by_role("button", name="下書きを作る").click()
    page.unroute_all(behavior="ignoreErrors")
    open_page.troubles.clear()  # type: ignore[attr-defined]


def test_from_a_contract_to_the_statement_of_the_brand(open_page: PageMaker, brand_with_show: str, tmp_path: Path) -> None:
    """Contract, month, draft, what it lacks, release, rate, issue; the brand opens its link, downloads its edition, sees nothing internal."""
    page = open_page(f"#/brand/{brand_with_show}")
    parts = page.get_by_role("navigation", name="ページ")
    parts.get_by_role("link", name="契約").click()
    enter_contract(page)
    # The browser itself logs a refused request.
    open_page.troubles.clear()  # type: ignore[attr-defined]

    parts.get_by_role("link", name="月次").click()
    expect(page.get_by_role("heading", name="Brand Pages 2021年9月")).to_be_visible()
    expect(page.get_by_role("region", name="主要指標")).to_contain_text("481,888元")
    expect(page.get_by_role("region", name="精算書")).to_contain_text("この月の精算書はまだありません")

    parts.get_by_role("link", name="精算").click()
    # The page before it shows the same month: only this one's stepper says that it has been looked up.
    expect(page.get_by_role("region", name="下書きを作る").get_by_role("combobox", name="月")).to_have_value("2021-09")
    page.get_by_role("button", name="下書きを作る").click()
    missing = page.get_by_role("region", name="不足しているもの")
    expect(missing).to_contain_text("九月のライブ（2021年9月25日）の確定版")
    issue = page.get_by_role("button", name="発行する")
    expect(issue).to_be_disabled()
    missing.get_by_role("button", name="レポートを確定する").click()
    expect(missing.get_by_role("button", name="レポートを確定する")).to_have_count(0)
    missing.get_by_role("textbox", name="レート").fill("17.09")
    missing.get_by_role("textbox", name="出典").fill("公表仲値")
    missing.get_by_role("button", name="保存").click()
    expect(missing).to_have_count(0)
    totals = page.get_by_role("region", name="合計")
    expect(totals.get_by_role("row", name="売上")).to_contain_text("8,235,465円")
    expect(page.get_by_role("region", name="当社からの分配（社内）").first).to_contain_text("247,063円")
    entered = page.get_by_role("form", name="明細を追加")
    entered.get_by_label("金額（円）").fill("−1,200")
    entered.get_by_label("理由").fill("送料の精算")
    entered.get_by_role("button", name="追加").click()
    expect(totals.get_by_role("row", name="調整")).to_contain_text("-1,200円")
    payable = totals.get_by_role("row", name="お支払額").get_by_role("cell").inner_text()
    expect(page.get_by_role("region", name="発行前の確認")).to_contain_text("記事投稿：契約1に対して実施0です")
    issue.click()
    question = page.get_by_role("dialog", name="発行する")
    expect(question).to_contain_text(payable)
    question.get_by_role("button", name="発行する").click()
    expect(page.locator(".statement")).to_contain_text("発行済み")
    expect(issue).to_have_count(0)

    link = invited(page, "Brand Pages")
    client = open_page(f"#{urlsplit(link).fragment}", key=None)
    read_as_client(client, payable, tmp_path / "statement.xlsx")


def test_no_page_of_a_brand_has_a_serious_barrier(open_page: PageMaker, brand: BrandPages) -> None:
    """Axe finds nothing serious or critical on any page, nor in a form and a dialog that are open."""
    page = open_page()
    barriers = []
    for number, address in enumerate(addresses_of(brand)):
        page.goto(page.url.split("#")[0] + address)
        settled(page)
        page.emulate_media(color_scheme="dark" if number % 2 else "light")
        barriers += serious(page, address)
    page.goto(page.url.split("#")[0] + f"#/brand/{brand.slug}/contract")
    page.get_by_role("button", name="契約を登録").click()
    barriers += serious(page, "form")
    page.get_by_role("button", name="削除", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    barriers += serious(page, "dialog")
    assert [] == barriers


def test_a_month_is_printed_on_a4(open_page: PageMaker, brand: BrandPages) -> None:
    """The month is as wide as the sheet, dark on white, without what is only for a screen, and nothing lies on anything else."""
    page = open_page(f"#/brand/{brand.slug}/month/2021-09", color_scheme="dark")
    expect(page.locator("#month-money")).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    # A4 less its margins, at 96 pixels per inch.
    page.set_viewport_size({"width": 703, "height": 1017})
    assert 703 >= page.evaluate("document.documentElement.scrollWidth")
    cut = "[...document.querySelectorAll('.table-frame')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.ariaLabel)"
    assert [] == page.evaluate(cut)
    for part in (
        page.get_by_role("navigation"),
        page.get_by_role("button", name="印刷"),
        page.get_by_role("combobox", name="月"),
    ):
        expect(part).to_have_count(0)
    assert [] == page.evaluate(MEASURE)
    colour = "getComputedStyle(document.querySelector('#month-money')).backgroundColor"
    assert "rgb(255, 255, 255)" == page.evaluate(colour)
