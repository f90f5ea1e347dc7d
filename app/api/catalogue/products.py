"""Routes of products and their aliases.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService, Operator, Viewer
from app.api.conventions.paging import Paging, encode
from app.api.ingest.rebuilds import deleted, left_to_jobs
from app.catalogue.models import CanonicalCode, Slug
from app.catalogue.products import alias_preview, products
from app.catalogue.products.alias_preview import AliasPreview, AliasPreviewRequest
from app.catalogue.products.product_models import PRODUCT_EXAMPLE, NewProduct, Product, ProductPatch
from app.catalogue.sessions.rebuilds import SessionRebuild, record_of
from app.ingest.rebuilding.rebuild_requests import Budget, rebuild_or_enqueue
from app.problems import responses

router = APIRouter(prefix="/v1/products", tags=["products"])

ProductId = Annotated[UUID, Path(description="the product's id")]
Alias = Annotated[CanonicalCode, Path(description="another code of the product; may contain slashes", examples=["10000387"])]


class SessionRebuilder:
    """Rebuilds the sessions that a change of aliases concerns; what is too much for one request is left to jobs."""

    def __init__(self, service: AppService) -> None:
        """Begin with nothing done."""
        self._service = service
        self._budget = Budget(service.settings)
        self.pending: list[SessionRebuild] = []
        """The rebuilds that are left to jobs."""

    async def __call__(self, session: UUID) -> None:
        """Rebuild a session."""
        row = await rebuild_or_enqueue(self._service.database, self._service.settings, session, self._budget)
        if row is not None:
            self.pending.append(record_of(row))

    def result(self, product: Product) -> "ChangedProduct":
        """Return the product with the rebuilds that are pending."""
        pending = {"rebuilds": self.pending} if self.pending else {}
        return ChangedProduct(**product.model_dump(), **pending)


async def session_rebuilder(service: AppService) -> SessionRebuilder:
    """Return a rebuilder for one request."""
    return SessionRebuilder(service)


Rebuilds = Annotated[SessionRebuilder, Depends(session_rebuilder)]


class ChangedProduct(Product):
    """A product after a change of its aliases."""

    model_config = ConfigDict(json_schema_extra={"example": PRODUCT_EXAMPLE})

    rebuilds: list[SessionRebuild] = Field(
        default_factory=list,
        description="large sessions that jobs rebuild; their figures do not include the change yet; absent if none",
    )


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
    response_model_exclude_unset=True,
    operation_id="create_product",
    summary="Create a product",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def create_product(service: AppService, caller: Operator, rebuilder: Rebuilds, form: NewProduct) -> ChangedProduct:
    """Create a product. A line-up creates its new products itself."""
    return rebuilder.result(await products.create(service.database, caller, form, rebuilder))


@router.get("/{product}", operation_id="get_product", summary="Get a product", responses=responses(401, 403, 404, 422))
async def get_product(service: AppService, caller: Viewer, product: ProductId) -> Product:
    """Return a product with its aliases."""
    return await products.get(service.database, caller, product)


@router.patch(
    "/{product}",
    operation_id="update_product",
    response_model_exclude_unset=True,
    summary="Change a product",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def update_product(
    service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId, form: ProductPatch
) -> ChangedProduct:
    """Change a product's names, aliases or customs data. Sessions that a changed alias affects are rebuilt."""
    return rebuilder.result(await products.patch(service.database, caller, product, form, rebuilder))


@router.delete(
    "/{product}",
    status_code=204,
    operation_id="delete_product",
    summary="Delete a product",
    responses=responses(401, 403, 404, 422) | left_to_jobs(),
)
async def delete_product(service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId) -> Response:
    """Delete a product and its aliases. Line-ups keep its code."""
    await products.delete(service.database, caller, product, rebuilder)
    return deleted(rebuilder.pending)


@router.post(
    "/{product}/aliases/preview",
    operation_id="preview_product_aliases",
    summary="Preview aliases",
    responses=responses(401, 403, 404, 422),
)
async def preview_aliases(service: AppService, caller: Operator, product: ProductId, form: AliasPreviewRequest) -> AliasPreview:
    """Return what would move to this product if the codes were its aliases: orders, units and GMV by session."""
    return await alias_preview.preview(service.database, caller, product, form.aliases)


@router.put(
    "/{product}/aliases/{alias:path}",
    operation_id="add_product_alias",
    response_model_exclude_unset=True,
    summary="Add an alias",
    responses=responses(401, 403, 404, 409, 422),
)
async def put_alias(
    service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId, alias: Alias
) -> ChangedProduct:
    """Map another code to this product. Earlier events with this code count for the product from now on."""
    return rebuilder.result(await products.put_alias(service.database, caller, product, alias, rebuilder))


@router.delete(
    "/{product}/aliases/{alias:path}",
    operation_id="remove_product_alias",
    response_model_exclude_unset=True,
    summary="Remove an alias",
    responses=responses(401, 403, 404, 422),
)
async def delete_alias(
    service: AppService, caller: Operator, rebuilder: Rebuilds, product: ProductId, alias: Alias
) -> ChangedProduct:
    """Remove an alias. Events with this code no longer count for the product."""
    return rebuilder.result(await products.delete_alias(service.database, caller, product, alias, rebuilder))
