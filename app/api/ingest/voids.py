"""Routes of voids: events and imports taken out of a session's figures.

In: requests. Out: voids, and the rebuild that the figures wait for. Never here: figures, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.api.access.authorization import AppService, Operator, SessionId
from app.api.conventions.paging import Paging, encode
from app.api.ingest.rebuilds import deleted, left_to_jobs
from app.catalogue.models import RequestModel, ResponseModel
from app.catalogue.sessions.rebuilds import SessionRebuild, record_of
from app.events.fields import LongText, Text
from app.ingest import voids
from app.problems import responses
from app.storage.ingest.voids import VoidReason, VoidRow

router = APIRouter(prefix="/v1/sessions/{session}/voids", tags=["ingest"], responses=responses(401, 403, 404, 422))

VoidId = Annotated[UUID, Path(description="the void's id")]
Reason = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S", description="why; kept with the void")]

_EXAMPLE: dict[str, Any] = {"source": "/desk/tanaka", "event": "f3b1c2d4-0007", "reason": "tapped the wrong product"}


class NewVoid(RequestModel):
    """What to take out of the figures: one event by `source` and `event`, or one import by `import`."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    source: LongText | None = Field(default=None, description="the event's `source`")
    event: Text | None = Field(default=None, description="the event's `id`")
    import_id: UUID | None = Field(default=None, alias="import", description="the id of an import's report")
    reason: Reason

    @model_validator(mode="after")
    def _names_one_thing(self) -> "NewVoid":
        given = {"source": self.source, "event": self.event}
        if self.import_id is not None:
            wrong = "import" if any(given.values()) else None
        else:
            wrong = next((name for name, value in given.items() if value is None), None)
        if wrong is not None:
            raise PydanticCustomError(
                "void_target", "name one event by source and event, or one import by import", {"member": wrong}
            )
        return self


_VOID: dict[str, Any] = {
    "id": "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d", **_EXAMPLE, "import": None, "by": "key:5f1c2a9b77de",
    "at": "2021-09-25T05:31:07Z", "events": 1,
}  # fmt: skip


class Void(ResponseModel):
    """A void: who took what out of the figures, when and why."""

    model_config = ConfigDict(json_schema_extra={"example": _VOID})

    id: UUID
    source: str | None
    event: str | None
    import_id: UUID | None = Field(alias="import")
    reason: str
    by: str = Field(description="who: `key:<id>`, or `command line`")
    at: datetime
    events: int = Field(description="events that it takes out; an event that another import brought too is not taken out")


class VoidReceipt(Void):
    """A void that is in effect: every figure is as if the events had never been sent, once `rebuild` is done."""

    model_config = ConfigDict(json_schema_extra={"example": _VOID | {"voided": True, "rebuild": None}})

    voided: Literal[True]
    rebuild: SessionRebuild | None = Field(
        description="null: the figures have changed; else the job that rebuilds the session, which is large"
    )


class VoidList(BaseModel):
    """A page of voids, the newest first."""

    voids: list[Void]
    next_cursor: str | None


def _fields(row: VoidRow) -> dict[str, Any]:
    fields = row._asdict()
    return fields | {"import": fields.pop("import_id")}


@router.post("", operation_id="create_void", summary="Void an event or an import", responses=responses(400, 410, 503))
async def create_void(service: AppService, caller: Operator, session: SessionId, form: NewVoid) -> VoidReceipt:
    """Take an event or an import out of every figure; the log keeps the events, marked. Repeating the request changes nothing."""
    scope = voids.Scope(session, caller.brand_id)
    reason = VoidReason(form.reason, caller.reference, datetime.now(UTC))
    if form.import_id is not None:
        done = await voids.void_import(service.database, service.settings, scope, form.import_id, reason)
    else:
        assert form.source is not None
        assert form.event is not None
        done = await voids.void_event(service.database, service.settings, scope, form.source, form.event, reason)
    rebuild = None if done.rebuild is None else record_of(done.rebuild)
    return VoidReceipt(voided=True, rebuild=rebuild, **_fields(done.row))


@router.get("", operation_id="list_voids", summary="List a session's voids")
async def list_voids(service: AppService, caller: Operator, session: SessionId, paging: Paging) -> VoidList:
    """Return who took what out of the figures, the newest first."""
    after = paging.after(datetime, UUID)
    rows = await voids.list_voids(service.database, voids.Scope(session, caller.brand_id), after, paging.limit + 1)
    last = rows[paging.limit - 1] if len(rows) > paging.limit else None
    page = [Void(**_fields(row)) for row in rows[: paging.limit]]
    return VoidList(voids=page, next_cursor=encode((last.at, last.id) if last else None))


@router.delete(
    "/{void}",
    status_code=204,
    operation_id="delete_void",
    summary="Take a void back",
    responses=responses(410, 503) | left_to_jobs(),
)
async def delete_void(service: AppService, caller: Operator, session: SessionId, void: VoidId) -> Response:
    """Count the events again, as if they had never been void."""
    row = await voids.take_back(service.database, service.settings, voids.Scope(session, caller.brand_id), void)
    return deleted([] if row is None else [record_of(row)])
