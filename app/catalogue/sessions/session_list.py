"""The list of sessions, each with its status and the KPIs that a list shows.

In: filters. Out: a page, the newest session first. Never here: more than three queries per page.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from app.catalogue.access import Principal
from app.catalogue.models import SessionKind
from app.catalogue.pages import Page, page_of
from app.catalogue.sessions.sessions import SessionHead, head, on_air_of
from app.catalogue.sessions.summary import Figure, Figures, Summary
from app.storage.database import Database
from app.storage.kpis.session_status import SessionStatus
from app.storage.queries import queries, statement


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """A filter of sessions; None matches all. The window is half-open and applies to the start, else the scheduled start."""

    brand: str | None = None
    status: SessionStatus | None = None
    kind: SessionKind | None = None
    platform: str | None = None
    from_: datetime | None = None
    to: datetime | None = None
    q: str | None = None
    """Part of the title or the host's name."""


class ListedSession(SessionHead):
    """A session in a list."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
                "title": "秋の新作ライブ",
                "brand": "maison-k",
                "host": "小林",
                "kind": "live",
                "currency": "CNY",
                "time_zone": "Asia/Tokyo",
                "status": "final",
                "final": {"revision": 1},
                "scheduled_at": "2021-09-25T05:00:00Z",
                "started_at": "2021-09-25T05:00:03Z",
                "ended_at": "2021-09-25T07:24:03Z",
                "created_at": "2021-09-20T01:00:00Z",
                "platforms": ["wechat", "weibo"],
                "summarized": True,
                "kpis": {"viewers": 18052, "buyers": 190, "orders": 201, "units_sold": 363, "gmv": "481888.00"},
            }
        }
    )

    platforms: list[str]
    summarized: bool | None = Field(
        description="whether the session has a note of the kind `summary`; null for viewers that are bound to a brand"
    )
    kpis: Summary


async def listing(
    database: Database, principal: Principal, wanted: SessionFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Page[ListedSession]:
    """Return sessions, the newest first."""
    created_at, session_id = after or (None, None)
    sql = queries("catalogue/catalogue")
    async with database.acquire() as connection:
        on_air: list[UUID] = []
        if wanted.status in {SessionStatus.LIVE, SessionStatus.PROVISIONAL, SessionStatus.FINAL}:
            on_air = await on_air_of(connection, None, principal.brand_id)
        page = statement("catalogue/catalogue", "sessions_page")(
            caller_brand=principal.brand_id, brand=wanted.brand, kind=wanted.kind, platform=wanted.platform, begin=wanted.from_,
            end=wanted.to, text=wanted.q, status=wanted.status, after_created_at=created_at, after_id=session_id,
            limit=limit + 1, on_air=on_air,
        )  # fmt: skip
        rows = await connection.fetch(*page)
        ids = [row["id"] for row in rows]
        if wanted.status is None:
            on_air = await on_air_of(connection, ids, principal.brand_id)
        found = await connection.fetch(sql["session_figures"], ids)
        figures = Figures(Figure(of, platform, metric, told, int(value)) for of, platform, metric, told, value in found)
    live = set(on_air)
    sessions = [
        ListedSession(
            **head(row, row["brand"], on_air=row["id"] in live),
            platforms=row["platforms"],
            summarized=None if principal.is_client else row["summarized"],
            kpis=figures.summary(row["id"], row["currency"]),
        )
        for row in rows
    ]
    return page_of(sessions, limit, lambda session: (session.created_at, session.id))
