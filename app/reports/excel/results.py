"""The first sheet: the agency's results sheet, block by block as people know it.

In: the report document. Out: the sheet, and where its products stand. Never here: figures of its own.

Nine columns, A to I: 総データ with pairs of label and value; ライブ内容分析 and EC実績 with figures, factors, observations and
summary side by side; 宣伝動画分析; 各商品実績 with what was sold outside the line-up, and the total.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from typing import Any, NamedTuple

from xlsxwriter.utility import xl_rowcol_to_cell

from app.catalogue.brands.logos import LogoImage
from app.charts.data import MOST_PRODUCTS
from app.kpis.documents.render import Document
from app.labels.catalogue import label
from app.labels.notation import NOTHING
from app.reports.document import FACT_PAIRS, PRODUCT_COLUMNS, PROMOTION_COLUMNS, heading_of, subtitle_of, text_section
from app.reports.excel.blocks import LAST, WIDTHS
from app.reports.excel.formats import (
    MOST_POINTS,
    PALE,
    QUIET,
    block_height,
    cell_text,
    guarded,
    lines_of,
    print_setup,
    write_text,
)
from app.reports.excel.pages import HEAD_ROWS, paginate
from app.reports.excel.traffic import TrafficBlocks
from app.reports.formulas import remainder_formula
from app.reports.marks import mark_lines
from app.reports.tables import SECTIONS
from app.reports.windows import section_lines

PROSE: Mapping[str, Any] = {"text_wrap": True, "align": "left", "valign": "top", "indent": 1}
LOGO_SIZE = (115, 58)
"""Pixels that the last column and the two rows of the title have for a logo."""
_LOOKS: Mapping[str, Mapping[str, Any]] = {"row": {}, "rest": {"italic": True}, "total": {"bold": True, "bg_color": PALE}}
_TOTAL_OF = {"clicks": "product_clicks", "buyers": "buyers", "units": "units_sold", "gmv": "gmv"}
"""Column of the products → the session's KPI that its total is, which stands above."""


class Products(NamedTuple):
    """Where the products stand: rows from 0, the remainder included, the total not."""

    first: int
    last: int
    name: int
    gmv: int
    bars: Sequence[int]
    """The rows that a chart shows, from the top: all of them, or the ones with the highest GMV if they are more than fit."""
    names: Sequence[str]
    """Their names, in the order of the sheet."""


