"""Routes of windows of a session: around coupons and giveaways, after the end, and by the minute of entry.

In: a session's id and a few parameters. Out: JSON as the read side built it. Never here: figures, SQL.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.api.access.authorization import AppService
from app.api.access.session_query import Question
from app.api.conventions.cancellation import while_connected
from app.api.conventions.documents import UNCHANGED, answer
from app.api.models.windows import AfterLiveDocument, EffectsDocument, RetentionDocument
from app.kpis.windows import after_live as after_live_reader, effects as effect_reader, retention as retention_reader
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}", tags=["results"], responses=UNCHANGED | responses(401, 403, 404, 422))


@router.get("/effects", summary="Coupons and giveaways", operation_id="list_effects", response_model=EffectsDocument)
async def effects(
    service: AppService,
    asked: Question,
    minutes: Annotated[int, Query(ge=1, le=120, description="how long a mark without `until` lasts")] = effect_reader.UNSTATED,
) -> Response:
    """Return what was sold before, during and after each coupon and giveaway: what coincided, not what caused it."""
    return answer(await effect_reader.read_effects(service.database, asked, minutes), asked)


@router.get("/after-live", summary="After the show", operation_id="get_after_live", response_model=AfterLiveDocument)
async def after_live(service: AppService, asked: Question) -> Response:
    """Return what was paid within 24 hours and 7 days after the end, apart from the show's own orders, and replay views."""
    return answer(await after_live_reader.read_after_live(service.database, asked), asked)


@router.get(
    "/retention",
    summary="Retention",
    operation_id="get_retention",
    response_model=RetentionDocument,
    responses=responses(410, 503),
)
async def retention(service: AppService, request: Request, asked: Question) -> Response:
    """Return, by the minute of entry, how long viewers stayed and how many came back, and the minutes that lost most viewers.

    Only where a platform tells entries and exits. Made of all entries and exits: one such document of a server process at a time.
    """
    return answer(await while_connected(request, retention_reader.read_retention(service.database, asked)), asked)
