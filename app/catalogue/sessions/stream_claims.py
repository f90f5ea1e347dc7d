"""Claims: registrations of rooms by bound principals that no unbound principal has confirmed.

In: a principal. Out: records. Never here: decisions, which move events.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from app.catalogue.access import Principal
from app.catalogue.models import RequestModel, ResponseModel, Slug, Text
from app.catalogue.pages import Page, page_of
from app.storage.database import Database
from app.storage.queries import queries

_ROOM: dict[str, Any] = {"platform": "wechat", "room": "export/UzFfAgtgekIEAQAAAAAAbG8"}
_SESSION = "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d"


class StreamClaim(ResponseModel):
    """A registration that takes in only what the brand's own senders send."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **_ROOM,
                "session": _SESSION,
                "title": "秋の新作ライブ",
                "brand": "maison-k",
                "claimed_at": "2021-09-25T04:00:00Z",
                "claimed_by": "5f5e1a2b3c4d",
                "parked_events": 312,
                "confirmed_session": None,
            }
        }
    )

    platform: str
    room: str
    session: UUID
    title: str
    brand: str
    claimed_at: datetime
    claimed_by: str | None = Field(description="the id of the key that registered the room")
    parked_events: int | None = Field(description="parked events of unbound senders; null for a bound key")
    confirmed_session: UUID | None = Field(description="the session that has the room now; null for a bound key")


class StreamDecision(RequestModel):
    """Which session takes in what unbound senders send for a room."""

    model_config = ConfigDict(json_schema_extra={"example": {**_ROOM, "session": _SESSION}})

    platform: Slug
    room: Text
    session: UUID | None = Field(description="a session that registered the room; null: the events stay parked")


async def listing(
    database: Database, principal: Principal, *, after: tuple[str, str, UUID] | None, limit: int
) -> Page[StreamClaim]:
    """Return open claims by room; a bound principal sees the claims of its brand, and nothing of other senders."""
    platform, room, brand = after or (None, None, None)
    async with database.acquire() as connection:
        rows = await connection.fetch(
            queries("catalogue/stream_claims")["open_claims"], principal.brand_id, platform, room, brand, limit + 1
        )
    keys = {row["session"]: row["brand_id"] for row in rows}
    found = [StreamClaim(**{name: row[name] for name in StreamClaim.model_fields}) for row in rows]
    return page_of(found, limit, lambda claim: (claim.platform, claim.room, keys[claim.session]))
