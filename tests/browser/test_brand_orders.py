"""What a brand ships, to whom, and which products: by role and accessible name."""

import csv
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.browser.brands import brand_with_orders
from tests.browser.pages import PageMaker


@pytest.fixture(scope="module")
def brand_with_show(base: str) -> str:
    """A brand and its show, whose orders are shipped."""
    return brand_with_orders(base, "brand-orders", "Brand Orders")


def test_two_cartons_are_packed_and_shipped(open_page: PageMaker, brand_with_show: str, tmp_path: Path) -> None:
    """Each customer into a carton, the 装箱单 as a file, the carrier's export back with its receipt; then nothing waits."""
    page = open_page(f"#/brand/{brand_with_show}/shipping")
    expect(page.locator("#order-table tbody tr")).to_have_count(3)
    page.get_by_role("link", name="九月のライブ").first.click()
    choices = page.get_by_role("region", name="箱詰め").get_by_role("combobox")
    expect(choices).to_have_count(2)
    choices.nth(0).select_option("1")
    page.get_by_role("button", name="残りを新しいカートン2に入れる").click()
    for number, weight in ((1, "12,400"), (2, "900")):
        carton = page.get_by_role("group", name=f"カートン{number}")
        carton.get_by_label("総重量（g）").fill(weight)
        carton.get_by_label("外寸").fill("60x40x40 cm")
    page.get_by_role("button", name="箱詰めを保存").click()
    expect(page.get_by_role("form", name="箱詰め").get_by_role("status")).to_have_text("保存しました")
    page.reload()
    expect(page.get_by_role("group", name="カートン1").get_by_label("総重量（g）")).to_have_value("12400")
    with page.expect_download() as started:
        page.get_by_role("button", name="梱包リストとカートンの内容明細（Excel）").click()
    book = tmp_path / "packing.xlsx"
    started.value.save_as(book)
    assert {"カートン1", "カートン2"} <= set(load_workbook(book).sheetnames)

    file = tmp_path / "yamato.csv"
    file.write_text(
        "お客様管理番号,伝票番号,出荷予定日\nA-1,400011112222,2021/09/27\nA-9,400011113333,2021/09/27\n", encoding="shift_jis"
    )
    load = page.get_by_role("form", name="追跡番号の取り込み")
    load.get_by_label("ファイル", exact=True).set_input_files(file)
    load.get_by_role("button", name="取り込む").click()
    receipt = page.get_by_role("region", name="取り込みの結果")
    expect(receipt).to_contain_text("1行を取り込めませんでした")
    expect(receipt.get_by_role("row", name="3")).to_be_visible()
    expect(page.get_by_role("region", name="対象外の注文").first).to_contain_text("A-1")
    page.get_by_role("link", name="発送の一覧へ").click()
    expect(page.locator("#order-table tbody tr", has_text="A-1")).to_contain_text("400011112222")
    page.get_by_label("支払い後の待ち時間（時間以上）").fill("24")
    expect(page.locator("#order-table tbody tr")).to_have_count(2)
    page.get_by_label("状態").select_option("shipped")
    expect(page.get_by_text("該当するものはありません")).to_be_visible()


def test_a_customer_is_forgotten_after_a_question(open_page: PageMaker, brand_with_show: str) -> None:
    """The history of a pseudonym, who came back, and a question before what cannot be undone."""
    page = open_page(f"#/brand/{brand_with_show}/customers")
    expect(page.locator("#customer-table tbody tr")).to_have_count(2)
    expect(page.get_by_role("region", name="コホート（初回購入月別）").first).to_contain_text("2021年9月")
    page.locator("#customer-table tbody a").first.click()
    expect(page.locator("#customer-order-table")).to_contain_text("九月のライブ")
    page.get_by_role("button", name="顧客のひも付けを削除").click()
    page.get_by_role("dialog").get_by_role("button", name="顧客のひも付けを削除").click()
    expect(page.locator("#customer-table tbody tr")).to_have_count(1)


def test_the_catalogue_takes_names_aliases_and_customs(open_page: PageMaker, brand_with_show: str) -> None:
    """A product is found, edited, and shows what its customs data lack."""
    page = open_page(f"#/brand/{brand_with_show}/catalogue")
    row = page.locator("#catalogue-table tbody tr", has_text="knit-01")
    expect(row).to_contain_text("不足")
    row.get_by_role("button", name="編集：knit-01").click()
    form = page.get_by_role("form", name="編集：knit-01")
    form.get_by_label("中文").fill("针织衫")
    form.get_by_label("別名").fill("10000387\nK-1")
    form.get_by_label("中国語の品名").fill("100%棉针织衫")
    form.get_by_label("HSコード").fill("6110.20")
    form.get_by_label("原産国（JPなど）").fill("ZZ")
    form.get_by_label("正味重量（g）").fill("320")
    form.get_by_role("button", name="保存").click()
    expect(form.get_by_label("原産国（JPなど）")).to_have_attribute("aria-invalid", "true")
    open_page.troubles.clear()  # type: ignore[attr-defined]
    form.get_by_label("原産国（JPなど）").fill("JP")
    form.get_by_role("button", name="保存").click()
    expect(row).to_contain_text("登録済み")
    expect(row).to_contain_text("10000387、K-1")
    expect(row).to_contain_text("611020")


def test_products_come_from_a_spreadsheet(open_page: PageMaker, brand_with_show: str) -> None:
    """The columns are guessed from the headings; a new product is in the list, and a row that is not valid is named."""
    page = open_page(f"#/brand/{brand_with_show}/catalogue")
    form = page.get_by_role("form", name="商品の取り込み")
    rows = "商品コード,商品名,HSコード,原産国\ncoat-09,コート,6102.30,JP\ncoat-10,長いコート,6102.30,ZZZ\n"
    form.get_by_label("ファイル").set_input_files({"name": "products.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    expect(form.get_by_label("商品コード")).to_have_value("商品コード")
    expect(form.get_by_label("日本語名")).to_have_value("商品名")
    form.get_by_role("button", name="取り込む").click()
    expect(page.locator("#catalogue-table tbody tr", has_text="coat-09")).to_contain_text("コート")
    receipt = page.get_by_role("region", name="取り込みの結果")
    expect(receipt.locator("#receipt-table tbody tr")).to_have_count(1)


def test_a_table_is_saved(open_page: PageMaker, brand_with_show: str) -> None:
    """The orders of a day as CSV; days in the wrong order are refused beside their field."""
    brand = brand_with_show
    page = open_page(f"#/brand/{brand}/exports")
    form = page.get_by_role("form", name="データ出力")
    form.get_by_label("表").select_option("orders")
    expect(form.get_by_label("表")).to_have_accessible_description(re.compile("1行が1注文"))
    form.get_by_label("開始日").fill("2021-09-25")
    form.get_by_label("終了日").fill("2021-09-20")
    form.get_by_role("button", name="ファイルを保存").click()
    expect(form.get_by_label("終了日")).to_have_attribute("aria-invalid", "true")
    open_page.troubles.clear()  # type: ignore[attr-defined]
    form.get_by_label("終了日").fill("2021-09-25")
    with page.expect_download() as started:
        form.get_by_role("button", name="ファイルを保存").click()
    assert f"{brand}_orders.csv" == started.value.suggested_filename
    rows = list(csv.DictReader(Path(started.value.path()).read_text(encoding="utf-8").splitlines()))
    assert (3, {"CNY"}) == (len(rows), {row["currency"] for row in rows})
