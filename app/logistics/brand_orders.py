"""A brand's orders over all of its sessions: what waits, what was shipped without evidence.

In: a brand, filters, a page. Out: the document, and the key of the last order if more follow. Never here: SQL, cursors as text.
"""

from datetime import datetime
from uuid import UUID

from pydantic_core import from_json

from app.kpis.documents.render import Document
from app.kpis.evaluation.rounding import number
from app.kpis.reading.session_reader import snapshot
from app.kpis.timeline.orders_and_events import order_document
from app.storage.backoffice import brand_orders as rows
from app.storage.backoffice.brand_orders import BrandOrder, BrandOrderFilter
from app.storage.database import Database
from app.storage.event_log import log_reads
from app.storage.kpis import product_reads

_DECLARED = ("name_zh", "hs_code", "origin", "net_weight_g")
"""Customs data without which an item is not declared."""
Key = tuple[UUID, str, str]


async def read_brand_orders(
    database: Database, brand: UUID, wanted: BrandOrderFilter, after: Key | None, limit: int, now: datetime
) -> tuple[Document, Key | None]:
    """Return a page of orders, and (session, platform, order) of its last one if more follow."""
    async with snapshot(database, brand, many=True) as connection:
        found = await rows.brand_orders(connection, brand, wanted, after or rows.BEFORE_ALL, limit + 1)
        page = found[:limit]
        named = sorted({line["product"] for one in page if one.row.lines for line in from_json(one.row.lines)})
        codes = await log_reads.codes_of(connection, brand, named) if named else {}
        known = await product_reads.product_customs(connection, brand, sorted({codes.get(name, name) for name in named}))
    declared = {code for code, (_, customs) in known.items() if all(customs.get(member) for member in _DECLARED)}
    orders = [_document(one, codes, declared, now) for one in page]
    last = page[-1] if len(found) > limit else None
    return {"orders": orders}, None if last is None else (last.session, last.row.platform, last.row.order_id)


def _document(one: BrandOrder, codes: dict[str, str], declared: set[str], now: datetime) -> Document:
    row = one.row
    document = order_document(one, row, from_json(row.lines) if row.lines else [], codes)
    waits = row.paid_at is not None and (row.shipped_at, row.delivered_at, row.cancelled_at) == (None, None, None)
    waits = waits and not (row.amount is not None and 0 < row.amount <= row.refunded_amount)
    missing = []
    if row.shipped_at is not None:
        parcels = document["parcels"]
        missing += [
            name for name in ("tracking", "accepted_at") if not parcels or any(parcel[name] is None for parcel in parcels)
        ]
        missing += [] if {line["product"] for line in document["lines"]} <= declared and document["lines"] else ["declared_items"]
    hours = number(int((now - row.paid_at).total_seconds()), 3600) if waits and row.paid_at is not None else None
    head = {"session": str(one.session), "title": one.title, "currency": one.currency, "customer": one.customer}
    return {**head, **document, "waiting_hours": hours, "missing_evidence": missing}
