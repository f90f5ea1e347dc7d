"""Promotions: publications that bring viewers to a session.

In: requests. Out: records. Never here: their figures; `live.promotion.measured` names a promotion by its id or its url.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands.session_access import session_ref
from app.catalogue.ids import new_id
from app.catalogue.models import UNCHANGED, PatchModel, RequestModel, ResponseModel, Slug, Text, Timestamp, Url
from app.catalogue.pages import Page, page_of
from app.problems import ProblemError, invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import promotions

_EXAMPLE: dict[str, Any] = {
    "url": "https://weibo.com/tv/show/1034:4685",
    "kind": "video",
    "platform": "weibo",
    "title": "秋の新作",
    "published_at": "2021-09-18T10:00:00Z",
}
_KIND = "video, article, group_post or another slug"


class NewPromotion(RequestModel):
    """A promotion to add."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    url: Url | None = Field(default=None, description="unique in its session")
    kind: Slug = Field(description=_KIND)
    platform: Slug | None = None
    title: Text | None = None
    published_at: Timestamp | None = None


class PlannedPromotion(NewPromotion):
    """A promotion of a plan: one that the session has, or a new one."""

    id: UUID | None = Field(default=None, description="of a promotion that the session has; absent: found by its url, else new")


class PromotionPatch(PatchModel):
    """Changes to a promotion; null removes a value."""

    url: Url | None = Field(default=UNCHANGED, examples=[_EXAMPLE["url"]])
    kind: Slug = Field(default=UNCHANGED, examples=["video"], description=_KIND)
    platform: Slug | None = Field(default=UNCHANGED, examples=["weibo"])
    title: Text | None = Field(default=UNCHANGED, examples=["秋の新作"])
    published_at: Timestamp | None = Field(default=UNCHANGED, examples=[_EXAMPLE["published_at"]])


