"""Routes of claims on rooms, and of the decisions about them.

In: requests. Out: records of the catalogue, numbers of moved events. Never here: rules, SQL.
"""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.access.authorization import AppService, Operator
from app.api.conventions.paging import Paging, encode
from app.catalogue.sessions import stream_claims
from app.catalogue.sessions.rebuilds import SessionRebuild, record_of
from app.catalogue.sessions.stream_claims import StreamClaim, StreamDecision
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.ingest.unprocessed.stream_decisions import NoSuchRegistrationError, decide
from app.problems import ProblemError, invalid, responses

router = APIRouter(prefix="/v1/stream-claims", tags=["streams"])


class StreamClaimList(BaseModel):
    """A page of open claims."""

    claims: list[StreamClaim]
    next_cursor: str | None


class StreamDecisionReceipt(BaseModel):
    """The effect of a decision."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "platform": "wechat",
                "room": "export/UzFfAgtgekIEAQAAAAAAbG8",
                "session": "0192f1a0-b3c4-7d04-8000-5f5e1a2b3c4d",
                "moved_out": 0,
                "moved_in": 312,
                "rebuild": None,
            }
        }
    )

    platform: str
    room: str
    session: UUID | None
    moved_out: int = Field(description="events that left the session that had the room before")
    moved_in: int = Field(description="events that joined the session")
    rebuild: SessionRebuild | None = Field(
        description="null: the figures have changed; else the job that rebuilds the session which lost events"
    )


@router.get("", operation_id="list_stream_claims", summary="List open claims", responses=responses(401, 403, 422))
async def list_claims(service: AppService, caller: Operator, paging: Paging) -> StreamClaimList:
    """Return the registrations of rooms that no unbound key has confirmed. A bound key sees those of its brand."""
    after = paging.after(str, str, UUID)
    page = await stream_claims.listing(service.database, caller, after=after, limit=paging.limit)
    return StreamClaimList(claims=page.items, next_cursor=encode(page.next))


@router.post(
    "/decisions",
    operation_id="decide_stream_claim",
    summary="Decide which session has a room",
    responses=responses(400, 401, 403, 410, 422, 503),
)
async def decide_claim(service: AppService, caller: Operator, form: StreamDecision) -> StreamDecisionReceipt:
    """Confirm a registration. Past events of unbound senders move to its session; `session: null` parks them.

    A key that is bound to a brand may not decide.
    """
    if caller.brand_id is not None:
        raise ProblemError(403, "a key that is bound to a brand may not decide which session has a room")
    try:
        decision = await decide(service.database, service.settings, service.writer, form.platform, form.room, form.session)
    except NoSuchRegistrationError:
        raise invalid("/session", "the session has not registered this room", "room_of_session") from None
    except (QueueFullError, NotCommittedError):
        detail = "the decision is stored, but not all events have moved; send the request again"
        raise ProblemError(503, detail, headers={"Retry-After": "1"}) from None
    return StreamDecisionReceipt(
        platform=form.platform,
        room=form.room,
        session=form.session,
        moved_out=decision.moved_out,
        moved_in=decision.moved_in,
        rebuild=None if decision.rebuild is None else record_of(decision.rebuild),
    )