class Results(TrafficBlocks):
    """Writes the sheet from top to bottom."""

    _table = (0, 0, "")
    """First and last row of the products, and their brand."""

    def write(self, logo: LogoImage | None = None) -> Products:
        """Write all sections; a logo stands at the right of the title."""
        report, sheet = self._report, self._sheet
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        sheet.hide_gridlines(2)
        self._title(logo)
        sections = report["sections"]
        self._totals(sections["totals"])
        self._analysis(sections["live"])
        self._analysis(sections["ec"])
        self._promotion(sections["promotion"])
        products = self._products(sections["products"])
        self._traffic()
        for name in SECTIONS:
            if name in sections:
                self._rows(sections[name])
        self._marks()
        self._warnings()
        sheet.freeze_panes(2, 0)
        self._pages()
        sheet.print_area(0, 0, self._row - 1, LAST)
        return products

    def _pages(self) -> None:
        """Print on as few pages as stay readable; a table of products that continues has its head and its brand on each page."""
        pages = paginate([self._heights[row] for row in range(self._row)], self._sections)
        title, as_of = heading_of(self._report), subtitle_of(self._report)[-1]
        if not pages.breaks:
            print_setup(self._sheet, self._style, title, as_of, pages=1)
        else:
            print_setup(self._sheet, self._style, title, as_of, scale=pages.scale)
            self._sheet.set_h_pagebreaks(pages.breaks)
        first, last, brand = self._table
        divided = [row for row in pages.breaks if first < row <= last]
        for begin, end in pairwise([first, *divided, last + 1]):
            self._merge(begin, end - 1, (0, 0), brand, {"text_wrap": True, "align": "center"})
        if divided:
            self._sheet.repeat_rows(first - HEAD_ROWS, first - 1)

    def _title(self, logo: LogoImage | None) -> None:
        style, sheet, last = self._style, self._sheet, LAST if logo is None else LAST - 1
        title = heading_of(self._report)
        # A sign of the title is wider than one of a cell, and its lines are higher.
        self._height(0, max(30, lines_of(title, sum(WIDTHS[: last + 1]) / 1.6) * 22 + 8))
        looks = {"bold": True, "font_size": 16, "text_wrap": True}
        sheet.merge_range(0, 0, 0, last, "", style.format(**looks))
        sheet.write_string(0, 0, title, style.format(**guarded(title, looks)))
        parts = label("report.between", style.language).join(subtitle_of(self._report))
        self._height(1, max(20, block_height(style, (parts, sum(WIDTHS[: last + 1])))))
        quiet = {"font_color": QUIET, "font_size": 9, "text_wrap": True}
        sheet.merge_range(1, 0, 1, last, "", style.format(**quiet))
        sheet.write_string(1, 0, parts, style.format(**guarded(parts, quiet)))
        if logo is not None:
            scale = min(1, LOGO_SIZE[0] / logo.width, LOGO_SIZE[1] / logo.height)
            image = {"image_data": BytesIO(logo.content), "x_scale": scale, "y_scale": scale, "x_offset": 3, "y_offset": 3}
            sheet.insert_image(0, LAST, "logo", {**image, "description": self._report["sections"]["products"]["brand"]})
        self._row = 2

    def _totals(self, section: Document) -> None:
        style, sheet, row = self._style, self._sheet, self._row
        self._merge(row, row + 1, (0, 0), section["title"], {"bg_color": PALE, "bold": True, "align": "center"})
        facts = {fact["key"]: fact for fact in section["facts"]}
        shown = [facts[key] for key in FACT_PAIRS]
        for number, fact in enumerate(shown):
            column, key = 1 + 2 * number, fact["key"]
            sheet.write_string(row, column, fact["label"], style.label())
            if key == "date" and fact["value"]:
                day = date.fromisoformat(fact["value"])
                sheet.write_datetime(row, column + 1, day, style.cell(num_format="yyyy/m/d", align="right", indent=1))
            elif key == "duration" and fact["value"] is not None:
                sheet.write_number(
                    row, column + 1, fact["value"] / 3600, style.cell(num_format='0.0"H"', align="right", indent=1)
                )
            else:
                write_text(style, sheet, row, column + 1, fact["text"], align="right", indent=1, text_wrap=True)
        for number, figure in enumerate(section["figures"]):
            column = 1 + 2 * number
            sheet.write_string(row + 1, column, figure["label"], style.label())
            self._figure(row + 1, column + 1, figure, figure["slug"], bold=True)
        texts = [[(fact["label"], WIDTHS[1 + 2 * n]), (fact["text"], WIDTHS[2 + 2 * n])] for n, fact in enumerate(shown)]
        self._height(row, max(22, block_height(style, *(pair for pairs in texts for pair in pairs))))
        names = [(figure["label"], WIDTHS[1 + 2 * number]) for number, figure in enumerate(section["figures"])]
        self._height(row + 1, max(22, block_height(style, *names)))
        self._row += 2

    def _analysis(self, section: Document) -> None:
        self._bar(section["title"])
        self._heads([
            (0, 1, section["data_title"]),
            (2, 2, section["factors"]["title"]),
            (3, 5, section["observations"]["title"]),
            (6, 8, section["summary"]["title"]),
        ])  # fmt: skip
        first, figures = self._row, section["figures"]
        observations, summary = (cell_text(text, self._style.language) for text in text_section(section, self._style.language))
        factors = "\n".join(section["factors"]["items"])
        blocks = ((factors, (2, 2)), (observations, (3, 5)), (summary, (6, 8)))
        widths = [(text, float(sum(WIDTHS[columns[0] : columns[1] + 1]))) for text, columns in blocks]
        points = block_height(self._style, *widths)
        last = first + max(len(figures), -(-points // MOST_POINTS)) - 1
        self._spread(first, last - first + 1, points)
        for row in range(first + len(figures), last + 1):
            self._merge(row, row, (0, 1), "", {})
        for row, figure in enumerate(figures, first):
            self._sheet.write_string(row, 0, figure["label"], self._style.label())
            self._figure(row, 1, figure, figure["slug"])
        for text, columns in blocks:
            self._merge(first, last, columns, text, PROSE)
        self._row = last + 1

    def _promotion(self, section: Document) -> None:
        self._bar(section["title"])
        words = text_section(section, self._style.language)
        summary = cell_text("\n".join(part for part in words if part), self._style.language)
        names = {column["key"]: column["label"] for column in section["columns"]}
        places = {key: place for place, key in enumerate(PROMOTION_COLUMNS, 1)}
        sum_place, prose = len(places) + 1, (len(places) + 2, LAST)
        self._heads([
            (0, 0, names["link"]),
            *((place, place, names[key]) for key, place in places.items()),
            (sum_place, sum_place, section["total_views"]["label"]),
            (*prose, section["summary"]["title"]),
        ])  # fmt: skip
        first, rows = self._row, section["rows"]
        needed = block_height(self._style, (summary, sum(WIDTHS[prose[0] :])))
        count = max(1, len(rows), -(-needed // MOST_POINTS))
        last = first + count - 1
        links = ["\n".join(part for part in (row["title"], row["url"]) if part) or NOTHING for row in rows] or [NOTHING]
        links += [""] * (count - len(links))
        wanted = [block_height(self._style, (link, WIDTHS[0])) for link in links]
        missing = needed - sum(wanted)
        for number, link in enumerate(links):
            self._height(first + number, min(MOST_POINTS, wanted[number] + max(0, -(-missing // count))))
            write_text(self._style, self._sheet, first + number, 0, link, text_wrap=True, indent=1)
        for number in range(count):
            for key, column in places.items():
                if number < max(1, len(rows)):
                    self._figure(first + number, column, rows[number]["figures"][key] if rows else {"value": None})
                else:
                    write_text(self._style, self._sheet, first + number, column, "")
        total = section["total_views"]
        views = f"=SUM({xl_rowcol_to_cell(first, places['views'])}:{xl_rowcol_to_cell(last, places['views'])})"
        if last > first:
            self._sheet.merge_range(first, sum_place, last, sum_place, "", self._style.cell())
        self._figure(first, sum_place, total, formula=views if total["value"] is not None else "")
        self._merge(first, last, prose, summary, PROSE)
        self._row = last + 1

    def _products(self, section: Document) -> Products:
        self._bar(section["title"])
        names = {column["key"]: column["label"] for column in section["columns"]}
        places = {key: place for place, key in enumerate(PRODUCT_COLUMNS, LAST - len(PRODUCT_COLUMNS) + 1)}
        name = (1, LAST - len(places))
        brand = label("sheet.brand", self._style.language)
        self._heads([(0, 0, brand), (*name, names["name"]), *((place, place, names[key]) for key, place in places.items())])
        first, rows = self._row, [*section["rows"], section["other"]]
        last = first + len(rows) - 1
        total = last + 1
        self._table = (first, last, section["brand"])
        for number, entry in enumerate(rows):
            row = first + number
            is_rest = row == last
            looks: dict[str, Any] = {"italic": True} if is_rest else {}
            self._merge(row, row, name, entry["name"], looks | {"indent": 1, "text_wrap": True})
            for key, column in places.items():
                formula = remainder_formula(section, key, (first, last), column) if is_rest else ""
                self._figure(row, column, entry["figures"][key], formula=formula, **looks)
            brand_share = -(-block_height(self._style, (section["brand"], WIDTHS[0])) // len(rows))
            self._height(
                row, max(20, brand_share, block_height(self._style, (entry["name"], sum(WIDTHS[name[0] : name[1] + 1]))))
            )
        bold: dict[str, Any] = {"bold": True, "bg_color": PALE}
        self._merge(total, total, (0, name[1]), section["total"]["name"], bold | {"align": "right", "indent": 1})
        for key, column in places.items():
            figure, place = section["total"]["figures"][key], self._places.get(_TOTAL_OF[key])
            same = place is not None and place.value == figure["value"]
            self._figure(total, column, figure, formula=f"={place.cell}" if place and same else "", **bold)
        self._height(total, 22)
        self._row = total + 1
        for note in section["notes"]:
            self._line(note, {"font_color": QUIET, "font_size": 9})
        charted = last if section["other"]["figures"]["gmv"]["value"] is not None else last - 1
        bars = list(range(first, charted + 1))
        if len(bars) > MOST_PRODUCTS:
            amounts = {first + n: Decimal(row["figures"]["gmv"]["value"] or 0) for n, row in enumerate(section["rows"])}
            bars = sorted(amounts, key=lambda row: -amounts[row])[:MOST_PRODUCTS]
        return Products(first, charted, name[0], places["gmv"], bars, [rows[row - first]["name"] for row in sorted(bars)])

    def _rows(self, section: Document) -> None:
        """Write a table of rows with up to four figures each, which stand at the right edge of the sheet."""
        self._bar(section["title"])
        name, *columns = section["columns"]
        first = LAST - len(columns) + 1
        self._heads([(0, first - 1, name["label"]), *((first + n, first + n, one["label"]) for n, one in enumerate(columns))])
        for entry in section["rows"]:
            looks = _LOOKS[entry["kind"]]
            self._merge(self._row, self._row, (0, first - 1), entry["name"], {"indent": 1, "text_wrap": True, **looks})
            for column, one in enumerate(columns, first):
                self._figure(self._row, column, entry["figures"][one["key"]], **looks)
            self._height(self._row, max(20, block_height(self._style, (entry["name"], sum(WIDTHS[:first])))))
            self._row += 1
        for note in section["notes"]:
            self._line(note, {"font_color": QUIET, "font_size": 9})

    def _marks(self) -> None:
        section = self._report["sections"].get("marks")
        if section and section["rows"]:
            self._bar(section["title"])
            for line in mark_lines(section, self._style.language):
                self._line(line, {})
        for title, lines in section_lines(self._report["sections"], self._style.language):
            self._bar(title)
            for line in lines:
                self._line(line, {})

    def _warnings(self) -> None:
        if self._report["warnings"]:
            self._bar(label("sheet.warnings", self._style.language))
            for warning in self._report["warnings"]:
                self._line(warning["message"], {})
