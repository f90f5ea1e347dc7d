"""Routes of months: of a brand, and of the agency.

In: a month, a brand's slug. Out: JSON. Never here: figures, SQL.
"""

import datetime as dt
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from app.api.access.authorization import AppService, Operator, Viewer
from app.api.models.kpis import Kpis
from app.events.fields import Slug
from app.months.agency_month import read_agency_month
from app.months.brand_month import read_month
from app.problems import responses
from app.settlement.amounts.deliverables import Deliverable

router = APIRouter(prefix="/v1", tags=["months"], responses=responses(401, 403, 404, 422))

_MONEY = r"^-?\d+(\.\d+)?$"


async def month_of(
    month: Annotated[
        str, Path(pattern=r"^2[01]\d\d-(0[1-9]|1[0-2])$", description="yyyy-mm, from 2000 to 2199", examples=["2021-09"])
    ],
) -> date:
    """Return the first day of a month."""
    return date.fromisoformat(f"{month}-01")


Month = Annotated[date, Depends(month_of)]


class MonthFigures(BaseModel):
    """The KPIs of the month's live sessions of one currency together."""

    currency: str
    sessions: int
    kpis: Kpis  # type: ignore[valid-type]


class MonthCustomers(BaseModel):
    """Customers who bought in the month; a person counts once."""

    buyers: int
    new: int = Field(description="bought from the brand for the first time")
    returning: int


class EarlierMonth(BaseModel):
    """A month before."""

    month: str
    figures: list[MonthFigures]
    customers: MonthCustomers


class MonthSession(BaseModel):
    """A session that ended in the month."""

    session: UUID
    title: str
    kind: str
    date: dt.date | None = Field(description="day of its end, in its time zone")
    started_at: datetime | None
    revision: int | None = Field(description="null before its release")
    currency: str
    gmv: str | None = Field(pattern=_MONEY)


class MonthProduct(BaseModel):
    """What the month's sessions sold of a product."""

    product: str
    names: dict[str, str]
    currency: str
    orders: int
    units: int
    gmv: str = Field(pattern=_MONEY)


class MonthStatement(BaseModel):
    """The statement of the month."""

    id: UUID
    number: str | None
    status: str = Field(description="`draft` or `issued`")
    currency: str
    tax: list[dict[str, Any]]
    totals: dict[str, Any]
    missing: list[Any]


class BrandMonth(EarlierMonth):
    """The month of a brand."""

    brand: str
    name: str
    before: list[EarlierMonth] = Field(description="the five months before, the earliest first")
    sessions: list[MonthSession]
    deliverables: list[Deliverable]
    products: list[MonthProduct] = Field(description="the most pieces first, at most 100")
    money: MonthStatement | None = Field(description="null without a statement, and for the brand until it is issued")


class AgencyStatement(BaseModel):
    """A brand's statement of the month."""

    id: UUID
    number: str | None
    status: str
    currency: str
    totals: dict[str, Any]
    missing: list[Any]


class NotReleased(BaseModel):
    """A live session without a revision."""

    session: UUID
    title: str


class AgencyBrand(BaseModel):
    """A brand in the agency's month."""

    brand: str
    name: str
    sessions: int
    gmv: dict[str, str]
    not_released: list[NotReleased]
    statement: AgencyStatement | None


class PartyShare(BaseModel):
    """What a party receives by the statements of the month."""

    to: str
    currency: str
    status: str
    amount: str = Field(pattern=_MONEY)


class AgencyMonth(BaseModel):
    """The month over all brands."""

    month: str
    gmv: dict[str, str] = Field(description="currency → GMV of the live sessions that ended in the month")
    shares: list[PartyShare]
    not_released: int = Field(description="live sessions without a revision")
    not_issued: list[str] = Field(description="brands with a session or a fee of the month and no issued statement")
    brands: list[AgencyBrand]


def _json(document: dict[str, Any]) -> Response:
    headers = {"Vary": "Authorization, Cookie", "Cache-Control": "no-store"}
    return Response(to_json(document), media_type="application/json", headers=headers)


@router.get(
    "/brands/{brand}/months/{month}",
    operation_id="get_brand_month",
    summary="Get a brand's month",
    response_model=BrandMonth,
)
async def brand_month(
    service: AppService, caller: Viewer, brand: Annotated[Slug, Path(examples=["maison-k"])], month: Month
) -> Response:
    """Return the sessions that ended in the month, their KPIs beside the months before, customers, deliverables, money."""
    return _json(await read_month(service.database, caller, brand, month, datetime.now(UTC)))


@router.get(
    "/months/{month}",
    operation_id="get_agency_month",
    summary="Get the agency's month",
    response_model=AgencyMonth,
)
async def agency_month(service: AppService, caller: Operator, month: Month) -> Response:
    """Return GMV and shares over all brands, and what is not released or not issued yet."""
    return _json(await read_agency_month(service.database, caller, month, datetime.now(UTC)))
