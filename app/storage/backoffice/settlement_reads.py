"""What a statement is computed from, as the tables hold it.

In: a brand, sessions. Out: frozen rows. Never here: rules, writes.
"""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.queries import queries

_SQL = {name: text(query.rstrip(";")) for name, query in queries("backoffice/settlement").items()}


class RevisionFigures(NamedTuple):
    """The latest revision of a session; amounts in minor units, None if they are absent."""

    number: int
    ended_at: datetime
    time_zone: str
    currency: str
    gmv: int | None
    net_gmv: int | None


class BrandSession(NamedTuple):
    """A session of the brand that has begun."""

    id: UUID
    title: str
    kind: str
    currency: str
    time_zone: str
    ended_at: datetime | None
    """When it ended, or began if its end is not known; by the catalogue."""
    revision: RevisionFigures | None


class Settled(NamedTuple):
    """What the shop's platform settled of a session; amounts in the session's currency."""

    orders: int
    amount: Decimal
    fees: dict[str, Decimal]


class PromotionTime(NamedTuple):
    """When a promotion of the brand was published, and when its session took place."""

    kind: str
    published_at: datetime | None
    session_at: datetime | None
    time_zone: str


def _integer(amount: str | None) -> int | None:
    return None if amount is None else int(Decimal(amount))


async def _rows(connection: AsyncConnection, name: str, **parameters: Any) -> list[Any]:
    return list((await connection.execute(_SQL[name], parameters)).all())


async def wait_for_brand(connection: AsyncConnection, brand: UUID) -> None:
    """Wait until no other transaction computes or issues a statement of the brand."""
    await connection.execute(_SQL["wait_for_brand"], {"brand": str(brand)})


async def wait_for_number(connection: AsyncConnection, month: str) -> None:
    """Wait until no other transaction takes a number of the month."""
    await connection.execute(_SQL["wait_for_number"], {"month": month})


async def sessions(connection: AsyncConnection, brand: UUID) -> list[BrandSession]:
    """Return the sessions of a brand that have begun or are released."""
    latest = {
        row.session_id: RevisionFigures(
            row.number, row.ended_at, row.time_zone, row.currency, _integer(row.gmv), _integer(row.net_gmv)
        )
        for row in await _rows(connection, "revisions", brand=brand)
    }
    return [
        BrandSession(
            row.id, row.title, row.kind, row.session_currency, row.session_time_zone, row.session_ended_at, latest.get(row.id)
        )
        for row in await _rows(connection, "sessions", brand=brand)
    ]


async def refunds(connection: AsyncConnection, session_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return the refunds of sessions as of now, in minor units; a session without any is absent."""
    rows = await _rows(connection, "refunds", sessions=list(session_ids))
    return {row.session_id: int(Decimal(row.amount)) for row in rows}


async def sold(connection: AsyncConnection, session_ids: Collection[UUID]) -> set[UUID]:
    """Return the sessions of which an order was paid."""
    return {row.session_id for row in await _rows(connection, "sold", sessions=list(session_ids))}


async def settled(connection: AsyncConnection, session_ids: Collection[UUID]) -> dict[UUID, Settled]:
    """Return what the platforms settled; a session of which nothing was settled is absent."""
    found: dict[UUID, Settled] = {}
    for row in await _rows(connection, "settled", sessions=list(session_ids)):
        if row.fee is None:
            found[row.session_id] = Settled(row.orders, Decimal(row.amount), {})
        else:
            found[row.session_id].fees[row.fee] = Decimal(row.amount)
    return found


async def promotions(connection: AsyncConnection, brand: UUID) -> list[PromotionTime]:
    """Return when the promotions of a brand were published."""
    return [PromotionTime(*row) for row in await _rows(connection, "promotions", brand=brand)]
