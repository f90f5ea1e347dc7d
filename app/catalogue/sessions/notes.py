"""Notes of operators: observations during a session, and summaries, in the order that the operators give them.

In: requests. Out: records. Never here: statements derived from data (insights).

A note has a place in its session. Its `position` counts the notes of its section and kind, as the report lists them. To move
a note exchanges places within these notes alone.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Row, Subquery, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands.session_access import session_ref
from app.catalogue.ids import new_id
from app.catalogue.models import UNCHANGED, NoteText, PatchModel, RequestModel, ResponseModel
from app.catalogue.pages import Page, page_of
from app.problems import ProblemError, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import notes

Section = Literal["live", "ec", "promotion"]
Kind = Literal["observation", "summary"]

_MOST = 1_000_000
"""Largest position of a request; beyond the last note it means the last."""

_EXAMPLE: dict[str, Any] = {"section": "live", "kind": "observation", "text": "最初の20分はコアファンが中心", "share": False}


class NewNote(RequestModel):
    """A note to add."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: UUID | None = Field(
        default=None,
        description="the client's own id: the same request again adds nothing. Absent: the server's own",
        strict=False,
    )
    section: Section = Field(description="the part of the results sheet that it belongs to")
    kind: Kind
    text: NoteText
    share: bool | None = Field(
        default=None,
        description="whether the client edition of the report has it; absent: summaries are shared, observations not",
        strict=True,
    )

    def row(self) -> dict[str, Any]:
        """Return the columns to store."""
        return self.model_dump(exclude={"id"}) | {"share": self.kind == "summary" if self.share is None else self.share}


class NotePatch(PatchModel):
    """Changes to a note."""

    section: Section = Field(default=UNCHANGED, examples=["live"])
    kind: Kind = Field(default=UNCHANGED, examples=["summary"])
    text: NoteText = Field(default=UNCHANGED, examples=[_EXAMPLE["text"]])
    share: bool = Field(default=UNCHANGED, examples=[True], description="another kind does not change it", strict=True)
    position: Annotated[int, Field(strict=True, ge=1, le=_MOST)] = Field(
        default=UNCHANGED,
        examples=[1],
        description="place among the notes of its section and kind, from 1; beyond the last: the last",
    )


class Note(ResponseModel):
    """A note of a session."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0192f1a0-b3c4-7d03-8000-5f5e1a2b3c4d",
                **_EXAMPLE,
                "position": 1,
                "created_at": "2021-09-25T05:20:00Z",
            }
        }
    )

    id: UUID
    section: Section
    kind: Kind
    text: str
    share: bool = Field(description="whether the client edition of the report has it")
    position: int = Field(description="place among the notes of its section and kind, from 1; reports list them in this order")
    created_at: datetime


def _note(row: Row[Any]) -> Note:
    return Note.model_validate(row, from_attributes=True)


def _of_session(session_id: UUID) -> Subquery:
    """Return the notes of a session with their positions."""
    place = func.row_number().over(partition_by=(notes.c.section, notes.c.kind), order_by=(notes.c.place, notes.c.id))
    return select(notes, place.label("position")).where(notes.c.session_id == session_id).subquery()


async def listing(
    database: Database,
    principal: Principal,
    session_id: UUID,
    *,
    section: Section | None,
    after: tuple[int, UUID] | None,
    limit: int,
) -> Page[Note]:
    """Return a session's notes in their order.

    Raises:
        ProblemError: 404.
    """
    found = _of_session(session_id).c
    query = select(*found).order_by(found.place, found.id).limit(limit + 1)
    if section is not None:
        query = query.where(found.section == section)
    if after is not None:
        query = query.where(tuple_(found.place, found.id) > tuple_(*after))
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        rows = (await connection.execute(query)).all()
    places = {row.id: row.place for row in rows}
    return page_of([_note(row) for row in rows], limit, lambda note: (places[note.id], note.id))


async def get(database: Database, principal: Principal, session_id: UUID, note_id: UUID) -> Note:
    """Return a note.

    Raises:
        ProblemError: 404 for the session or the note.
    """
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        return await _stored(connection, session_id, note_id)


async def add(database: Database, principal: Principal, session_id: UUID, form: NewNote) -> Note:
    """Add a note behind the others. With the client's own id the request can be repeated: the note is then returned as it is.

    Raises:
        ProblemError: 404; 409 if another session has a note of this id.
    """
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        note_id = form.id or new_id()
        statement = insert(notes).values(
            id=note_id, session_id=session_id, place=await _last(connection, session_id), **form.row()
        )
        audit.about(note_id)
        await connection.execute(statement.on_conflict_do_nothing())
        if (row := await _found(connection, session_id, note_id)) is None:
            raise ProblemError(409, "this id is taken", code="already_exists")
        return _note(row)


async def patch(database: Database, principal: Principal, session_id: UUID, note_id: UUID, form: NotePatch) -> Note:
    """Change a note; one that comes to another section or kind stands behind those that are there, unless a position is given.

    Raises:
        ProblemError: 404 for the session or the note.
    """
    changes = form.changes()
    position = changes.pop("position", None)
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        before = await _stored(connection, session_id, note_id)
        if (changes.get("section", before.section), changes.get("kind", before.kind)) != (before.section, before.kind):
            changes["place"] = await _last(connection, session_id)
        if changes:
            statement = update(notes).where(notes.c.session_id == session_id, notes.c.id == note_id)
            await connection.execute(statement.values(changes))
        if position is not None:
            await _move(connection, session_id, note_id, position)
        return await _stored(connection, session_id, note_id)


async def _move(connection: AsyncConnection, session_id: UUID, note_id: UUID, position: int) -> None:
    """Put a note at a position; it and the notes between exchange their places. The caller has locked the session."""
    moved = await _stored(connection, session_id, note_id)
    query = select(notes.c.id, notes.c.place).where(
        notes.c.session_id == session_id, notes.c.section == moved.section, notes.c.kind == moved.kind
    )
    rows = (await connection.execute(query.order_by(notes.c.place, notes.c.id))).all()
    order = [row.id for row in rows if row.id != note_id]
    order.insert(position - 1, note_id)
    moves = [{"note": there, "to": row.place} for row, there in zip(rows, order, strict=True) if row.id != there]
    if moves:
        statement = update(notes).where(notes.c.session_id == session_id, notes.c.id == bindparam("note"))
        await connection.execute(statement.values(place=bindparam("to")), moves)


async def _last(connection: AsyncConnection, session_id: UUID) -> int:
    """Return the place behind all notes of a session, which the caller has locked."""
    query = select(func.coalesce(func.max(notes.c.place), 0) + 1).where(notes.c.session_id == session_id)
    return int(await connection.scalar(query) or 1)


async def remove(database: Database, principal: Principal, session_id: UUID, note_id: UUID) -> None:
    """Delete a note.

    Raises:
        ProblemError: 404 for the session or the note.
    """
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        statement = delete(notes).where(notes.c.session_id == session_id, notes.c.id == note_id)
        if (await connection.execute(statement.returning(notes.c.id))).one_or_none() is None:
            raise not_found("note")


async def _found(connection: AsyncConnection, session_id: UUID, note_id: UUID) -> Row[Any] | None:
    found = _of_session(session_id).c
    return (await connection.execute(select(*found).where(found.id == note_id))).one_or_none()


async def _stored(connection: AsyncConnection, session_id: UUID, note_id: UUID) -> Note:
    row = await _found(connection, session_id, note_id)
    if row is None:
        raise not_found("note")
    return _note(row)
