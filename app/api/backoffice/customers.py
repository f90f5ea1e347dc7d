"""Routes of a brand's customers.

In: a brand's slug, a pseudonym. Out: JSON. Never here: rules, SQL, ids of persons.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from app.api.access.authorization import AppService, Operator, Viewer
from app.api.conventions.paging import Paging, encode
from app.customers import forgetting, reader
from app.customers.reader import CustomerQuery
from app.events.fields import Slug
from app.problems import responses

router = APIRouter(prefix="/v1/brands/{brand}", tags=["customers"], responses=responses(401, 403, 404, 422))

BrandSlug = Annotated[Slug, Path(description="the brand's slug", examples=["maison-k"])]
CustomerName = Annotated[
    str, Path(pattern=r"^[0-9a-f]{12}$", description="the customer's pseudonym, 12 hex digits", examples=["44e63aa6d9cc"])
]
_MONEY = r"^-?\d+(\.\d+)?$"


class CustomerSummary(BaseModel):
    """A customer of the brand."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "customer": "44e63aa6d9cc",
                "first_order_at": "2021-09-25T05:31:07Z",
                "last_order_at": "2021-10-23T06:02:11Z",
                "orders": 3,
                "units": 5,
                "sessions": 2,
                "returning": True,
                "net_amounts": {"CNY": "3297.00"},
            }
        }
    )

    customer: str = Field(description="pseudonym, the same on every document of the brand")
    first_order_at: datetime
    last_order_at: datetime
    orders: int = Field(description="paid orders")
    units: int = Field(description="units sold, without free gifts")
    sessions: int = Field(description="sessions with a paid order")
    returning: bool = Field(description="bought in more than one session")
    net_amounts: dict[str, str] = Field(description="currency → paid amounts less refunds")


class CustomerList(BaseModel):
    """A page of customers, the latest buyers first."""

    brand: str
    customers: list[CustomerSummary]
    next_cursor: str | None


class CustomerOrderLine(BaseModel):
    """A product of an order."""

    product: str
    sku: str | None
    quantity: int
    gift: bool


class CustomerOrder(BaseModel):
    """An order of the customer."""

    session: UUID
    title: str
    platform: str
    order: str
    currency: str
    amount: str | None = Field(pattern=_MONEY)
    refunded_amount: str = Field(pattern=_MONEY)
    placed_at: datetime | None
    paid_at: datetime | None
    cancelled_at: datetime | None
    refunded_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    lines: list[CustomerOrderLine]


class CustomerHistory(BaseModel):
    """A page of a customer's orders, the latest first."""

    brand: str
    customer: str
    orders: list[CustomerOrder]
    next_cursor: str | None


class Cohort(BaseModel):
    """Customers by the month of their first purchase."""

    model_config = ConfigDict(json_schema_extra={"example": {"month": "2021-09", "buyers": 190, "returned": [190, 12, 4]}})

    month: str
    buyers: int
    returned: list[int] = Field(description="of these buyers, those who bought in that month and in each month after it")


class CohortList(BaseModel):
    """Cohorts, the earliest first."""

    brand: str
    cohorts: list[Cohort]


def _json(document: dict[str, object]) -> Response:
    headers = {"Vary": "Authorization, Cookie", "Cache-Control": "no-store"}
    return Response(to_json(document), media_type="application/json", headers=headers)


@router.get("/customers", operation_id="list_customers", summary="List a brand's customers", response_model=CustomerList)
async def list_customers(
    service: AppService,
    caller: Viewer,
    brand: BrandSlug,
    paging: Paging,
    kind: Annotated[
        Literal["new", "returning"] | None, Query(description="bought in one session (`new`), or in several (`returning`)")
    ] = None,
    q: Annotated[str | None, Query(pattern=r"^[0-9a-f]{1,12}$", description="first digits of the pseudonym")] = None,
) -> Response:
    """Return the customers with paid orders, the latest buyers first."""
    returning = None if kind is None else kind == "returning"
    asked = CustomerQuery(returning, q, paging.after(datetime, str), paging.limit)
    document, after = await reader.read_customers(service.database, brand, caller.brand_id, asked)
    return _json({**document, "next_cursor": encode(after)})


@router.get(
    "/customers/{customer}", operation_id="get_customer", summary="Get a customer's orders", response_model=CustomerHistory
)
async def get_customer(service: AppService, caller: Viewer, brand: BrandSlug, customer: CustomerName, paging: Paging) -> Response:
    """Return the orders of a customer over all sessions of the brand, the latest first."""
    after = paging.after(datetime, UUID, str)
    document, following = await reader.read_customer(service.database, brand, caller.brand_id, customer, after, paging.limit)
    return _json({**document, "next_cursor": encode(following)})


@router.delete(
    "/customers/{customer}",
    status_code=204,
    operation_id="forget_customer",
    summary="Forget a customer",
    responses=responses(503),
)
async def forget_customer(service: AppService, caller: Operator, brand: BrandSlug, customer: CustomerName) -> None:
    """Remove what links the orders of a customer, in the event log too: each gets a pseudonym of its own. Every total stays."""
    await forgetting.forget(service.database.background(), brand, caller.brand_id, customer)


@router.get("/cohorts", operation_id="get_cohorts", summary="Get a brand's cohorts", response_model=CohortList)
async def get_cohorts(service: AppService, caller: Viewer, brand: BrandSlug) -> Response:
    """Return customers by the month of their first purchase, and how many of them bought again in each later month."""
    return _json(await reader.read_cohorts(service.database, brand, caller.brand_id))
