"""The blocks that the first sheet is made of: bars, heads, figures, merged texts.

In: texts and figures of the report document. Out: cells, and the height of each row. Never here: which sections there are, pages.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from app.kpis.documents.render import Document
from app.kpis.evaluation.rounding import digits_of
from app.labels.notation import NOTHING
from app.reports.excel.formats import MOST_POINTS, WorkbookStyle, block_height, guarded, number_format, number_of
from app.reports.formulas import Place, formula_of

WIDTHS = (26, 13, 22, 14, 13, 13, 17, 17, 17)
"""Characters of each column."""
LAST = len(WIDTHS) - 1


class Blocks:
    """Writes blocks from top to bottom."""

    def __init__(self, style: WorkbookStyle, sheet: Worksheet, report: Document) -> None:
        """Take an empty sheet."""
        self._style = style
        self._sheet = sheet
        self._report = report
        self._row = 0
        self._places: dict[str, Place] = {}
        self._heights: dict[int, float] = {}
        self._sections: list[int] = []

    def _height(self, row: int, points: float) -> None:
        self._sheet.set_row(row, points)
        self._heights[row] = points

    def _merge(self, first: int, last: int, columns: tuple[int, int], text: str, properties: Mapping[str, Any]) -> None:
        """Write a text over a block of cells, as text."""
        cell = self._style.cell(**guarded(text, dict(properties)))
        if (first, columns[0]) == (last, columns[1]):
            self._sheet.write_string(first, columns[0], text, cell)
            return
        self._sheet.merge_range(first, columns[0], last, columns[1], "", cell)
        self._sheet.write_string(first, columns[0], text, cell)

    def _bar(self, title: str) -> None:
        """Begin a section."""
        self._sections.append(self._row)
        self._sheet.merge_range(self._row, 0, self._row, LAST, title, self._style.bar())
        self._height(self._row, 20)
        self._row += 1

    def _heads(self, heads: Sequence[tuple[int, int, str]]) -> None:
        for first, last, text in heads:
            if first == last:
                self._sheet.write_string(self._row, first, text, self._style.header())
            else:
                self._sheet.merge_range(self._row, first, self._row, last, text, self._style.header())
        heights = [block_height(self._style, (text, sum(WIDTHS[first : last + 1]))) for first, last, text in heads]
        self._height(self._row, max(20, *heights))
        self._row += 1

    def _figure(self, row: int, column: int, figure: Document, slug: str = "", formula: str = "", **looks: Any) -> None:
        """Write a figure as a number that prints as the document prints it; a formula where a reader would trace it."""
        style = self._style
        # A number that is wider than its column would be ##### otherwise.
        looks = {"align": "right", "indent": 1, "shrink": True} | looks
        if figure["value"] is None:
            self._sheet.write_string(row, column, NOTHING, style.cell(**looks | {"align": "center", "indent": 0}))
            return
        shown = number_format(figure["unit"], figure["value"], style.currency, style.language, slug)
        cell = style.cell(num_format=shown, **looks)
        found = formula_of(slug, figure, self._places, digits_of(style.currency)) if slug else None
        if found is not None:
            self._sheet.write_formula(row, column, found.text, cell, found.value)
        elif formula:
            self._sheet.write_formula(row, column, formula, cell, number_of(figure))
        else:
            self._sheet.write_number(row, column, number_of(figure, slug), cell)
        if slug:
            self._places[slug] = Place(xl_rowcol_to_cell(row, column), figure["value"])

    def _spread(self, first: int, rows: int, points: int) -> None:
        """Give a block the height that its longest text needs, in equal rows."""
        each = min(MOST_POINTS, max(self._style.line + 3, -(-points // rows)))
        for row in range(first, first + rows):
            self._height(row, each)

    def _line(self, text: str, looks: Mapping[str, Any]) -> None:
        self._merge(self._row, self._row, (0, LAST), text, {"text_wrap": True, "indent": 1, **looks})
        self._height(self._row, min(MOST_POINTS, block_height(self._style, (text, sum(WIDTHS)))))
        self._row += 1
