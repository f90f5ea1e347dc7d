"""Routes of dead letters and of parked events.

In: filters. Out: dead letters, with personal data removed from their bodies. Never here: raw ids of people.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import from_json

from app.api.access.authorization import AppService, Operator
from app.api.conventions.paging import Paging, encode
from app.api.ingest.events import Receipt
from app.catalogue.sessions.rebuilds import SessionRebuild, record_of
from app.events import json_text
from app.events.characters import clean_values
from app.events.orders import OrderLine
from app.events.registry import PAYLOADS
from app.ingest.dry_runs.dry_run import ParkingReason
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.ingest.rebuilding.rebuild_requests import rebuild_or_enqueue_all
from app.ingest.unprocessed.replay import UndecryptableDeadLetterError, replay
from app.platforms.deliveries.dead_letter_replay import is_figure, original_message
from app.problems import FieldError, ProblemError, not_found, responses
from app.storage import audit
from app.storage.queries import queries

router = APIRouter(prefix="/v1", tags=["ingest"])
_SQL = queries("ingest/unprocessed")
_MAX_DEPTH = 200
_ENVELOPE = frozenset({"specversion", "id", "source", "subject", "time", "type", "datacontenttype"})
_MODELS: tuple[type[BaseModel], ...] = (*PAYLOADS.values(), OrderLine)
_DATA = frozenset(name for model in _MODELS for name in model.model_fields) - {
    "text", *(name for payload in PAYLOADS.values() for name in payload.person_fields),
}  # fmt: skip
"""Fields of our payloads that hold no personal data."""
_FIGURE = frozenset({"field", "value"})
"""Fields of the dead letter of one figure, which is no person's."""
_KINDS = frozenset({"Event", "MsgType", "msg_type", "sys_msg_type", "decoded_type", "msg_sub_type", "type", "subtype", "status"})
"""Fields of platforms that name a type and hold no personal data."""


class DeadLetter(BaseModel):
    """Input that could not be processed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
                "origin": "key:5f1c2a9b77de",
                "received_at": "2021-09-25T05:31:07Z",
                "type": "live.like.sent",
                "subject": "wechat:export/UzFf",
                "errors": [{"pointer": "/data/count", "detail": "Input should be a valid integer"}],
                "attempts": 1,
            }
        }
    )

    id: UUID
    origin: str = Field(description="the sender: `key:<id>` or `connection:<id>`")
    received_at: datetime
    type: str | None
    subject: str | None
    errors: list[FieldError]
    attempts: int = Field(description="how often the same bytes were received; of a figure of a sample, how often in its hour")


class DeadLetterDetail(DeadLetter):
    """A dead letter with its content, without personal data."""

    event: Any = Field(description="the event as sent, with personal fields hidden; null if it is not JSON")


class ReplayReceipt(Receipt):
    """The result of a replay."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "accepted": 1,
                "duplicates": 0,
                "conflicts": 0,
                "parked": 0,
                "corrected": 0,
                "rejected": [],
                "pulls": 0,
                "rebuilds": [],
            }
        }
    )

    pulls: int = Field(description="requests to the platform's API that the replay has queued")
    rebuilds: list[SessionRebuild] = Field(
        description="rebuilds of large sessions that a job does; their figures still include what was replaced"
    )


class DeadLetterList(BaseModel):
    """A page of dead letters, the newest first."""

    dead_letters: list[DeadLetter]
    next_cursor: str | None


class ParkedRoom(BaseModel):
    """Parked events of one room."""

    platform: str
    room: str
    events: int
    first_at: datetime
    last_at: datetime
    origins: list[str] = Field(description="the senders: `key:<id>`, `connection:<id>` or `import:<id>`")
    reason: ParkingReason = Field(
        description="room_not_registered: by no session; registration_not_confirmed: an operator decides (/v1/stream-claims); "
        "room_of_another_brand: sessions of the senders' brand have not registered it"
    )


class ParkedRooms(BaseModel):
    """Rooms that send events and that no session has registered."""

    rooms: list[ParkedRoom]
    next_cursor: str | None


async def _dead_letter_id(dead_letter: Annotated[str, Path(alias="letter")]) -> UUID:
    try:
        return UUID(dead_letter)
    except ValueError:
        raise not_found("dead letter") from None


DeadLetterId = Annotated[UUID, Depends(_dead_letter_id)]


@router.get(
    "/dead-letters",
    operation_id="list_dead_letters",
    summary="List dead letters",
    responses=responses(401, 403, 422),
)
async def list_dead_letters(service: AppService, caller: Operator, paging: Paging) -> DeadLetterList:
    """Return the dead letters, the newest first."""
    at, dead_letter = paging.after(datetime, UUID) or (None, None)
    limit = paging.limit
    async with service.database.acquire() as connection:
        rows = await connection.fetch(_SQL["dead_letters"], caller.brand_id, at, dead_letter, limit + 1)
    page = [DeadLetter(**{**row, "errors": from_json(row["errors"])}) for row in rows[:limit]]
    last = page[-1] if len(rows) > limit else None
    return DeadLetterList(dead_letters=page, next_cursor=encode((last.received_at, last.id) if last else None))


