"""Request bodies to submissions.

In: a body and its headers. Out: a `Submission` with the valid events and the rejections. Never here: storage.

A batch is decoded as a whole in one pass. If that fails, each event is decoded alone, and only those that fail again are
validated with Pydantic. Source of the modes: CloudEvents 1.0.2, HTTP Protocol Binding, section 3; the batched content type is
tested first, since the structured one is its prefix.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from app.events import json_text, reader
from app.events.cloudevents import HeaderError, Problem, canonical, of_headers
from app.events.envelope import EVENT, JSON_MEDIA_TYPE, Event, event_key
from app.ingest.receiving.submission import Rejection, Submission, SubmittedEvent
from app.problems import FieldError, ProblemError, pointer_of, rule_params

MAX_EVENT_BYTES = 256 * 1024
"""Bytes of one event: an order of 500 lines with the longest codes stays below. It is checked before the event is parsed."""
_TOO_LONG = f"an event may have at most {MAX_EVENT_BYTES} bytes"
_BINARY_HEADERS = frozenset(("ce-specversion", "ce-type", "ce-id", "ce-source"))
_JSON = re.compile(JSON_MEDIA_TYPE)

_KNOWN_ELSEWHERE = 512
"""Characters of an id that a rejection repeats."""


class _Mode(Enum):
    """What a Content-Type says of the body."""

    SINGLE = "a CloudEvent"
    BATCH = "an array of CloudEvents"
    JSON = "JSON"
    CHARSET = "JSON in another charset than UTF-8"
    OTHER = "something else, or nothing"


@lru_cache(maxsize=256)
def _mode_of(content_type: str) -> _Mode:
    media_type = content_type.strip()
    essence = media_type.partition(";")[0].strip().lower()
    if "charset" in media_type.lower() and re.search(r"charset\s*=\s*(?!\"?utf-?8)", media_type, re.IGNORECASE):
        return _Mode.CHARSET
    if essence == "application/cloudevents-batch+json":
        return _Mode.BATCH
    if essence == "application/cloudevents+json":
        return _Mode.SINGLE
    # Another format of CloudEvents is not one of ours, although its name ends with +json.
    return _Mode.JSON if _JSON.match(media_type) and not essence.startswith("application/cloudevents") else _Mode.OTHER


class Receiver:
    """Turns bodies into submissions."""

    def __init__(self, max_events: int) -> None:
        """Take at most `max_events` per request."""
        self._max_events = max_events

    def receive(
        self, body: bytes, headers: Mapping[str, str], *, brand_id: UUID | None, origin: str, received_at: datetime
    ) -> Submission:
        """Return the submission of one request.

        Raises:
            ProblemError: 400, 413 or 415 where the body as a whole cannot be read.
        """
        submission = Submission(brand_id, origin, received_at)
        mode = _mode_of(headers.get("content-type", ""))
        if mode is _Mode.CHARSET:
            raise ProblemError(415, "JSON is UTF-8; send no other charset")
        if mode is _Mode.BATCH:
            self._read(submission, body, batch=True)
        elif mode is _Mode.SINGLE:
            self._read(submission, body, batch=False)
        elif not _BINARY_HEADERS.isdisjoint(headers):
            # The CloudEvents SDK names no content type unless its event does; data is JSON then (CloudEvents, 3.1.1).
            if mode is not _Mode.JSON and headers.get("content-type", "").strip():
                raise ProblemError(415, "the data of an event in binary mode is JSON")
            self._binary(submission, body, headers)
        elif mode is _Mode.JSON:
            self._read(submission, body, batch=body.lstrip()[:1] == b"[")
        else:
            raise ProblemError(
                415,
                "send application/cloudevents+json, application/cloudevents-batch+json or application/json, "
                "or ce-* headers with application/json",
            )
        return submission

    def _read(self, submission: Submission, body: bytes, *, batch: bool) -> None:
        events = reader.read_many(body) if batch else _one(reader.read_one(body))
        if events is None:
            self._read_one_by_one(submission, body, batch=batch)
            return
        self._limit(len(events))
        submission.items = [_submitted(event, index, submission) for index, event in enumerate(events)]

    def _limit(self, count: int) -> None:
        if count > self._max_events:
            raise ProblemError(413, f"a request may hold at most {self._max_events} events", code="too_many_events")

    def _read_one_by_one(self, submission: Submission, body: bytes, *, batch: bool) -> None:
        if not batch:
            self._read_single(submission, body)
            return
        parts = reader.split(body)
        if parts is None:
            # A string holds half of a character, or the body is not JSON.
            document = _parse(body)
            if not isinstance(document, list):
                raise ProblemError(400, "a batch is a JSON array of events")
            self._limit(len(document))
            for index, value in enumerate(document):
                text = _text(value)
                # Escapes are twice as long as the longest characters that they encode.
                if len(text) > 2 * MAX_EVENT_BYTES:
                    submission.rejected.append(_refused(index, text, _TOO_LONG))
                else:
                    self._take(submission, index, value, text)
            return
        self._limit(len(parts))
        if not _is_utf8(body):
            raise ProblemError(400, "the body is not UTF-8")
        for index, part in enumerate(parts):
            event = reader.read_one(part)
            if event is not None:
                submission.items.append(_submitted(event, index, submission))
            else:
                self._read_part(submission, index, part)

    def _read_single(self, submission: Submission, body: bytes) -> None:
        if len(body) > MAX_EVENT_BYTES:
            raise ProblemError(413, _TOO_LONG)
        value = _parse(body)
        if not isinstance(value, dict):
            raise ProblemError(400, "an event is a JSON object")
        self._take(submission, 0, value, body)

    def _read_part(self, submission: Submission, index: int, part: bytes) -> None:
        if len(part) > MAX_EVENT_BYTES:
            submission.rejected.append(_refused(index, part, _TOO_LONG))
            return
        try:
            value = json_text.parse(part)
        except ValueError as error:
            submission.rejected.append(_refused(index, part, str(error).replace("the body", "the event")))
        else:
            self._take(submission, index, value, part)

    def _take(self, submission: Submission, index: int, value: object, text: bytes) -> None:
        event, problems = (value, []) if not isinstance(value, dict) else canonical(value)
        try:
            found = EVENT.validate_python(event)
        except ValidationError as error:
            submission.rejected.append(rejection(index, value, text, error, problems))
        else:
            if problems:
                submission.rejected.append(rejection(index, value, text, None, problems))
            else:
                submission.items.append(_submitted(found, index, submission))

    def _binary(self, submission: Submission, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            attributes: dict[str, Any] = of_headers(headers)
        except HeaderError as error:
            raise ProblemError(400, str(error)) from None
        if body.strip():
            if len(body) > MAX_EVENT_BYTES:
                raise ProblemError(413, _TOO_LONG)
            attributes["data"] = _parse(body)
        self._take(submission, 0, attributes, _text(attributes))


def _one(event: Event | None) -> list[Event] | None:
    return None if event is None else [event]


def _submitted(event: Event, index: int, submission: Submission) -> SubmittedEvent:
    return SubmittedEvent(event, event_key(event.source, event.id), index, submission)


def _text(value: object) -> bytes:
    # In ASCII, so that halves of characters can be kept as they came.
    return json.dumps(value, separators=(",", ":")).encode()


def _parse(body: bytes) -> Any:
    """Parse JSON of which single values may be wrong; each event is judged alone.

    Raises:
        ProblemError: 400, where there is no JSON to speak of.
    """
    try:
        return json_text.parse(body)
    except ValueError as error:
        raise ProblemError(400, str(error)) from None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _refused(index: int, text: bytes, detail: str) -> Rejection:
    return Rejection(index, None, [FieldError(pointer="", detail=detail)], text)


def rejection(
    index: int, value: object, body: bytes, error: ValidationError | None, problems: Iterable[Problem] = ()
) -> Rejection:
    """Return what is said of an event that is not valid: its fields by JSON Pointer, never their values."""
    attributes = value if isinstance(value, dict) else {}
    event_type = attributes.get("type")
    errors = [FieldError(pointer=pointer_of((problem.member,)), detail=problem.detail) for problem in problems]
    named = {found.pointer for found in errors}
    for problem in error.errors(include_url=False, include_input=False) if error else ():
        location = problem["loc"]
        # The first step of a location inside the union is the type's own name, which is no part of the event.
        if location and location[0] == event_type:
            location = location[1:]
        if problem["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            detail, code = (
                ("is required", "missing") if event_type is None else ("is not an event type of Tallylight", "event_type")
            )
            errors.append(FieldError(pointer="/type", detail=detail, code=code))
        elif (pointer := pointer_of(location)) not in named:
            params = rule_params(problem.get("ctx"))
            errors.append(FieldError(pointer=pointer, detail=problem["msg"], code=problem["type"], params=params))
    return Rejection(index, _known(attributes.get("id")), errors, body, _known(event_type), _known(attributes.get("subject")))


def _known(value: object) -> str | None:
    """Return a value that PostgreSQL and JSON can repeat; None for anything else."""
    if not isinstance(value, str) or "\0" in value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value[:_KNOWN_ELSEWHERE]
