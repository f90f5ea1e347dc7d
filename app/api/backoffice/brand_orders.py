"""Route of a brand's orders.

In: filters and a page. Out: JSON. Never here: SQL, raw buyer ids.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from pydantic_core import to_json

from app.api.access.authorization import AppService, Viewer
from app.api.catalogue.brands import BrandSlug
from app.api.conventions.paging import Paging, encode
from app.api.conventions.query_times import Instant
from app.api.models.report import OrderOut, OrderState
from app.api.models.results import DocumentModel
from app.catalogue.brands import brands
from app.catalogue.models import CanonicalCode
from app.events.fields import Text
from app.logistics.brand_orders import read_brand_orders
from app.problems import responses
from app.storage.backoffice.brand_orders import BrandOrderFilter

router = APIRouter(prefix="/v1/brands/{brand}", tags=["logistics"])


class BrandOrderOut(OrderOut):
    """An order of one of a brand's sessions."""

    session: str
    title: str
    currency: str
    customer: str = Field(description="short pseudonym, the same on every document of the brand")
    waiting_hours: int | float | None = Field(description="hours since the payment, while the order is still to be sent")
    missing_evidence: list[Literal["tracking", "accepted_at", "declared_items"]] = Field(
        description="what a shipped order lacks as the evidence of an export"
    )


class BrandOrdersPage(DocumentModel):
    """A page of a brand's orders."""

    orders: list[BrandOrderOut]
    next_cursor: str | None


@router.get(
    "/orders", summary="Orders of a brand", operation_id="list_brand_orders", response_model=BrandOrdersPage,
    responses=responses(401, 403, 404, 422),
)  # fmt: skip
async def brand_orders(
    service: AppService,
    caller: Viewer,
    brand: BrandSlug,
    paging: Paging,
    state: Annotated[OrderState | None, Query(description="the latest state of the order")] = None,
    begin: Annotated[Instant | None, Query(alias="from", description="paid, else placed, at or after")] = None,
    to: Annotated[Instant | None, Query(description="paid, else placed, before")] = None,
    order: Annotated[Text | None, Query(description="the order's number")] = None,
    customer: Annotated[Text | None, Query(description="a customer's short pseudonym")] = None,
    product: Annotated[CanonicalCode | None, Query(description="a product's code; its aliases match too")] = None,
    waiting_hours: Annotated[float | None, Query(ge=0, le=100_000, description="paid longer ago, and still to be sent")] = None,
    evidence: Annotated[
        Literal["missing"] | None, Query(description="shipped without a tracking number or without its acceptance")
    ] = None,
) -> Response:
    """Return orders of all sessions of the brand, by session, platform and order."""
    known = await brands.get(service.database, caller, brand)
    now = datetime.now(UTC)
    since = None if waiting_hours is None else now - timedelta(hours=waiting_hours)
    wanted = BrandOrderFilter(state, begin, to, order, customer, product, since, evidence == "missing")
    after = paging.after(UUID, str, str)
    document, more = await read_brand_orders(service.database, known.id, wanted, after, paging.limit, now)
    headers = {"Vary": "Authorization, Cookie", "Cache-Control": "no-store"}
    return Response(to_json({**document, "next_cursor": encode(more)}), media_type="application/json", headers=headers)
