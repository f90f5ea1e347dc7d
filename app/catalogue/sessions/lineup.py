"""The line-up: the products that a session presents, in order, with their price and stock for this session.

In: requests that name products by code or alias. Out: records. Never here: sales, current stock.
"""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Exists, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands.session_access import SessionRef, lock_session_and_catalogue, session_ref
from app.catalogue.models import (
    UNCHANGED,
    CanonicalCode,
    Count,
    Money,
    NoteText,
    PatchModel,
    RequestModel,
    ResponseModel,
    Text,
    decimal_string,
    digits_of,
)
from app.catalogue.products.products import codes_of
from app.events.fields import fields_of
from app.events.money import TooPrecise, minor_units
from app.problems import ProblemError, invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import lineup, products

MAX_ITEMS = 500
Days = Annotated[int, Field(strict=True, ge=0, le=1000)]

_EXAMPLE: dict[str, Any] = {"product": "knit-01", "name": "ニット", "live_price": "1099.00", "stock": 60}


class NewLineupItem(RequestModel):
    """A product of the line-up."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    product: CanonicalCode = Field(description="code or alias; a code that is new becomes a product of the brand")
    name: Text | None = Field(default=None, description="its name in this session")
    live_price: Money | None = Field(default=None, description="price in this session, in the session's currency")
    stock: Count | None = Field(default=None, description="pieces for this session")
    list_price: Money | None = Field(default=None, description="regular price, in the session's currency")
    preorder: bool = Field(default=False, description="sold before it is in stock")
    promised_days: Days | None = Field(default=None, description="days from payment to shipping that buyers are promised")
    talk_points: NoteText | None = Field(default=None, description="what the host says about it, for the agency")


class LineupItemPatch(PatchModel):
    """Changes to an item of the line-up; null removes a value."""

    name: Text | None = Field(default=UNCHANGED, examples=["ニット"])
    live_price: Money | None = Field(default=UNCHANGED, examples=["999.00"])
    stock: Count | None = Field(default=UNCHANGED, examples=[40])
    list_price: Money | None = Field(default=UNCHANGED, examples=["1299.00"])
    preorder: bool = Field(default=UNCHANGED, examples=[True])
    promised_days: Days | None = Field(default=UNCHANGED, examples=[14])
    talk_points: NoteText | None = Field(default=UNCHANGED, examples=["160cmのモデルはS"])


Items = Annotated[list[NewLineupItem], Field(max_length=MAX_ITEMS)]


class NewLineup(RequestModel):
    """A whole line-up, in order."""

    model_config = ConfigDict(json_schema_extra={"example": {"lineup": [_EXAMPLE]}})

    lineup: Items


class LineupItem(ResponseModel):
    """A product of a session's line-up."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "position": 1,
                **_EXAMPLE,
                "names": {"ja": "ニット", "zh": "针织衫", "en": "Knit"},
                "list_price": "1299.00",
                "preorder": True,
                "promised_days": 14,
                "talk_points": "160cmのモデルはS",
            }
        }
    )

    position: int = Field(description="from 1")
    product: str
    name: str | None
    names: dict[str, str] = Field(description="the catalogue's names")
    live_price: str | None
    stock: int | None
    list_price: str | None
    preorder: bool
    promised_days: int | None
    talk_points: str | None = Field(description="null for viewers that are bound to a brand")


_PRICES = fields_of(NewLineupItem, Money)
"""Columns in minor units of the session's currency: while one of them holds a price, the currency cannot change."""
_PLAIN = tuple(name for name in NewLineupItem.model_fields if name not in _PRICES)
"""Columns that are stored as they are written; `product` is a code or an alias before."""


def _item(row: Any, currency: str, position: int, *, internal: bool) -> LineupItem:
    fields = {name: getattr(row, name) for name in _PLAIN} | {
        name: decimal_string(getattr(row, name), currency) for name in _PRICES
    }
    if not internal:
        fields["talk_points"] = None
    return LineupItem(position=position, names=row.names or {}, **fields)


def priced(session_id: UUID) -> Exists:
    """Return the condition that a session's line-up has a price."""
    prices = (lineup.c[name].is_not(None) for name in _PRICES)
    return exists().where(lineup.c.session_id == session_id, or_(*prices))


async def of_session(connection: AsyncConnection, ref: SessionRef, *, internal: bool = True) -> list[LineupItem]:
    """Return a session's line-up in order; what is not `internal` has no talk points."""
    named = (products.c.brand_id == ref.brand_id) & (products.c.code == lineup.c.product)
    query = (
        select(lineup, products.c.names)
        .outerjoin(products, named)
        .where(lineup.c.session_id == ref.id)
        .order_by(lineup.c.position, lineup.c.product)
    )
    rows = (await connection.execute(query)).all()
    # Stored positions have gaps after deletions; positions in the API have none.
    return [_item(row, ref.currency, position, internal=internal) for position, row in enumerate(rows, 1)]


