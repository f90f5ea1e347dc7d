"""Sessions: one live broadcast, or its rehearsal, on one or several platforms.

In: requests. Out: records with the session's plan. Never here: deletion (`session_deletion`), lists (`session_list`),
events; only events set a session's start and end.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Row, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands as brand_rows
from app.catalogue.brands.session_access import SessionRef, visible
from app.catalogue.ids import new_id
from app.catalogue.models import (
    UNCHANGED,
    CurrencyCode,
    PatchModel,
    RequestModel,
    ResponseModel,
    SessionKind,
    Slug,
    Text,
    Timestamp,
    TimeZone,
)
from app.catalogue.products.products import brand_of
from app.catalogue.sessions import lineup as lineups, promotions as promotion_rows, streams as stream_rows
from app.problems import ProblemError, not_found
from app.storage import audit
from app.storage.database import Connection, Database
from app.storage.kpis.session_status import SessionStatus
from app.storage.queries import queries
from app.storage.session_locks import exclude_flushes_of
from app.storage.tables import brands, events, sessions

_PLAN: dict[str, Any] = {
    "title": "秋の新作ライブ",
    "brand": "maison-k",
    "host": "小林",
    "kind": "live",
    "currency": "CNY",
    "time_zone": "Asia/Tokyo",
    "scheduled_at": "2021-09-25T14:00:00+09:00",
}
_STREAM: dict[str, Any] = {"platform": "wechat", "room": "export/UzFfAgtgekIEAQAAAAAAbG8"}
_ITEM: dict[str, Any] = {"product": "knit-01", "name": "ニット", "live_price": "1099.00", "stock": 60}
_PROMOTION: dict[str, Any] = {
    "url": "https://weibo.com/tv/show/1034:4685",
    "kind": "video",
    "platform": "weibo",
    "title": "秋の新作",
    "published_at": "2021-09-18T10:00:00Z",
}


class NewSession(RequestModel):
    """A session to create, with its streams, line-up and promotions."""

    model_config = ConfigDict(
        json_schema_extra={"example": {**_PLAN, "streams": [_STREAM], "lineup": [_ITEM], "promotions": [_PROMOTION]}}
    )

    title: Text
    brand: Slug | None = Field(default=None, description="created if missing; absent: the brand of the key")
    host: Text | None = Field(default=None, description="who presents")
    kind: SessionKind = "live"
    currency: CurrencyCode = Field(description="ISO 4217; every amount of the session is in it")
    time_zone: TimeZone = Field(default="Asia/Tokyo", description="IANA name; in which the report prints times")
    scheduled_at: Timestamp | None = None
    streams: Annotated[list[stream_rows.NewStream], Field(max_length=50)] = Field(default_factory=list)
    lineup: lineups.Items = Field(default_factory=list)
    promotions: Annotated[list[promotion_rows.NewPromotion], Field(max_length=200)] = Field(default_factory=list)


class SessionPatch(PatchModel):
    """Changes to a session; null removes a value."""

    title: Text = Field(default=UNCHANGED, examples=[_PLAN["title"]])
    host: Text | None = Field(default=UNCHANGED, examples=[_PLAN["host"]])
    kind: SessionKind = Field(default=UNCHANGED, examples=["live"])
    currency: CurrencyCode = Field(default=UNCHANGED, examples=["CNY"])
    time_zone: TimeZone = Field(default=UNCHANGED, examples=["Asia/Tokyo"])
    scheduled_at: Timestamp | None = Field(default=UNCHANGED, examples=[_PLAN["scheduled_at"]])


class Release(ResponseModel):
    """The latest revision of a session."""

    revision: int = Field(ge=1, examples=[1])


class SessionHead(ResponseModel):
    """The common members of a session."""

    id: UUID
    title: str
    brand: str
    host: str | None
    kind: SessionKind
    currency: str
    time_zone: str
    status: SessionStatus
    final: Release | None = Field(
        description="null before the first release; the KPI document tells whether figures changed since"
    )
    scheduled_at: datetime | None
    started_at: datetime | None = Field(description="first start of one of its streams")
    ended_at: datetime | None = Field(description="last end of one of its streams")
    created_at: datetime


class Session(SessionHead):
    """A session with its streams, line-up and promotions."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
                **_PLAN,
                "scheduled_at": "2021-09-25T05:00:00Z",
                "status": "scheduled",
                "final": None,
                "started_at": None,
                "ended_at": None,
                "created_at": "2021-09-20T01:00:00Z",
                "streams": [{**_STREAM, "confirmed": True, "created_at": "2021-09-20T01:00:00Z"}],
                "lineup": [
                    {
                        "position": 1,
                        **_ITEM,
                        "names": {"ja": "ニット"},
                        "list_price": "1499.00",
                        "preorder": False,
                        "promised_days": None,
                        "talk_points": None,
                    }
                ],
                "promotions": [
                    {"id": "0192f1a0-b3c4-7d02-8000-5f5e1a2b3c4d", **_PROMOTION, "created_at": "2021-09-20T01:00:00Z"}
                ],
                "front_figures": list(brand_rows.FRONT_FIGURES),
            }
        }
    )

    streams: list[stream_rows.Stream]
    lineup: list[lineups.LineupItem]
    promotions: list[promotion_rows.Promotion]
    front_figures: list[str] = Field(description="KPIs in front of the live screen, as the brand has chosen them")


