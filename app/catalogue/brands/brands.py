"""Brands.

In: requests. Out: records. Never here: deletion; sessions, customers and keys refer to their brand.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.ids import new_id
from app.catalogue.models import UNCHANGED, PatchModel, RequestModel, ResponseModel, Slug, Text
from app.catalogue.pages import Page, page_of
from app.problems import ProblemError, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import brand_logos, brands

_EXAMPLE: dict[str, Any] = {"slug": "maison-k", "name": "Maison K"}
FRONT_FIGURES = ("concurrent_viewers", "gmv", "orders", "buyers", "viewers", "product_clicks")
"""The figures in front of the live screen of a brand that has not chosen its own."""


def _distinct(slugs: list[str]) -> list[str]:
    if len(set(slugs)) < len(slugs):
        raise PydanticCustomError("distinct", "must not name a KPI twice")
    return slugs


FrontFigures = Annotated[
    list[Slug],
    Field(min_length=3, max_length=6, examples=[list(FRONT_FIGURES)]),
    AfterValidator(_distinct),
]


class NewBrand(RequestModel):
    """A brand to create."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    slug: Slug = Field(description="names the brand everywhere; it never changes")
    name: Text | None = Field(default=None, description="the slug if absent")


class BrandPatch(PatchModel):
    """Changes to a brand."""

    name: Text = Field(default=UNCHANGED, examples=["Maison K"])
    front_figures: FrontFigures | None = Field(
        default=UNCHANGED,
        description="three to six KPIs in front of the brand's live screen, the first two the largest; null: the default",
    )


class Brand(ResponseModel):
    """A brand."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-7d00-8000-5f5e1a2b3c4d",
                **_EXAMPLE,
                "logo": None,
                "created_at": "2021-09-20T01:00:00Z",
                "front_figures": None,
            }
        }
    )  # fmt: skip

    id: UUID
    slug: str
    name: str
    logo: str | None = Field(description="SHA-256 of its logo, see `GET /v1/brands/{brand}/logo`; null without one")
    created_at: datetime
    front_figures: list[str] | None = Field(description="KPIs in front of the live screen; null: the default")


def _brand(row: Row[Any]) -> Brand:
    return Brand(
        id=row.id, slug=row.slug, name=row.name, logo=row.logo, created_at=row.created_at, front_figures=row.front_figures
    )


def _query() -> Select[Any]:
    logo = brand_logos.c.sha256.label("logo")
    return select(brands, logo).outerjoin(brand_logos, brand_logos.c.brand_id == brands.c.id)


async def find_or_create(connection: AsyncConnection, principal: Principal, slug: str) -> UUID:
    """Return the id of a brand, created by its slug if there is none.

    Raises:
        ProblemError: 404 if the key is bound to another brand, whether this one exists or not.
    """
    found = await _id_of(connection, slug)
    if principal.brand_id is not None and found != principal.brand_id:
        raise not_found("brand")
    if found is not None:
        return found
    statement = insert(brands).values(id=new_id(), slug=slug, name=slug)
    created = await connection.scalar(statement.on_conflict_do_nothing(index_elements=["slug"]).returning(brands.c.id))
    # No row: another transaction inserted the brand and committed; a new statement sees it.
    found = created or await _id_of(connection, slug)
    if found is None:
        raise not_found("brand")
    return found


async def _id_of(connection: AsyncConnection, slug: str) -> UUID | None:
    found: UUID | None = await connection.scalar(select(brands.c.id).where(brands.c.slug == slug))
    return found


async def lock(connection: AsyncConnection, brand_id: UUID) -> None:
    """Exclude other changes of the brand's products, line-ups and set of sessions until the commit.

    This is an advisory lock because ingest reads the row at every commit and must not wait. It is the first lock of a
    transaction, so that two changes of a brand cannot deadlock.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"brand {brand_id}", 0))))


async def listing(
    database: Database, principal: Principal, *, q: str | None, after: tuple[str] | None, limit: int
) -> Page[Brand]:
    """Return brands by slug; `q` is part of the slug or name."""
    query = _query().order_by(brands.c.slug).limit(limit + 1)
    if principal.brand_id is not None:
        query = query.where(brands.c.id == principal.brand_id)
    if q is not None:
        # strpos instead of LIKE: the text may contain % and _.
        query = query.where((func.strpos(brands.c.slug, q.lower()) > 0) | (func.strpos(func.lower(brands.c.name), q.lower()) > 0))
    if after is not None:
        query = query.where(brands.c.slug > after[0])
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return page_of([_brand(row) for row in rows], limit, lambda brand: (brand.slug,))


async def get(database: Database, principal: Principal, slug: str) -> Brand:
    """Return a brand by its slug.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        row = (await connection.execute(_query().where(brands.c.slug == slug))).one_or_none()
    if row is None or principal.brand_id not in {None, row.id}:
        raise not_found("brand")
    return _brand(row)


async def by_id(database: Database, brand_id: UUID) -> Brand:
    """Return a brand that the caller may see."""
    async with database.read() as connection:
        return _brand((await connection.execute(_query().where(brands.c.id == brand_id))).one())


async def create(database: Database, principal: Principal, form: NewBrand) -> Brand:
    """Create a brand.

    Raises:
        ProblemError: 403 for a key that is bound to a brand, 409 if the slug is taken.
    """
    if principal.brand_id is not None:
        # The same answer for every slug: it must not reveal whether another brand exists.
        raise ProblemError(403, "a key that is bound to a brand may not create brands")
    statement = insert(brands).values(id=new_id(), slug=form.slug, name=form.name or form.slug)
    async with database.write() as connection:
        row = (
            await connection.execute(statement.on_conflict_do_nothing(index_elements=["slug"]).returning(brands))
        ).one_or_none()
        if row is None:
            raise ProblemError(409, f"the brand {form.slug} exists already", code="already_exists")
        audit.about(row.slug, brand=row.id)
    return Brand(id=row.id, slug=row.slug, name=row.name, logo=None, created_at=row.created_at, front_figures=None)


async def patch(database: Database, principal: Principal, slug: str, form: BrandPatch) -> Brand:
    """Change a brand.

    Raises:
        ProblemError: 404.
    """
    changes = form.changes()
    if not changes:
        return await get(database, principal, slug)
    statement = update(brands).where(brands.c.slug == slug).values(changes).returning(brands.c.id)
    if principal.brand_id is not None:
        statement = statement.where(brands.c.id == principal.brand_id)
    async with database.write() as connection:
        changed = await connection.scalar(statement)
        if changed is None:
            raise not_found("brand")
    return await by_id(database, changed)
