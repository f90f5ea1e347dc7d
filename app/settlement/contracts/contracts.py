"""Contracts between a brand and its agency.

In: forms. Out: records. Never here: statements, money that was paid.

Contracts of one brand do not overlap in time, so that a session's day finds one contract at most. Callers that are bound to a
brand see only the shares of the net GMV: how the agency divides its own share is not their business.
"""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands as catalogue_brands
from app.catalogue.ids import new_id
from app.catalogue.models import UNCHANGED, Day, PatchModel, RequestModel, ResponseModel, Slug
from app.catalogue.pages import Page, page_of
from app.problems import FieldError, ProblemError, not_found
from app.settlement.contracts.plans import PlanName, last_day, preset
from app.settlement.contracts.terms import NET_GMV, Deliverables, Exchange, Fee, Rounding, Share, Subsidy, Tax, Terms, plain
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import brands, contracts, settlements

_EXAMPLE: dict[str, Any] = {
    "brand": "maison-k",
    "plan": "normal",
    "starts_on": "2021-09-01",
    "shares": [
        {"to": "agency", "rate": "0.30", "of": "net_gmv"},
        {"to": "kol:kobayashi", "rate": "0.10", "of": "agency"},
    ],
}


class NewContract(RequestModel):
    """A contract to create. Fields that are absent have the values of the plan's preset, or the defaults of `custom`."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    brand: Slug
    plan: PlanName
    starts_on: Day
    ends_on: Day | None = Field(default=None, description="last day; by the plan's duration if absent, null for no end")
    currency: str | None = Field(default=None, examples=["JPY"], pattern="^JPY$")
    collected_by: str | None = Field(default=None, pattern="^(agency|brand)$", examples=["agency"])
    shares: list[Share] | None = Field(default=None, min_length=1, max_length=20)
    fees: list[Fee] | None = Field(default=None, max_length=50)
    tax: Tax | None = None
    share_rounding: Rounding | None = None
    fx: Exchange | None = None
    subsidy: Subsidy | None = None
    deliverables: Deliverables | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise PydanticCustomError("contract_period", "ends_on must not be before starts_on", {"member": "ends_on"})
        return self

    def terms(self) -> Terms:
        """Return the complete terms.

        Raises:
            ProblemError: 422 if a field is missing or fields contradict each other.
        """
        own = {name for name in Terms.model_fields if name in self.model_fields_set and getattr(self, name) is not None}
        given = self.model_dump(mode="json", include=own)
        found = preset(self.plan)
        if found is not None:
            given = plain(found.terms) | given
            if "subsidy" in self.model_fields_set and self.subsidy is None:
                given.pop("subsidy", None)
        if "shares" not in given:
            raise _invalid([("/shares", "is required for a contract of plan custom")])
        terms = Terms.model_validate(given)
        if errors := terms.errors():
            raise _invalid(errors)
        return terms

    def last_day(self) -> date | None:
        """Return the last day of the contract; None if it has no end."""
        if "ends_on" in self.model_fields_set:
            return self.ends_on
        found = preset(self.plan)
        return last_day(self.starts_on, found.months) if found is not None and found.months is not None else None


class ContractPatch(PatchModel):
    """A change of a contract's end. Other terms do not change: end the contract and create the next one."""

    ends_on: Day | None = Field(default=UNCHANGED, examples=["2022-03-31"])


class ContractSubsidy(ResponseModel):
    """The subsidy of a contract with its amount."""

    eligible: str
    rate: str
    amount: str = Field(description="eligible × rate, rounded down to the yen", examples=["2920000"])


class Contract(ResponseModel):
    """A contract."""

    id: UUID
    brand: str
    plan: PlanName
    starts_on: date
    ends_on: date | None
    currency: str
    collected_by: str
    shares: list[Share]
    fees: list[Fee]
    tax: Tax
    share_rounding: Rounding
    fx: Exchange
    subsidy: ContractSubsidy | None
    deliverables: Deliverables
    created_at: datetime


def _invalid(errors: list[tuple[str, str]]) -> ProblemError:
    return ProblemError(
        422, "the input is not valid", errors=[FieldError(pointer=pointer, detail=detail) for pointer, detail in errors]
    )


def _contract(row: Row[Any], principal: Principal) -> Contract:
    terms = Terms.model_validate(row.terms)
    shares = terms.shares if principal.brand_id is None else [share for share in terms.shares if share.of == NET_GMV]
    subsidy = None
    if terms.subsidy is not None:
        subsidy = ContractSubsidy(
            eligible=terms.subsidy.eligible, rate=terms.subsidy.rate, amount=str(terms.subsidy.minor_amount())
        )
    return Contract(
        id=row.id, brand=row.slug, plan=row.plan, starts_on=row.starts_on, ends_on=row.ends_on, currency=terms.currency,
        collected_by=terms.collected_by, shares=shares, fees=terms.fees, tax=terms.tax, share_rounding=terms.share_rounding,
        fx=terms.fx, subsidy=subsidy, deliverables=terms.deliverables, created_at=row.created_at,
    )  # fmt: skip


