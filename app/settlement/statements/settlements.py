"""Drafts of statements, which can be computed again.

In: a brand, a month, lines that operators enter. Out: stored documents. Never here: rules of money, layout, a change of an issued
statement (the database refuses it too).

Statements of one brand take turns by an advisory lock: two drafts of a month are one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.ids import new_id
from app.problems import ProblemError, not_found
from app.settlement.amounts.entered_lines import NewLine, entered_line
from app.settlement.amounts.statement import EnteredLine, state
from app.settlement.statements import basis_reader
from app.settlement.statements.document import Settlement, frozen
from app.storage import audit
from app.storage.backoffice import settlement_reads
from app.storage.database import Database
from app.storage.tables import brands, settlements

_MOST_ENTERED = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, when, and the name of the agency on its statements."""

    principal: Principal
    by: str
    """The caller as statements name it."""
    now: datetime
    issuer: str | None


class Drafted(NamedTuple):
    """A computed draft, and whether it is new."""

    settlement: Settlement
    created: bool


def unbound(principal: Principal) -> None:
    """Refuse callers that are bound to a brand.

    Raises:
        ProblemError: 403.
    """
    if principal.brand_id is not None:
        raise ProblemError(403, "a key that is bound to a brand may not make statements")


async def draft(database: Database, caller: Caller, brand: str, month: date) -> Drafted:
    """Compute the draft of a month, or compute it again.

    Raises:
        ProblemError: 403, 404 for an unknown brand, 409 if the month is issued.
    """
    unbound(caller.principal)
    async with database.write() as connection:
        row = (await connection.execute(select(brands).where(brands.c.slug == brand))).one_or_none()
        if row is None:
            raise not_found("brand")
        await settlement_reads.wait_for_brand(connection, row.id)
        found = (
            await connection.execute(select(settlements).where(settlements.c.brand_id == row.id, settlements.c.month == month))
        ).one_or_none()
        if found is not None:
            require_draft(found)
        settlement_id = new_id() if found is None else found.id
        entered = [] if found is None else entered_of(found)
        settlement = await computed(connection, caller, row, month, settlement_id, entered)
        await _store(connection, settlement, row.id)
        audit.about(settlement_id, brand=row.id)
        return Drafted(settlement, found is None)


async def add_line(database: Database, caller: Caller, settlement_id: UUID, form: NewLine) -> Settlement:
    """Add a line to a draft, and compute it again.

    Raises:
        ProblemError: 403, 404, 409 for an issued statement, 422.
    """
    line = entered_line(form, caller.by, caller.now)
    audit.about(f"{settlement_id}/{line.line.id}")
    return await _changeentered_of(database, caller, settlement_id, lambda entered: [*entered, line])


async def remove_line(database: Database, caller: Caller, settlement_id: UUID, line_id: UUID) -> Settlement:
    """Remove an entered line of a draft, and compute it again.

    Raises:
        ProblemError: 403, 404, 409 for an issued statement.
    """

    def without(entered: Sequence[EnteredLine]) -> list[EnteredLine]:
        rest = [found for found in entered if found.line.id != line_id]
        if len(rest) == len(entered):
            raise not_found("settlement line")
        return rest

    return await _changeentered_of(database, caller, settlement_id, without)


async def _changeentered_of(database: Database, caller: Caller, settlement_id: UUID, change: Any) -> Settlement:
    unbound(caller.principal)
    async with database.write() as connection:
        row, brand = await locked(connection, settlement_id)
        require_draft(row)
        entered: list[EnteredLine] = change(entered_of(row))
        if len(entered) > _MOST_ENTERED:
            raise ProblemError(409, f"a statement may have {_MOST_ENTERED} entered lines", code="conflict")
        stored = [found.model_dump(mode="json") for found in entered]
        await connection.execute(update(settlements).where(settlements.c.id == row.id).values(entered=stored))
        settlement = await computed(connection, caller, brand, row.month, row.id, entered)
        await _store(connection, settlement, brand.id)
        return settlement


async def remove(database: Database, caller: Caller, settlement_id: UUID) -> None:
    """Delete a draft.

    Raises:
        ProblemError: 403, 404, 409 for an issued statement.
    """
    unbound(caller.principal)
    async with database.write() as connection:
        row, _ = await locked(connection, settlement_id)
        require_draft(row)
        await connection.execute(delete(settlements).where(settlements.c.id == settlement_id))


def require_draft(row: Row[Any]) -> None:
    """Refuse an issued statement.

    Raises:
        ProblemError: 409.
    """
    if row.number is not None:
        raise ProblemError(409, f"the month is issued as {row.number}; it does not change", code="settlement_issued")


def entered_of(row: Row[Any]) -> list[EnteredLine]:
    """Return the lines that operators entered."""
    return [EnteredLine.model_validate(found) for found in row.entered]


async def locked(connection: AsyncConnection, settlement_id: UUID) -> tuple[Row[Any], Row[Any]]:
    """Return a statement and its brand, once no other transaction works on the brand's statements."""
    query = select(settlements).where(settlements.c.id == settlement_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found("settlement")
    audit.about(brand=row.brand_id)
    await settlement_reads.wait_for_brand(connection, row.brand_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found("settlement")
    return row, (await connection.execute(select(brands).where(brands.c.id == row.brand_id))).one()


async def computed(
    connection: AsyncConnection, caller: Caller, brand: Row[Any], month: date, settlement_id: UUID, entered: Sequence[EnteredLine]
) -> Settlement:
    """Return the draft of a month as it is now; `brand` is the brand's row."""
    found = await basis_reader.read(connection, brand.id, month, entered)
    statement = state(found.basis)
    return Settlement(
        **dict(statement), id=settlement_id, number=None, status="draft", brand=brand.slug, brand_name=brand.name,
        issuer=caller.issuer, computed_at=caller.now, date=None, issued_at=None, issued_by=None, deliverables=found.deliverables,
        platform=found.platform,
    )  # fmt: skip


async def _store(connection: AsyncConnection, settlement: Settlement, brand_id: UUID) -> None:
    statement = insert(settlements).values(
        id=settlement.id, brand_id=brand_id, month=settlement.month, document=frozen(settlement),
        payable=Decimal(settlement.totals.payable_to_brand),
    )  # fmt: skip
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_={name: statement.excluded[name] for name in ("document", "payable")}
    )
    await connection.execute(statement)
