"""Puts the workbook together.

In: the report document, the documents behind it, the orders in a file. Out: a file. Never here: layout of a sheet.
"""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook

from app.charts.data import product_names
from app.kpis.render import Document
from app.labels.catalogue import label
from app.reports.document import heading_of
from app.reports.excel.formats import WorkbookStyle
from app.reports.excel.orders import Orders
from app.reports.excel.results import Results
from app.reports.excel.series import write_series
from app.storage.log_reads import OrderRow
from app.storage.reads import SessionHead

Batch = tuple[list[OrderRow], Mapping[str, str]]
"""Orders, and the codes that the aliases in their lines stand for."""


@dataclass(frozen=True, slots=True)
class WorkbookInput:
    """All that a workbook shows."""

    head: SessionHead
    report: Document
    documents: Mapping[str, Document]
    orders: Path
    """A file of pickled `Batch`es."""


def write_workbook(manuscript: WorkbookInput, path: Path) -> None:
    """Write the workbook to a file."""
    report, language = manuscript.report, manuscript.report["language"]
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": False,
               "tmpdir": str(path.parent), "remove_timezone": False}  # fmt: skip
    book = Workbook(path, options)
    book.set_properties({"title": heading_of(report), "author": "Tallylight", "created": _as_of(report)})
    # Excel computes the formulas when it opens the file; their values are there all the same, for whatever does not.
    book.set_calc_mode("auto")
    style = WorkbookStyle(book, language, report["currency"])
    names = [label(f"report.sheet.{name}", language) for name in ("results", "series", "orders")]
    results, series = book.add_worksheet(names[0]), book.add_worksheet(names[1])
    products = Results(style, results, report).write()
    write_series(style, series, names[0], products, manuscript.documents, report)
    # From here on rows go to disk as they are written. The two sheets above merge and chart, which needs them in memory; the
    # option is one of the workbook, but each sheet takes it over when it is added.
    book.constant_memory = True
    lines = book.add_worksheet(names[2])
    book.constant_memory = False
    orders = Orders(style, lines, manuscript.head, product_names(manuscript.documents["products"]))
    orders.begin(report)
    orders.write(_batches(manuscript.orders))
    book.close()


def _as_of(report: Document) -> datetime:
    return datetime.fromisoformat(report["as_of"]).replace(tzinfo=None, microsecond=0)


def _batches(path: Path) -> Iterator[Batch]:
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)  # noqa: S301 - our own file, in a folder that only we can enter
            except EOFError:
                return
