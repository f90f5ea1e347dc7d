"""The workbook of the packing list, opened again by a reader that did not write it."""

from io import BytesIO
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from app.labels.catalogue import LANGUAGES, Language, label
from app.logistics.contents import cubic_metres
from tests.catalogue.conftest import CUSTOMS
from tests.kpis.event_builders import NewSession, Read, Send, paid


async def book_of(client: httpx.AsyncClient, session: str, language: Language) -> Any:
    """Return the workbook."""
    answer = await client.get(f"/v1/sessions/{session}/packing-list.xlsx", params={"lang": language})
    assert 200 == answer.status_code, answer.text
    assert "packing-list.xlsx" in answer.headers["content-disposition"]
    return load_workbook(BytesIO(answer.content), data_only=True)


def cells(sheet: Any) -> list[list[Any]]:
    """Return the values of each row that has any."""
    found = [[cell.value for cell in row if cell.value is not None] for row in sheet.iter_rows()]
    return [row for row in found if row]


@pytest.fixture
async def packed(client: httpx.AsyncClient, new_session: NewSession, send: Send, read: Read) -> tuple[str, list[str]]:
    """A session of two customers, of whom the first is in carton 3; returns the customers."""
    product = {"brand": "maison-k", "code": "knit", "names": {"ja": "ニット", "zh": "针织衫", "en": "Knit"}, "customs": CUSTOMS}
    assert 201 == (await client.post("/v1/products", json=product)).status_code
    session = await new_session(lineup=[{"product": "knit"}, {"product": "coat", "name": "=1+1"}])
    await send(
        "wechat:room",
        paid(1, "A-1", "b1", ("knit", 2, "200.00"), ("coat", 1, "500.00")),
        paid(2, "A-2", "b1", ("knit", 1, "100.00")),
        paid(3, "B-1", "b2", ("knit", 5, "500.00")),
        paid(4, "C-1", "b3", ("coat", 1, "500.00")),
        ("order.cancelled", 5, {"order": "C-1"}),
    )
    who = {order: one["customer"] for one in (await read(session, "packing-list"))["customers"] for order in one["orders"]}
    form = {"cartons": [{"number": 3, "customers": [who["A-1"]], "gross_weight_g": 1500, "size": "60x40x40 cm"}]}
    assert 200 == (await client.put(f"/v1/sessions/{session}/cartons", json=form)).status_code
    return session, [who["A-1"], who["B-1"]]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_workbook_has_the_list_and_a_sheet_per_carton(
    client: httpx.AsyncClient, packed: tuple[str, list[str]], language: Language
) -> None:
    """By customer, pick list, contents of the carton with customs data and weights, and what is left out."""
    session, (first, second) = packed
    book = await book_of(client, session, language)
    names = [label(f"packing.sheet.{name}", language) for name in ("customers", "totals", "carton", "checks")]
    assert [name.format(number=3) for name in names] == book.sheetnames
    customers, totals, carton, checks = (cells(sheet) for sheet in book.worksheets)
    knit = {"ja": "ニット", "zh": "针织衫", "en": "Knit"}[language]
    rows = [["3", first, "A-1, A-2", "coat", "=1+1", 1], ["3", first, "knit", knit, 3], [second, "B-1", "knit", knit, 5]]
    assert sorted(rows, key=lambda row: (row[-3], row[-1])) == sorted(customers[1:-1], key=lambda row: (row[-3], row[-1]))
    assert [label("packing.total", language), 9] == customers[-1] == totals[-1]
    assert [["coat", "=1+1", 1], ["knit", knit, 8]] == totals[1:-1]
    description = f"{CUSTOMS['name_zh']}\n{CUSTOMS['name_en']}"
    assert ["knit", description, "100% cotton", "6110200000", "JP", 3, 320, 960] in carton
    assert [label("packing.total", language), 4, 960] in carton
    assert [label("packing.weight_incomplete", language)] in carton
    assert [first, "A-1, A-2", 4] == carton[-1]
    assert label("packing.contents", language).format(number=3) in book.worksheets[2].oddHeader.left.text
    assert any("1.50 kg" in row[0] and "0.096 m³" in row[0] for row in carton)
    assert label("order.state.cancelled", language) == checks[-1][-1]


def test_a_volume_is_computed_from_a_size_with_a_unit_alone() -> None:
    """A guess of the unit could be wrong by a thousand."""
    assert ["0.096", "0.096", "None", "None"] == [
        str(cubic_metres(size)).rstrip("0") for size in ("60x40x40 cm", "600 × 400 × 400mm", "60x40x40", "large")
    ]
