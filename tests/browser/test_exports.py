"""A brand's tables are saved from its page, and open in what people analyse with."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
from playwright.sync_api import Page, expect

from tests.browser.barriers import serious
from tests.browser.brands import BrandPages
from tests.browser.pages import PageMaker
from tests.pipeline.processes import HEADERS


def _saved(page: Page, folder: Path, table: str, file_format: str) -> Path:
    form = page.get_by_role("form", name="データ出力")
    form.get_by_label("表", exact=True).select_option(table)
    form.get_by_label("ファイル形式").select_option(file_format)
    with page.expect_download() as started:
        form.get_by_role("button", name="ファイルを保存").click()
    file = folder / started.value.suggested_filename
    started.value.save_as(file)
    return file


def test_an_export_is_saved_and_opens(open_page: PageMaker, base: str, brand: BrandPages, tmp_path: Path) -> None:
    """As CSV and as Parquet, with the figures of the API to the cent; of chosen days; and without a barrier."""
    page = open_page(f"#/brand/{brand.slug}/exports")
    file = _saved(page, tmp_path, "kpis", "csv")
    assert ".csv" == file.suffix
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    history: list[dict[str, Any]] = httpx.get(f"{base}/v1/brands/{brand.slug}/history", headers=HEADERS).json()["sessions"]
    told = {one["session"]: (one["kpis"]["gmv"]["value"], one["kpis"]["viewers"]["value"]) for one in history}
    assert told == {row["session"]: (row["gmv"], int(row["viewers"])) for row in rows}

    file = _saved(page, tmp_path, "orders", "parquet")
    amounts = pq.read_table(file).column("amount").to_pylist()
    assert sum(Decimal(gmv) for gmv, _ in told.values()) == sum(amounts)

    page.get_by_label("開始日").fill("2021-09-24")
    page.get_by_label("終了日").fill("2021-09-24")
    sessions = pq.read_table(_saved(page, tmp_path, "sessions", "parquet")).column("session").to_pylist()
    assert [brand.latest] == sessions
    expect(page.get_by_role("link", name="列の説明")).to_have_attribute("href", "/guide/reference/exports")
    assert [] == serious(page, "exports")
