"""The plan of a session as one document: read with a tag, and replaced as a whole by a caller that has seen the present one.

In: a plan, the tag that its author has seen. Out: the stored plan, or a problem that holds both. Never here: HTTP, events,
figures.

Every part of the plan also has routes of its own. All of them lock the session, so the tag that is compared under the lock is
that of what the commit replaces.
"""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Row, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands
from app.catalogue.brands.session_access import SessionRef, session_ref
from app.catalogue.models import CurrencyCode, RequestModel, ResponseModel, SessionKind, Slug, Text, Timestamp, TimeZone
from app.catalogue.sessions import lineup as lineups, promotions as promotion_rows, sessions, streams as stream_rows
from app.catalogue.sessions.promotions import PlannedPromotion
from app.catalogue.sessions.streams import Collect, NewStream
from app.desk.targets import PlannedMinutes, Targets, checked
from app.problems import ProblemError, invalid
from app.storage.database import Database
from app.storage.tables import sessions as session_rows
from app.storage.transient_errors import retry_conflicts

_HEAD = ("title", "host", "kind", "currency", "time_zone", "scheduled_at", "planned_minutes", "targets_shared")
_MOST = 1_000
"""Rooms, and promotions, of one plan; the settings may allow fewer."""

EXAMPLE: dict[str, Any] = {
    "title": "秋の新作ライブ", "brand": "maison-k", "host": "小林", "kind": "live", "currency": "CNY", "time_zone": "Asia/Tokyo",
    "scheduled_at": "2021-09-25T05:00:00Z", "planned_minutes": 150,
    "streams": [{"platform": "wechat", "room": "export/UzFfAgtgekIEAQAAAAAAbG8"}],
    "lineup": [
        {
            "product": "knit-01", "name": "ニット", "list_price": "1499.00", "live_price": "1099.00", "stock": 60,
            "preorder": False, "promised_days": None, "talk_points": "洗える。160cmのモデルはS",
        }
    ],
    "promotions": [
        {
            "id": "0192f1a0-b3c4-7d02-8000-5f5e1a2b3c4d", "url": "https://weibo.com/tv/show/1034:4685", "kind": "video",
            "platform": "weibo", "title": "秋の新作", "published_at": "2021-09-18T10:00:00Z",
        }
    ],
    "targets": {"gmv": "500000.00", "viewers": 20000}, "targets_shared": False,
}  # fmt: skip


class NewPlan(RequestModel):
    """A whole plan. What it does not name is not part of the show any more."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    title: Text
    brand: Slug | None = Field(default=None, description="the session's; it does not change")
    host: Text | None = None
    kind: SessionKind = "live"
    currency: CurrencyCode
    time_zone: TimeZone = "Asia/Tokyo"
    scheduled_at: Timestamp | None = None
    planned_minutes: PlannedMinutes | None = None
    streams: Annotated[list[NewStream], Field(max_length=_MOST)] = Field(default_factory=list)
    lineup: lineups.Items = Field(default_factory=list, description="in the order of the show")
    promotions: Annotated[list[PlannedPromotion], Field(max_length=_MOST)] = Field(default_factory=list)
    targets: Targets = Field(default_factory=dict)
    targets_shared: bool = Field(default=False, description="whether readers outside the agency see the targets", strict=True)


class PlannedStream(ResponseModel):
    """A room of the show."""

    platform: str
    room: str


class PlannedItem(ResponseModel):
    """A product of the show."""

    product: str
    name: str | None
    list_price: str | None
    live_price: str | None
    stock: int | None
    preorder: bool
    promised_days: int | None
    talk_points: str | None


class StoredPromotion(ResponseModel):
    """A promotion of the show."""

    id: UUID
    url: str | None
    kind: str
    platform: str | None
    title: str | None
    published_at: datetime | None


class Plan(ResponseModel):
    """The plan of a session."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    title: str
    brand: str
    host: str | None
    kind: SessionKind
    currency: str
    time_zone: str
    scheduled_at: datetime | None
    planned_minutes: int | None = Field(description="how long the show shall last; the pace of its targets is measured by it")
    streams: list[PlannedStream] = Field(description="by platform and room")
    lineup: list[PlannedItem]
    promotions: list[StoredPromotion] = Field(description="in the order in which they were added")
    targets: dict[str, int | float | str]
    targets_shared: bool = Field(description="whether readers outside the agency see the targets")

    @property
    def tag(self) -> str:
        """Return the strong entity tag of the plan."""
        return f'"{sha256(self.model_dump_json().encode()).hexdigest()[:24]}"'


