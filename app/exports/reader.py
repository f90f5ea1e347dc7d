"""Reads the exported tables page by page: each page in a snapshot of its own, so that no connection waits for a client.

In: a connection, a query, a brand, a place. Out: rows and the next place. Never here: which brands a caller may see, formats.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from app.exports import rows
from app.exports.columns import Row, TableName
from app.kpis.comparison.comparison import read_evaluations
from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.products.product_reader import read_product_table
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery
from app.kpis.timeline.marks import HIDDEN_FROM_CLIENTS
from app.labels.catalogue import Language
from app.storage.database import Connection
from app.storage.event_log import log_partitions, log_reads, log_state
from app.storage.kpis import reads
from app.storage.kpis.comparison_reads import BrandRow
from app.storage.kpis.reads import BEFORE_ALL
from app.storage.reports import export_reads
from app.storage.reports.export_reads import EventRow, OrderRow, PageRow, Room, SessionRow, Window

MOST_ROWS = 2_000
"""Rows of a page."""
_EVALUATED = 50
"""Sessions of a page of sessions or KPIs."""
_WITH_PRODUCTS = 5
"""Sessions of a page of products; each may have as many as a session may name."""
_LOOKED_INTO = 100
"""Sessions that a page of orders or events looks into: most may have none in the window."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """What is exported."""

    table: TableName
    brands: Sequence[BrandRow]
    window: Window
    language: Language
    """Of the names of products."""
    client: bool
    """For a reader outside the agency: no marks in the log."""
    now: datetime


class Place(NamedTuple):
    """Where the next page begins: after a session, or in it after a key."""

    session: UUID = UUID(int=0)
    key: Any = None


START = Place()
Page = tuple[list[Row], Place | None]
"""Rows, and where the next page begins; None after the last one."""


async def read_page(connection: Connection, query: ExportQuery, brand: BrandRow, place: Place) -> Page:
    """Return the next page of a brand's rows."""
    return await _READERS[query.table](connection, query, brand, place)


async def require_logs(connection: Connection, query: ExportQuery) -> None:
    """Return if no log of the window was dropped; only an export of events reads logs.

    Raises:
        ProblemError: 410 with one of the sessions whose logs were.
    """
    for brand in query.brands if query.table == "events" else ():
        for session, at in await log_partitions.dropped_sessions(connection, brand.id):
            extent = await reads.timeline_extent(connection, session, "")
            begin, end = query.window
            if extent and (end is None or extent[0] < end) and (begin is None or extent[1] + _MINUTE > begin):
                raise log_state.dropped(session, at)


async def _sessions(connection: Connection, query: ExportQuery, brand: BrandRow, place: Place, most: int) -> list[UUID]:
    return [one.id for one in await export_reads.sessions(connection, brand.id, place.session, query.window, most)]


async def _session_rows(connection: Connection, query: ExportQuery, brand: BrandRow, place: Place) -> Page:
    ids = await _sessions(connection, query, brand, place, _EVALUATED)
    found = await read_evaluations(connection, ids, brand.id, query.now)
    return rows.sessions(found), _after(ids, _EVALUATED)


async def _kpi_rows(connection: Connection, query: ExportQuery, brand: BrandRow, place: Place) -> Page:
    ids = await _sessions(connection, query, brand, place, _EVALUATED)
    found = await read_evaluations(connection, ids, brand.id, query.now)
    return rows.kpis(found), _after(ids, _EVALUATED)


async def _product_rows(connection: Connection, query: ExportQuery, brand: BrandRow, place: Place) -> Page:
    ids = await _sessions(connection, query, brand, place, _WITH_PRODUCTS)
    found: list[Row] = []
    for number, session in enumerate(ids):
        if len(found) >= MOST_ROWS:
            return found, Place(ids[number - 1])
        asked = SessionQuery(session, brand.id, query.now, query.language)
        figures, evaluation = await read_evaluation(connection, asked)
        table = await read_product_table(connection, asked, figures, evaluation)
        found += await compute(len(table.products) + len(table.others), rows.products, evaluation, table)
    return found, _after(ids, _WITH_PRODUCTS)


async def _order_rows(connection: Connection, query: ExportQuery, brand: BrandRow, place: Place) -> Page:
    async def read(session: SessionRow, key: tuple[str, str] | None, room: Room) -> tuple[list[OrderRow], bool]:
        return await export_reads.orders(connection, session.id, brand.id, key or ("", ""), query.window, room)

    found, after = await _by_session(connection, brand, place, read, lambda row: (row.platform, row.order))
    pages = [page for _, page in found]
    named = await compute(sum(map(len, pages)), _products_named, pages)
    codes: Mapping[str, str] = await log_reads.codes_of(connection, brand.id, named) if named else {}
    return await compute(sum(map(len, pages)), rows.orders, brand.slug, found, codes), after


def _products_named(pages: Sequence[Sequence[OrderRow]]) -> list[str]:
    return sorted({line["product"] for page in pages for row in page if row.lines for line in from_json(row.lines)})


async def _event_rows(connection: Connection, query: ExportQuery, brand: BrandRow, place: Place) -> Page:
    hidden = HIDDEN_FROM_CLIENTS if query.client else None

    async def read(session: SessionRow, key: tuple[datetime, bytes] | None, room: Room) -> tuple[list[EventRow], bool]:
        return await export_reads.events(connection, session.id, key or (BEFORE_ALL, b""), query.window, hidden, room)

    found, after = await _by_session(connection, brand, place, read, lambda row: (row.occurred_at, row.event_key))
    return rows.events(brand.slug, found), after


async def _by_session(
    connection: Connection,
    brand: BrandRow,
    place: Place,
    read: Callable[[SessionRow, Any, Room], Awaitable[tuple[list[PageRow], bool]]],
    key_of: Callable[[PageRow], Any],
) -> tuple[list[tuple[SessionRow, list[PageRow]]], Place | None]:
    """Return rows of the sessions from a place on, and where the next page begins.

    One query per session is a range of its key, however many rows other sessions have.
    """
    inside = place.key is not None
    sessions = await export_reads.sessions(connection, brand.id, place.session, Window(), _LOOKED_INTO, inclusive=inside)
    found: list[tuple[SessionRow, list[PageRow]]] = []
    room = Room(MOST_ROWS, export_reads.MOST_CHARACTERS)
    for session in sessions:
        page, more = await read(session, place.key if session.id == place.session else None, room)
        if page:
            found.append((session, page))
            room = room.after(page)
        if more:
            return found, Place(session.id, key_of(page[-1]))
    return found, Place(sessions[-1].id) if len(sessions) == _LOOKED_INTO else None


def _after(ids: Sequence[UUID], most: int) -> Place | None:
    return Place(ids[-1]) if len(ids) == most else None


_READERS: Mapping[TableName, Callable[[Connection, ExportQuery, BrandRow, Place], Awaitable[Page]]] = {
    "sessions": _session_rows,
    "orders": _order_rows,
    "products": _product_rows,
    "kpis": _kpi_rows,
    "events": _event_rows,
}
