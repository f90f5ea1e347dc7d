"""Reads a session's products and showcases: fetches rows on one connection, and lets the pure functions compute.

In: the database, a session, the caller's brand, the present moment, a page. Out: documents, or 404 if the caller
may not see the session. Never here: formulas, SQL, HTTP.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.documents.render import Document
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.products.product_document import products_document
from app.kpis.products.products import MOST_LISTED, ProductTable, SellOut, StockHistory, product_table
from app.kpis.products.showcases import MOST_SHOWCASES, Showcase, page_of, showcases_document, showcases_of
from app.kpis.products.stock import SoldOut, sold_out_stretches, sold_out_windows, stock_levels
from app.kpis.products.stock_reader import NO_STOCK, Stock, read_on_air, read_stock
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.reading.status import session_end, status_of
from app.labels.catalogue import Language
from app.storage.database import Connection, Database
from app.storage.kpis import product_reads, reads
from app.storage.kpis.product_reads import ProductWindow, StateChange
from app.storage.kpis.reads import SessionFigures, SessionHead
from app.storage.kpis.session_status import SessionStatus


class ProductPage(NamedTuple):
    """Which of the products outside the line-up to list: those after a code, at most `limit`."""

    after: str | None = None
    limit: int = MOST_LISTED


class ShowcasePage(NamedTuple):
    """Which showcases to list: those after a beginning and a product, at most `limit`."""

    after: tuple[datetime, str] | None = None
    limit: int = MOST_SHOWCASES


_FIRST_PRODUCTS = ProductPage()
_FIRST_SHOWCASES = ShowcasePage()


@dataclass(frozen=True, slots=True)
class ProductRows:
    """The rows that the products' figures are computed from, the same in every language."""

    rows: Sequence[product_reads.ProductRow]
    lineup: Sequence[product_reads.LineupRow]
    names: Mapping[str, Mapping[str, str]]
    showcases: Sequence[Showcase]
    sell_outs: Mapping[str, SellOut]
    levels: Mapping[str, Sequence[tuple[datetime, int]]]
    """Product → (moment, pieces on all platforms), in order of time."""
    stock: Stock

    def __len__(self) -> int:
        """Return the number of rows that a computation works on."""
        return len(self.rows) + len(self.lineup) + len(self.showcases)


class _StockTimes(NamedTuple):
    levels: Mapping[str, Sequence[tuple[datetime, int]]]
    stretches: Mapping[str, Sequence[SoldOut]]
    windows: Mapping[str, Sequence[ProductWindow]]


async def read_product_sums(connection: Connection, head: SessionHead) -> ProductRows:
    """Return the products' rows for their sums alone, without stock and showcases, which take longer than the sums."""
    rows = await product_reads.product_rows(connection, head.id)
    lineup = await product_reads.lineup(connection, head.id)
    codes = sorted({row.product for row in rows} | {row.product for row in lineup})
    return ProductRows(rows, lineup, await product_reads.product_names(connection, head.brand_id, codes), (), {}, {}, NO_STOCK)


async def read_product_rows(
    connection: Connection, head: SessionHead, now: datetime, *, every_stock: bool = False
) -> ProductRows:
    """Return the products' rows; the levels of stock are complete only if `every_stock` is asked for."""
    rows = await product_reads.product_rows(connection, head.id)
    lineup = await product_reads.lineup(connection, head.id)
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if not row.reported:
            counted[row.metric][row.product] += row.value
    sold = counted["units_sold"]
    stock = await read_stock(connection, head, sold=sold, every_stock=every_stock)
    codes = sorted({row.product for row in rows} | {row.product for row in lineup})
    names = await product_reads.product_names(connection, head.brand_id, codes)
    times = await compute(len(stock.changes), _times_of, stock.changes)
    # Of a product that stayed sold out both windows are one.
    windows = list(dict.fromkeys(window for found in times.windows.values() for window in found))
    sums = dict(zip(windows, await product_reads.window_sums(connection, head.id, windows), strict=True))
    sell_outs: dict[str, SellOut] = {}
    for product, found in times.windows.items():
        since, *after = [sums[window] for window in found]
        # Products sell out late: what came before is all but what came since.
        before = {name: counted[name][product] - since.get(name, 0) for name in ("product_clicks", "orders")}
        sell_outs[product] = SellOut(times.stretches[product], before, sum(part.get("product_clicks", 0) for part in after))
    showcases = await compute(len(stock.changes), _showcases, head, stock.changes, now)
    return ProductRows(rows, lineup, names, showcases, sell_outs, times.levels, stock)


