"""Customers, their history and cohorts as documents.

In: the database, a brand's slug, the caller's brand. Out: documents, or 404. Never here: SQL, HTTP.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from app.kpis.documents.render import Document, local
from app.kpis.evaluation.rounding import digits_of, fixed
from app.kpis.reading.session_reader import snapshot
from app.problems import not_found
from app.storage.backoffice import customer_reads
from app.storage.backoffice.customer_reads import Amount, CohortRow, CustomerOrder, CustomerRow
from app.storage.database import Connection, Database
from app.storage.kpis import comparison_reads
from app.storage.kpis.comparison_reads import BrandRow

MOST_MONTHS = 120
"""The most months of a cohort, and the most cohorts."""


class CustomerQuery(NamedTuple):
    """Which customers, and the page."""

    returning: bool | None
    """Bought in several sessions; None for all."""
    prefix: str | None
    """First digits of the pseudonym."""
    after: tuple[datetime, str] | None
    limit: int


async def brand_row(connection: Connection, slug: str, allowed: UUID | None) -> BrandRow:
    """Return a brand.

    Raises:
        ProblemError: 404, also for another brand than the caller's.
    """
    found = await comparison_reads.brand(connection, slug, allowed)
    if found is None:
        raise not_found("brand")
    return found


async def read_customers(
    database: Database, slug: str, allowed: UUID | None, asked: CustomerQuery
) -> tuple[Document, tuple[datetime, str] | None]:
    """Return a page of customers, and the key after which the next page begins.

    Raises:
        ProblemError: 404.
    """
    async with snapshot(database, allowed, many=True) as connection:
        brand = await brand_row(connection, slug, allowed)
        rows = await customer_reads.page(
            connection, brand.id, returning=asked.returning, prefix=asked.prefix, after=asked.after, limit=asked.limit + 1
        )
        more, rows = len(rows) > asked.limit, rows[: asked.limit]
        amounts = await customer_reads.amounts(connection, brand.id, [row.buyer for row in rows])
    shown = [_customer(row, amounts[row.buyer]) for row in rows]
    return {"brand": brand.slug, "customers": shown}, (rows[-1].last_at, rows[-1].customer) if more else None


def _customer(row: CustomerRow, amounts: Sequence[Amount]) -> Document:
    return {
        "customer": row.customer,
        "first_order_at": row.first_at,
        "last_order_at": row.last_at,
        "orders": row.orders,
        "units": int(sum(amount.units for amount in amounts)),
        "sessions": row.sessions,
        "returning": row.sessions > 1,
        "net_amounts": {amount.currency: fixed(int(amount.net), digits_of(amount.currency)) for amount in amounts},
    }


async def read_customer(
    database: Database, slug: str, allowed: UUID | None, customer: str, after: tuple[datetime, UUID, str] | None, limit: int
) -> tuple[Document, tuple[datetime, UUID, str] | None]:
    """Return a customer's orders, the latest first, and the key after which the next page begins.

    Raises:
        ProblemError: 404 for the brand or the customer.
    """
    async with snapshot(database, allowed, many=True) as connection:
        brand = await brand_row(connection, slug, allowed)
        buyers = await customer_reads.buyers_of(connection, brand.id, customer)
        if not buyers:
            raise not_found("customer")
        rows = await customer_reads.orders(connection, brand.id, buyers, after, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    document = {"brand": brand.slug, "customer": customer, "orders": [_order(row) for row in rows]}
    return document, (rows[-1].at, rows[-1].session_id, rows[-1].place) if more else None


def _order(row: CustomerOrder) -> Document:
    digits = digits_of(row.currency)
    lines: list[dict[str, Any]] = [] if row.lines is None else from_json(row.lines)
    moments = ("placed_at", "paid_at", "cancelled_at", "refunded_at", "shipped_at", "delivered_at")
    return {
        "session": str(row.session_id),
        "title": row.title,
        "platform": row.platform,
        "order": row.order_id,
        "currency": row.currency,
        "amount": None if row.amount is None else fixed(row.amount, digits),
        "refunded_amount": fixed(int(row.refunded_amount), digits),
        **{name: local(getattr(row, name), row.time_zone) for name in moments},
        "lines": [
            {"product": line["product"], "sku": line.get("sku"), "quantity": line["quantity"], "gift": bool(line.get("gift"))}
            for line in lines
        ],
    }


async def read_cohorts(database: Database, slug: str, allowed: UUID | None) -> Document:
    """Return the cohorts of the last `MOST_MONTHS` months that have buyers, the earliest first.

    Raises:
        ProblemError: 404.
    """
    async with snapshot(database, allowed, many=True) as connection:
        brand = await brand_row(connection, slug, allowed)
        rows = await customer_reads.cohorts(connection, brand.id)
    return {"brand": brand.slug, "cohorts": cohorts_of(rows)}


def cohorts_of(rows: Iterable[CohortRow]) -> list[Document]:
    """Return each cohort: its month, its buyers, and how many of them bought in that month and in each month after it.

    The last month is the last one in which any customer of the brand bought.
    """
    found: dict[int, dict[int, int]] = {}
    for cohort, month, buyers in rows:
        found.setdefault(cohort, {})[month] = buyers
    last = max((month for months in found.values() for month in months), default=0)
    return [
        {
            "month": month_name(cohort),
            "buyers": months[cohort],
            "returned": [months.get(month, 0) for month in range(cohort, last + 1)],
        }
        for cohort, months in sorted(found.items())
        if cohort > last - MOST_MONTHS
    ]


def month_name(month: int) -> str:
    """Return a month, counted from the year 0, as `yyyy-mm`.

    >>> month_name(2021 * 12 + 8)
    '2021-09'
    """
    return f"{month // 12:04}-{month % 12 + 1:02}"
