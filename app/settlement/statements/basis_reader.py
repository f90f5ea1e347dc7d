"""Reads what a brand's statement is computed from.

In: a connection, a brand, a month. Out: a `Basis`, and the circumstances that the document states. Never here: rules of money.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.settlement.amounts import deliverables, platform_statements
from app.settlement.amounts.deliverables import Deliverable, local_day
from app.settlement.amounts.earlier import Earlier, UsedContract
from app.settlement.amounts.fees import is_due
from app.settlement.amounts.months import last_of
from app.settlement.amounts.platform_statements import PlatformStatement
from app.settlement.amounts.session_amounts import SessionFigures
from app.settlement.amounts.statement import Basis, EnteredLine, earlier_of
from app.settlement.contracts.terms import Terms
from app.settlement.statements.document import parse
from app.storage.backoffice import settlement_reads
from app.storage.backoffice.settlement_reads import BrandSession
from app.storage.tables import brands, contracts, exchange_rates, settlements


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that a statement's document says."""

    basis: Basis
    deliverables: list[Deliverable]
    platform: list[PlatformStatement]


async def contracts_of(connection: AsyncConnection, brand: UUID) -> list[UsedContract]:
    """Return a brand's contracts, by their start."""
    query = select(contracts).where(contracts.c.brand_id == brand).order_by(contracts.c.starts_on)
    return [_used(row) for row in (await connection.execute(query)).all()]


async def brands_charged(connection: AsyncConnection, month: date) -> dict[str, str]:
    """Return the brands, slug → name, of which a contract has a fee that falls due in a month."""
    in_force = contracts.c.starts_on <= last_of(month), or_(contracts.c.ends_on.is_(None), contracts.c.ends_on >= month)
    query = select(contracts, brands.c.slug, brands.c.name).join(brands, brands.c.id == contracts.c.brand_id).where(*in_force)
    return {row.slug: row.name for row in (await connection.execute(query)).all() if is_due(_used(row), month)}


def _used(row: Row[Any]) -> UsedContract:
    return UsedContract(id=row.id, starts_on=row.starts_on, ends_on=row.ends_on, terms=Terms.model_validate(row.terms))


async def earlier_statements(connection: AsyncConnection, brand: UUID) -> Earlier:
    """Return what the issued statements of a brand say."""
    query = (
        select(settlements.c.number, settlements.c.document)
        .where(settlements.c.brand_id == brand, settlements.c.number.is_not(None))
        .order_by(settlements.c.issued_at, settlements.c.number)
    )
    rows = (await connection.execute(query)).all()
    return earlier_of((row.number, parse(row.document, None)) for row in rows)


async def read(connection: AsyncConnection, brand: UUID, month: date, entered: Sequence[EnteredLine]) -> Circumstances:
    """Return what the statement of a month is computed from."""
    agreed = await contracts_of(connection, brand)
    earlier = await earlier_statements(connection, brand)
    found = await settlement_reads.sessions(connection, brand)
    refunds = dict.fromkeys(earlier.sessions, 0) | await settlement_reads.refunds(connection, earlier.sessions)
    silent = [session.id for session in found if session.kind == "rehearsal" and session.revision is None]
    sold = await settlement_reads.sold(connection, silent)
    # A rehearsal sells nothing, so that it needs no revision.
    stated = [
        figures for session in found if session.id not in silent or session.id in sold for figures in _figures(session, refunds)
    ]
    stated.sort(key=lambda session: (session.ended_on, session.id))
    own = [session for session in stated if session.id not in earlier.sessions and session.ended_on.replace(day=1) == month]
    settled = await settlement_reads.settled(connection, [session.id for session in own])
    return Circumstances(
        Basis(month, agreed, stated, await _rates(connection, agreed, earlier, stated), earlier, entered),
        deliverables.count(month, found, await settlement_reads.promotions(connection, brand), agreed),
        platform_statements.statements_of(own, settled),
    )


def _figures(session: BrandSession, refunds: dict[UUID, int]) -> list[SessionFigures]:
    """Return a session as a statement takes it.

    Its figures are those of the latest revision. Refunds of a session that a statement holds need no new revision: money that
    went back, or that was found not to have gone back, is deducted from the revision's GMV as of now.
    """
    day = local_day(session)
    if day is None:
        return []
    revision = session.revision
    if revision is None:
        return [SessionFigures(session.id, session.title, day, session.currency, None, None)]
    # Without refunds the net GMV is absent, and GMV is what remains.
    gmv = revision.gmv or 0
    net = gmv if revision.net_gmv is None else revision.net_gmv
    if session.id in refunds and session.currency == revision.currency:
        net = gmv - refunds[session.id]
    return [SessionFigures(session.id, session.title, day, revision.currency, net, revision.number)]


async def _rates(
    connection: AsyncConnection, agreed: Sequence[UsedContract], earlier: Earlier, stated: Sequence[SessionFigures]
) -> dict[Any, str]:
    """Return the rates of the months in which the sessions ended."""
    if not stated:
        return {}
    kinds = {contract.terms.fx.kind for contract in agreed} | {
        found.contract.terms.fx.kind for found in earlier.sessions.values()
    }
    rates = exchange_rates.c
    query = select(exchange_rates).where(
        rates.date.between(stated[0].ended_on, last_of(stated[-1].ended_on)),
        rates.source_currency.in_({session.currency for session in stated}),
        rates.target_currency == "JPY",
        rates.kind.in_(kinds),
    )
    rows = (await connection.execute(query)).all()
    return {(row.date, row.source_currency, row.target_currency, row.kind): row.rate for row in rows}
