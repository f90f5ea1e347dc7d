"""Notes of operators: observations during a session, and summaries.

In: requests. Out: records. Never here: statements derived from data (insights).
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.ids import new_id
from app.catalogue.models import UNCHANGED, NoteText, PatchModel, RequestModel, ResponseModel
from app.catalogue.pages import Page, page_of
from app.catalogue.session_access import session_ref
from app.problems import ProblemError, not_found
from app.storage import audit
from app.storage.database import Database
from app.storage.tables import notes

Section = Literal["live", "ec", "promotion"]
Kind = Literal["observation", "summary"]

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
    )

    def row(self) -> dict[str, Any]:
        """Return the columns to store."""
        return self.model_dump(exclude={"id"}) | {"share": self.kind == "summary" if self.share is None else self.share}


class NotePatch(PatchModel):
    """Changes to a note."""

    section: Section = Field(default=UNCHANGED, examples=["live"])
    kind: Kind = Field(default=UNCHANGED, examples=["summary"])
    text: NoteText = Field(default=UNCHANGED, examples=[_EXAMPLE["text"]])
    share: bool = Field(default=UNCHANGED, examples=[True], description="another kind does not change it")


class Note(ResponseModel):
    """A note of a session."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"id": "0192f1a0-b3c4-7d03-8000-5f5e1a2b3c4d", **_EXAMPLE, "created_at": "2021-09-25T05:20:00Z"}
        }
    )

    id: UUID
    section: Section
    kind: Kind
    text: str
    share: bool = Field(description="whether the client edition of the report has it")
    created_at: datetime


def _note(row: Row[Any]) -> Note:
    return Note.model_validate(row, from_attributes=True)


async def listing(
    database: Database,
    principal: Principal,
    session_id: UUID,
    *,
    section: Section | None,
    after: tuple[UUID] | None,
    limit: int,
) -> Page[Note]:
    """Return a session's notes, the oldest first.

    Raises:
        ProblemError: 404.
    """
    query = select(notes).where(notes.c.session_id == session_id).order_by(notes.c.id).limit(limit + 1)
    if section is not None:
        query = query.where(notes.c.section == section)
    if after is not None:
        query = query.where(notes.c.id > after[0])
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        rows = (await connection.execute(query)).all()
    return page_of([_note(row) for row in rows], limit, lambda note: (note.id,))


async def get(database: Database, principal: Principal, session_id: UUID, note_id: UUID) -> Note:
    """Return a note.

    Raises:
        ProblemError: 404 for the session or the note.
    """
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
        return await _stored(connection, session_id, note_id)


async def add(database: Database, principal: Principal, session_id: UUID, form: NewNote) -> Note:
    """Add a note. With the client's own id the request can be repeated: the note is then returned as it is.

    Raises:
        ProblemError: 404; 409 if another session has a note of this id.
    """
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        note_id = form.id or new_id()
        statement = insert(notes).values(id=note_id, session_id=session_id, **form.row())
        audit.about(note_id)
        added = (await connection.execute(statement.on_conflict_do_nothing().returning(notes))).one_or_none()
        if added is not None:
            return _note(added)
        found = await connection.execute(select(notes).where(notes.c.session_id == session_id, notes.c.id == note_id))
        if (row := found.one_or_none()) is None:
            raise ProblemError(409, "this id is taken", code="already_exists")
        return _note(row)


async def patch(database: Database, principal: Principal, session_id: UUID, note_id: UUID, form: NotePatch) -> Note:
    """Change a note.

    Raises:
        ProblemError: 404 for the session or the note.
    """
    changes = form.changes()
    async with database.write() as connection:
        await session_ref(connection, principal, session_id, lock=True)
        if changes:
            statement = update(notes).where(notes.c.session_id == session_id, notes.c.id == note_id)
            await connection.execute(statement.values(changes))
        return await _stored(connection, session_id, note_id)


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


async def _stored(connection: AsyncConnection, session_id: UUID, note_id: UUID) -> Note:
    query = select(notes).where(notes.c.session_id == session_id, notes.c.id == note_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found("note")
    return _note(row)
