"""The workbook, opened again by a reader that did not write it."""

import re
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import defusedxml.ElementTree
import httpx
import pytest
from xlsxwriter.utility import xl_col_to_name

from app.labels.catalogue import LANGUAGES, Language, label
from app.labels.notation import money_text
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.reports.conftest import Open
from tests.reports.printed_cells import right_of, rows_under

SHEET = {
    "metric.viewers": "18,052", "metric.buyers": "190", "metric.units_sold": "363",
    "metric.peak_concurrent_viewers": "1,280", "metric.new_followers": "76", "metric.follow_rate": "0.42%",
    "metric.comments": "938", "metric.engagement_rate": "5.20%", "metric.conversion_rate": "1.05%",
    "metric.units_conversion_rate": "2.01%", "metric.units_per_buyer": "1.91", "sheet.account": "KOL", "sheet.date": "2021/9/25", "sheet.duration": "2.4H",
}  # fmt: skip
"""The agency's sheet of 2021-09-25: label → what stands beside it."""
MONEY = {
    "metric.gmv": "481888.00", "metric.spend_per_buyer": "2536.25", "metric.gmv_per_viewer": "26.69",
}  # fmt: skip
OTHERWISE: dict[Language, dict[str, str]] = {
    "ja": {"metric.average_watch_seconds": "10.57分", "sheet.starts_at": "PM2時"},
    "zh": {"metric.average_watch_seconds": "10.57分钟", "sheet.starts_at": "下午2点"},
    "en": {"metric.average_watch_seconds": "10.57 min", "sheet.starts_at": "2 PM"},
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_figure_of_the_sheet_is_in_its_place(session: str, open_book: Open, language: Language) -> None:
    """Found by its label, printed as the agency printed it."""
    sheet = (await open_book(session, lang=language, values=True)).worksheets[0]
    wanted = SHEET | OTHERWISE[language] | {key: money_text(amount, "CNY", language) for key, amount in MONEY.items()}
    assert wanted == {key: right_of(sheet, label(key, language)) for key in wanted}
    promotions = rows_under(sheet, label("section.promotion", language))
    assert ["121,196", "3,396", "—", "166,211"] == promotions[1][1:5]
    assert ["45,015", "602", "—"] == promotions[2][1:4]
    products = rows_under(sheet, label("section.products", language))
    names = [label(f"product.{key}", language) for key in ("other", "total")]
    assert ["maison-k", "ニット", "4,171", "51", "53", money_text("55977.23", "CNY", language)] == products[1]
    assert ["パンツ", "2,657", "49", "51", money_text("57000.33", "CNY", language)] == products[2]
    assert ["スカート", "3,532", "41", "43", money_text("67967.00", "CNY", language)] == products[3]
    assert [names[0], "0", "49", "216", money_text("300943.44", "CNY", language)] == products[4]
    assert [names[1], "10,360", "190", "363", money_text("481888.00", "CNY", language)] == products[5]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_sheet_says_what_the_document_says(session: str, open_book: Open, read: Read, language: Language) -> None:
    """Texts of people, drafts marked as such, factors, checks: nothing of the document is missing."""
    sheet = (await open_book(session, lang=language, values=True)).worksheets[0]
    everything = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None)
    document = await read(session, "report", lang=language)
    for name in ("live", "ec", "promotion"):
        section = document["sections"][name]
        for texts in (section["observations"], section["summary"], section.get("factors", {"items": []})):
            assert all(text in everything for text in texts["items"])
        drafts = [label("sheet.draft", language).format(text=text) for text in section["drafts"]["items"]]
        assert all(draft in everything for draft in drafts)
    assert document["sections"]["ec"]["drafts"]["items"], "this session has nothing to draft from"
    assert "watch_time_exceeds_peak" in [warning["code"] for warning in document["warnings"]]
    assert all(warning["message"] in everything for warning in document["warnings"])
    summary = document["sections"]["live"]["summary"]["items"][0]
    assert everything.index(summary) < everything.index(label("sheet.draft", language).format(text=""))


def computed(sheet: Any, formula: str) -> float:
    """Return what a formula of cells, sums, minus and division gives, over the values beside the formulas."""

    def number(name: str) -> float:
        value = sheet[name].value
        return float(value) if isinstance(value, int | float) else 0.0

    def total(found: re.Match[str]) -> str:
        return repr(sum(number(cell.coordinate) for row in sheet[found[1]] for cell in row))

    text = re.sub(r"SUM\(([A-Z]+\d+:[A-Z]+\d+)\)", total, formula.removeprefix("="))
    text = re.sub(r"\b[A-Z]+\d+\b", lambda found: repr(number(found[0])), text)
    assert re.fullmatch(r"[\d.e+\-/() ]+", text), text
    return float(eval(text))  # noqa: S307 - digits and signs, as the line before made sure


