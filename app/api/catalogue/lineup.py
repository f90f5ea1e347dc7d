"""Routes of a session's line-up.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from app.api.access.authorization import AppService, Operator, SessionId, Viewer
from app.catalogue.models import CanonicalCode
from app.catalogue.sessions import lineup
from app.catalogue.sessions.lineup import LineupItem, LineupItemPatch, NewLineup, NewLineupItem
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}/lineup", tags=["lineup"])

ProductCode = Annotated[CanonicalCode, Path(description="the product's code; may contain slashes", examples=["knit-01"])]


class SessionLineup(BaseModel):
    """A whole line-up, in order."""

    lineup: list[LineupItem]


@router.get("", operation_id="list_lineup", summary="Get a line-up", responses=responses(401, 403, 404))
async def list_lineup(service: AppService, caller: Viewer, session: SessionId) -> SessionLineup:
    """Return the products that the session presents, in order."""
    return SessionLineup(lineup=await lineup.listing(service.database, caller, session))


@router.put("", operation_id="replace_lineup", summary="Replace a line-up", responses=responses(400, 401, 403, 404, 422))
async def replace_lineup(service: AppService, caller: Operator, session: SessionId, form: NewLineup) -> SessionLineup:
    """Replace the whole line-up. New codes become products of the brand."""
    return SessionLineup(lineup=await lineup.replace(service.database, caller, session, form))


@router.post(
    "",
    status_code=201,
    operation_id="add_lineup_item",
    summary="Append a product to a line-up",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def create_item(service: AppService, caller: Operator, session: SessionId, form: NewLineupItem) -> LineupItem:
    """Append a product."""
    return await lineup.add(service.database, caller, session, form)


@router.patch(
    "/{product:path}",
    operation_id="update_lineup_item",
    summary="Change a product of a line-up",
    responses=responses(400, 401, 403, 404, 422),
)
async def update_item(
    service: AppService, caller: Operator, session: SessionId, product: ProductCode, form: LineupItemPatch
) -> LineupItem:
    """Change a product's name, price or stock in this session."""
    return await lineup.patch(service.database, caller, session, product, form)


@router.delete(
    "/{product:path}",
    status_code=204,
    operation_id="remove_lineup_item",
    summary="Remove a product from a line-up",
    responses=responses(401, 403, 404, 422),
)
async def delete_item(service: AppService, caller: Operator, session: SessionId, product: ProductCode) -> None:
    """Remove a product. Its sales count as sold outside the line-up."""
    await lineup.remove(service.database, caller, session, product)