def _stored() -> Any:
    return select(contracts, brands.c.slug).join(brands, brands.c.id == contracts.c.brand_id)


async def create(database: Database, principal: Principal, form: NewContract) -> Contract:
    """Create a contract; a brand that does not exist is created by its slug.

    Raises:
        ProblemError: 404 for another brand than the caller's, 409 if another contract of the brand overlaps, 422.
    """
    terms, ends_on = form.terms(), form.last_day()
    async with database.write() as connection:
        brand_id = await catalogue_brands.find_or_create(connection, principal, form.brand)
        await catalogue_brands.lock(connection, brand_id)
        await _refuse_overlap(connection, brand_id, form.starts_on, ends_on, None)
        contract_id = new_id()
        row = {"id": contract_id, "brand_id": brand_id, "plan": form.plan, "starts_on": form.starts_on, "ends_on": ends_on}
        await connection.execute(insert(contracts).values(**row, terms=plain(terms)))
        audit.about(contract_id, brand=brand_id)
        return _contract((await connection.execute(_stored().where(contracts.c.id == contract_id))).one(), principal)


async def _refuse_overlap(
    connection: AsyncConnection, brand_id: UUID, starts_on: date, ends_on: date | None, itself: UUID | None
) -> None:
    query = select(contracts.c.starts_on, contracts.c.ends_on).where(
        contracts.c.brand_id == brand_id, or_(contracts.c.ends_on.is_(None), contracts.c.ends_on >= starts_on)
    )
    if ends_on is not None:
        query = query.where(contracts.c.starts_on <= ends_on)
    if itself is not None:
        query = query.where(contracts.c.id != itself)
    other = (await connection.execute(query.order_by(contracts.c.starts_on).limit(1))).one_or_none()
    if other is not None:
        until = f"to {other.ends_on}" if other.ends_on else "without an end"
        raise ProblemError(409, f"the brand has another contract from {other.starts_on} {until}", code="contracts_overlap")


async def listing(
    database: Database, principal: Principal, *, brand: str | None, after: tuple[UUID] | None, limit: int
) -> Page[Contract]:
    """Return contracts, the newest first."""
    query = _stored().order_by(contracts.c.id.desc()).limit(limit + 1)
    if principal.brand_id is not None:
        query = query.where(contracts.c.brand_id == principal.brand_id)
    if brand is not None:
        query = query.where(brands.c.slug == brand)
    if after is not None:
        query = query.where(contracts.c.id < after[0])
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return page_of([_contract(row, principal) for row in rows], limit, lambda found: (found.id,))


async def get(database: Database, principal: Principal, contract_id: UUID) -> Contract:
    """Return a contract.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        row = (await connection.execute(_stored().where(contracts.c.id == contract_id))).one_or_none()
    if row is None or principal.brand_id not in {None, row.brand_id}:
        raise not_found("contract")
    return _contract(row, principal)


async def patch(database: Database, principal: Principal, contract_id: UUID, form: ContractPatch) -> Contract:
    """Change the end of a contract.

    Raises:
        ProblemError: 404, 409 if another contract of the brand overlaps, 422 for an end before the start.
    """
    changes = form.changes()
    found = await get(database, principal, contract_id)
    if not changes:
        return found
    if form.ends_on is not None and form.ends_on < found.starts_on:
        raise _invalid([("/ends_on", "must not be before starts_on")])
    async with database.write() as connection:
        brand_id = await connection.scalar(select(contracts.c.brand_id).where(contracts.c.id == contract_id))
        if brand_id is None:
            raise not_found("contract")
        audit.about(brand=brand_id)
        await catalogue_brands.lock(connection, brand_id)
        await _refuse_overlap(connection, brand_id, found.starts_on, form.ends_on, contract_id)
        await connection.execute(update(contracts).where(contracts.c.id == contract_id).values(changes))
        row = (await connection.execute(_stored().where(contracts.c.id == contract_id))).one_or_none()
        if row is None:
            raise not_found("contract")
    return _contract(row, principal)


async def remove(database: Database, principal: Principal, contract_id: UUID) -> None:
    """Delete a contract.

    Raises:
        ProblemError: 404, 409 if an issued statement applies it.
    """
    statement = delete(contracts).where(contracts.c.id == contract_id)
    if principal.brand_id is not None:
        statement = statement.where(contracts.c.brand_id == principal.brand_id)
    # An issued statement holds the terms that it applies; their contract stays where a reader looks for it.
    used = select(settlements.c.number).where(
        settlements.c.number.is_not(None), settlements.c.document.contains(f'"{contract_id}"', autoescape=True)
    )
    async with database.write() as connection:
        brand_id = await connection.scalar(statement.returning(contracts.c.brand_id))
        if brand_id is None:
            raise not_found("contract")
        audit.about(brand=brand_id)
        if (number := await connection.scalar(used.limit(1))) is not None:
            raise ProblemError(409, f"the statement {number} applies this contract; end it instead", code="contract_in_use")
