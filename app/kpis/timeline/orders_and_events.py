"""Documents of orders and of the raw event log.

In: rows of a page. Out: the documents, and the key of the last row if more follow. Never here: SQL, cursors as text.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from pydantic_core import from_json

from app.events.money import TooPrecise, minor_units
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.rounding import digits_of, fixed
from app.kpis.reading.session_reader import SessionQuery, read_head
from app.kpis.timeline.marks import HIDDEN_FROM_CLIENTS
from app.storage.database import Database
from app.storage.event_log import log_reads
from app.storage.event_log.log_reads import LogRow, OrderFilter, OrderRow
from app.storage.kpis.reads import BEFORE_ALL


class OrderNotation(Protocol):
    """What of a session its orders are printed by."""

    @property
    def currency(self) -> str:
        """ISO 4217."""
        ...

    @property
    def time_zone(self) -> str:
        """Name of the IANA database."""
        ...


async def read_orders(
    database: Database, asked: SessionQuery, wanted: OrderFilter, after: tuple[str, str] | None, limit: int
) -> tuple[Document, tuple[str, str] | None]:
    """Return a page of orders, and (platform, order) of its last one if more follow.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with database.acquire() as connection:
        head = await read_head(connection, asked)
        rows = await log_reads.orders_page(connection, head.id, head.brand_id, wanted, after or ("", ""), limit + 1)
        page = rows[:limit]
        lines = [from_json(row.lines) if row.lines else [] for row in page]
        names = sorted({line["product"] for found in lines for line in found})
        codes = await log_reads.codes_of(connection, head.brand_id, names) if names else {}
    orders = [order_document(head, row, found, codes) for row, found in zip(page, lines, strict=True)]
    more = (page[-1].platform, page[-1].order_id) if len(rows) > limit else None
    return {"currency": head.currency, "orders": orders}, more


def order_document(head: "OrderNotation", row: OrderRow, lines: Sequence[Document], codes: Mapping[str, str]) -> Document:
    """Return one order; `codes` turns a product's alias into its code."""
    digits = digits_of(head.currency)

    def moment(at: datetime | None) -> str | None:
        return local(at, head.time_zone)

    return {
        "order": row.order_id,
        "platform": row.platform,
        "state": row.state,
        "buyer": row.buyer,
        "amount": None if row.amount is None else fixed(row.amount, digits),
        "refunded_amount": fixed(row.refunded_amount, digits),
        "lines": line_documents(lines, codes, digits),
        "placed_at": moment(row.placed_at),
        "paid_at": moment(row.paid_at),
        "cancelled_at": moment(row.cancelled_at),
        "refunded_at": moment(row.refunded_at),
        "shipped_at": moment(row.shipped_at),
        "delivered_at": moment(row.delivered_at),
        "carrier": row.carrier,
        "tracking": row.tracking,
        "parcels": [
            {
                **parcel,
                "shipped_at": moment(datetime.fromisoformat(parcel["shipped_at"])),
                "accepted_at": moment(datetime.fromisoformat(parcel["accepted_at"])) if parcel["accepted_at"] else None,
            }
            for parcel in (from_json(row.parcels) if row.parcels else [])
        ],
    }


def line_documents(lines: Sequence[Document], codes: Mapping[str, str], digits: int) -> list[Document]:
    """Return the lines of an order; `codes` turns a product's alias into its code."""
    return [
        {
            "product": codes.get(line["product"], line["product"]),
            "sku": line.get("sku"),
            "quantity": line["quantity"],
            "amount": _amount(line["amount"], digits),
            "gift": line.get("gift", False),
        }
        for line in lines
    ]


def _amount(amount: str, digits: int) -> str:
    try:
        return fixed(minor_units(amount, digits), digits)
    except TooPrecise:
        return amount


async def read_log(
    database: Database, asked: SessionQuery, event_type: str | None, after: tuple[datetime, bytes] | None, limit: int
) -> tuple[Document, tuple[datetime, bytes] | None]:
    """Return a page of the raw log, and (occurred_at, event_key) of its last event if more follow; a client sees no marks in it.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with database.acquire() as connection:
        head = await read_head(connection, asked)
        hidden = HIDDEN_FROM_CLIENTS if asked.client else None
        rows = await log_reads.log_page(connection, head.id, event_type, hidden, after or (BEFORE_ALL, b""), limit + 1)
    page = rows[:limit]
    more = (page[-1].occurred_at, page[-1].event_key) if len(rows) > limit else None
    return {"events": [event_document(head.id, row, client=asked.client) for row in page]}, more


def event_document(session: UUID, row: LogRow, *, client: bool = False) -> Document:
    """Return an event of the log as a CloudEvent; people are pseudonyms. A client does not see who voided it, and why.

    Extension attributes: the sender's own; `platform`, `receivedat`;
    `senttime` if the sender's clock was wrong; `voided…` if the event is void.
    """
    document: Document = {
        **(from_json(row.attributes) if row.attributes else {}),
        "specversion": "1.0",
        "id": row.id,
        "source": row.source,
        "type": row.type,
        "subject": f"{row.platform}:{row.room}" if row.room else str(session),
        "time": row.occurred_at.astimezone(UTC).isoformat(),
        "datacontenttype": "application/json",
        "platform": row.platform,
        "receivedat": row.received_at.astimezone(UTC).isoformat(),
        "data": from_json(row.data),
    }
    if row.sent_time is not None:
        document["senttime"] = row.sent_time.astimezone(UTC).isoformat()
    if row.void_id is not None and row.voided_at is not None:
        document |= {
            "voided": True,
            "voidid": str(row.void_id),
            "voidedat": row.voided_at.astimezone(UTC).isoformat(),
        }
        if not client:
            document |= {"voidedby": row.voided_by, "voidreason": row.void_reason}
    return document
