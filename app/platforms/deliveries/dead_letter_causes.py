"""Dead letters by cause.

In: a principal. Out: groups with the connection that sent them. Never here: contents.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import select

from app.catalogue.access import Principal
from app.catalogue.models import ResponseModel
from app.storage.database import Database
from app.storage.platforms import bulk_jobs
from app.storage.tables import connections

_MOST_READ = 100_000
_MOST_GROUPS = 500
_ORIGIN = "connection:"
EXAMPLE: dict[str, Any] = {
    "group": "3f1c0a9d2b7e4c5d6e8f9a0b",
    "origin": "connection:0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d",
    "connection": {"id": "0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d", "kind": "mapping", "name": "Maison K, web shop"},
    "type": "live.order.paid",
    "code": "missing",
    "pointer": "/data/lines/*/product",
    "detail": "Field required",
    "count": 120,
    "first_at": "2021-09-25T05:31:07Z",
    "last_at": "2021-09-25T06:02:11Z",
    "newest": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
}


class Sender(ResponseModel):
    """The connection that sent the input."""

    id: UUID
    kind: str
    name: str


class DeadLetterGroup(ResponseModel):
    """Dead letters of one sender and type that break the same rule at the same place."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    group: str = Field(description="for the filter of a replay or a discard")
    origin: str = Field(description="the sender: `key:<id>`, `connection:<id>`, `import:<id>` or `parked`")
    connection: Sender | None = Field(description="the sender if it is a connection that exists")
    type: str | None = Field(description="event type; null for input that no adapter could read")
    code: str = Field(description="rule that the first error names. `GET /v1/labels` has the words: field.<code>")
    pointer: str = Field(description="where; `*` is any position in a list")
    detail: str = Field(description="the same in English")
    count: int
    first_at: datetime
    last_at: datetime
    newest: UUID = Field(description="the newest dead letter of the group")


async def listing(database: Database, principal: Principal) -> tuple[list[DeadLetterGroup], bool]:
    """Return the groups, the one with the newest dead letter first, and whether they are all."""
    async with database.acquire() as lent:
        found = await bulk_jobs.groups(lent, principal.brand_id, _MOST_READ, _MOST_GROUPS + 1)
    named = {_connection_of(group.origin) for group in found} - {None}
    async with database.read() as connection:
        query = select(connections.c.id, connections.c.kind, connections.c.name).where(connections.c.id.in_(named))
        if principal.brand_id is not None:
            query = query.where(connections.c.brand_id == principal.brand_id)
        known = {row.id: Sender(id=row.id, kind=row.kind, name=row.name) for row in (await connection.execute(query)).all()}
    groups = [
        DeadLetterGroup(
            **group._asdict(),
            count=group.number,
            connection=known.get(sender) if (sender := _connection_of(group.origin)) else None,
        )
        for group in found[:_MOST_GROUPS]
    ]
    return groups, len(found) <= _MOST_GROUPS and sum(group.number for group in found) < _MOST_READ


def _connection_of(origin: str) -> UUID | None:
    return UUID(origin.removeprefix(_ORIGIN)) if origin.startswith(_ORIGIN) else None
