"""A workbook of sixty products with long names: pages, charts and rows stay readable."""

from typing import Any

import pytest

from app.charts.data import MOST_PRODUCTS
from app.labels.catalogue import label
from app.reports.excel.formats import lines_of
from tests.kpis.event_builders import Event, NewSession, Send, paid
from tests.reports.conftest import Open

PRODUCTS = 60
NAME = "メリノウール100%使用 ふんわり軽い長袖タートルネックニット（ユニセックス・五色展開）"


@pytest.fixture
async def book(new_session: NewSession, send: Send, open_book: Open) -> Any:
    """The workbook; the later a product stands in the line-up, the more of it was sold."""
    codes = [f"p{number:02}" for number in range(PRODUCTS)]
    made = await new_session(lineup=[{"product": code, "name": f"{NAME} {code}"} for code in codes])
    events: list[Event] = [("session.started", 0, {})]
    for number, code in enumerate(codes):
        events.append(("product.showcased", 10 + number, {"product": code}))
        events.append(paid(60 + number, f"o{number}", f"b{number}", (code, 1, f"{number + 1}00000000000.00")))
    await send("wechat:room", *events, ("session.ended", 600, {}))
    return await open_book(made)


def _brands(sheet: Any, first: int) -> list[tuple[int, int]]:
    """Return the rows of the cells that hold the brand of the products."""
    areas = {area.min_row: area.max_row for area in sheet.merged_cells.ranges if area.min_col == area.max_col == 1}
    rows = [cell.row for cell in sheet["A"] if cell.value == "maison-k" and cell.row >= first]
    return [(row, areas.get(row, row)) for row in rows]


async def test_long_tables_stay_readable(book: Any) -> None:
    """A table that continues has its head and brand on each page; names are whole; the chart shows what can be read."""
    results, series, orders = book.worksheets
    head = next(cell.row for cell in results["A"] if cell.value == label("sheet.brand", "ja"))
    assert f"${head - 1}:${head}" == results.print_title_rows
    begins = [1 + found.id for found in results.row_breaks.brk if found.id > head]
    brands = _brands(results, head)
    assert len(begins) >= 1
    assert [head + 1, *begins] == [first for first, _ in brands]
    assert [first - 1 for first, _ in brands[1:]] == [last for _, last in brands[:-1]]
    amounts = [cell for cell in results["I"][head : head + PRODUCTS] if isinstance(cell.value, int | float)]
    assert {True} == {bool(cell.alignment.shrink_to_fit) for cell in amounts}
    bars = next(chart for chart in series._charts if chart.tagname == "barChart" and len(chart._charts) == 1)
    cells = bars.series[0].val.numRef.f.strip("()").split(",")
    assert [head + PRODUCTS - number for number in range(MOST_PRODUCTS)] == [int(cell.rpartition("$")[2]) for cell in cells]
    for sheet, column in ((series, "B"), (orders, "I")):
        width = sheet.column_dimensions[column].width
        named = [cell for cell in sheet[column] if NAME in str(cell.value)]
        assert named
        assert all(sheet.row_dimensions[cell.row].height >= 15 * lines_of(cell.value, width) for cell in named)