class Limits(NamedTuple):
    """The most rooms and promotions of a session."""

    rooms: int
    promotions: int


async def read(database: Database, principal: Principal, session_id: UUID) -> Plan:
    """Return the plan.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        return await plan_on(connection, await sessions.row_of(connection, principal, session_id))


async def plan_on(connection: AsyncConnection, row: Row[Any]) -> Plan:
    """Return the plan of a session's row, read on this connection."""
    ref = SessionRef(row.id, row.brand_id, row.currency)
    parts = {
        "streams": await stream_rows.of_session(connection, ref.id),
        "lineup": await lineups.of_session(connection, ref),
        "promotions": await promotion_rows.of_session(connection, ref.id),
    }
    found = {name: [one.model_dump() for one in records] for name, records in parts.items()}  # type: ignore[attr-defined]
    return Plan(brand=row.slug, targets=row.targets or {}, **{name: getattr(row, name) for name in _HEAD}, **found)


async def put(
    database: Database,
    principal: Principal,
    session_id: UUID,
    form: NewPlan,
    if_match: str | None,
    replay_parked: Collect,
    limits: Limits,
) -> Plan:
    """Replace the plan, all of it or nothing, if the caller has seen the present one.

    A plan that would change nothing is accepted with any tag: a retry after a lost answer succeeds.

    Raises:
        ProblemError: 404; 409 if another session has a room, or the session has events in another currency; 412 with both plans
            if another person changed it meanwhile; 422; 428 without a tag.
    """

    async def write() -> tuple[Plan, Plan]:
        async with database.write() as connection:
            ref = await session_ref(connection, principal, session_id)
            if if_match is None:
                detail = "send the ETag of the plan that this one replaces as If-Match"
                raise ProblemError(428, detail, code="precondition_required")
            await brands.lock(connection, ref.brand_id)
            await stream_rows.lock_rooms(connection, form.streams)
            # The full lock waits for running commits of events, which were folded with the old currency.
            full = form.currency != ref.currency
            row = await sessions.row_of(connection, principal, session_id, lock="full" if full else "changes")
            before = await plan_on(connection, row)
            stale = not has_seen(if_match, before.tag)
            try:
                await _apply(connection, principal, row, form, limits)
                after = await plan_on(connection, await sessions.row_of(connection, principal, session_id))
            except ProblemError:
                if stale:
                    raise _changed(before, form) from None
                raise
            if stale and after != before:
                raise _changed(before, form)
            return before, after

    before, after = await retry_conflicts(write)
    for stream in after.streams:
        if stream not in before.streams:
            await replay_parked(stream.platform, stream.room)
    return after


def has_seen(if_match: str, tag: str) -> bool:
    """Return whether `If-Match` names a tag (RFC 9110, section 13.1.1).

    A proxy that compresses the answer makes its tag a weak one; the tag still identifies the plan.
    """
    return any(known.strip().removeprefix("W/") in {tag, "*"} for known in if_match.split(","))


def _changed(before: Plan, form: NewPlan) -> ProblemError:
    return ProblemError(
        412, "another person changed the plan meanwhile; nothing was stored", code="plan_changed", headers={"ETag": before.tag},
        extra={"current": before.model_dump(mode="json"), "yours": form.model_dump(mode="json")},
    )  # fmt: skip


async def _apply(connection: AsyncConnection, principal: Principal, row: Row[Any], form: NewPlan, limits: Limits) -> None:
    if form.brand not in {None, row.slug}:
        raise invalid("/brand", "a session stays with its brand", "brand_fixed")
    if form.currency != row.currency:
        await sessions.refuse_if_counted(connection, row.id)
    ref = SessionRef(row.id, row.brand_id, form.currency)
    values = form.model_dump(include=set(_HEAD)) | {"targets": checked(form.targets, form.currency) or None}
    await connection.execute(update(session_rows).where(session_rows.c.id == ref.id).values(values))
    await stream_rows.put(connection, principal, ref, form.streams, limits.rooms)
    await lineups.put(connection, ref, form.lineup)
    await promotion_rows.put(connection, ref.id, form.promotions, limits.promotions)
