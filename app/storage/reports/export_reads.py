"""The queries of exports: sessions of a brand, and the orders and events of one session, page by page.

In: a brand or a session, a window, a place in the order. Out: frozen rows. Never here: formulas, file formats.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from app.storage.database import Connection
from app.storage.kpis.comparison_reads import BrandRow
from app.storage.queries import queries

_SQL = queries("reports/exports")
_PREFETCH = 100
"""Rows that the driver holds beside those of the page."""
MOST_CHARACTERS = 4 * 1024 * 1024
"""Length of the JSON texts of a page, behind which it ends: one event may be as long as thousands of others."""


class Window(NamedTuple):
    """A half-open window; None: open at that end."""

    begin: datetime | None = None
    end: datetime | None = None


class Room(NamedTuple):
    """What a page has room for."""

    rows: int
    characters: int
    """Of JSON texts; the row that goes beyond it is the last one."""

    def after(self, page: Sequence["OrderRow | EventRow"]) -> "Room":
        """Return what is left."""
        return Room(self.rows - len(page), self.characters - sum(row.characters() for row in page))


class SessionRow(NamedTuple):
    """A session, and the currency of its amounts."""

    id: UUID
    currency: str


class OrderRow(NamedTuple):
    """An order; amounts in minor units, lines as JSON text, people as pseudonyms."""

    platform: str
    order: str
    customer: str
    buyer: str | None
    amount: int | None
    lines: str | None
    refunded_amount: int
    placed_at: datetime | None
    paid_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None
    shipped_at: datetime | None
    carrier: str | None
    tracking: str | None
    delivered_at: datetime | None
    state: str

    def characters(self) -> int:
        """Return the length of its JSON texts."""
        return len(self.lines or "")


class EventRow(NamedTuple):
    """An event of the log; `data` and `attributes` are JSON texts, with pseudonyms for people."""

    event_key: bytes
    id: str
    source: str
    type: str
    platform: str
    room: str
    occurred_at: datetime
    received_at: datetime
    sent_time: datetime | None
    data: str
    attributes: str | None
    voided_at: datetime | None

    def characters(self) -> int:
        """Return the length of its JSON texts."""
        return len(self.data) + len(self.attributes or "")


PageRow = TypeVar("PageRow", OrderRow, EventRow)


async def brands(connection: Connection, allowed: UUID | None, slug: str | None) -> list[BrandRow]:
    """Return the brands that the caller may see, or the one of them with this slug."""
    return [BrandRow(*row) for row in await connection.fetch(_SQL["brands"], allowed, slug)]


async def sessions(
    connection: Connection, brand: UUID, after: UUID, window: Window, limit: int, *, inclusive: bool = False
) -> list[SessionRow]:
    """Return the brand's sessions after one, or from it on, by id; the window is of their start, else the scheduled start."""
    return [SessionRow(*row) for row in await connection.fetch(_SQL["sessions"], brand, after, inclusive, *window, limit)]


async def orders(
    connection: Connection, session: UUID, brand: UUID, after: tuple[str, str], window: Window, room: Room
) -> tuple[list[OrderRow], bool]:
    """Return the session's orders after (platform, order), and whether more may follow; the window is of payment or placement."""
    rows = _rows(connection, _SQL["orders"], session, *after, *window, brand, room.rows)
    return await _fitting((OrderRow(*row)._replace(refunded_amount=int(row["refunded_amount"])) async for row in rows), room)


async def events(
    connection: Connection, session: UUID, after: tuple[datetime, bytes], window: Window, hidden_type: str | None, room: Room
) -> tuple[list[EventRow], bool]:
    """Return the session's events after (occurred_at, event_key), and whether more may follow."""
    rows = _rows(connection, _SQL["events"], session, *after, *window, hidden_type, room.rows)
    return await _fitting((EventRow(*row) async for row in rows), room)


async def _fitting(rows: AsyncIterator[PageRow], room: Room) -> tuple[list[PageRow], bool]:
    found: list[PageRow] = []
    size = 0
    async for row in rows:
        found.append(row)
        size += row.characters()
        if size > room.characters:
            return found, True
    return found, len(found) == room.rows


async def _rows(connection: Connection, sql: str, *args: Any) -> AsyncIterator[Any]:
    async for row in connection.cursor(sql, *args, prefetch=_PREFETCH):
        yield row
