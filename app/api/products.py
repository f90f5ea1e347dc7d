"""Routes of products and their aliases.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from app.api.access import AppService, Operator, Viewer
from app.api.paging import Paging, encode
from app.catalogue import products
from app.catalogue.models import CanonicalCode, Slug
from app.catalogue.pending_rebuilds import Rebuild
from app.catalogue.products import NewProduct, Product, ProductPatch
from app.ingest import rebuild
from app.problems import responses

router = APIRouter(prefix="/v1/products", tags=["products"])

ProductId = Annotated[UUID, Path(description="the product's id")]
Alias = Annotated[CanonicalCode, Path(description="another code of the product; may contain slashes", examples=["10000387"])]


async def session_rebuilder(service: AppService) -> Rebuild:
    """Return the function that rebuilds a session after an alias change."""

    async def rebuild_session(session_id: UUID) -> None:
        # The session may have been deleted since.
        with suppress(rebuild.NoSuchSessionError):
            await rebuild.replace(service.database, service.settings, session_id)

    return rebuild_session


Rebuilds = Annotated[Rebuild, Depends(session_rebuilder)]


class ProductList(BaseModel):
    """A page of products."""

    products: list[Product]
    next_cursor: str | None


@router.get("", operation_id="list_products", summary="List products", responses=responses(401, 403, 422))
async def list_products(
    service: AppService,
    caller: Viewer,
    paging: Paging,
    brand: Annotated[Slug | None, Query(description="of this brand")] = None,
    q: Annotated[CanonicalCode | None, Query(description="part of the code, a name or an alias")] = None,
) -> ProductList:
    """Return products by code."""
    after = paging.after(str, UUID)
    page = await products.listing(service.database, caller, brand=brand, q=q, after=after, limit=paging.limit)
    return ProductList(products=page.items, next_cursor=encode(page.next))


@router.post(
    "",
    status_code=201,
    operation_id="create_product",
    summary="Create a product",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def create_product(service: AppService, caller: Operator, rebuilder: Rebuilds, form: NewProduct) -> Product:
    """Create a product. A line-up creates its new products itself."""
    return await products.create(service.database, caller, form, rebuilder)


@router.get("/{product}", operation_id="get_product", summary="Get a product", responses=responses(401, 403, 404, 422))
async def get_product(service: AppService, caller: Viewer, product: ProductId) -> Product:
    """Return a product with its aliases."""
    return await products.get(service.database, caller, product)


@router.patch(
    "/{product}",
    operation_id="update_product",
    summary="Change a product",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def update_product(
    service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId, form: ProductPatch
) -> Product:
    """Change a product's names or aliases. Sessions that a changed alias affects are rebuilt."""
    return await products.patch(service.database, caller, product, form, rebuilder)


@router.delete(
    "/{product}",
    status_code=204,
    operation_id="delete_product",
    summary="Delete a product",
    responses=responses(401, 403, 404, 422),
)
async def delete_product(service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId) -> None:
    """Delete a product and its aliases. Line-ups keep its code."""
    await products.delete(service.database, caller, product, rebuilder)


@router.put(
    "/{product}/aliases/{alias:path}",
    operation_id="add_product_alias",
    summary="Add an alias",
    responses=responses(401, 403, 404, 409, 422),
)
async def put_alias(service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId, alias: Alias) -> Product:
    """Map another code to this product. Earlier events with this code count for the product from now on."""
    return await products.put_alias(service.database, caller, product, alias, rebuilder)


@router.delete(
    "/{product}/aliases/{alias:path}",
    operation_id="remove_product_alias",
    summary="Remove an alias",
    responses=responses(401, 403, 404, 422),
)
async def delete_alias(service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId, alias: Alias) -> Product:
    """Remove an alias. Events with this code no longer count for the product."""
    return await products.delete_alias(service.database, caller, product, alias, rebuilder)
