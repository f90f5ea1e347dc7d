"""Without an extra: everything else works, and what is missing is named."""

import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import extras
from app.charts import specification
from app.charts.drawing import browser_bundle
from app.dashboard import files
from app.insights.topics import topics_of
from app.labels.catalogue import LANGUAGES
from app.reports.render_process import RenderProcess
from app.storage.postgres import dump
from app.storage.postgres.dump import DumpError
from app.storage.postgres.embedded import EmbeddedPostgres
from app.storage.postgres.postgres_programs import EmbeddedPostgresError
from app.storage.reports.insight_reads import CommentText


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the modules of an extra impossible to import."""

    def block(extra: str) -> None:
        for module in extras.EXTRAS[extra]:
            monkeypatch.setitem(sys.modules, module, None)
        files.site.cache_clear()

    yield block
    files.site.cache_clear()


def test_all_extras_are_installed_for_development() -> None:
    """`make setup` installs them; each is missed by its name."""
    assert [] == extras.missing()
    assert "tallylight[charts]" in extras.hint("charts")


@pytest.mark.parametrize("extra", extras.EXTRAS)
def test_an_extra_that_is_not_there_is_missed(without: Any, extra: str) -> None:
    """Only this one."""
    without(extra)
    assert [extra] == extras.missing()


def test_formats_of_numbers_and_times_are_those_of_the_renderer() -> None:
    """The specifications have D3's formats as data, so that they need no renderer."""
    vl_convert = pytest.importorskip("vl_convert")
    names = {"ja": "ja-JP", "zh": "zh-CN", "en": "en-US"}
    for language in LANGUAGES:
        formats = specification._read("locales.json")[language]
        assert vl_convert.get_format_locale(names[language]) == formats["number"]
        assert vl_convert.get_time_format_locale(names[language]) == formats["time"]


async def test_without_charts_a_report_tells_what_they_show(
    client: httpx.AsyncClient, without: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has each chart's description in its place; the workbook and the specifications are as ever; Vega is 501."""
    without("charts")

    async def here(_: RenderProcess, work: Any, *args: Any) -> Any:
        # The render process would import the renderer, which is only blocked here.
        return work(*args)

    monkeypatch.setattr(RenderProcess, "run", here)
    form = {"title": "t", "brand": "b", "currency": "CNY", "streams": [{"platform": "wechat", "room": "r"}]}
    session = (await client.post("/v1/sessions", json=form)).json()["id"]
    chart = await client.get(f"/v1/sessions/{session}/charts/products", params={"lang": "en"})
    assert 200 == chart.status_code
    page = await client.get(f"/v1/sessions/{session}/report.html", params={"lang": "en"})
    assert 200 == page.status_code
    assert "<svg" not in page.text
    assert f"<figure>{chart.json()['description']}</figure>" in page.text
    assert 200 == (await client.get(f"/v1/sessions/{session}/report.xlsx")).status_code
    entry = (await client.get("/")).text
    assert '<meta name="vega" content="">' in entry
    asked = await client.get(f"/assets/{files.site().version}/vega.js")
    assert (501, "not_installed") == (asked.status_code, asked.json()["code"])
    assert "tallylight[charts]" in asked.json()["detail"]
    with pytest.raises(ImportError):
        browser_bundle("")


def test_without_words_the_other_topics_are_counted(without: Any) -> None:
    """Themes, products and English words stay; words of Japanese and Chinese are left out, and the result says so."""
    comments = [
        CommentText(str(number), text) for number, text in enumerate(("面料怎么样", "生地は何ですか", "多少钱", "K1 please"))
    ]
    products = {"knit-01": ["K1"]}
    found = topics_of(comments, products, 100, 100)
    assert {("word", "面料"), ("word", "生地")} < {(one.kind, one.term) for one in found.topics}
    assert not found.words_left_out
    without("words")
    less = topics_of(comments, products, 100, 100)
    assert {("theme", "price"), ("product", "knit-01"), ("word", "please")} == {(one.kind, one.term) for one in less.topics}
    assert less.words_left_out


def test_without_the_embedded_server_the_start_names_it(without: Any, tmp_path: Path) -> None:
    """And leaves no folder behind."""
    without("embedded")
    with pytest.raises(EmbeddedPostgresError, match=r"tallylight\[embedded\].*TALLYLIGHT_DATABASE_URL"):
        EmbeddedPostgres(tmp_path / "data").start()
    assert [] == list(tmp_path.iterdir())


def test_without_the_embedded_server_the_systems_own_programs_back_up(
    without: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `pg_dump` in PATH is found; without one, the error names both ways to get it."""
    without("embedded")
    monkeypatch.setattr(dump, "_DEBIAN", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DumpError, match=r"client programs, or .*tallylight\[embedded\]"):
        dump._program("pg_dump", 18)
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 18.1'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join((str(tmp_path), os.defpath)))
    assert program == dump._program("pg_dump", 18)