async def test_ratios_sums_and_the_remainder_are_formulas(session: str, open_book: Open) -> None:
    """Each gives the value that is kept beside it, and the reader can follow it to the cells of its parts."""
    formulas = (await open_book(session)).worksheets[0]
    values = (await open_book(session, values=True)).worksheets[0]
    found = {
        cell.coordinate: cell.value
        for row in formulas.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.data_type == "f"
    }
    for place, formula in found.items():
        assert values[place].value == pytest.approx(computed(values, formula), rel=1e-12), f"{place} {formula}"

    def of(key: str) -> str:
        place = next(cell for row in formulas.iter_rows() for cell in row if cell.value == label(key, "ja"))
        return str(formulas.cell(place.row, place.column + 1).value)

    ratios = (
        "follow_rate",
        "engagement_rate",
        "conversion_rate",
        "units_conversion_rate",
        "spend_per_buyer",
        "units_per_buyer",
        "gmv_per_viewer",
    )
    assert all(re.fullmatch(r"=[A-I]\d+/[A-I]\d+", of(f"metric.{slug}")) for slug in ratios)
    assert 1 == sum(formula.startswith("=SUM(") for formula in found.values())
    assert 3 == sum("-SUM(" in formula for formula in found.values())
    assert len(ratios) + 1 + 3 + 3 == len(found)


async def test_a_formula_never_gives_another_figure(new_session: NewSession, send: Send, open_book: Open) -> None:
    """Buyers cannot be subtracted, and an absent figure is a dash, not a division by zero."""
    made = await new_session(lineup=[{"product": "a"}, {"product": "b"}])
    both = paid(60, "o1", "one", ("a", 1, "10.00"), ("b", 1, "20.00"), ("c", 1, "5.00"))
    await send("wechat:room", ("session.started", 0, {}), both, paid(61, "o2", "two", ("c", 1, "5.00"), ("d", 1, "1.00")))
    sheet = (await open_book(made)).worksheets[0]
    other = next(cell for row in sheet.iter_rows() for cell in row if cell.value == label("product.other", "ja"))
    row = [sheet.cell(other.row, column).value for column in range(6, 10)]
    assert "—" == row[1]
    assert str(row[2]).startswith("=")
    assert "—" == right_of(sheet, label("metric.conversion_rate", "ja"))
    empty = (await open_book(await new_session(brand="empty", streams=[]))).worksheets[0]
    assert not [cell for row in empty.iter_rows() for cell in row if cell.data_type == "f"]


async def test_the_second_sheet_has_the_minutes_and_charts_of_excel(
    session: str, client: httpx.AsyncClient, read: Read, open_book: Open
) -> None:
    """The figures of the timeline as numbers at the session's own clock, and charts over them."""
    book = await open_book(session, values=True)
    sheet = book.worksheets[1]
    timeline = await read(session, "timeline", metrics="concurrent_viewers,viewers,comments,product_clicks,orders,units_sold,gmv")
    assert label("report.series.time", "ja") == sheet["A1"].value
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert len(timeline["buckets"]) == len(rows)
    assert datetime(2021, 9, 25, 14, 0) == rows[0][0]  # noqa: DTZ001 - Excel's own
    for number, row in enumerate(rows):
        assert [
            None if value is None else float(value) for value in (series[number] for series in timeline["series"].values())
        ] == [None if value is None else float(value) for value in row[2:9]]
    assert [None, "ニット", "ニット"] == [row[1] for row in rows[:3]]
    answer = await client.get(f"/v1/sessions/{session}/report.xlsx")
    with ZipFile(BytesIO(answer.content)) as parts:
        charts = [name for name in parts.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", name)]
        drawn = [defusedxml.ElementTree.fromstring(parts.read(name)) for name in sorted(charts)]
    kinds = [{element.tag.partition("}")[2] for element in chart.iter()} & {"barChart", "lineChart"} for chart in drawn]
    assert [{"barChart", "lineChart"}, {"barChart"}] == kinds


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
async def test_a_name_is_never_a_formula(
    new_session: NewSession, send: Send, open_book: Open, client: httpx.AsyncClient, sign: str
) -> None:
    """Names of products, promotions, hosts and titles stay text, also if the cell is edited later."""
    bad = f'{sign}HYPERLINK("http://evil.example","x")'
    made = await new_session(
        title=bad, host=bad, brand=f"brand-{ord(sign)}", lineup=[{"product": "a", "name": bad}],
        promotions=[{"url": "https://v.example/1", "kind": "video", "title": bad}],
    )  # fmt: skip
    assert (await client.post(f"/v1/sessions/{made}/notes", json={"section": "live", "kind": "summary", "text": bad})).is_success
    await send(
        "wechat:room",
        ("session.started", 0, {}),
        paid(60, bad, "b", (bad, 1, "1.00")),
        ("product.showcased", 61, {"product": "a"}),
    )
    book = await open_book(made)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    named = [cell for cell in cells if cell.value.startswith(sign) and cell.data_type != "f"]
    assert len(named) >= 6
    assert all(cell.style and cell.quotePrefix for cell in named), [cell.coordinate for cell in named if not cell.quotePrefix]
    assert not [cell for cell in cells if cell.data_type == "f" and "evil" in cell.value]
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.hyperlink]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_sheet_prints_on_a4_across(session: str, open_book: Open, language: Language) -> None:
    """With title and page number; the head stays in sight on the screen. How many pages it takes: test_printed_pages."""
    book = await open_book(session, lang=language)
    for sheet in book.worksheets:
        setup = sheet.page_setup
        assert ("landscape", 9) == (setup.orientation, setup.paperSize)
        assert "秋の新作ライブ" in sheet.oddHeader.left.text
        assert "&P" in str(sheet.oddFooter.right.text)
    assert "A3" == book.worksheets[0].freeze_panes
    assert {"B2"} == {sheet.freeze_panes for sheet in book.worksheets[1:]}


