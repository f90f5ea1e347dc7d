"""Routes of traffic: where viewers come from, and how far they go.

In: a session's id, what to divide the funnel by. Out: JSON as the read side built it. Never here: figures, SQL.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.access.authorization import AppService
from app.api.access.session_query import Question
from app.api.conventions.documents import UNCHANGED, answer
from app.api.models.traffic import FunnelDocument, SourcesDocument
from app.kpis.audience.funnel import By, read_funnel
from app.kpis.audience.sources import read_sources
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 410, 422))


@router.get("/sources", summary="Traffic sources", operation_id="list_sources", response_model=SourcesDocument)
async def sources(service: AppService, asked: Question) -> Response:
    """Return arrivals, buyers, orders and GMV by traffic source, paid against organic where the platform tells them apart."""
    return answer(await read_sources(service.database, asked), asked)


@router.get("/funnel", summary="Funnel", operation_id="get_funnel", response_model=FunnelDocument)
async def funnel(
    service: AppService,
    asked: Question,
    by: Annotated[By | None, Query(description="divide it by platform, product or traffic source")] = None,
) -> Response:
    """Return the steps from impressions to buyers, in people as far as people are known."""
    return answer(await read_funnel(service.database, asked, by), asked)
