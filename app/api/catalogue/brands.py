"""Routes of brands.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from app.api.access.authorization import AppService, Operator, Viewer
from app.api.conventions.paging import Paging, encode
from app.catalogue.brands import brands
from app.catalogue.brands.brands import Brand, BrandPatch, NewBrand
from app.catalogue.models import Slug, Text
from app.kpis.evaluation.metrics import BY_SLUG
from app.problems import invalid, responses

router = APIRouter(prefix="/v1/brands", tags=["brands"])

BrandSlug = Annotated[Slug, Path(description="the brand's slug", examples=["maison-k"])]


class BrandList(BaseModel):
    """A page of brands."""

    brands: list[Brand]
    next_cursor: str | None


@router.get("", operation_id="list_brands", summary="List brands", responses=responses(401, 403, 422))
async def list_brands(
    service: AppService,
    caller: Viewer,
    paging: Paging,
    q: Annotated[Text | None, Query(description="part of the slug or the name")] = None,
) -> BrandList:
    """Return brands by slug. A key that is bound to a brand sees this one only."""
    page = await brands.listing(service.database, caller, q=q, after=paging.after(str), limit=paging.limit)
    return BrandList(brands=page.items, next_cursor=encode(page.next))


@router.post(
    "", status_code=201, operation_id="create_brand", summary="Create a brand", responses=responses(400, 401, 403, 409, 422)
)
async def create_brand(service: AppService, caller: Operator, form: NewBrand) -> Brand:
    """Create a brand. Sessions and products also create the brand that they name."""
    return await brands.create(service.database, caller, form)


@router.get("/{brand}", operation_id="get_brand", summary="Get a brand", responses=responses(401, 403, 404, 422))
async def get_brand(service: AppService, caller: Viewer, brand: BrandSlug) -> Brand:
    """Return a brand."""
    return await brands.get(service.database, caller, brand)


@router.patch("/{brand}", operation_id="update_brand", summary="Change a brand", responses=responses(400, 401, 403, 404, 422))
async def update_brand(service: AppService, caller: Operator, brand: BrandSlug, form: BrandPatch) -> Brand:
    """Change a brand's name, or the figures in front of its live screen."""
    for place, slug in enumerate(form.front_figures or ()):
        if slug not in BY_SLUG:
            raise invalid(f"/front_figures/{place}", "is no KPI", "kpi_unknown")
    return await brands.patch(service.database, caller, brand, form)
