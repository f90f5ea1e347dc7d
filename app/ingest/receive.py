"""From request bodies to submissions.

In: a body and its headers. Out: a `Submission` with the valid events and the rejections. Never here: storage.

A batch is validated as a whole. If that fails, each event is validated separately, so that an invalid event does not affect the
others. Modes: CloudEvents 1.0.2, HTTP Protocol Binding, section 3. The batched content type is tested first, since the structured
one is a prefix of it.
"""

import json
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from pydantic import ValidationError

from app.events import reader
from app.events.envelope import EVENT, EVENTS, JSON_MEDIA_TYPE, Event, event_key
from app.ingest.submission import Rejection, Submission, SubmittedEvent
from app.problems import FieldError, ProblemError, pointer_of

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

_ID_LENGTH = 512
"""Characters of an id that a rejection contains."""


def decompress(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Return the body as it was before its Content-Encoding.

    Raises:
        ProblemError: 413 past `limit` bytes, 400 for a broken stream, 415 for another encoding.
    """
    if len(body) > limit:
        raise too_large(limit)
    match (encoding or "identity").strip().lower():
        case "identity" | "":
            return body
        case "gzip" | "x-gzip":
            unzip = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        case "deflate":
            unzip = zlib.decompressobj()
        case _:
            raise ProblemError(415, "Content-Encoding may be gzip, deflate or identity")
    try:
        # One byte above the limit is enough to refuse the body: a decompression bomb is never expanded.
        plain = unzip.decompress(body, limit + 1)
    except zlib.error:
        raise ProblemError(400, "the body is not valid compressed data") from None
    if len(plain) > limit:
        raise too_large(limit)
    if not unzip.eof:
        raise ProblemError(400, "the compressed body is cut off")
    return plain


def too_large(limit: int) -> ProblemError:
    """Return the 413."""
    return ProblemError(413, f"a body may have at most {limit} bytes, also after decompression")


class Receiver:
    """Creates submissions from request bodies."""

    def __init__(self, max_events: int) -> None:
        """Accept at most `max_events` per request."""
        self._max_events = max_events

    def receive(
        self, body: bytes, headers: Mapping[str, str], *, brand_id: UUID | None, origin: str, received_at: datetime
    ) -> Submission:
        """Return the submission of one request.

        Raises:
            ProblemError: 400, 413 or 415 where the body as a whole cannot be read.
        """
        submission = Submission(brand_id, origin, received_at)
        media_type = headers.get("content-type", "").strip()
        essence = media_type.partition(";")[0].strip().lower()
        if "charset" in media_type.lower() and re.search(r"charset\s*=\s*(?!\"?utf-?8)", media_type, re.IGNORECASE):
            raise ProblemError(415, "JSON is UTF-8; send no other charset")
        if essence == "application/cloudevents-batch+json":
            self._read(submission, body, batch=True)
        elif essence == "application/cloudevents+json":
            self._read(submission, body, batch=False)
        elif "ce-specversion" in headers or "ce-type" in headers:
            # The CloudEvents SDK sends no content type unless the event has one; data is JSON then (CloudEvents, 3.1.1).
            if media_type and body and not re.match(JSON_MEDIA_TYPE, media_type):
                raise ProblemError(415, "the data of an event in binary mode is application/json")
            self._binary(submission, body, headers)
        elif essence == "application/json":
            self._read(submission, body, batch=body.lstrip()[:1] == b"[")
        else:
            raise ProblemError(
                415,
                "send application/cloudevents+json, application/cloudevents-batch+json or application/json, "
                "or ce-* headers with application/json",
            )
        return submission

    def _read(self, submission: Submission, body: bytes, *, batch: bool) -> None:
        events = _read_many(body) if batch else _read_one(body)
        if events is None:
            self._read_one_by_one(submission, body, batch=batch)
            return
        self._limit(len(events))
        submission.items = [
            SubmittedEvent(event, event_key(event.source, event.id), index, submission) for index, event in enumerate(events)
        ]

    def _limit(self, count: int) -> None:
        if count > self._max_events:
            raise ProblemError(413, f"a request may hold at most {self._max_events} events", code="too_many_events")

    def _read_one_by_one(self, submission: Submission, body: bytes, *, batch: bool) -> None:
        document = _lenient_json(body)
        if batch and not isinstance(document, list):
            raise ProblemError(400, "a batch is a JSON array of events")
        if not batch and not isinstance(document, dict):
            raise ProblemError(400, "an event is a JSON object")
        found = document if isinstance(document, list) else [document]
        self._limit(len(found))
        for index, value in enumerate(found):
            self._take(submission, index, value)

    def _take(self, submission: Submission, index: int, value: object) -> None:
        text = json.dumps(value, separators=(",", ":"))
        try:
            event = EVENT.validate_json(_without_lone_surrogates(text, value))
        except ValidationError as error:
            submission.rejected.append(rejection(index, value, text.encode(), error))
        else:
            submission.items.append(SubmittedEvent(event, event_key(event.source, event.id), index, submission))

    def _binary(self, submission: Submission, body: bytes, headers: Mapping[str, str]) -> None:
        attributes: dict[str, Any] = {}
        for name, value in headers.items():
            if name.startswith("ce-"):
                try:
                    # One round of percent-decoding. The server decodes header bytes as Latin-1.
                    attributes[name[3:]] = unquote(value.encode("latin-1").decode("utf-8"), errors="strict")
                except UnicodeDecodeError:
                    raise ProblemError(400, f"the header {name} is not UTF-8") from None
        attributes.setdefault("datacontenttype", headers.get("content-type") or "application/json")
        if body.strip():
            attributes["data"] = _lenient_json(body)
        self._take(submission, 0, attributes)


def _read_many(body: bytes) -> list[Event] | None:
    found = reader.read_many(body)
    if found is None:
        with suppress(ValidationError):
            return EVENTS.validate_json(body)
    return found


def _read_one(body: bytes) -> list[Event] | None:
    found = reader.read_one(body)
    if found is None:
        with suppress(ValidationError):
            return [EVENT.validate_json(body)]
        return None
    return [found]


def _lenient_json(body: bytes) -> Any:
    """Parse JSON in which single values may be invalid (lone surrogates, very long numbers); each event is validated separately.

    Raises:
        ProblemError: 400, if the body as a whole is not JSON.
    """
    try:
        return json.loads(body.decode("utf-8"), parse_int=_bounded_int, parse_constant=lambda name: f"{name} is not JSON")
    except UnicodeDecodeError:
        raise ProblemError(400, "the body is not UTF-8") from None
    except RecursionError:
        raise ProblemError(400, "the JSON is nested too deeply") from None
    except ValueError as error:
        where = f" at line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ProblemError(400, f"the body is not JSON{where}") from None


def _without_lone_surrogates(text: str, value: object) -> str:
    # A lone surrogate is no character, and the JSON parser would reject the event without naming the field. A control character
    # in its place is rejected by its field, and ignored in a field that is ignored.
    if "\\ud" not in text:
        return text
    return _LONE_SURROGATE.sub(r"\\u0000", json.dumps(value, ensure_ascii=False))


def _bounded_int(digits: str) -> int | str:
    # Python refuses to parse thousands of digits. As text, the number is rejected by its own field.
    return int(digits) if len(digits) < 100 else digits


def rejection(index: int, value: object, body: bytes, error: ValidationError) -> Rejection:
    """Return the rejection of an invalid event: it names fields by JSON Pointer and contains no values."""
    attributes = value if isinstance(value, dict) else {}
    event_type = attributes.get("type")
    errors = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        location = problem["loc"]
        # The first step of a location inside the union is the name of the type, which is not part of the event.
        if location and location[0] == event_type:
            location = location[1:]
        if problem["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            detail = "is required" if event_type is None else "is not an event type of Tallylight"
            errors.append(FieldError(pointer="/type", detail=detail))
        else:
            errors.append(FieldError(pointer=pointer_of(location), detail=problem["msg"]))
    return Rejection(index, _text(attributes.get("id")), errors, body, _text(event_type), _text(attributes.get("subject")))


def _text(value: object) -> str | None:
    """Return a text that PostgreSQL and JSON can represent; None for anything else."""
    if not isinstance(value, str) or "\0" in value:
        return None
    try:
        value.encode()
    except UnicodeEncodeError:
        return None
    return value[:_ID_LENGTH]
