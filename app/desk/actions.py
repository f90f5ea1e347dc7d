"""Actions of the desk: what an operator taps while a session runs, as events.

In: an action, and who acts. Out: a submission with one event; the last actions from the event log. Never here: HTTP, figures,
rules of its own about what a session accepts: the writer takes, counts and refuses the event like any other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID, uuid4

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, from_json

from app.catalogue.access import Principal
from app.catalogue.brands.session_access import session_ref
from app.catalogue.models import RequestModel
from app.events.envelope import EVENT, event_key
from app.events.fields import Comment, Count, EventTime, ProductCode, Slug, Text
from app.events.registry import PAYLOADS
from app.ingest.receiving.submission import Submission, SubmittedEvent
from app.storage.database import Database
from app.storage.live import desk
from app.storage.live.desk import DeskRow

ActionName = Literal["start", "end", "showcase", "withdraw", "stock", "host", "mark"]
_TYPES = (
    "live.session.started", "live.session.ended", "live.product.showcased", "live.product.withdrawn", "live.stock.changed",
    "live.host.changed", "live.mark.set",
)  # fmt: skip
TYPE_OF: Mapping[str, str] = dict(zip(get_args(ActionName), _TYPES, strict=True))
ACTION_OF: Mapping[str, str] = {event_type: action for action, event_type in TYPE_OF.items()}
FIELDS = ("product", "stock", "host", "label", "text", "until")
"""The members that an action passes on to its event."""
SOURCE = "/desk/"


class DeskAction(RequestModel):
    """One action. It has the fields of the event that it becomes, and no others."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "action": "stock",
                "product": "knit-01",
                "stock": 12,
                "at": "2021-09-25T14:31:07+09:00",
                "id": "ipad-2-0007",
            }
        }
    )

    action: ActionName
    product: ProductCode | None = Field(default=None, description="for showcase, withdraw and stock: the code or an alias")
    stock: Count | None = Field(default=None, description="for stock: pieces left")
    host: Text | None = Field(default=None, description="for host: who presents from now on")
    label: Slug | None = Field(
        default=None,
        description="for mark: violation, coupon, giveaway, highlight, speech, note, or any slug",
        examples=["coupon"],
    )
    text: Comment | None = Field(default=None, description="for mark: what happened, for the agency")
    until: EventTime | None = Field(default=None, description="for mark: when it ends")
    at: EventTime | None = Field(default=None, description="when it happened; absent: on arrival")
    id: Text | None = Field(
        default=None,
        description="unique among the caller's actions; the same action again is a duplicate. Absent: the server's own",
    )

    @model_validator(mode="after")
    def _fields_of_the_event(self) -> "DeskAction":
        known = PAYLOADS[TYPE_OF[self.action]].model_fields
        for name in FIELDS:
            given = getattr(self, name) is not None
            if not given and name in known and known[name].is_required():
                raise PydanticCustomError("missing", "this action needs it", {"member": name})
            if given and name not in known:
                raise PydanticCustomError("extra_forbidden", "this action has no such field", {"member": name})
        return self


class DoneAction(NamedTuple):
    """An action of the log."""

    id: str
    source: str
    action: str
    at: datetime
    received_at: datetime
    by: str
    name: str | None
    data: Mapping[str, Any]
    voided: Mapping[str, Any] | None


def source_of(principal: Principal) -> str:
    """Return the source of a principal's actions: `/desk/` and a person's id, or `/desk/key:5f1c2a9b77de`."""
    return SOURCE + (principal.id if principal.kind == "person" else principal.reference)


async def submission_of(
    database: Database, principal: Principal, session_id: UUID, form: DeskAction, received_at: datetime
) -> Submission:
    """Return an action as the submission of one event.

    Raises:
        ProblemError: 404 if the caller may not see the session.
    """
    async with database.read() as connection:
        await session_ref(connection, principal, session_id)
    data = {name: value for name in FIELDS if (value := getattr(form, name)) is not None}
    if form.until is not None:
        data["until"] = form.until.isoformat()
    found = {
        "specversion": "1.0", "id": form.id or uuid4().hex, "source": source_of(principal), "subject": str(session_id),
        "time": form.at, "type": TYPE_OF[form.action], "data": data,
    }  # fmt: skip
    event = EVENT.validate_python(found)
    submission = Submission(principal.brand_id, principal.reference, received_at)
    submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), 0, submission))
    return submission


async def last_actions(
    database: Database, principal: Principal, session_id: UUID, after: tuple[datetime, bytes] | None, limit: int
) -> tuple[list[DoneAction], tuple[datetime, bytes] | None]:
    """Return actions of everybody before (at, key), the latest first, and the key of the last one if more follow.

    Raises:
        ProblemError: 404.
    """
    async with database.read() as reading:
        await session_ref(reading, principal, session_id)
    async with database.acquire() as connection:
        rows = await desk.actions(connection, session_id, _TYPES, after, limit + 1)
    more = (rows[limit - 1].at, rows[limit - 1].event_key) if len(rows) > limit else None
    return [_done(row) for row in rows[:limit]], more


def _done(row: DeskRow) -> DoneAction:
    voided = row.void_id and {"id": row.void_id, "by": row.voided_by, "at": row.voided_at, "reason": row.void_reason}
    return DoneAction(
        row.id, row.source, ACTION_OF[row.type], row.at, row.received_at, _who(row.source.removeprefix(SOURCE)), row.name,
        from_json(row.data), voided or None,
    )  # fmt: skip


def _who(named: str) -> str:
    """Return who acted as voids name them: `key:5f1c2a9b77de`, `person:0192…`."""
    return named if ":" in named else f"person:{named}"
