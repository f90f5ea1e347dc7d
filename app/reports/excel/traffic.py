"""The blocks of traffic on the first sheet: figures beside the funnel, then the sources.

In: the report document's section. Out: cells. Never here: figures of its own.
"""

from typing import Any

from app.kpis.documents.render import Document
from app.reports.excel.blocks import LAST, WIDTHS, Blocks
from app.reports.excel.formats import QUIET, block_height, write_text
from app.reports.traffic import COLUMNS

_FIRST = LAST - len(COLUMNS) + 1
"""The column of a source's first figure."""


class TrafficBlocks(Blocks):
    """Writes the section."""

    def _traffic(self) -> None:
        section = self._report["sections"].get("traffic")
        if section is None:
            return
        self._bar(section["title"])
        self._figures_and_funnel(section)
        if section["sources"] is not None:
            self._sources(section["sources"])
        for note in section["notes"]:
            self._line(note, {"font_color": QUIET, "font_size": 9})

    def _figures_and_funnel(self, section: Document) -> None:
        style, sheet = self._style, self._sheet
        self._heads([(0, 1, section["title"]), (2, LAST, section["funnel"]["title"])])
        figures, steps = section["figures"], section["funnel"]["rows"]
        for number in range(max(len(figures), len(steps))):
            row = self._row + number
            texts = []
            if number < len(figures):
                figure = figures[number]
                sheet.write_string(row, 0, figure["label"], style.label())
                self._figure(row, 1, figure, figure["slug"])
                texts.append((figure["label"], float(WIDTHS[0])))
            if number < len(steps):
                step = steps[number]
                sheet.write_string(row, 2, step["label"], style.label())
                self._figure(row, 3, step, step["kpi"])
                self._merge(row, row, (4, LAST), step["rate_text"], {"indent": 1})
                texts.append((step["label"], float(WIDTHS[2])))
            self._height(row, max(20, block_height(style, *texts)))
        self._row += max(len(figures), len(steps))

    def _sources(self, table: Document) -> None:
        source, flow, *columns = table["columns"]
        heads = [(0, _FIRST - 2, source["label"]), (_FIRST - 1, _FIRST - 1, flow["label"])]
        self._heads(heads + [(column, column, one["label"]) for column, one in enumerate(columns, _FIRST)])
        for row in (*table["rows"], table["remainder"], table["total"]):
            looks: dict[str, Any] = (
                {"bold": True} if row is table["total"] else {"italic": True} if row is table["remainder"] else {}
            )
            self._merge(self._row, self._row, (0, _FIRST - 2), row["name"], {"indent": 1, "text_wrap": True} | looks)
            write_text(self._style, self._sheet, self._row, _FIRST - 1, row["flow"], align="center", **looks)
            for column, slug in enumerate(COLUMNS, _FIRST):
                self._figure(self._row, column, row["figures"][slug], **looks)
            self._height(self._row, max(20, block_height(self._style, (row["name"], float(sum(WIDTHS[: _FIRST - 1]))))))
            self._row += 1
