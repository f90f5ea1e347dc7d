"""The audit log as administrators read it.

In: filters. Out: pages of records, the newest first. Never here: the writing of rows (`storage.audit`), bodies, secrets.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import ColumnElement, or_, select, tuple_

from app.catalogue.access import Principal
from app.catalogue.models import ResponseModel
from app.catalogue.pages import Page, page_of
from app.storage.database import Database
from app.storage.tables import audit_log as log, brands


class AuditPrincipal(ResponseModel):
    """Who acted."""

    kind: str = Field(description="`key`, `command` (the server's shell) or `service` (the server itself)")
    id: str = Field(description="the key's id; `tallylight` for a command; what made the server act")
    name: str | None = Field(description="the key's name at that time, or the shell's user")


class AuditObject(ResponseModel):
    """What was acted on."""

    kind: str = Field(description="resource of the action")
    id: str | None = Field(description="its id, its code, or its place such as `platform/room`; null where it has none")


class AuditEntry(ResponseModel):
    """One committed write."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d",
                "at": "2021-09-25T05:31:07Z",
                "principal": {"kind": "key", "id": "5f5e1a2b3c4d", "name": "Maison K, studio"},
                "action": "note.update",
                "object": {"kind": "note", "id": "0192f1a0-b3c4-7d05-8000-5f5e1a2b3c4d"},
                "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
                "brand": "maison-k",
                "address": "203.0.113.7",
                "request": "5b0d7c1e9f2a4c68",
            }
        }
    )

    id: UUID
    at: datetime = Field(description="when the request was authorized")
    principal: AuditPrincipal
    action: str = Field(description="`resource.verb`")
    object: AuditObject
    session: UUID | None
    brand: str | None = Field(description="slug; null where no brand is concerned")
    address: str | None = Field(description="client's address, by the proxies that the settings trust; null for a command")
    request: str | None = Field(description="the request's id, also in `X-Request-Id` and in the server's log")


class AuditFilter(NamedTuple):
    """Which entries; None for all."""

    principal: str | None = None
    action: str | None = None
    session: UUID | None = None
    brand: str | None = None
    start: datetime | None = None
    end: datetime | None = None


async def listing(
    database: Database, principal: Principal, wanted: AuditFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Page[AuditEntry]:
    """Return entries, the newest first. A caller that is bound to a brand sees those of the brand."""
    conditions: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (principal.brand_id, lambda brand: log.c.brand_id == brand),
        (wanted.principal, lambda key: log.c.principal_id == key),
        (wanted.action, lambda name: or_(log.c.action == name, log.c.action.startswith(f"{name}.", autoescape=True))),
        (wanted.session, lambda session: log.c.session_id == session),
        (wanted.brand, lambda slug: brands.c.slug == slug),
        (wanted.start, lambda moment: log.c.at >= moment),
        (wanted.end, lambda moment: log.c.at < moment),
        (after, lambda last: tuple_(log.c.at, log.c.id) < tuple_(*last)),
    ]
    query = select(log, brands.c.slug).outerjoin(brands, brands.c.id == log.c.brand_id)
    query = query.where(*(condition(value) for value, condition in conditions if value is not None))
    async with database.read() as connection:
        rows = (await connection.execute(query.order_by(log.c.at.desc(), log.c.id.desc()).limit(limit + 1))).all()
    entries = [
        AuditEntry(
            id=row.id, at=row.at, action=row.action, session=row.session_id, brand=row.slug, address=row.address,
            principal=AuditPrincipal(kind=row.principal_kind, id=row.principal_id, name=row.principal_name),
            object=AuditObject(kind=row.action.partition(".")[0], id=row.object_id), request=row.request_id,
        )
        for row in rows
    ]  # fmt: skip
    return page_of(entries, limit, lambda entry: (entry.at, entry.id))
