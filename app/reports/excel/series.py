"""The second sheet: the session bucket by bucket, with charts that Excel draws itself.

In: the timeline and showcases documents, where the products stand on the first sheet. Out: the sheet. Never here: figures of
its own.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from xlsxwriter.chart import Chart
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from app.charts.data import product_names
from app.kpis.documents.render import Document
from app.kpis.timeline.timeline import SESSION_SERIES
from app.labels.catalogue import label
from app.reports.charts import SERIES
from app.reports.document import heading_of, subtitle_of
from app.reports.excel.formats import (
    FONTS,
    RULE,
    WorkbookStyle,
    block_height,
    lines_of,
    money_format,
    print_setup,
    width_of,
    write_text,
)
from app.reports.excel.results import Products

_BLUE, _ORANGE = "#0072b2", "#b85c00"
_ON_AIR = 44
"""Width of the column of products on air."""
_WIDTH, _HEIGHT, _GAP = 1010, 330, 20
"""Pixels of a chart, and between two."""
_ROW = 15.0
"""Points of a row whose height is not set."""
_LONG_NAME = 24
_CHART_COLUMNS = 15
"""Columns of the usual width that a chart covers."""
_OWN_LABELS = ("time", "on_air", "concurrent_viewers", "viewers")
COLUMNS = ("time", "on_air", *SERIES)
_PLACES = {key: place for place, key in enumerate(COLUMNS)}
_WIDTHS = {"time": 17, "on_air": _ON_AIR}
_USUAL_WIDTH = 14


def wall_clock(moment: str) -> datetime:
    """Return a moment of a document as its own clock shows it: Excel knows no time zones."""
    return datetime.fromisoformat(moment).replace(tzinfo=None)


def write_series(style: WorkbookStyle, sheet: Worksheet, results: str, products: Products, documents: Mapping[str, Document],
                 report: Document) -> None:  # fmt: skip
    """Write the figures from the first row on, where programs look for them, and beside them the charts that show them.

    Args:
        style: the workbook and its formats.
        sheet: an empty sheet.
        results: name of the first sheet.
        products: where the products stand there.
        documents: the session's `timeline`, `showcases` and `products`.
        report: the report document.
    """
    timeline = documents["timeline"]
    count = len(timeline["buckets"])
    heads = [label(f"report.series.{key}" if key in _OWN_LABELS else f"metric.{key}", style.language) for key in COLUMNS]
    first, last = 1, count
    sheet.hide_gridlines(2)
    for key, place in _PLACES.items():
        sheet.set_column(place, place, _WIDTHS.get(key, _USUAL_WIDTH))
    heights = _rows(style, sheet, first, documents)
    columns = [{"header": text, "header_format": style.header()} for text in heads]
    sheet.add_table(0, 0, last, len(heads) - 1, {"columns": columns, "autofilter": False, "style": "Table Style Light 1"})
    sheet.set_row(0, 34)
    sheet.freeze_panes(1, 1)
    below = _charts(style, sheet, results, products, heads, (first, last))
    print_setup(sheet, style, heading_of(report), subtitle_of(report)[-1])
    sheet.repeat_rows(0)
    # The charts stand beside the table and are a page of their own, which two print areas make them.
    name = "'" + sheet.get_name().replace("'", "''") + "'"
    area = (0, len(heads) + 1, _row_below(heights, below * 0.75), len(heads) + 1 + _CHART_COLUMNS)
    areas = ((0, 0, last, len(heads) - 1), area)
    places = ",".join(f"{name}!{xl_range_abs(*area)}" for area in areas)
    style.book.define_name(f"{name}!_xlnm.Print_Area", f"={places}")


def _row_below(heights: Mapping[int, float], points: float) -> int:
    """Return the row that stands so far below the first one."""
    row = 1
    while points > 0:
        points -= heights.get(row, _ROW)
        row += 1
    return row


def _rows(style: WorkbookStyle, sheet: Worksheet, first: int, documents: Mapping[str, Document]) -> dict[int, float]:
    """Write the rows, and return the heights of those that are higher than a line."""
    heights: dict[int, float] = {}
    timeline, names = documents["timeline"], product_names(documents["products"])
    begins = [datetime.fromisoformat(bucket) for bucket in timeline["buckets"]]
    ends = [*begins[1:], datetime.fromisoformat(timeline["to"])]
    on_air: list[list[str]] = [[] for _ in begins]
    for showcase in documents["showcases"]["showcases"]:
        start, stop = datetime.fromisoformat(showcase["from"]), datetime.fromisoformat(showcase["to"])
        name = names.get(showcase["product"], showcase["product"])
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            if begin < stop and start < end and name not in on_air[number]:
                on_air[number].append(name)
    moment = style.cell(num_format="yyyy/mm/dd hh:mm", align="center")
    plain, amount = style.cell(num_format="#,##0"), style.cell(num_format=style.amount)
    empty = style.cell()
    for number, bucket in enumerate(timeline["buckets"]):
        row = first + number
        sheet.write_datetime(row, _PLACES["time"], wall_clock(bucket), moment)
        names_on_air = label("insight.separator", style.language).join(on_air[number])
        write_text(style, sheet, row, _PLACES["on_air"], names_on_air, text_wrap=True)
        if lines_of(names_on_air, _ON_AIR) > 1:
            heights[row] = block_height(style, (names_on_air, _ON_AIR))
            sheet.set_row(row, heights[row])
        for slug in SERIES:
            column, value = _PLACES[slug], timeline["series"][slug][number]
            if value is None:
                sheet.write_blank(row, column, None, empty)
            else:
                sheet.write_number(row, column, float(value), amount if SESSION_SERIES[slug].is_money else plain)
    return heights


def _charts(
    style: WorkbookStyle, sheet: Worksheet, results: str, products: Products, heads: list[str], rows: tuple[int, int]
) -> int:
    """Insert the charts beside the table, and return how many pixels they take down the sheet."""
    first, last = rows
    own = sheet.get_name()
    font = {"name": FONTS[style.language], "size": 9}
    title = {"name": FONTS[style.language], "size": 12, "bold": False}
    times = [own, first, _PLACES["time"], last, _PLACES["time"]]
    gmv, viewers = _PLACES["gmv"], _PLACES["concurrent_viewers"]
    bars: Any = style.book.add_chart({"type": "column"})
    bars.add_series({
        "name": heads[gmv], "categories": times, "values": [own, first, gmv, last, gmv],
        "fill": {"color": _ORANGE}, "gap": 20,
    })  # fmt: skip
    line: Any = style.book.add_chart({"type": "line"})
    line.add_series({
        "name": heads[viewers], "categories": times, "values": [own, first, viewers, last, viewers],
        "line": {"color": _BLUE, "width": 2}, "y2_axis": True,
    })  # fmt: skip
    bars.combine(line)
    _dress(bars, label("chart.timeline.title", style.language), title)
    every = max(1, (last - first + 1) // 12)
    bars.set_x_axis({
        "num_format": "hh:mm", "num_font": font, "interval_unit": every, "interval_tick": every, "text_axis": True,
        "line": {"color": RULE},
    })  # fmt: skip
    axis = {"num_font": font, "name_font": font | {"bold": False}, "num_format": "#,##0", "line": {"none": True}}
    whole = {"num_format": money_format(style.currency, style.language, 0)}
    bars.set_y_axis({"name": heads[gmv], "major_gridlines": {"visible": True, "line": {"color": "#e4e7eb"}}} | axis | whole)
    line.set_y2_axis({"name": heads[viewers]} | axis)
    bars.set_legend({"position": "top", "font": font})
    bars.show_blanks_as("span")
    bars.set_size({"width": _WIDTH, "height": _HEIGHT})
    # Their place is in pixels: the rows beside them are of different heights.
    place = {"object_position": 3}
    name = label("chart.timeline.title", style.language)
    sheet.insert_chart(1, len(heads) + 1, bars, place | {"description": name})
    if products.last < products.first:
        return _HEIGHT + _GAP
    sold: Any = style.book.add_chart({"type": "bar"})
    sold.add_series({
        "name": heads[gmv],
        "categories": _cells(results, products.bars, products.name),
        "values": _cells(results, products.bars, products.gmv),
        "fill": {"color": _BLUE}, "gap": 60, "data_labels": {"value": True, "font": font} | whole,
    })  # fmt: skip
    name = label("chart.products.title", style.language)
    if len(products.bars) <= products.last - products.first:
        name = label("report.top", style.language).format(title=name, count=len(products.bars))
    short = max(map(width_of, products.names)) <= _LONG_NAME
    _dress(sold, name, title, {"x": 0.24, "y": 0.14, "width": 0.68, "height": 0.8} if short else None)
    sold.set_y_axis({"reverse": True, "num_font": font, "line": {"color": RULE}, "interval_unit": 1})
    sold.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    sold.set_legend({"none": True})
    height = max(_HEIGHT, 27 * len(products.bars) + 50)
    sold.set_size({"width": _WIDTH, "height": height})
    sheet.insert_chart(1, len(heads) + 1, sold, place | {"description": name, "y_offset": _HEIGHT + _GAP})
    return _HEIGHT + height + 2 * _GAP


def _cells(sheet: str, rows: Sequence[int], column: int) -> str:
    """Return a formula of cells in this order, whether they stand together or not."""
    name = "'" + sheet.replace("'", "''") + "'"
    return "=(" + ",".join(f"{name}!{xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)}" for row in rows) + ")"


def _dress(chart: Chart, name: str, title: Mapping[str, Any], layout: Mapping[str, float] | None = None) -> None:
    chart.set_title({"name": name, "name_font": title, "overlay": False})
    chart.set_chartarea({"border": {"color": RULE}})
    chart.set_plotarea({"border": {"none": True}} | ({"layout": layout} if layout else {}))