@router.get(
    "/dead-letters/{letter}",  # noqa: FAST003 - DeadLetterId reads the parameter
    operation_id="get_dead_letter",
    summary="Inspect a dead letter",
    responses=responses(401, 403, 404),
)
async def get_dead_letter(service: AppService, caller: Operator, dead_letter: DeadLetterId) -> DeadLetterDetail:
    """Return a dead letter with its content, without personal data."""
    async with service.database.acquire() as connection:
        row = await connection.fetchrow(_SQL["dead_letter"], dead_letter, caller.brand_id)
    if row is None:
        raise not_found("dead letter")
    body = service.privacy_keys.decrypt(row["sealed"])
    figure = False
    if body is not None and row["origin"].startswith("connection:"):
        figure, body = is_figure(body, row["type"]), original_message(body, row["type"])
    fields = {name: row[name] for name in ("id", "origin", "received_at", "type", "subject", "attempts")}
    return DeadLetterDetail(**fields, errors=from_json(row["errors"]), event=_redacted(body, row["origin"], figure=figure))


def _redacted(body: bytes | None, origin: str, *, figure: bool) -> Any:
    try:
        event = clean_values(json_text.parse(body or b"null"), _MAX_DEPTH)
    except ValueError:
        return None
    if figure:
        return _shape(event, _FIGURE)
    if origin.startswith("connection:") and not (isinstance(event, dict) and "specversion" in event):
        return _shape(event)
    if not isinstance(event, dict):
        return _shape(event)
    return {name: value if name in _ENVELOPE else _shape(value, _DATA) for name, value in event.items()}


def _shape(value: Any, shown: frozenset[str] = _KINDS, name: str = "") -> Any:
    """Return the value with unknown fields hidden: any of them may hold personal data."""
    if isinstance(value, dict):
        return {key: _shape(item, shown, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(item, shown, name) for item in value]
    return value if name in shown or value is None else "(hidden)"


@router.post(
    "/dead-letters/{letter}/replay",  # noqa: FAST003 - DeadLetterId reads the parameter
    operation_id="replay_dead_letter",
    summary="Replay a dead letter",
    response_model=ReplayReceipt,
    responses=responses(400, 401, 403, 404, 409, 413, 503),
)
async def replay_dead_letter(service: AppService, caller: Operator, dead_letter: DeadLetterId) -> Any:
    """Process a dead letter as if it were received now; a platform's delivery is parsed by its adapter again.

    The dead letter is deleted once all of it is accepted.
    """
    try:
        replayed = await service.platforms.dead_letters.replay(dead_letter, caller.brand_id)
        submission = (
            await replay(service.database, service.privacy_keys, service.receiver, service.writer, dead_letter, caller.brand_id)
            if replayed is None
            else replayed.submission
        )
    except UndecryptableDeadLetterError:
        raise ProblemError(409, "the dead letter is encrypted with another secret key", code="secret_key_changed") from None
    except (QueueFullError, NotCommittedError):
        raise ProblemError(
            503, "the events may not have been stored; try again", code="not_committed", headers={"Retry-After": "1"}
        ) from None
    if submission is None:
        raise not_found("dead letter")
    # The figures include the events before the answer, unless the session is large.
    pending = await rebuild_or_enqueue_all(service.database, service.settings, submission.replaced_sessions)
    pulls = 0 if replayed is None else replayed.pulls
    return {**submission.receipt(), "pulls": pulls, "rebuilds": [record_of(row).model_dump(mode="json") for row in pending]}


@router.delete(
    "/dead-letters/{letter}",  # noqa: FAST003 - DeadLetterId reads the parameter
    status_code=204,
    operation_id="discard_dead_letter",
    summary="Discard a dead letter",
    responses=responses(401, 403, 404),
)
async def discard_dead_letter(service: AppService, caller: Operator, dead_letter: DeadLetterId) -> Response:
    """Delete a dead letter."""
    async with service.database.transaction() as connection:
        row = await connection.fetchrow(_SQL["dead_letter"], dead_letter, caller.brand_id)
        if row is None:
            raise not_found("dead letter")
        audit.about(brand=row["brand_id"])
        await connection.fetch(_SQL["discard_dead_letter"], dead_letter)
    return Response(status_code=204)


@router.get(
    "/parked",
    operation_id="list_parked_rooms",
    summary="List rooms with parked events",
    responses=responses(401, 403, 422),
)
async def list_parked(service: AppService, caller: Operator, paging: Paging) -> ParkedRooms:
    """Return the rooms that no session has registered, with their parked events. A bound key sees its brand's events."""
    platform, room = paging.after(str, str) or (None, None)
    async with service.database.acquire() as connection:
        rows = await connection.fetch(_SQL["parked_rooms"], caller.brand_id, platform, room, paging.limit + 1)
    page = [ParkedRoom(**row) for row in rows[: paging.limit]]
    last = page[-1] if len(rows) > paging.limit else None
    return ParkedRooms(rooms=page, next_cursor=encode((last.platform, last.room) if last else None))
