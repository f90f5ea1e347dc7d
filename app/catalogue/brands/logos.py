"""Logos of brands, which the client edition of reports and the pages of share links show.

In: an image. Out: records, and images. Never here: what an image may be (`images`); a logo of another brand.
"""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.catalogue.access import Principal
from app.catalogue.brands import brands
from app.catalogue.brands.images import ImageRefused, read_image
from app.catalogue.brands.session_access import session_ref
from app.catalogue.models import ResponseModel
from app.problems import FieldError, ProblemError, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import brand_logos, sessions


class Logo(ResponseModel):
    """The logo of a brand, as it is stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "brand": "maison-k", "media_type": "image/png", "width": 480, "height": 120,
                "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                "uploaded_at": "2021-09-20T01:00:00Z",
            }
        }
    )  # fmt: skip

    brand: str
    media_type: str
    width: int = Field(description="pixels")
    height: int = Field(description="pixels")
    sha256: str = Field(description="of the stored image: the picture without metadata")
    uploaded_at: datetime


class LogoImage(NamedTuple):
    """An image to show."""

    media_type: str
    content: bytes
    sha256: str
    width: int
    height: int


async def put(database: Database, principal: Principal, slug: str, data: bytes, now: datetime) -> Logo:
    """Store the logo of a brand, in place of the one before.

    Raises:
        ProblemError: 404 for a brand that the caller does not see; 422 for anything but a PNG or JPEG within the bounds.
    """
    brand = await brands.get(database, principal, slug)
    try:
        image = await asyncio.to_thread(read_image, data)
    except ImageRefused as error:
        fault = FieldError(pointer="", detail=str(error), code=error.code)
        raise ProblemError(422, "the file is not taken", errors=[fault]) from None
    values = {
        "media_type": image.media_type, "width": image.width, "height": image.height, "sha256": sha256(image.content).hexdigest(),
        "content": image.content, "uploaded_by": principal.reference, "uploaded_at": now,
    }  # fmt: skip
    statement = insert(brand_logos).values(brand_id=brand.id, **values)
    async with database.write() as connection:
        audit.about(slug, brand=brand.id)
        await connection.execute(statement.on_conflict_do_update(index_elements=["brand_id"], set_=values))
    shown = ("media_type", "width", "height", "sha256", "uploaded_at")
    return Logo.model_validate({"brand": slug, **{name: values[name] for name in shown}})


async def remove(database: Database, principal: Principal, slug: str) -> None:
    """Delete the logo of a brand.

    Raises:
        ProblemError: 404 for the brand, or if it has no logo.
    """
    brand = await brands.get(database, principal, slug)
    async with database.write() as connection:
        audit.about(slug, brand=brand.id)
        statement = delete(brand_logos).where(brand_logos.c.brand_id == brand.id).returning(brand_logos.c.brand_id)
        if (await connection.execute(statement)).one_or_none() is None:
            raise not_found("logo")


async def of_brand(database: Database, principal: Principal, slug: str) -> LogoImage:
    """Return the logo of a brand.

    Raises:
        ProblemError: 404 for the brand, or if it has no logo.
    """
    brand = await brands.get(database, principal, slug)
    found = await _image(database, brand.id)
    if found is None:
        raise not_found("logo")
    return found


async def of_session(database: Database, principal: Principal, session_id: UUID) -> LogoImage:
    """Return the logo of a session's brand.

    Raises:
        ProblemError: 404 for the session, or if its brand has no logo.
    """
    async with database.read() as connection:
        ref = await session_ref(connection, principal, session_id)
    found = await _image(database, ref.brand_id)
    if found is None:
        raise not_found("logo")
    return found


async def for_report(database: Database, session_id: UUID) -> LogoImage | None:
    """Return the logo of a session's brand, or None. The caller may see the session."""
    async with database.read() as connection:
        brand = await connection.scalar(select(sessions.c.brand_id).where(sessions.c.id == session_id))
    return None if brand is None else await _image(database, brand)


async def _image(database: Database, brand_id: UUID) -> LogoImage | None:
    columns = brand_logos.c
    query = select(columns.media_type, columns.content, columns.sha256, columns.width, columns.height)
    async with database.read() as connection:
        row = (await connection.execute(query.where(columns.brand_id == brand_id))).one_or_none()
    return None if row is None else LogoImage(*row)