async def write(
    connection: AsyncConnection, ref: SessionRef, items: Sequence[NewLineupItem], *, after: int = 0, pointer: str = "/lineup"
) -> list[str]:
    """Append items behind position `after`; the brand and the session must be locked. Returns the products' codes.

    Raises:
        ProblemError: 422 for a price with too many decimals and a product named twice.
    """
    codes = await codes_of(connection, ref.brand_id, [item.product for item in items]) if items else []
    rows: list[dict[str, Any]] = []
    for index, (item, code) in enumerate(zip(items, codes, strict=True)):
        place = f"{pointer}/{index}" if pointer else ""
        if code in codes[:index]:
            raise invalid(f"{place}/product", "named twice", "duplicate")
        prices = {name: _price(getattr(item, name), ref, f"{place}/{name}") for name in _PRICES}
        given = {name: getattr(item, name) for name in _PLAIN} | {"product": code}
        rows.append({"session_id": ref.id, "position": after + index + 1, **given, **prices})
    if rows:
        await connection.execute(insert(lineup), rows)
    return codes


def _price(price: str | None, ref: SessionRef, pointer: str) -> int | None:
    if price is None:
        return None
    try:
        return minor_units(price, digits_of(ref.currency))
    except TooPrecise as error:
        raise invalid(pointer, f"{error} ({ref.currency})") from None


async def listing(database: Database, principal: Principal, session_id: UUID) -> list[LineupItem]:
    """Return a session's line-up in order.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        ref = await session_ref(connection, principal, session_id)
        return await of_session(connection, ref, internal=not principal.is_client)


async def put(connection: AsyncConnection, ref: SessionRef, items: Sequence[NewLineupItem]) -> None:
    """Replace the whole line-up; the brand and the session must be locked.

    Raises:
        ProblemError: 422.
    """
    await connection.execute(delete(lineup).where(lineup.c.session_id == ref.id))
    await write(connection, ref, items)


async def replace(database: Database, principal: Principal, session_id: UUID, form: NewLineup) -> list[LineupItem]:
    """Replace the whole line-up.

    Raises:
        ProblemError: 404, 422.
    """
    async with database.write() as connection:
        ref = await lock_session_and_catalogue(connection, principal, session_id)
        await put(connection, ref, form.lineup)
        return await of_session(connection, ref)


async def add(database: Database, principal: Principal, session_id: UUID, form: NewLineupItem) -> LineupItem:
    """Append a product.

    Raises:
        ProblemError: 404; 409 if the line-up has the product or is full; 422.
    """
    async with database.write() as connection:
        ref = await lock_session_and_catalogue(connection, principal, session_id)
        (code,) = await codes_of(connection, ref.brand_id, [form.product])
        query = select(
            func.count(), func.coalesce(func.max(lineup.c.position), 0), func.count().filter(lineup.c.product == code)
        ).where(lineup.c.session_id == ref.id)
        count, last, there = (await connection.execute(query)).one()
        if there:
            raise ProblemError(409, f"the line-up has {code} already", code="already_exists")
        if count >= MAX_ITEMS:
            raise ProblemError(409, f"a line-up holds at most {MAX_ITEMS} products", code="lineup_full")
        await write(connection, ref, [form], after=last, pointer="")
        audit.about(code)
        return await _stored(connection, ref, code)


async def patch(database: Database, principal: Principal, session_id: UUID, product: str, form: LineupItemPatch) -> LineupItem:
    """Change an item, named by its code.

    Raises:
        ProblemError: 404 for the session or the item, 422.
    """
    changes = form.changes()
    async with database.write() as connection:
        ref = await session_ref(connection, principal, session_id, lock=True)
        for name in _PRICES:
            if name in changes:
                changes[name] = _price(changes[name], ref, f"/{name}")
        if changes:
            statement = update(lineup).where(lineup.c.session_id == ref.id, lineup.c.product == product)
            await connection.execute(statement.values(changes))
        return await _stored(connection, ref, product)


async def remove(database: Database, principal: Principal, session_id: UUID, product: str) -> None:
    """Remove a product, named by its code, from the line-up.

    Raises:
        ProblemError: 404 for the session or the item.
    """
    async with database.write() as connection:
        ref = await session_ref(connection, principal, session_id, lock=True)
        statement = delete(lineup).where(lineup.c.session_id == ref.id, lineup.c.product == product)
        if (await connection.execute(statement.returning(lineup.c.product))).one_or_none() is None:
            raise not_found("product in this line-up")


async def _stored(connection: AsyncConnection, ref: SessionRef, code: str) -> LineupItem:
    for item in await of_session(connection, ref):
        if item.product == code:
            return item
    raise not_found("product in this line-up")