async def test_the_file_has_a_name_of_its_own(session: str, client: httpx.AsyncClient) -> None:
    """RFC 6266: the real name encoded, an ASCII one for old clients; nothing keeps a copy."""
    answer = await client.get(f"/v1/sessions/{session}/report.xlsx", headers={"Accept-Language": "zh-CN"})
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith("attachment; filename=\"report.xlsx\"; filename*=UTF-8''%E7%9B%B4")
    assert disposition.isascii()
    assert ("zh", "no-store") == (answer.headers["content-language"], answer.headers["cache-control"])


async def test_long_texts_have_the_height_that_they_need(
    new_session: NewSession, open_book: Open, client: httpx.AsyncClient
) -> None:
    """Titles, hosts, shop names and product names wrap in rows that are high enough; notes longer than a block go on below it."""
    long = "とても長い名前の" * 12
    await client.post("/v1/brands", json={"slug": "long", "name": long})
    made = await new_session(brand="long", title=long, host=long, lineup=[{"product": "a", "name": long}])
    note = "\n".join(f"{line}行目の記録" for line in range(300))
    await client.post(f"/v1/sessions/{made}/notes", json={"section": "live", "kind": "summary", "text": note})
    for number in range(9):
        full = {"section": "ec", "kind": "summary", "text": str(number) * 4096}
        await client.post(f"/v1/sessions/{made}/notes", json=full)
    sheet = (await open_book(made)).worksheets[0]
    texts = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    (cut,) = [text for text in texts if "0" * 4096 in text]
    assert len(cut) <= 32_767, "Excel repairs a file with a longer text"
    assert "6" * 4096 in cut
    assert cut.endswith(label("report.cut", "ja"))
    merged = {str(area).split(":")[0]: area for area in sheet.merged_cells.ranges}
    found = [
        cell
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and (long in cell.value or note in cell.value)
    ]
    assert len(found) >= 5
    for cell in found:
        area = merged.get(cell.coordinate)
        columns = range(area.min_col, area.max_col + 1) if area else [cell.column]
        rows = range(area.min_row, area.max_row + 1) if area else [cell.row]
        width = sum(sheet.column_dimensions[xl_col_to_name(column - 1)].width for column in columns)
        height = sum(sheet.row_dimensions[row].height or 15 for row in rows)
        size = cell.font.size / 10
        lines = sum(-(-sum(2 if ord(sign) > 255 else 1 for sign in line) * size // width) for line in cell.value.split("\n"))
        assert cell.alignment.wrap_text, cell.coordinate
        assert lines * 13 * size <= height, f"{cell.coordinate}: {lines} lines in {height} points"


async def test_notes_are_numbered_once_and_keep_their_lines(
    new_session: NewSession, open_book: Open, read: Read, client: httpx.AsyncClient
) -> None:
    """What an operator numbered is not numbered again, and a number that is part of the text stays."""
    made = await new_session()
    for text in ("1、前半が多い。\n2、後半は\n少ない。", "10、20代が多い。", "3.5時間で売り切れ"):
        await client.post(f"/v1/sessions/{made}/notes", json={"section": "live", "kind": "observation", "text": text})
    items = (await read(made, "report"))["sections"]["live"]["observations"]["items"]
    assert ["前半が多い。", "後半は\n少ない。", "10、20代が多い。", "3.5時間で売り切れ"] == items
    cells = [cell.value for row in (await open_book(made)).worksheets[0].iter_rows() for cell in row]
    assert "1、前半が多い。\n2、後半は\n少ない。\n3、10、20代が多い。\n4、3.5時間で売り切れ" in cells
    page = (await client.get(f"/v1/sessions/{made}/report.html")).text
    assert "<li>後半は\n少ない。</li>" in page
    assert "li { white-space: pre-line; }" in page
