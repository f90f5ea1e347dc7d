"""Reads a report and renders it as a file: an Excel workbook, an HTML page.

In: the database, the render process, a session. Out: a file's bytes and name. Never here: layout, HTTP, work that blocks the
event loop.
"""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic_core import from_json

from app.catalogue.brands import logos
from app.catalogue.brands.logos import LogoImage
from app.charts.specification import CHARTS, NEEDS, specification
from app.insights.reader import InsightSettings
from app.kpis.documents.render import Document
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.windows.retention import read_retention_of_report
from app.labels.catalogue import label
from app.reports.charts import read_documents, with_funnel
from app.reports.document import report_on
from app.reports.excel.workbook import Batch, OrderLines, WorkbookInput, write_workbook
from app.reports.page import render
from app.reports.render_process import RenderProcess
from app.storage.database import Connection, Database
from app.storage.event_log import log_reads
from app.storage.event_log.log_reads import OrderFilter, OrderRow
from app.storage.kpis.reads import SessionHead

WORKBOOK_DOCUMENTS = ("timeline", "showcases", "products")
PAGE_DOCUMENTS = frozenset(name for needed in NEEDS.values() for name in needed)
"""Documents that the files show beside the report."""
_BATCH = 2000
"""Orders read at a time: some milliseconds of this process."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file."""

    name: str
    """Without its extension."""
    content: bytes


async def workbook(
    database: Database, renderer: RenderProcess, asked: SessionQuery, insight_settings: InsightSettings
) -> ReportFile:
    """Return the Excel workbook; all of it shows the session at one moment. The client edition has no sheet of orders.

    Raises:
        ProblemError: 404, also for another brand's session; 503 when too many reports wait.
    """
    with TemporaryDirectory(prefix="tallylight-report-") as folder:
        spool = Path(folder) / "orders"
        retention = await read_retention_of_report(database, asked)
        async with snapshot(database, asked.brand) as connection:
            head = await read_head(connection, asked)
            report = await report_on(connection, asked, insight_settings, retention)
            documents = await read_documents(connection, asked, WORKBOOK_DOCUMENTS)
            if not asked.client:
                await _spool(connection, head, spool)
        logo = await logos.for_report(database, asked.session) if asked.client else None
        return await draw_workbook(renderer, report, documents, None if asked.client else OrderLines(head, spool), logo)


async def draw_workbook(
    renderer: RenderProcess, report: Document, documents: Mapping[str, Document], orders: OrderLines | None = None,
    logo: LogoImage | None = None,
) -> ReportFile:  # fmt: skip
    """Return the workbook of documents; the sheet of orders is left out without `orders`."""
    with TemporaryDirectory(prefix="tallylight-report-") as folder:
        path = Path(folder) / "report.xlsx"
        await renderer.run(write_workbook, WorkbookInput(report, documents, orders, logo), path)
        return ReportFile(_name(report), path.read_bytes())


async def page(database: Database, renderer: RenderProcess, asked: SessionQuery, insight_settings: InsightSettings) -> ReportFile:
    """Return the page, as `workbook`."""
    retention = await read_retention_of_report(database, asked)
    async with snapshot(database, asked.brand) as connection:
        report = await report_on(connection, asked, insight_settings, retention)
        documents = await read_documents(connection, asked, PAGE_DOCUMENTS)
    return await draw_page(renderer, report, documents, await logos.for_report(database, asked.session) if asked.client else None)


async def draw_page(
    renderer: RenderProcess, report: Document, documents: Mapping[str, Document], logo: LogoImage | None = None
) -> ReportFile:
    """Return the page of documents."""
    # One platform alone has nothing to be compared with.
    shown = [chart for chart in CHARTS if chart != "platforms" or len(documents["kpis"]["by_platform"]) > 1]
    documents = with_funnel(documents)
    specs = [specification(chart, documents, report["language"], "light") for chart in shown]
    return ReportFile(_name(report), (await renderer.run(render, report, specs, logo)).encode())


async def _spool(connection: Connection, head: SessionHead, path: Path) -> None:
    """Write all orders to a file: they may be more than memory should hold, and the render process reads them from there."""
    after, codes = ("", ""), dict[str, str]()
    known: set[str] = set()
    with path.open("wb") as file:
        while True:
            rows = await log_reads.orders_page(connection, head.id, head.brand_id, OrderFilter(), after, _BATCH)
            new = sorted(_products_of(rows) - known)
            if new:
                known.update(new)
                codes |= await log_reads.codes_of(connection, head.brand_id, new)
            batch: Batch = (rows, codes)
            pickle.dump(batch, file)
            if len(rows) < _BATCH:
                return
            after = (rows[-1].platform, rows[-1].order_id)


def _products_of(rows: Sequence[OrderRow]) -> set[str]:
    return {line["product"] for row in rows if row.lines for line in from_json(row.lines)}


def _name(report: Document) -> str:
    """Return the file's name: what it is, the day, the session's title."""
    day = next((fact["value"] for fact in report["sections"]["totals"]["facts"] if fact["key"] == "date"), None)
    parts = (label("report.file", report["language"]), day, report["title"])
    text = "_".join(part for part in parts if part)
    return "".join("_" if sign in '/\\:*?"<>|' or not sign.isprintable() else sign for sign in text).strip(" .")[:120]
