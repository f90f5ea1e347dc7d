"""Exchange rates: entered by people, never invented.

In: forms of operators. Out: records with their source. Never here: requests to a bank, a default rate.

A rate is the price of one unit of the first currency in units of the second. `kind` says which of a bank's rates it is: TTM, TTB,
TTS, or a name that both sides agreed on.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import Row, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.models import RequestModel, ResponseModel, Text
from app.catalogue.pages import Page, page_of
from app.problems import ProblemError, invalid, not_found
from app.storage.database import Database
from app.storage.tables import exchange_rates as rates, settlement_rates


def _positive(text: str) -> str:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,10})?", text, re.ASCII) or not Decimal(text):
        raise PydanticCustomError("rate", 'must be a positive decimal string such as "17.09", at most 10 decimals')
    return text


Rate = Annotated[str, AfterValidator(_positive)]


class NewRate(RequestModel):
    """A rate with the source that published it."""

    model_config = ConfigDict(json_schema_extra={"example": {"rate": "17.09", "source": "三菱UFJ銀行 公表仲値"}})

    rate: Rate = Field(description="price of one unit of the first currency", examples=["17.09"])
    source: Text = Field(description="where it was published", examples=["三菱UFJ銀行 公表仲値"])


class ExchangeRate(ResponseModel):
    """A rate of one day."""

    model_config = ConfigDict(populate_by_name=True)

    date: date
    source_currency: str = Field(serialization_alias="from", examples=["CNY"])
    target_currency: str = Field(serialization_alias="to", examples=["JPY"])
    kind: str = Field(examples=["TTM"])
    rate: str = Field(examples=["17.09"])
    source: str = Field(examples=["三菱UFJ銀行 公表仲値"])
    entered_by: str | None = Field(description="id of the API key that entered it; null for keys that are bound to a brand")
    entered_at: datetime


RateKey = tuple[date, str, str, str]
"""Day, first currency, second currency, kind."""


def _rate(row: Row[Any], principal: Principal) -> ExchangeRate:
    """Return a rate; who of the agency entered it is not the business of a brand."""
    entered_by = row.entered_by if principal.brand_id is None else None
    return ExchangeRate(
        date=row.date, source_currency=row.source_currency, target_currency=row.target_currency, kind=row.kind,
        rate=row.rate, source=row.source, entered_by=entered_by, entered_at=row.entered_at,
    )  # fmt: skip


def is_rate(table: Table, key: RateKey) -> Any:
    """Return the condition that a row is of a rate."""
    names = (table.c.date, table.c.source_currency, table.c.target_currency, table.c.kind)
    return func.row(*names) == func.row(*key)


async def _refuse_used(connection: AsyncConnection, key: RateKey) -> None:
    """Refuse a change of a rate that an issued statement used. The row is locked first: an issue that uses it is over then."""
    await connection.execute(select(rates.c.rate).where(is_rate(rates, key)).with_for_update())
    number = await connection.scalar(select(settlement_rates.c.number).where(is_rate(settlement_rates, key)))
    if number is not None:
        raise ProblemError(409, f"the issued statement {number} used this rate; it cannot change", code="exchange_rate_used")


def require_unbound(principal: Principal) -> None:
    """Refuse a caller that is bound to a brand: a rate converts the money of every brand.

    Raises:
        ProblemError: 403.
    """
    if principal.brand_id is not None:
        raise ProblemError(403, "a key that is bound to a brand may not change exchange rates")


async def put(database: Database, principal: Principal, key: RateKey, form: NewRate) -> ExchangeRate:
    """Store a rate, or correct it; what is stored already stays as it is.

    Raises:
        ProblemError: 403 for a caller that is bound to a brand, 409 if an issued statement used another rate, 422 if both
            currencies are the same.
    """
    _require_possible(principal, key)
    day, source, target, kind = key
    statement = insert(rates).values(
        date=day, source_currency=source, target_currency=target, kind=kind, rate=form.rate, source=form.source,
        entered_by=principal.entered_by,
    )  # fmt: skip
    statement = statement.on_conflict_do_update(
        index_elements=["date", "source_currency", "target_currency", "kind"],
        set_={name: statement.excluded[name] for name in ("rate", "source", "entered_by", "entered_at")},
    )
    async with database.write() as connection:
        known = (await connection.execute(select(rates).where(is_rate(rates, key)).with_for_update())).one_or_none()
        if known is not None and (known.rate, known.source) == (form.rate, form.source):
            return _rate(known, principal)
        await _refuse_used(connection, key)
        return _rate((await connection.execute(statement.returning(rates))).one(), principal)


async def check(database: Database, principal: Principal, key: RateKey, form: NewRate) -> None:
    """Refuse what `put` would refuse; store nothing.

    Raises:
        ProblemError: as `put`.
    """
    _require_possible(principal, key)
    async with database.read() as connection:
        known = (await connection.execute(select(rates).where(is_rate(rates, key)))).one_or_none()
        if known is None or (known.rate, known.source) != (form.rate, form.source):
            await _refuse_used(connection, key)


def _require_possible(principal: Principal, key: RateKey) -> None:
    require_unbound(principal)
    if key[1] == key[2]:
        raise invalid("/to", "must be another currency than from", "same_currency")


async def get(database: Database, principal: Principal, key: RateKey) -> ExchangeRate:
    """Return a rate.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        row = (await connection.execute(select(rates).where(is_rate(rates, key)))).one_or_none()
    if row is None:
        raise not_found("exchange rate")
    return _rate(row, principal)


async def listing(
    database: Database,
    principal: Principal,
    *,
    first: date | None,
    last: date | None,
    after: tuple[str, str, str] | None,
    limit: int,
) -> Page[ExchangeRate]:
    """Return the rates of the days from `first` to `last`, both included, the oldest first."""
    order = (rates.c.date, rates.c.source_currency, rates.c.target_currency, rates.c.kind)
    query = select(rates).order_by(*order).limit(limit + 1)
    if first is not None:
        query = query.where(rates.c.date >= first)
    if last is not None:
        query = query.where(rates.c.date <= last)
    if after is not None:
        query = query.where(func.row(*order) > func.row(*_key(after)))
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return page_of(
        [_rate(row, principal) for row in rows],
        limit,
        lambda found: (found.date.isoformat(), f"{found.source_currency}/{found.target_currency}", found.kind),
    )


def _key(after: tuple[str, str, str]) -> RateKey:
    source, _, target = after[1].partition("/")
    try:
        return date.fromisoformat(after[0]), source, target, after[2]
    except ValueError:
        raise invalid("/cursor", "not a cursor of this list; use next_cursor as it was given", "cursor") from None


async def remove(database: Database, principal: Principal, key: RateKey) -> None:
    """Delete a rate.

    Raises:
        ProblemError: 403 for a caller that is bound to a brand, 404, 409 if an issued statement used the rate.
    """
    require_unbound(principal)
    async with database.write() as connection:
        await _refuse_used(connection, key)
        if (await connection.execute(delete(rates).where(is_rate(rates, key)).returning(rates.c.date))).one_or_none() is None:
            raise not_found("exchange rate")
