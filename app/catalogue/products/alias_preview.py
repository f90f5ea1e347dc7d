"""What binding codes to a product would move, before it is done.

In: a product, codes. Out: the sessions that would be rebuilt, with the orders, units and money that the codes carry. Never here:
changes.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import select

from app.catalogue.access import Principal
from app.catalogue.models import RequestModel, ResponseModel, digits_of
from app.catalogue.products.product_models import Aliases
from app.problems import not_found
from app.storage.database import Database
from app.storage.queries import queries
from app.storage.tables import product_aliases, products

_SQL = queries("catalogue/catalogue")


class AliasPreviewRequest(RequestModel):
    """Codes that would become aliases of a product."""

    model_config = ConfigDict(json_schema_extra={"example": {"aliases": ["10000387"]}})

    aliases: Aliases = Field(min_length=1)


class TakenCode(ResponseModel):
    """A code that cannot become an alias: it is a product, or an alias of another one."""

    alias: str
    product: str = Field(description="code of the product that has it")


class MovedInSession(ResponseModel):
    """What moves in a session."""

    session: UUID
    title: str
    currency: str
    orders: int = Field(description="paid orders with a line of one of the codes")
    units: int
    gmv: str = Field(description="money of these lines")


class MovedMoney(ResponseModel):
    """What moves in all sessions of a currency."""

    currency: str
    orders: int
    units: int
    gmv: str


class AliasPreview(ResponseModel):
    """What would count for the product once the codes are its aliases."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "product": "knit-01",
                "taken": [],
                "sessions": [
                    {
                        "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d", "title": "秋の新作ライブ", "currency": "CNY",
                        "orders": 2, "units": 2, "gmv": "2198.00",
                    }
                ],
                "totals": [{"currency": "CNY", "orders": 2, "units": 2, "gmv": "2198.00"}],
            }
        }
    )  # fmt: skip

    product: str
    taken: list[TakenCode] = Field(description="codes that cannot become aliases; nothing of them is counted below")
    sessions: list[MovedInSession] = Field(
        description="the sessions that would be rebuilt: those whose figures name one of the codes, also where it sold nothing"
    )
    totals: list[MovedMoney]


async def preview(database: Database, principal: Principal, product_id: UUID, named: Sequence[str]) -> AliasPreview:
    """Return what would move; nothing is stored.

    Raises:
        ProblemError: 404.
    """
    query = select(products.c.brand_id, products.c.code).where(products.c.id == product_id)
    async with database.read() as connection:
        row = (await connection.execute(query)).one_or_none()
        if row is None or principal.brand_id not in {None, row.brand_id}:
            raise not_found("product")
        aliases = (
            await connection.execute(
                select(product_aliases.c.alias, products.c.id, products.c.code)
                .join(products, products.c.id == product_aliases.c.product_id)
                .where(product_aliases.c.brand_id == row.brand_id, product_aliases.c.alias.in_(named))
            )
        ).all()
        codes = (
            await connection.scalars(
                select(products.c.code).where(products.c.brand_id == row.brand_id, products.c.code.in_(named))
            )
        ).all()
    taken = {code: code for code in codes} | {one.alias: one.code for one in aliases if one.id != product_id}
    own = {one.alias for one in aliases if one.id == product_id}
    moving = sorted(set(named) - taken.keys() - own)
    async with database.acquire() as lent:
        affected = [one["session_id"] for one in await lent.fetch(_SQL["sessions_with_keys"], row.brand_id, moving)]
        rows = await lent.fetch(_SQL["orders_with_codes"], affected, moving)
    sessions = [
        MovedInSession(
            session=one["id"], title=one["title"], currency=one["currency"], orders=one["orders"], units=int(one["units"]),
            gmv=_amount(one["gmv"], one["currency"]),
        )
        for one in rows
    ]  # fmt: skip
    return AliasPreview(
        product=row.code,
        taken=[TakenCode(alias=alias, product=code) for alias, code in sorted(taken.items())],
        sessions=sessions,
        totals=_totals(rows),
    )


def _totals(rows: Sequence[Any]) -> list[MovedMoney]:
    totals = []
    for currency in sorted({row["currency"] for row in rows}):
        of = [row for row in rows if row["currency"] == currency]
        orders, units = sum(row["orders"] for row in of), int(sum(row["units"] for row in of))
        totals.append(
            MovedMoney(currency=currency, orders=orders, units=units, gmv=_amount(sum(row["gmv"] for row in of), currency))
        )
    return totals


def _amount(amount: Decimal | int, currency: str) -> str:
    return format(Decimal(amount), f".{digits_of(currency)}f")
