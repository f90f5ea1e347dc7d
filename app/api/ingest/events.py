"""The ingest route: POST /v1/events.

In: CloudEvents over HTTP. Out: a receipt, after the commit. Never here: the meaning of an event.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from app.api.access.authorization import HOT, SENDERS
from app.api.conventions.bodies import read_body
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.ingest.receiving.decompression import decompress
from app.ingest.receiving.sources import refuse_reserved
from app.ingest.receiving.submission import Submission
from app.problems import FieldError, ProblemDocument, ProblemError, responses
from app.service import Service

router = APIRouter(prefix="/v1", tags=["ingest"])

ROUTE = "/v1/events"
_RETRY_AFTER = {"Retry-After": "1"}
INLINE_BYTES = 256 * 1024
"""Longer bodies are read in a thread: a batch that Pydantic must explain takes a second."""
_EXAMPLE = {
    "specversion": "1.0",
    "id": "f3b1c2d4-0001",
    "source": "//tool.example/obs",
    "type": "live.order.paid",
    "subject": "wechat:export/UzFfAgtgekIEAQAAAAAA7H0w",
    "time": "2021-09-25T14:31:07+09:00",
    "data": {
        "order": "3705115058471208928",
        "buyer": "o9hHn5apfwHL",
        "currency": "CNY",
        "amount": "1099.00",
        "lines": [{"product": "knit-01", "quantity": 1, "amount": "1099.00"}],
    },
}


class RejectedEvent(BaseModel):
    """An event that was not accepted. It is stored as a dead letter."""

    index: int = Field(description="position in the request, from 0")
    id: str | None
    errors: list[FieldError]


RECEIPT: dict[str, Any] = {
    "accepted": 2,
    "duplicates": 1,
    "conflicts": 0,
    "parked": 0,
    "corrected": 0,
    "rejected": [
        {
            "index": 3,
            "id": "f3b1c2d4-0004",
            "errors": [{"pointer": "/data/count", "detail": "Input should be a valid integer"}],
        }
    ],
}


class Receipt(BaseModel):
    """The result of a request. Every event that it counts is committed."""

    model_config = ConfigDict(json_schema_extra={"example": RECEIPT})

    accepted: int
    duplicates: int
    conflicts: int = Field(
        description="events whose source and id belong to a stored event with other content; that event stays as it is, and "
        "the other becomes a dead letter"
    )
    parked: int = Field(description="events of a room that no session has registered; they join the session that registers it")
    corrected: int = Field(description="of the accepted and parked events, those with a wrong time; they stand at their arrival")
    rejected: list[RejectedEvent]


class IngestProblem(Receipt, ProblemDocument):
    """No event was accepted. `errors` are those of the first rejected event."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": "Invalid input",
                "status": 422,
                "code": "no_event_accepted",
                "detail": "no event was accepted",
                "instance": "urn:request:0192f1a0b3c4",
                "errors": RECEIPT["rejected"][0]["errors"],
                **RECEIPT,
                "accepted": 0,
                "duplicates": 0,
            }
        }
    )


def _queue_full() -> ProblemError:
    detail = "too many events are waiting for their commit; send the request again"
    return ProblemError(503, detail, code="queue_full", headers=_RETRY_AFTER)


async def committed(service: Service, submission: Submission) -> dict[str, Any]:
    """Queue a submission, wait for its commit, and return the receipt.

    Raises:
        ProblemError: 422 if no event was accepted, 503.
    """
    try:
        await service.writer.submit(submission)
    except QueueFullError:
        raise _queue_full() from None
    except NotCommittedError:
        raise not_committed() from None
    return receipt_of(submission)


def not_committed() -> ProblemError:
    """Return the answer if the outcome of a commit is unknown."""
    detail = "the events may not have been stored; send the request again, stored events are reported as duplicates"
    return ProblemError(503, detail, code="not_committed", headers=_RETRY_AFTER)


def receipt_of(submission: Submission) -> dict[str, Any]:
    """Return the receipt of a submission that is durable.

    Raises:
        ProblemError: 422 if no event was accepted.
    """
    receipt = submission.receipt()
    if submission.all_rejected:
        first = submission.rejected[0].errors
        raise ProblemError(422, "no event was accepted", code="no_event_accepted", errors=first, extra=receipt)
    return receipt


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One CloudEvent or an array of them. `application/cloudevents+json`, "
        "`application/cloudevents-batch+json`, binary mode (`ce-*` headers) and gzip are accepted too.",
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        {"$ref": "#/components/schemas/Event"},
                        {"type": "array", "items": {"$ref": "#/components/schemas/Event"}},
                    ]
                },
                "example": _EXAMPLE,
            },
        },
    }
}


def _refuse_repeated(names: Iterable[str]) -> None:
    """Refuse an attribute that two headers state: one of them would be dropped.

    Raises:
        ProblemError: 400.
    """
    # Counted in one pass: a request head has room for thousands of headers, and this runs on the event loop.
    for name, number in sorted(Counter(names).items()):
        if number > 1 and (name.startswith("ce-") or name in {"content-type", "content-encoding"}):
            raise ProblemError(400, f"the header {name} occurs more than once")


@router.post(
    "/events",
    operation_id="send_events",
    summary="Send events",
    response_model=Receipt,
    responses=responses(400, 401, 403, 413, 415, 429, 503)
    | {422: {"model": IngestProblem, "description": "No event was accepted"}},
    openapi_extra=_BODY | HOT,
)
async def ingest(request: Request) -> Response:
    """Accept one event or many. The answer is sent after the commit: 200 means stored and counted. A retry is safe."""
    return Response(await take(request), media_type="application/json")


async def take(request: Request) -> bytes:
    """Process a request of `ingest` and return the receipt."""
    service: Service = request.app.state.service
    # One pass over the headers: looking up each name in the framework's list takes longer than the validation.
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
    caller = await SENDERS.check(request.scope)
    if len(headers) < len(request.scope["headers"]):
        _refuse_repeated(name.decode("latin-1") for name, _ in request.scope["headers"])
    if service.writer.refuses(caller.reference):
        # To read and parse what cannot be queued would take the time of what can.
        raise _queue_full()
    body = await read_body(request, service.settings.max_body_bytes)
    body = decompress(body, headers.get("content-encoding"), service.settings.max_body_bytes)
    receive = partial(
        service.receiver.receive,
        brand_id=caller.brand_id, origin=caller.reference, received_at=datetime.now(UTC),
    )  # fmt: skip
    submission = receive(body, headers) if len(body) <= INLINE_BYTES else await asyncio.to_thread(receive, body, headers)
    refuse_reserved(submission)
    return to_json(await committed(service, submission))
