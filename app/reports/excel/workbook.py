"""Puts the workbook together.

In: the report document, the documents behind it, the orders in a file. Out: a file. Never here: layout of a sheet.
"""

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from xlsxwriter import Workbook

from app.catalogue.brands.logos import LogoImage
from app.charts.data import product_names
from app.events.characters import clean_values
from app.kpis.documents.render import Document
from app.labels.catalogue import label
from app.reports.document import heading_of
from app.reports.excel.formats import WorkbookStyle
from app.reports.excel.orders import Orders
from app.reports.excel.results import Results
from app.reports.excel.series import write_series
from app.storage.event_log.log_reads import OrderRow
from app.storage.kpis.reads import SessionHead

Batch = tuple[list[OrderRow], Mapping[str, str]]
"""Orders, and the product codes of the aliases in their lines."""


@dataclass(frozen=True, slots=True)
class OrderLines:
    """The orders of a session."""

    head: SessionHead
    path: Path
    """A file of pickled `Batch`es."""


@dataclass(frozen=True, slots=True)
class WorkbookInput:
    """The content of a workbook."""

    report: Document
    documents: Mapping[str, Document]
    orders: OrderLines | None
    """None: no sheet of orders."""
    logo: LogoImage | None = None


def write_workbook(content: WorkbookInput, path: Path) -> None:
    """Write the workbook to a file; texts that were stored before they were cleaned on arrival are cleaned here."""
    report, documents = clean_values(content.report), clean_values(content.documents)
    language = report["language"]
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": False,
               "tmpdir": str(path.parent), "remove_timezone": False}  # fmt: skip
    book = Workbook(path, options)
    book.set_properties({"title": heading_of(report), "author": "Tallylight", "created": _as_of(report)})
    # Excel computes the formulas when it opens the file. Their values are stored too, for programs that do not compute.
    book.set_calc_mode("auto")
    style = WorkbookStyle(book, language, report["currency"])
    names = [label(f"report.sheet.{name}", language) for name in ("results", "series", "orders")]
    results, series = book.add_worksheet(names[0]), book.add_worksheet(names[1])
    products = Results(style, results, report).write(content.logo)
    write_series(style, series, names[0], products, documents, report)
    if content.orders is not None:
        _write_orders(style, names[2], report, content.documents["products"], content.orders)
    book.close()


def _write_orders(style: WorkbookStyle, name: str, report: Document, products: Document, lines: OrderLines) -> None:
    # The rows of the third sheet are written to disk one by one. The first two sheets have merged cells and charts, which need
    # them in memory. The option is set on the workbook, and each sheet copies it when it is added.
    style.book.constant_memory = True
    sheet = style.book.add_worksheet(name)
    style.book.constant_memory = False
    orders = Orders(style, sheet, lines.head, product_names(products))
    orders.begin(report)
    orders.write(_batches(lines.path))


def _as_of(report: Document) -> datetime:
    return datetime.fromisoformat(report["as_of"]).replace(tzinfo=None, microsecond=0)


def _batches(path: Path) -> Iterator[Batch]:
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)  # noqa: S301 - our own file, in a folder that only we can enter
            except EOFError:
                return
