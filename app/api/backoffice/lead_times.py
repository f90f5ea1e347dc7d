"""Route of a session's lead times.

In: a session. Out: JSON. Never here: figures, SQL.
"""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import Field

from app.api.access.authorization import AppService
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer
from app.api.models.results import DocumentModel
from app.logistics.lead_times import read_lead_times
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}", tags=["logistics"], responses=UNCHANGED | responses(401, 403, 404, 422))


class StepTimes(DocumentModel):
    """How long a step of orders took; null without an order that took it. Percentiles are interpolated linearly."""

    orders: int = Field(description="orders with both times")
    mean_hours: float | None
    median_hours: float | None
    p90_hours: float | None = Field(description="90th percentile")
    waiting: int = Field(description="orders that still wait for the second time")
    waiting_since: datetime | None = Field(description="since when the first of them waits")
    longest_wait_hours: float | None


class LeadTimesOut(DocumentModel):
    """The two steps of orders."""

    paid_to_shipped: StepTimes
    shipped_to_delivered: StepTimes


class ProductLeadTimes(LeadTimesOut):
    """The orders that name a product."""

    product: str
    name: str


class LeadTimesDocument(LeadTimesOut):
    """The orders of a session."""

    session: str
    products: list[ProductLeadTimes] = Field(description="by code; an order counts for each of its products")
    more_products: bool = Field(description="the session's orders name more products than are listed")


@router.get("/lead-times", summary="Lead times", operation_id="get_lead_times", response_model=LeadTimesDocument)
async def lead_times(service: AppService, asked: Question) -> Response:
    """Return how long orders took to be shipped and to be delivered, and how many wait, of the session and by product."""
    return answer(await read_lead_times(service.database, asked), asked)