async def create(
    database: Database, principal: Principal, form: NewSession, replay_parked: stream_rows.Collect, most_rooms: int
) -> Session:
    """Create a session with its plan, and replay the parked events of its rooms.

    Raises:
        ProblemError: 404 for another brand than the key's, 409 if another session has a room, 422.
    """
    async with database.write() as connection:
        brand_id = await brand_of(connection, principal, form.brand)
        await brand_rows.lock(connection, brand_id)
        ref = await insert_session(connection, brand_id, form)
        await stream_rows.lock_rooms(connection, form.streams)
        await stream_rows.register(connection, principal, ref, form.streams, most_rooms)
    for stream in form.streams:
        await replay_parked(stream.platform, stream.room)
    return await get(database, principal, ref.id)


async def insert_session(connection: AsyncConnection, brand_id: UUID, form: NewSession) -> SessionRef:
    """Insert a session of a brand, which is locked, with its line-up and promotions, and without its rooms.

    Raises:
        ProblemError: 422.
    """
    ref = SessionRef(new_id(), brand_id, form.currency)
    plan = form.model_dump(include={"title", "host", "kind", "currency", "time_zone", "scheduled_at"})
    await connection.execute(insert(sessions).values(id=ref.id, brand_id=brand_id, **plan))
    audit.about(ref.id, session=ref.id, brand=brand_id)
    await lineups.write(connection, ref, form.lineup)
    await promotion_rows.write(connection, ref.id, form.promotions)
    return ref


async def get(database: Database, principal: Principal, session_id: UUID) -> Session:
    """Return a session.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        row = await row_of(connection, principal, session_id)
        whole = await _whole(connection, row, internal=not principal.is_client)
    return await _with_status(database, whole)


async def patch(database: Database, principal: Principal, session_id: UUID, form: SessionPatch) -> Session:
    """Change a session.

    Raises:
        ProblemError: 404; 409 for another currency if there are events or prices.
    """
    changes = form.changes()
    async with database.write() as connection:
        # The full lock waits for running commits of events, which were folded with the old currency.
        row = await row_of(connection, principal, session_id, lock="full" if "currency" in changes else None)
        if changes.get("currency", row.currency) != row.currency:
            await refuse_if_counted(connection, session_id)
            if await connection.scalar(select(lineups.priced(session_id))):
                detail = "the line-up has prices in the old currency; remove them first"
                raise ProblemError(409, detail, code="currency_in_use")
            # Of the targets, those of money are stored as decimal strings.
            if any(isinstance(target, str) for target in (row.targets or {}).values()):
                raise ProblemError(409, "the targets are in the old currency; remove them first", code="currency_in_use")
        if changes:
            await connection.execute(update(sessions).where(sessions.c.id == session_id).values(changes))
            row = await row_of(connection, principal, session_id)
        whole = await _whole(connection, row)
    return await _with_status(database, whole)


async def refuse_if_counted(connection: AsyncConnection, session_id: UUID) -> None:
    """Refuse another currency for a session with events.

    Raises:
        ProblemError: 409.
    """
    # A log that was dropped had events.
    logged = exists().where(events.c.session_id == session_id) | exists().where(
        sessions.c.id == session_id, sessions.c.log_dropped_at.is_not(None)
    )
    if await connection.scalar(select(logged)):
        raise ProblemError(409, "the session has events; its currency cannot change any more", code="currency_in_use")


async def row_of(
    connection: AsyncConnection, principal: Principal, session_id: UUID, *, lock: Literal["full", "changes"] | None = None
) -> Row[Any]:
    """Return the session's row with its brand's slug; `changes` excludes changes until the commit, `full` also events.

    Raises:
        ProblemError: 404.
    """
    query = visible(
        select(sessions, brands.c.slug, brands.c.front_figures)
        .join(brands, brands.c.id == sessions.c.brand_id)
        .where(sessions.c.id == session_id),
        principal,
    )
    if lock == "full":
        await exclude_flushes_of(connection, session_id)
    if lock is not None:
        query = query.with_for_update(key_share=lock == "changes", of=sessions)
    row: Row[Any] | None = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found("session")
    return row


async def _whole(connection: AsyncConnection, row: Row[Any], *, internal: bool = True) -> Session:
    return Session(
        **head(row._mapping, row.slug, on_air=False),  # noqa: SLF001 - SQLAlchemy's public name for it
        streams=await stream_rows.of_session(connection, row.id),
        lineup=await lineups.of_session(connection, SessionRef(row.id, row.brand_id, row.currency), internal=internal),
        promotions=await promotion_rows.of_session(connection, row.id),
        front_figures=row.front_figures or list(brand_rows.FRONT_FIGURES),
    )


async def _with_status(database: Database, session: Session) -> Session:
    async with database.acquire() as connection:
        live = bool(await on_air_of(connection, [session.id], None))
    revision = None if session.final is None else session.final.revision
    return session.model_copy(update={"status": SessionStatus.of(session.started_at, session.ended_at, revision, on_air=live)})


async def on_air_of(connection: Connection, ids: list[UUID] | None, brand_id: UUID | None) -> list[UUID]:
    """Return the sessions on air among these, or among all sessions of a brand."""
    return [row["session_id"] for row in await connection.fetch(queries("catalogue/catalogue")["on_air"], ids, brand_id)]


def head(row: Any, brand: str, *, on_air: bool) -> dict[str, Any]:
    """Return the fields of `SessionHead` from a row of sessions, by column name."""
    stored = SessionHead.model_fields.keys() - {"brand", "status", "final"}
    return {name: row[name] for name in stored} | {
        "brand": brand,
        "status": SessionStatus.of(row["started_at"], row["ended_at"], row["revision"], on_air=on_air),
        "final": None if row["revision"] is None else Release(revision=row["revision"]),
    }