class Promotion(ResponseModel):
    """A promotion of a session."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"id": "0192f1a0-b3c4-7d02-8000-5f5e1a2b3c4d", **_EXAMPLE, "created_at": "2021-09-20T01:00:00Z"}
        }
    )

    id: UUID
    url: str | None
    kind: str
    platform: str | None
    title: str | None
    published_at: datetime | None
    created_at: datetime


def _promotion(row: Row[Any]) -> Promotion:
    return Promotion.model_validate(row, from_attributes=True)


async def of_session(connection: AsyncConnection, session_id: UUID) -> list[Promotion]:
    """Return all promotions of a session in the order in which they were added."""
    query = select(promotions).where(promotions.c.session_id == session_id).order_by(promotions.c.id)
    return [_promotion(row) for row in (await connection.execute(query)).all()]


async def write(connection: AsyncConnection, session_id: UUID, forms: Sequence[NewPromotion]) -> None:
    """Add the promotions of a new session.

    Raises:
        ProblemError: 422 for a url that is named twice.
    """
    _refuse_repeated(forms)
    rows = [{"id": new_id(), "session_id": session_id, **form.model_dump()} for form in forms]
    if rows:
        await connection.execute(insert(promotions), rows)


def _refuse_repeated(forms: Sequence[NewPromotion]) -> None:
    urls: set[str] = set()
    for index, form in enumerate(forms):
        if form.url in urls:
            raise invalid(f"/promotions/{index}/url", "named twice", "duplicate")
        urls |= {form.url} if form.url else set()


async def put(connection: AsyncConnection, session_id: UUID, forms: Sequence[PlannedPromotion], most: int) -> None:
    """Replace the promotions of a session, which is locked and has at most `most`; what stays keeps its id and its figures.

    Raises:
        ProblemError: 422 for a url or an id that is named twice, and an id that the session does not have.
    """
    if len(forms) > most:
        detail = f"a session has at most {most} promotions (TALLYLIGHT_MAX_PROMOTIONS)"
        raise invalid("/promotions", detail, "too_long", max_length=most)
    _refuse_repeated(forms)
    query = select(promotions).where(promotions.c.session_id == session_id)
    stored = {row.id: row for row in (await connection.execute(query)).all()}
    named: set[UUID] = set()
    for index, form in enumerate(forms):
        if form.id in named:
            raise invalid(f"/promotions/{index}/id", "named twice", "duplicate")
        if form.id is not None and form.id not in stored:
            raise invalid(f"/promotions/{index}/id", "the session has no such promotion", "promotion_unknown")
        named |= {form.id} if form.id else set()
    by_url = {row.url: row.id for row in stored.values() if row.url and row.id not in named}
    kept: set[UUID] = set()
    for form in forms:
        known = form.id or (by_url.get(form.url) if form.url else None)
        values = form.model_dump(exclude={"id"})
        if known is None:
            known = new_id()
            await connection.execute(insert(promotions).values(id=known, session_id=session_id, **values))
        elif any(getattr(stored[known], name) != value for name, value in values.items()):
            await connection.execute(
                update(promotions).where(promotions.c.session_id == session_id, promotions.c.id == known).values(values)
            )
        kept.add(known)
    if gone := sorted(stored.keys() - kept):
        await connection.execute(delete(promotions).where(promotions.c.session_id == session_id, promotions.c.id.in_(gone)))


async def listing(
    database: Database, principal: Principal, session_id: UUID, *, after: tuple[UUID] | None, limit: int
) -> Page[Promotion]:
    """Return a session's promotions in the order in which they were added.

    Raises:
        ProblemError: 404.
    """
    query = select(promotions).where(promotions.c.session_id == session_id).order_by(promotions.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(promotions.c.id > after[0])
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        rows = (await connection.execute(query)).all()
    return page_of([_promotion(row) for row in rows], limit, lambda promotion: (promotion.id,))


async def get(database: Database, principal: Principal, session_id: UUID, promotion_id: UUID) -> Promotion:
    """Return a promotion.

    Raises:
        ProblemError: 404 for the session or the promotion.
    """
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        return await _stored(connection, session_id, promotion_id)


async def add(database: Database, principal: Principal, session_id: UUID, form: NewPromotion, most: int) -> Promotion:
    """Add a promotion to a session, which has at most `most`.

    Raises:
        ProblemError: 404; 409 if another promotion of the session has the url, or the session has too many.
    """
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        await _refuse_taken(connection, session_id, form.url, None)
        count = await connection.scalar(select(func.count()).where(promotions.c.session_id == session_id))
        if count is not None and count >= most:
            raise ProblemError(409, f"a session has at most {most} promotions (TALLYLIGHT_MAX_PROMOTIONS)")
        promotion_id = new_id()
        statement = insert(promotions).values(id=promotion_id, session_id=session_id, **form.model_dump())
        audit.about(promotion_id)
        return _promotion((await connection.execute(statement.returning(promotions))).one())


async def patch(
    database: Database, principal: Principal, session_id: UUID, promotion_id: UUID, form: PromotionPatch
) -> Promotion:
    """Change a promotion.

    Raises:
        ProblemError: 404; 409 if another promotion of the session has the url.
    """
    changes = form.changes()
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        if changes:
            await _refuse_taken(connection, session_id, changes.get("url"), promotion_id)
            statement = update(promotions).where(promotions.c.session_id == session_id, promotions.c.id == promotion_id)
            await connection.execute(statement.values(changes))
        return await _stored(connection, session_id, promotion_id)


async def remove(database: Database, principal: Principal, session_id: UUID, promotion_id: UUID) -> None:
    """Delete a promotion.

    Raises:
        ProblemError: 404 for the session or the promotion.
    """
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        statement = delete(promotions).where(promotions.c.session_id == session_id, promotions.c.id == promotion_id)
        if (await connection.execute(statement.returning(promotions.c.id))).one_or_none() is None:
            raise not_found("promotion")


async def _stored(connection: AsyncConnection, session_id: UUID, promotion_id: UUID) -> Promotion:
    query = select(promotions).where(promotions.c.session_id == session_id, promotions.c.id == promotion_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found("promotion")
    return _promotion(row)


async def _refuse_taken(connection: AsyncConnection, session_id: UUID, url: str | None, own: UUID | None) -> None:
    # A measurement that names the url must identify one promotion.
    if url is None:
        return
    query = select(promotions.c.id).where(promotions.c.session_id == session_id, promotions.c.url == url)
    taken = (await connection.scalars(query.limit(1))).first()
    if taken not in {None, own}:
        raise ProblemError(409, "another promotion of this session has this url", code="already_exists")
