"""Routes of a session's promotions.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel

from app.api.access.authorization import AppService, Operator, SessionId, Viewer
from app.api.conventions.paging import Paging, encode
from app.catalogue.sessions import promotions
from app.catalogue.sessions.promotions import NewPromotion, Promotion, PromotionPatch
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}/promotions", tags=["promotions"])

PromotionId = Annotated[UUID, Path(description="the promotion's id")]


class PromotionList(BaseModel):
    """A page of promotions."""

    promotions: list[Promotion]
    next_cursor: str | None


@router.get("", operation_id="list_promotions", summary="List a session's promotions", responses=responses(401, 403, 404, 422))
async def list_promotions(service: AppService, caller: Viewer, session: SessionId, paging: Paging) -> PromotionList:
    """Return the session's promotions in the order in which they were added."""
    page = await promotions.listing(service.database, caller, session, after=paging.after(UUID), limit=paging.limit)
    return PromotionList(promotions=page.items, next_cursor=encode(page.next))


@router.post(
    "",
    status_code=201,
    operation_id="create_promotion",
    summary="Add a promotion",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def create_promotion(service: AppService, caller: Operator, session: SessionId, form: NewPromotion) -> Promotion:
    """Add a promotion."""
    return await promotions.add(service.database, caller, session, form, service.settings.max_promotions)


@router.get("/{promotion}", operation_id="get_promotion", summary="Get a promotion", responses=responses(401, 403, 404, 422))
async def get_promotion(service: AppService, caller: Viewer, session: SessionId, promotion: PromotionId) -> Promotion:
    """Return a promotion."""
    return await promotions.get(service.database, caller, session, promotion)


@router.patch(
    "/{promotion}",
    operation_id="update_promotion",
    summary="Change a promotion",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def update_promotion(
    service: AppService, caller: Operator, session: SessionId, promotion: PromotionId, form: PromotionPatch
) -> Promotion:
    """Change a promotion."""
    return await promotions.patch(service.database, caller, session, promotion, form)


@router.delete(
    "/{promotion}",
    status_code=204,
    operation_id="delete_promotion",
    summary="Delete a promotion",
    responses=responses(401, 403, 404, 422),
)
async def delete_promotion(service: AppService, caller: Operator, session: SessionId, promotion: PromotionId) -> None:
    """Delete a promotion."""
    await promotions.remove(service.database, caller, session, promotion)
