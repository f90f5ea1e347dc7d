"""The workbook of a packing list: by customer, the pick list, one list of contents per carton, and what is to be checked.

In: facts, and rows in temporary files. Out: a file. Never here: figures of its own; all rows in memory.
"""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from xlsxwriter import Workbook

from app.events.characters import clean_text
from app.kpis.documents.render import Document, zone_of
from app.labels.catalogue import Language, label, label_or
from app.logistics.contents import CartonContent, ItemRow, write_carton
from app.logistics.sheet import Column, Sheet
from app.reports.excel.formats import WorkbookStyle, print_setup
from app.reports.excel.rows import RowSheet

__all__ = ["CartonContent", "CustomerRows", "ItemRow", "PackingFacts", "write_workbook"]

_CUSTOMERS = (
    Column("packing.carton", 10), Column("packing.customer", 20), Column("packing.orders", 34), Column("order.product", 18),
    Column("order.sku", 14), Column("order.name", 46), Column("packing.units", 10),
)  # fmt: skip
_TOTALS = (Column("order.product", 24), Column("order.sku", 18), Column("order.name", 60), Column("packing.units", 12))
_EXCLUDED = (Column("order.order", 40), Column("order.platform", 20), Column("packing.reason", 24))


class CustomerRows(NamedTuple):
    """A customer's rows: numbers of the cartons, pseudonym, orders, and (product, SKU, name, pieces)."""

    cartons: str
    customer: str
    orders: str
    lines: Sequence[tuple[str, str | None, str, int]]


class PackingFacts(NamedTuple):
    """What is not in the files: few."""

    language: Language
    brand: str
    title: str
    currency: str
    time_zone: str
    as_of: datetime
    totals: Sequence[ItemRow]
    warnings: Sequence[Document]


def write_workbook(facts: PackingFacts, folder: Path) -> None:
    """Write `packing.xlsx` from the files `customers`, `excluded` and `cartons` of a folder; rows go to disk one by one."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "constant_memory": True,
               "tmpdir": str(folder), "remove_timezone": False}  # fmt: skip
    book = Workbook(folder / "packing.xlsx", options)
    style = WorkbookStyle(book, facts.language, facts.currency)
    title = f"{label('packing.file', facts.language)} — {facts.brand} — {clean_text(facts.title)}"
    book.set_properties({"title": title, "author": "Tallylight", "created": facts.as_of.replace(tzinfo=None, microsecond=0)})
    moment = facts.as_of.astimezone(zone_of(facts.time_zone))
    printed = label("report.as_of", facts.language).format(moment=f"{moment:%Y/%m/%d %H:%M}")

    def sheet(name: str, head: str = title) -> RowSheet:
        added: RowSheet = book.add_worksheet(name, RowSheet)
        print_setup(added, style, head, printed)
        return added

    _customers(Sheet(style, sheet(label("packing.sheet.customers", facts.language)), _CUSTOMERS), folder / "customers")
    _totals(Sheet(style, sheet(label("packing.sheet.totals", facts.language)), _TOTALS), facts.totals)
    for carton in _records(folder / "cartons"):
        name, head = (
            label(f"packing.{key}", facts.language).format(number=carton.number) for key in ("sheet.carton", "contents")
        )
        # Each printed page says which carton it belongs to.
        write_carton(style, sheet(name, f"{head} — {title}"), carton, title)
    _checks(style, sheet(label("packing.sheet.checks", facts.language)), facts, folder / "excluded")
    book.close()


def _records(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)  # noqa: S301 - our own file, in a folder that only we can enter
            except EOFError:
                return


def _customers(sheet: Sheet, path: Path) -> None:
    sheet.begin()
    for batch in _records(path):
        for cartons, customer, orders, lines in batch:
            for number, (product, sku, name, quantity) in enumerate(lines or [("", None, "", 0)]):
                # Each row names its customer, so that the table can be sorted and filtered; the orders stand once.
                sheet.row((cartons, customer, "" if number else orders, product, sku, name, quantity))
    sheet.end(total=True)


def _totals(sheet: Sheet, totals: Sequence[ItemRow]) -> None:
    sheet.begin()
    for item in totals:
        sheet.row((item.product, item.sku, item.name, item.quantity))
    sheet.end(total=True)


def _checks(style: WorkbookStyle, worksheet: RowSheet, facts: PackingFacts, path: Path) -> None:
    sheet = Sheet(style, worksheet, _EXCLUDED)
    if facts.warnings:
        sheet.heading(label("packing.warnings", facts.language))
        for warning in facts.warnings:
            sheet.text(warning["message"])
        sheet.skip()
    sheet.begin(filtered=False)
    reasons: Mapping[str, str] = {
        reason: label(f"order.state.{reason}", facts.language) for reason in ("cancelled", "refunded", "shipped")
    }
    for batch in _records(path):
        for order, platform, reason in batch:
            sheet.row((order, label_or(f"platform.{platform}", platform, facts.language), reasons[reason]))
    sheet.end(total=False)
