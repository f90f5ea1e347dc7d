"""Routes of a session's imports: which files brought events to it, and what a void of one would take out.

In: requests. Out: records. Never here: files, voids (`voids`).
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService, Operator, SessionId
from app.catalogue.models import ResponseModel
from app.platforms.file_imports import import_log
from app.platforms.file_imports.import_log import ImportRow
from app.problems import responses

router = APIRouter(prefix="/v1/sessions/{session}/imports", tags=["imports"], responses=responses(401, 403, 404, 422))

_ID = "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d"
_EXAMPLE: dict[str, Any] = {
    "id": _ID, "kind": "orders", "subject": "wechat:export/UzFf", "file": "orders_0925.csv", "by": "person:0192f1a0",
    "name": "田中", "at": "2021-09-25T14:00:00Z", "finished": True, "events": 52, "accepted": 50, "duplicates": 2, "parked": 0,
    "replaced": 0,
    "failed_rows": 1, "guessed_columns": {"order": "name"}, "void": None,
}  # fmt: skip


class ImportVoid(ResponseModel):
    """The void of an import."""

    id: UUID
    reason: str
    by: str
    at: datetime


class SessionImport(ResponseModel):
    """An import that brought events to the session."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: UUID
    events: int = Field(description="events of the file that the session has, new or not")
    kind: str | None = Field(description="this and what follows: null for an import of an earlier version")
    subject: str | None
    file: str | None = Field(description="name of the file, if the request named it")
    by: str | None = Field(description="who imported it: `person:<id>`, `key:<id>`")
    name: str | None = Field(description="of who imported it")
    at: datetime | None
    finished: bool = Field(description="false: it is under way, or ended early; the file can be sent again")
    accepted: int | None
    duplicates: int | None
    parked: int | None
    replaced: int | None
    failed_rows: int | None
    guessed_columns: dict[str, str] = Field(description="fields whose column was guessed → by name or by content")
    void: ImportVoid | None = Field(description="the void that takes the import out of the figures")


class SessionImportList(BaseModel):
    """The imports of a session, the newest first; at most 200."""

    imports: list[SessionImport]


class ImportVoidEffect(ResponseModel):
    """What a void of an import would take out of the session's figures."""

    model_config = ConfigDict(json_schema_extra={"example": {"events": 50, "orders": 41}})

    events: int = Field(description="events that no other valid import brought, and that are not void")
    orders: int = Field(description="orders that these events name")


ImportId = Annotated[UUID, Path(alias="import", description="the id of the import's report", examples=[_ID])]


def _record(row: ImportRow) -> SessionImport:
    report: dict[str, Any] = row.report or {}
    counts = {name: report.get(name) for name in ("accepted", "duplicates", "parked", "replaced", "failed_rows")}
    void = None
    if row.void_id is not None:
        assert row.void_reason is not None
        assert row.void_by is not None
        assert row.void_at is not None
        void = ImportVoid(id=row.void_id, reason=row.void_reason, by=row.void_by, at=row.void_at)
    return SessionImport(
        id=row.id, events=row.events, kind=row.kind, subject=row.subject, file=row.file_name, by=row.by, name=row.name, at=row.at,
        finished=row.finished_at is not None or row.at is None, guessed_columns=report.get("guessed_columns", {}), void=void,
        **counts,
    )  # fmt: skip


@router.get("", operation_id="list_session_imports", summary="List a session's imports")
async def list_session_imports(service: AppService, caller: Operator, session: SessionId) -> SessionImportList:
    """Return the files that brought events to the session, the newest first."""
    rows = await import_log.of_session(service.database, session, caller.brand_id)
    return SessionImportList(imports=[_record(row) for row in rows])


@router.get(
    "/{import}/void-effect",  # noqa: FAST003 - its alias
    operation_id="preview_import_void",
    summary="Preview the void of an import",
    responses=responses(410),
)
async def preview_import_void(service: AppService, caller: Operator, session: SessionId, import_: ImportId) -> ImportVoidEffect:
    """Return how many events and orders a void of the import would take out. Nothing changes."""
    effect = await import_log.void_effect(service.database, session, caller.brand_id, import_)
    return ImportVoidEffect(events=effect.events, orders=effect.orders)
