"""Routes of the desk: actions of operators while a session runs.

In: requests. Out: receipts after the commit, the last actions. Never here: rules of an event, SQL.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService, Operator, SessionId
from app.api.conventions.paging import Paging, encode
from app.api.ingest.events import RECEIPT, IngestProblem, Receipt, committed
from app.catalogue.models import ResponseModel
from app.desk import actions
from app.desk.actions import ActionName, DeskAction, DoneAction
from app.problems import responses
from app.storage import audit

router = APIRouter(prefix="/v1/sessions/{session}/desk", tags=["desk"], responses=responses(401, 403, 404, 422))

_EVENT = {"source": "/desk/key:5f1c2a9b77de", "event": "ipad-2-0007"}


class DeskReceipt(Receipt):
    """The receipt of `POST /v1/events`, and what a void of the action names."""

    model_config = ConfigDict(json_schema_extra={"example": RECEIPT | {"accepted": 1, "duplicates": 0, "rejected": []} | _EVENT})

    source: str
    event: str


class ActionVoid(ResponseModel):
    """The void that takes an action out of the figures; `DELETE …/voids/{id}` takes it back."""

    id: UUID
    by: str
    at: datetime
    reason: str


_ACTION: dict[str, Any] = {
    **_EVENT, "action": "stock", "by": "key:5f1c2a9b77de", "name": "studio", "at": "2021-09-25T05:31:07Z",
    "received_at": "2021-09-25T05:31:07.204Z", "product": "knit-01", "stock": 12, "host": None, "label": None, "text": None,
    "until": None, "voided": None,
}  # fmt: skip


class LoggedAction(ResponseModel):
    """An action of the desk, with the fields of its event. `POST …/voids` with `source` and `event` undoes it."""

    model_config = ConfigDict(json_schema_extra={"example": _ACTION})

    source: str
    event: str = Field(description="the action's id")
    action: ActionName
    by: str = Field(description="who, by kind and id")
    name: str | None = Field(description="who, by name")
    at: datetime = Field(description="when it happened")
    received_at: datetime
    product: str | None
    stock: int | None
    host: str | None
    label: str | None
    text: str | None
    until: datetime | None
    voided: ActionVoid | None = Field(description="null: the action counts")


class ActionList(BaseModel):
    """A page of actions, the latest first."""

    actions: list[LoggedAction]
    next_cursor: str | None


@router.post(
    "", operation_id="act_at_desk", summary="Act at the desk",
    responses=responses(400, 503) | {422: {"model": IngestProblem, "description": "The action was not accepted"}},
)  # fmt: skip
async def act(service: AppService, caller: Operator, session: SessionId, form: DeskAction) -> DeskReceipt:
    """Record what an operator does: start, end, on air, off air, stock, host, mark.

    The action becomes an event of the session with the source `/desk/<who>`: 200 means stored and counted. With an `id`, a retry
    is a duplicate. A void of the event undoes it. An action of an ended session counts at its time.
    """
    submission = await actions.submission_of(service.database, caller, session, form, datetime.now(UTC))
    event = submission.items[0].event
    audit.about(event.id)
    return DeskReceipt(**await committed(service, submission), source=event.source, event=event.id)


@router.get("", operation_id="list_desk_actions", summary="List the last actions at the desk")
async def list_actions(service: AppService, caller: Operator, session: SessionId, paging: Paging) -> ActionList:
    """Return what everybody did at the desk, the latest first, and what of it is void."""
    page, more = await actions.last_actions(service.database, caller, session, paging.after_event(), paging.limit)
    return ActionList(actions=[_logged(one) for one in page], next_cursor=encode(more and (more[0], more[1].hex())))


def _logged(done: DoneAction) -> LoggedAction:
    known = {name: done.data.get(name) for name in actions.FIELDS}
    return LoggedAction(
        source=done.source, event=done.id, action=done.action, by=done.by, name=done.name, at=done.at,
        received_at=done.received_at, voided=done.voided, **known,
    )  # fmt: skip
