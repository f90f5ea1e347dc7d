"""CloudEvents as senders write them, brought to the one form that the envelope validates.

In: the JSON form of an event, or the headers and the body of one in binary mode. Out: attributes and data, and what is wrong with
them by field. Never here: HTTP, the payloads' own rules (`envelope` has them).

Source: CloudEvents 1.0.2, "Attribute Naming Convention" and "Type System"; JSON Event Format 1.0.2, sections 2.2 to 3.1; HTTP
Protocol Binding 1.0.2, section 3.1.3.2.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from app.events import json_text
from app.events.characters import clean_text

ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"})
_MEMBERS = ATTRIBUTES | {"data", "data_base64"}
_NAME = re.compile(r"[a-z0-9]+")
_INTEGERS = range(-(2**31), 2**31)
_MAX_EXTENSION = 4096
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Problem(NamedTuple):
    """What is wrong with one member of an event."""

    member: str
    detail: str


class HeaderError(ValueError):
    """A header that holds no attribute; the text names it."""


def canonical(event: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Return an event's members in the form that the envelope validates, and what is wrong with the others.

    A member that is null is absent. `data_base64` is decoded into `data`. Data that is a text of a JSON object is that object:
    SDKs whose users hand them serialised JSON write it so in structured mode, and as the body in binary mode.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in event.items():
        if value is None:
            continue
        if name in _MEMBERS:
            found[name] = value
        elif not _NAME.fullmatch(name):
            problems.append(Problem(clean_text(name), "is no name of an attribute: lower-case ASCII letters and digits only"))
        elif (reason := _extension_problem(value)) is not None:
            problems.append(Problem(name, reason))
        else:
            found[name] = _extension(value)
    encoded = found.pop("data_base64", None)
    if encoded is not None:
        if "data" in found:
            problems.append(Problem("data_base64", "excludes data: an event has one of them"))
        else:
            _decode(encoded, found, problems)
    data = found.get("data")
    if isinstance(data, str) and data.lstrip()[:1] == "{":
        try:
            found["data"] = json_text.parse(data)
        except ValueError:
            problems.append(Problem("data", "is a text that is not JSON"))
    return found, problems


def _extension_problem(value: object) -> str | None:
    if isinstance(value, str):
        return None if len(value) <= _MAX_EXTENSION else f"is longer than {_MAX_EXTENSION} characters"
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return None if value in _INTEGERS else "is no integer of 32 bits"
    return "is no string, integer or boolean, as an extension attribute must be"


def _extension(value: object) -> object:
    return clean_text(value) if isinstance(value, str) else int(value) if isinstance(value, float) else value


def _decode(encoded: object, found: dict[str, Any], problems: list[Problem]) -> None:
    try:
        body = base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else None
    except (binascii.Error, ValueError):
        body = None
    if body is None:
        problems.append(Problem("data_base64", "is not base64 (RFC 4648, section 4)"))
    elif body.strip():
        try:
            found["data"] = json_text.parse(body, errors="surrogateescape")
        except ValueError as error:
            problems.append(Problem("data_base64", str(error).replace("the body", "what it holds")))


def attribute_of_header(value: str) -> str:
    """Return the attribute value that a header of binary mode holds.

    Double quotes and backslashes of a quoted string are undone first, then one round of percent-encoding. The server hands over
    the bytes of headers as Latin-1.

    >>> attribute_of_header('"Euro%20%E2%82%AC"')
    'Euro €'

    Raises:
        HeaderError: the bytes are not UTF-8.
    """
    quoted = _QUOTED.fullmatch(value)
    if quoted is not None:
        value = _ESCAPED.sub(r"\1", quoted[1])
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError:
        raise HeaderError("is not UTF-8") from None


def of_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes of an event in binary mode, which `canonical` takes, without its data.

    Raises:
        HeaderError: a value is not UTF-8, or `ce-datacontenttype` contradicts Content-Type.
    """
    attributes: dict[str, Any] = {}
    for name, value in headers.items():
        if name.startswith("ce-"):
            try:
                attributes[name[3:]] = attribute_of_header(value)
            except HeaderError as error:
                raise HeaderError(f"the header {name} {error}") from None
    content_type = headers.get("content-type") or "application/json"
    if attributes.setdefault("datacontenttype", content_type) != content_type:
        raise HeaderError("the header ce-datacontenttype contradicts Content-Type, which is the attribute in binary mode")
    if not attributes.keys().isdisjoint({"data", "data_base64"}):
        raise HeaderError("the body is the data in binary mode: no header ce-data")
    return attributes
