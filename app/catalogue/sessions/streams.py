"""Streams: the registrations of rooms for a session.

In: requests. Out: records; the parked events of a new registration are replayed. Never here: the replay itself, which the
caller passes in, since the catalogue does not import ingest.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands.session_access import SessionRef, session_ref
from app.catalogue.models import RequestModel, ResponseModel, Slug, Text
from app.problems import FieldError, ProblemError, invalid, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import streams
from app.storage.transient_errors import retry_conflicts

Collect = Callable[[str, str], Awaitable[object]]
"""Replays the parked events of a room (platform, room) into the session that registered it."""

# The rooms in the order in which ingest locks them (unprocessed.sql), so that the two cannot deadlock.
_LOCK_ROOMS = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(room, 0)) FROM unnest(CAST(:rooms AS text[])) AS room ORDER BY room"
)

_EXAMPLE: dict[str, Any] = {"platform": "wechat", "room": "export/UzFfAgtgekIEAQAAAAAAbG8"}


class NewStream(RequestModel):
    """A room to register."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    platform: Slug = Field(description="wechat, weibo, …; events name it before the colon of their subject")
    room: Text = Field(description="the platform's id of the room or broadcast")


class Stream(ResponseModel):
    """A registered room."""

    model_config = ConfigDict(
        json_schema_extra={"example": {**_EXAMPLE, "confirmed": True, "created_at": "2021-09-25T04:00:00Z"}}
    )

    platform: str
    room: str
    confirmed: bool = Field(
        description="true if the session takes in what every sender sends for the room; false: what the brand's own senders send"
    )
    created_at: datetime


async def of_session(connection: AsyncConnection, session_id: UUID) -> list[Stream]:
    """Return a session's streams."""
    query = select(streams).where(streams.c.session_id == session_id).order_by(streams.c.platform, streams.c.room)
    rows = (await connection.execute(query)).all()
    return [_stream(row) for row in rows]


def _stream(row: Any) -> Stream:
    return Stream(platform=row.platform, room=row.room, confirmed=row.confirmed, created_at=row.created_at)


async def lock_rooms(connection: AsyncConnection, forms: Sequence[NewStream]) -> None:
    """Lock the rooms' names, so that the parking of an event and a registration exclude each other.

    Call it before the session's row is locked: a commit that holds the names may be about to lock the row.
    """
    await connection.execute(_LOCK_ROOMS, {"rooms": [f"{form.platform}:{form.room}" for form in forms]})


async def register(
    connection: AsyncConnection,
    principal: Principal,
    ref: SessionRef,
    forms: Sequence[NewStream],
    most: int,
    *,
    pointer: str = "/streams",
) -> None:
    """Register rooms, whose names are locked, for a session, which has at most `most`.

    An unbound principal confirms its registrations, also an existing one of the same session. A bound principal makes claims:
    the session takes in what the brand's own senders send. Other brands' registrations of the room are not revealed to it.

    Raises:
        ProblemError: 409 if another session has a room, or the session has too many; 422 if a room is named twice.
    """
    _refuse_repeated(forms)
    for index, form in enumerate(forms):
        await _register(connection, principal, ref, form, f"{pointer}/{index}" if pointer else "")
    count = await connection.scalar(select(func.count()).where(streams.c.session_id == ref.id))
    if count is not None and count > most:
        raise ProblemError(409, f"a session has at most {most} rooms (TALLYLIGHT_MAX_ROOMS)")


def _refuse_repeated(forms: Sequence[NewStream]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, form in enumerate(forms):
        room = (form.platform, form.room)
        if room in seen:
            raise invalid(f"/streams/{index}", "named twice", "duplicate")
        seen.add(room)


async def put(connection: AsyncConnection, principal: Principal, ref: SessionRef, forms: Sequence[NewStream], most: int) -> None:
    """Make these the rooms of a session; their names and the session are locked. A registration that stays is not changed.

    Raises:
        ProblemError: 409 if another session has a room; 422 if a room is named twice, or there are more than `most`.
    """
    if len(forms) > most:
        detail = f"a session has at most {most} rooms (TALLYLIGHT_MAX_ROOMS)"
        raise invalid("/streams", detail, "too_long", max_length=most)
    _refuse_repeated(forms)
    stored = {(one.platform, one.room) for one in await of_session(connection, ref.id)}
    if gone := sorted(stored - {(form.platform, form.room) for form in forms}):
        named = tuple_(streams.c.platform, streams.c.room).in_(gone)
        await connection.execute(delete(streams).where(streams.c.session_id == ref.id, named))
    for index, form in enumerate(forms):
        if (form.platform, form.room) not in stored:
            await _register(connection, principal, ref, form, f"/streams/{index}")


async def _register(connection: AsyncConnection, principal: Principal, ref: SessionRef, form: NewStream, pointer: str) -> None:
    named = (streams.c.platform == form.platform) & (streams.c.room == form.room)
    rows = (await connection.execute(select(streams).where(named))).all()
    own = next((row for row in rows if row.brand_id == ref.brand_id), None)
    if own is not None and own.session_id != ref.id:
        raise _taken(form, own.session_id, pointer)
    confirms = principal.brand_id is None
    confirmed = next((row for row in rows if row.confirmed), None)
    if confirms and confirmed is not None and confirmed.session_id != ref.id:
        raise _taken(form, confirmed.session_id, pointer)
    if own is None:
        row = {
            "platform": form.platform,
            "room": form.room,
            "session_id": ref.id,
            "brand_id": ref.brand_id,
            "confirmed": confirms,
            "registered_by": principal.entered_by,
        }
        await connection.execute(insert(streams).values(row))
    elif confirms and not own.confirmed:
        await connection.execute(update(streams).where(named, streams.c.session_id == ref.id).values(confirmed=True))


def _taken(form: NewStream, session: UUID, pointer: str) -> ProblemError:
    extra = {"platform": form.platform, "room": form.room, "session": str(session)}
    detail = "another session has this room"
    return ProblemError(409, detail, errors=[FieldError(pointer=pointer, detail=detail, code="room_taken")], extra=extra)


async def listing(database: Database, principal: Principal, session_id: UUID) -> list[Stream]:
    """Return a session's streams.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        return await of_session(connection, session_id)


async def add(
    database: Database, principal: Principal, session_id: UUID, form: NewStream, replay_parked: Collect, most: int
) -> Stream:
    """Register a room and replay its parked events; repeating it replays those that a crash left behind.

    Raises:
        ProblemError: 404; 409 if another session has the room.
    """

    async def write() -> Stream:
        async with database.write() as connection:
            await lock_rooms(connection, [form])
            ref = await session_ref(connection, principal, session_id, lock=True)
            await register(connection, principal, ref, [form], most, pointer="")
            audit.about(f"{form.platform}/{form.room}")
            named = (streams.c.platform == form.platform) & (streams.c.room == form.room)
            query = select(streams).where(named, streams.c.session_id == ref.id)
            return _stream((await connection.execute(query)).one())

    # On Citus a registration may conflict with commits of the room's events on the copies of the catalogue.
    stream = await retry_conflicts(write)
    await replay_parked(form.platform, form.room)
    return stream


async def remove(database: Database, principal: Principal, session_id: UUID, platform: str, room: str) -> None:
    """Remove a registration; its past events stay with the session.

    Raises:
        ProblemError: 404 for the session or the stream.
    """
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        statement = delete(streams).where(
            streams.c.session_id == session_id, streams.c.platform == platform, streams.c.room == room
        )
        if (await connection.execute(statement.returning(streams.c.room))).one_or_none() is None:
            raise not_found("stream")
