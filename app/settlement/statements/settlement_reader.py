"""Reads stored statements.

In: a caller, filters. Out: statements; for callers that are bound to a brand, issued ones of the brand in the client edition.
Never here: writes.
"""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from app.catalogue.access import Principal
from app.catalogue.pages import Page, page_of
from app.problems import not_found
from app.settlement.statements.document import Settlement, client_edition, parse
from app.storage.database import Database
from app.storage.tables import brands, settlements


class Filter(NamedTuple):
    """Which statements; None lets everything through. Days and amounts are included."""

    brand: str | None = None
    since: date | None = None
    until: date | None = None
    least: int | None = None
    most: int | None = None


class Stored(NamedTuple):
    """A statement as it is stored: the record, and the JSON whose hash an issued one has."""

    settlement: Settlement
    document: str


async def get(database: Database, principal: Principal, settlement_id: UUID) -> Stored:
    """Return a statement. A caller that is bound to a brand gets issued statements of the brand in the client edition.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        row = (await connection.execute(select(settlements).where(settlements.c.id == settlement_id))).one_or_none()
    if row is None or (principal.brand_id is not None and (principal.brand_id != row.brand_id or row.number is None)):
        raise not_found("settlement")
    settlement = parse(row.document, row.sha256)
    return Stored(settlement if principal.brand_id is None else client_edition(settlement), row.document)


async def of_month(database: Database, principal: Principal, brand: str, month: date) -> Stored:
    """Return the statement of a brand's month.

    Raises:
        ProblemError: 404.
    """
    query = select(settlements.c.id).join(brands, brands.c.id == settlements.c.brand_id)
    async with database.read() as connection:
        found = await connection.scalar(query.where(brands.c.slug == brand, settlements.c.month == month))
    if found is None:
        raise not_found("settlement")
    return await get(database, principal, found)


async def listing(
    database: Database, principal: Principal, wanted: Filter, *, after: tuple[UUID] | None, limit: int
) -> Page[Settlement]:
    """Return statements, the newest first; for a caller that is bound to a brand as `get`."""
    month = settlements.c.month
    query = select(settlements).order_by(settlements.c.id.desc()).limit(limit + 1)
    if principal.brand_id is not None:
        query = query.where(settlements.c.brand_id == principal.brand_id, settlements.c.number.is_not(None))
    if wanted.brand is not None:
        query = query.where(settlements.c.brand_id.in_(select(brands.c.id).where(brands.c.slug == wanted.brand)))
    if wanted.since is not None:
        query = query.where(month >= wanted.since.replace(day=1))
    if wanted.until is not None:
        query = query.where(month <= wanted.until)
    if wanted.least is not None:
        query = query.where(settlements.c.payable >= wanted.least)
    if wanted.most is not None:
        query = query.where(settlements.c.payable <= wanted.most)
    if after is not None:
        query = query.where(settlements.c.id < after[0])
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return page_of([parse(row.document, row.sha256) for row in rows], limit, lambda found: (found.id,))
