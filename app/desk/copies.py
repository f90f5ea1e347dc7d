"""Copies of a session's plan: a show like an earlier one, and a rehearsal that becomes the show.

In: a session, what is different in the copy. Out: a new session. Never here: events, figures, notes: they stay with the original.
"""

from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands
from app.catalogue.brands.session_access import session_ref
from app.catalogue.models import RequestModel, SessionKind, Text, Timestamp
from app.catalogue.sessions import sessions
from app.catalogue.sessions.lineup import NewLineupItem
from app.catalogue.sessions.promotions import NewPromotion
from app.catalogue.sessions.sessions import NewSession, Session
from app.desk.plan import Plan, plan_on
from app.problems import ProblemError
from app.storage.database import Database
from app.storage.tables import sessions as session_rows, streams
from app.storage.transient_errors import retry_conflicts


class NewCopy(RequestModel):
    """What is different in the copy."""

    model_config = ConfigDict(json_schema_extra={"example": {"scheduled_at": "2021-10-02T14:00:00+09:00"}})

    title: Text | None = Field(default=None, description="absent: the same")
    kind: SessionKind | None = Field(default=None, description="absent: the same")
    scheduled_at: Timestamp | None = Field(default=None, description="absent: not planned yet")
    rooms: Literal["leave", "move"] = Field(
        default="leave",
        description="`move`: it is the same show. Its rooms, and the links of its promotions, are the copy's from now on; what "
        "the rooms sent until now stays with the original",
    )


async def copy(database: Database, principal: Principal, session_id: UUID, form: NewCopy) -> Session:
    """Create a session with the plan of another one.

    Raises:
        ProblemError: 404; 409 if the rooms of a session on air shall move.
    """
    move = form.rooms == "move"

    async def write() -> UUID:
        async with database.write() as connection:
            ref = await session_ref(connection, principal, session_id)
            await brands.lock(connection, ref.brand_id)
            # The full lock waits for running commits of events: a start is either before the move, or goes to the copy.
            row = await sessions.row_of(connection, principal, session_id, lock="full" if move else "changes")
            if move and await _is_on_air(connection, principal, session_id):
                raise ProblemError(409, "the session is on air; end it before its rooms move", code="session_on_air")
            plan = await plan_on(connection, row)
            copied = await sessions.insert_session(connection, ref.brand_id, _form(plan, form))
            aims = {
                "targets": plan.targets or None,
                "planned_minutes": plan.planned_minutes,
                "targets_shared": plan.targets_shared,
            }
            await connection.execute(update(session_rows).where(session_rows.c.id == copied.id).values(aims))
            if move:
                # An update keeps whether a registration is confirmed, and by whom.
                await connection.execute(update(streams).where(streams.c.session_id == ref.id).values(session_id=copied.id))
            return copied.id

    return await sessions.get(database, principal, await retry_conflicts(write))


async def _is_on_air(connection: AsyncConnection, principal: Principal, session_id: UUID) -> bool:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return bool(await sessions.on_air_of(driver, [session_id], principal.brand_id))


def _form(plan: Plan, form: NewCopy) -> NewSession:
    """Return the copy as a new session. A link belongs to one show, since its figures are found by it."""
    links = {"url", "published_at"} if form.rooms == "leave" else set()
    # What is stored is valid by the rules of its time, and may be more than one request may hold today.
    return NewSession.model_construct(
        title=form.title or plan.title, brand=plan.brand, host=plan.host, kind=form.kind or plan.kind, currency=plan.currency,
        time_zone=plan.time_zone, scheduled_at=form.scheduled_at,
        lineup=[NewLineupItem.model_construct(**item.model_dump()) for item in plan.lineup],
        promotions=[NewPromotion.model_construct(**one.model_dump(exclude={"id", *links})) for one in plan.promotions],
    )  # fmt: skip
