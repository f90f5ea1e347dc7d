"""The printed workbook: LibreOffice turns it into pages, and the pages hold together."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.labels.catalogue import Language, label
from tests.kpis.event_builders import NewSession, Send, paid
from tests.languages import first_language_else_long

OFFICE, PDFTOTEXT = shutil.which("soffice"), shutil.which("pdftotext")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (OFFICE and PDFTOTEXT), reason="apt-get install --no-install-recommends libreoffice-calc poppler-utils"
    ),
]
SECTIONS = ("live", "ec", "promotion", "products")


async def pages(client: httpx.AsyncClient, session: str, language: Language, folder: Path) -> list[str]:
    """Return the text of each page of a session's workbook."""
    assert OFFICE
    assert PDFTOTEXT
    book = folder / f"{language}.xlsx"
    book.write_bytes((await client.get(f"/v1/sessions/{session}/report.xlsx", params={"lang": language})).content)
    profile = f"-env:UserInstallation=file://{folder}/office"
    command = [OFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), str(book)]
    subprocess.run(command, check=True, timeout=150, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC221 - a test may wait
    text = subprocess.run([PDFTOTEXT, "-layout", book.with_suffix(".pdf"), "-"], check=True, capture_output=True)  # noqa: ASYNC221
    return text.stdout.decode().split("\f")[:-1]


def squeezed(text: str) -> str:
    """Return a text without blanks: LibreOffice sets each piece of a line on its own."""
    return re.sub(r"\s", "", text)


def first_sheet(found: list[str], language: Language) -> list[list[str]]:
    """Return the sections whose titles are on each page of the first sheet."""
    titles = [squeezed(label(f"section.{name}", language)) for name in SECTIONS]
    results = []
    for page in found:
        on_page = [title for title in titles if title in squeezed(page)]
        if not on_page and squeezed(label("report.series.time", language)) in squeezed(page)[:400]:
            break
        results.append(on_page)
    return results


@first_language_else_long
async def test_the_results_are_on_few_pages_and_no_section_is_alone(
    session: str, client: httpx.AsyncClient, language: Language, tmp_path: Path
) -> None:
    """The sheet of 2021-09-25 takes at most two pages, all its sections are there, and none has a page of its own."""
    found = await pages(client, session, language, tmp_path)
    sheet = first_sheet(found, language)
    assert len(sheet) <= 2
    assert len(SECTIONS) == sum(len(page) for page in sheet)
    assert all(len(page) > 1 for page in sheet)
    everything = squeezed("".join(found))
    for text in ("18,052", "481,888", "55,977.23", "秋の新作ライブ", "10.57"):
        assert text in everything


async def test_long_names_and_many_products_are_printed_whole(
    new_session: NewSession, send: Send, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Every name is printed to its last character; a long table continues, and the total of the order lines is printed."""
    title, host = ("とても長いタイトル" * 12 + "終", "長い名前の出演者と" * 9 + "了")
    lineup: list[dict[str, Any]] = [{"product": f"p{n}", "name": f"{'商品の長い名前' * 9}末{n}番"} for n in range(60)]
    made = await new_session(title=title, host=host, lineup=lineup)
    await send(
        "wechat:room", ("session.started", 0, {}), *[paid(60 + n, f"o{n}", f"b{n}", (f"p{n}", 1, "1234.50")) for n in range(60)]
    )
    found = await pages(client, made, "ja", tmp_path)
    everything = squeezed("".join(found))
    assert title in everything
    assert "了" in everything
    assert all(f"末{n}番" in everything for n in range(60))
    assert "支払い済みの注文の合計" in everything
    assert everything.count("74,070元") >= 2
