"""Route of a session's orders.

In: filters and a page. Out: JSON. Never here: SQL, raw buyer ids.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.access.authorization import AppService
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer
from app.api.conventions.paging import Paging, encode
from app.api.models.report import OrdersPage, OrderState
from app.catalogue.models import CanonicalCode
from app.events.fields import Slug, Text
from app.kpis.timeline.orders_and_events import read_orders
from app.problems import responses
from app.storage.event_log.log_reads import OrderFilter

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 422))


@router.get("/orders", summary="Orders of a session", operation_id="list_orders", response_model=OrdersPage)
async def orders(
    service: AppService,
    asked: Question,
    paging: Paging,
    state: Annotated[OrderState | None, Query(description="the latest state of the order")] = None,
    platform: Annotated[Slug | None, Query()] = None,
    product: Annotated[CanonicalCode | None, Query(description="a product's code; its aliases match too")] = None,
    buyer: Annotated[Text | None, Query(description="a buyer's pseudonym")] = None,
) -> Response:
    """Return orders with their lines, by platform and order id."""
    wanted = OrderFilter(state, platform, product, buyer)
    document, more = await read_orders(service.database, asked, wanted, paging.after(str, str), paging.limit)
    return answer({**document, "next_cursor": encode(more)}, asked)