def _times_of(changes: Sequence[StateChange]) -> _StockTimes:
    levels = stock_levels(changes)
    stretches = {product: sold_out_stretches(found) for product, found in levels.items()}
    windows = {product: sold_out_windows(product, found) for product, found in stretches.items() if found}
    return _StockTimes(levels, stretches, windows)


def _showcases(head: SessionHead, changes: Sequence[StateChange], now: datetime) -> list[Showcase]:
    status = status_of(head)
    end = session_end(head, status, now) or now
    return showcases_of(changes, end, live=status is SessionStatus.LIVE)


def table_of(evaluation: Evaluation, figures: SessionFigures, found: ProductRows, language: Language) -> ProductTable:
    """Return the products' figures, with names in a language."""
    stock = StockHistory(found.stock.remaining, found.sell_outs)
    return product_table(evaluation, figures, found.rows, found.lineup, found.names, found.showcases, stock, language)


async def read_product_table(
    connection: Connection, asked: SessionQuery, figures: SessionFigures, evaluation: Evaluation
) -> ProductTable:
    """Return the products' figures."""
    found = await read_product_rows(connection, evaluation.head, asked.now)
    return await compute(len(found), table_of, evaluation, figures, found, asked.language)


async def read_products(
    database: Database, asked: SessionQuery, page: ProductPage = _FIRST_PRODUCTS
) -> tuple[Document, str | None]:
    """Return the products document, and the code of its last product if more follow."""
    async with snapshot(database, asked.brand) as connection:
        return await products_on(connection, asked, page)


async def products_on(
    connection: Connection, asked: SessionQuery, page: ProductPage = _FIRST_PRODUCTS
) -> tuple[Document, str | None]:
    """Return the products document, read on this connection, and the code of its last product if more follow."""
    figures, evaluation = await read_evaluation(connection, asked)
    found = await read_product_rows(connection, evaluation.head, asked.now)
    return await compute(len(found), document_of, evaluation, figures, found, asked.language, page)


def document_of(
    evaluation: Evaluation,
    figures: SessionFigures,
    found: ProductRows,
    language: Language,
    page: ProductPage = _FIRST_PRODUCTS,
) -> tuple[Document, str | None]:
    """Return the products document of rows, and the code of its last product if more follow."""
    return products_document(evaluation, table_of(evaluation, figures, found, language), language, page.after, page.limit)


async def read_showcases(
    database: Database, asked: SessionQuery, page: ShowcasePage = _FIRST_SHOWCASES
) -> tuple[Document, tuple[datetime, str] | None]:
    """Return the showcases document, and (beginning, product) of its last showcase if more follow."""
    async with snapshot(database, asked.brand) as connection:
        return await showcases_on(connection, asked, page)


async def showcases_on(
    connection: Connection, asked: SessionQuery, page: ShowcasePage = _FIRST_SHOWCASES
) -> tuple[Document, tuple[datetime, str] | None]:
    """Return the showcases document, read on this connection, and (beginning, product) of its last one if more follow."""
    head = await read_head(connection, asked)
    changes = await read_on_air(connection, head.id)
    showcases, more = page_of(await compute(len(changes), _showcases, head, changes, asked.now), page.after, page.limit)
    windows = [one.window() for one in showcases] + [one.trailing() for one in showcases]
    sums = await product_reads.window_sums(connection, head.id, windows)
    minutes = await reads.concurrency(connection, head.id)
    inside, trailing = sums[: len(showcases)], sums[len(showcases) :]
    rows = len(minutes) + len(showcases)
    return await compute(rows, showcases_document, head, showcases, inside, trailing, minutes), more
