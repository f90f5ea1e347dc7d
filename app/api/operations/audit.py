"""The route of the audit log.

In: filters of administrators. Out: entries. Never here: rules, SQL.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.access.authorization import Admin, AppService
from app.api.conventions.paging import Paging, encode
from app.api.conventions.query_times import Instant
from app.catalogue import audit_log
from app.catalogue.audit_log import AuditEntry, AuditFilter
from app.catalogue.models import Slug, Text
from app.problems import responses

router = APIRouter(prefix="/v1/audit", tags=["audit"])


class AuditList(BaseModel):
    """A page of the audit log."""

    entries: list[AuditEntry]
    next_cursor: str | None


@router.get("", operation_id="list_audit_log", summary="Read the audit log", responses=responses(401, 403, 422))
async def list_audit_log(
    service: AppService,
    caller: Admin,
    paging: Paging,
    principal: Annotated[Text | None, Query(description="of this key's or person's id, or `tallylight` for commands")] = None,
    action: Annotated[Text | None, Query(description="this action, such as `key.create`, or all of a resource: `key`")] = None,
    session: Annotated[UUID | None, Query(description="in this session")] = None,
    brand: Annotated[Slug | None, Query(description="of this brand")] = None,
    from_: Annotated[Instant | None, Query(alias="from", description="at or after")] = None,
    to: Annotated[Instant | None, Query(description="before")] = None,
) -> AuditList:
    """Return who wrote what, on which object, when and from where: committed writes only, the newest first."""
    wanted = AuditFilter(principal, action, session, brand, from_, to)
    page = await audit_log.listing(service.database, caller, wanted, after=paging.after(datetime, UUID), limit=paging.limit)
    return AuditList(entries=page.items, next_cursor=encode(page.next))
