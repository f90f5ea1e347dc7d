"""Routes of a session's notes.

In: requests. Out: records of the catalogue. Never here: rules, SQL.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from app.api.access.authorization import AppService, InternalViewer, Operator, SessionId
from app.api.conventions.paging import Paging, encode
from app.catalogue.sessions import notes
from app.catalogue.sessions.notes import NewNote, Note, NotePatch, Section
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}/notes", tags=["notes"])

NoteId = Annotated[UUID, Path(description="the note's id")]


class NoteList(BaseModel):
    """A page of notes."""

    notes: list[Note]
    next_cursor: str | None


@router.get("", operation_id="list_notes", summary="List a session's notes", responses=responses(401, 403, 404, 422))
async def list_notes(
    service: AppService,
    caller: InternalViewer,
    session: SessionId,
    paging: Paging,
    section: Annotated[Section | None, Query(description="of this section only")] = None,
) -> NoteList:
    """Return the session's notes in their order: as they were added, unless they were moved."""
    after = paging.after(int, UUID)
    page = await notes.listing(service.database, caller, session, section=section, after=after, limit=paging.limit)
    return NoteList(notes=page.items, next_cursor=encode(page.next))


@router.post(
    "", status_code=201, operation_id="create_note", summary="Add a note", responses=responses(400, 401, 403, 404, 409, 422)
)
async def create_note(service: AppService, caller: Operator, session: SessionId, form: NewNote) -> Note:
    """Add a note. With an `id` of the client, a repetition adds nothing."""
    return await notes.add(service.database, caller, session, form)


@router.get("/{note}", operation_id="get_note", summary="Get a note", responses=responses(401, 403, 404, 422))
async def get_note(service: AppService, caller: InternalViewer, session: SessionId, note: NoteId) -> Note:
    """Return a note."""
    return await notes.get(service.database, caller, session, note)


@router.patch("/{note}", operation_id="update_note", summary="Change a note", responses=responses(400, 401, 403, 404, 422))
async def update_note(service: AppService, caller: Operator, session: SessionId, note: NoteId, form: NotePatch) -> Note:
    """Change a note, or move it: `position` is its place among the notes of its section and kind."""
    return await notes.patch(service.database, caller, session, note, form)


@router.delete(
    "/{note}", status_code=204, operation_id="delete_note", summary="Delete a note", responses=responses(401, 403, 404, 422)
)
async def delete_note(service: AppService, caller: Operator, session: SessionId, note: NoteId) -> None:
    """Delete a note."""
    await notes.remove(service.database, caller, session, note)
