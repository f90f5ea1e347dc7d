"""Routes of a session's plan: the whole document, its copies, its checklist.

In: requests. Out: the plan with its entity tag, new sessions, the checklist. Never here: rules, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService, InternalViewer, Operator, SessionId
from app.api.catalogue.streams import ParkedReplayer
from app.catalogue.sessions.sessions import Session
from app.desk import checklist, copies, plan
from app.desk.checklist import Code, State
from app.desk.copies import NewCopy
from app.desk.plan import EXAMPLE, Limits, NewPlan, Plan
from app.problems import ProblemDocument, responses

router = APIRouter(prefix="/v1/sessions/{session}", tags=["desk"], responses=responses(401, 403, 404))

_ETAG: dict[str, Any] = {"headers": {"ETag": {"description": "of this plan, for `If-Match`", "schema": {"type": "string"}}}}
_LOCATION: dict[str, Any] = {"headers": {"Location": {"description": "the session's path", "schema": {"type": "string"}}}}


class PlanProblem(ProblemDocument):
    """The plan was changed meanwhile: the present one, and the one that was sent. Nothing was stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Precondition failed",
                "status": 412,
                "code": "plan_changed",
                "detail": "another person changed the plan meanwhile; nothing was stored",
                "instance": "urn:request:0192f1a0b3c4",
                "current": EXAMPLE,
                "yours": EXAMPLE | {"title": "秋の新作ライブ（夜）"},
            }
        }
    )

    current: Plan
    yours: dict[str, Any] = Field(description="the plan that was sent, with its defaults")


class ChecklistItem(BaseModel):
    """One line of the checklist."""

    code: Code
    state: State = Field(description="ok; missing: to be done; waiting: it comes, or another person has to act")
    figures: dict[str, Any] = Field(description="numbers, names and times behind the state")


class Checklist(BaseModel):
    """What a show still needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
                "ready": False,
                "items": [
                    {
                        "code": "products",
                        "state": "missing",
                        "figures": {"products": 10, "without_price": 1, "without_stock": 0, "codes": ["knit-01"]},
                    }
                ],
            }
        }
    )

    session: str
    ready: bool = Field(description="whether every item is ok")
    items: list[ChecklistItem]


@router.get("/plan", operation_id="get_plan", summary="Get a session's plan", responses={200: _ETAG})
async def get_plan(service: AppService, caller: InternalViewer, session: SessionId, response: Response) -> Plan:
    """Return the whole plan of a show in one document. `ETag` names this version of it."""
    found = await plan.read(service.database, caller, session)
    response.headers["ETag"] = found.tag
    return found


@router.put(
    "/plan", operation_id="put_plan", summary="Replace a session's plan",
    responses=responses(400, 409, 422, 428, 503) | {200: _ETAG, 412: {"model": PlanProblem, "description": "Changed meanwhile"}},
)  # fmt: skip
async def put_plan(
    service: AppService,
    caller: Operator,
    replay_parked: ParkedReplayer,
    session: SessionId,
    form: NewPlan,
    response: Response,
    if_match: Annotated[
        str | None, Header(max_length=1000, description="the `ETag` of the plan that the new one replaces")
    ] = None,
) -> Plan:
    """Replace the whole plan in one transaction: what the request does not name is removed, and an error changes nothing.

    `If-Match` is required. If another person changed the plan meanwhile, the answer is 412 with both versions.
    """
    limits = Limits(service.settings.max_rooms, service.settings.max_promotions)
    stored = await plan.put(service.database, caller, session, form, if_match, replay_parked, limits)
    response.headers["ETag"] = stored.tag
    return stored


@router.post(
    "/copies", status_code=201, operation_id="copy_session", summary="Copy a session's plan into a new session",
    responses=responses(400, 409, 422, 503) | {201: _LOCATION},
)  # fmt: skip
async def copy_session(service: AppService, caller: Operator, session: SessionId, form: NewCopy, response: Response) -> Session:
    """Create a session with the plan of another one: host, products with prices, stock and talk points, promotions, targets.

    `{"kind": "live", "rooms": "move"}` turns a rehearsal into the show: the rooms move, its events stay with the rehearsal.
    """
    created = await copies.copy(service.database, caller, session, form)
    response.headers["Location"] = f"/v1/sessions/{created.id}"
    return created


@router.get("/checklist", operation_id="get_checklist", summary="Check what a show still needs")
async def get_checklist(service: AppService, caller: InternalViewer, session: SessionId) -> Checklist:
    """Return what is planned, which connections delivered events and what the settlement will need, each with its state."""
    items = await checklist.read(service.database, caller, session, datetime.now(UTC))
    ready = all(item.state == "ok" for item in items)
    return Checklist(session=str(session), ready=ready, items=[ChecklistItem(**item._asdict()) for item in items])
