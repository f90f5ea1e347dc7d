"""The pages of brands, by role and accessible name, from an empty brand."""

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import PageMaker


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
    load.get_by_label("レートの列名").fill("TTM")
    load.get_by_label("出典").fill("公表仲値")
    load.get_by_role("button", name="取り込む").click()
    receipt = page.get_by_role("region", name="取り込みの結果")
    expect(receipt).to_contain_text("1行を取り込めませんでした")
    expect(receipt.get_by_role("row", name="3")).to_contain_text("TTM")
    expect(page.locator("#rate-table")).to_contain_text("16.90")

    page.get_by_role("button", name="削除: 2021-08-29 TTM").click()
    question = page.get_by_role("dialog", name="この為替レートを削除しますか")
    expect(question.get_by_role("button", name="キャンセル")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#rate-table")).to_contain_text("16.90")
    page.get_by_role("button", name="削除: 2021-08-29 TTM").click()
    question.get_by_role("button", name="削除").click()
    expect(page.locator("#rate-table")).not_to_contain_text("16.90")
