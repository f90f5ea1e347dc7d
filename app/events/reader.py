"""A fast decoder of ordinary events: the same events as the Pydantic envelope's, in a quarter of the time.

In: JSON bytes. Out: events, or None if the input is invalid or uses a rare feature; the caller then validates with the Pydantic
envelope. Never here: error messages; rules of its own: the types are built from the payloads' annotations.

Rare features are extension attributes, unknown fields, `data_base64`, and characters that an identifier may not hold. The events
have the attributes and methods of `Event` and `Payload` that the writer uses: `attributes`, `fold`, `json_bytes`, the fields.
"""

import inspect
import re
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct
from pydantic import BaseModel

from app.events.envelope import Event
from app.events.fields import EARLIEST, FURTHEST, LongText, Name, Text
from app.events.payload import Payload
from app.events.registry import PAYLOADS

_ESCAPED = re.compile(rb"\\(?:[bfnrt]|u(?:00[0-189]|007[fF]|[fF]{3}[eEfF]|[fF][dD][dDeE]|[dD][fF][fF][eEfF]))")
"""How JSON writes control characters and noncharacters, some others included."""
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_RARE_TIME = re.compile(rb"""\"time\"\s*:\s*\"(?!.{10}T.{8}(?:Z|[+-]..:..|\.[0-9]{1,6}(?:Z|[+-]..:..))\")""")
"""This parser also takes a blank for the T and an offset without its colon, and it rounds what the envelope cuts."""
_encoder = msgspec.json.Encoder()


def read_one(body: bytes) -> Event | None:
    """Return the event of a body."""
    found = _read(_ONE, body)
    return found if found is not None and _in_time(found) else None


def read_many(body: bytes) -> list[Event] | None:
    """Return the events of a body that is an array."""
    found = _read(_MANY, body)
    return found if found is not None and all(map(_in_time, found)) else None


def split(body: bytes) -> list[bytes] | None:
    """Return the members of an array as they are written; None if the text must be parsed to find them."""
    try:
        return [bytes(part) for part in _PARTS.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _read(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    if _is_rare(body):
        return None
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _is_rare(body: bytes) -> bool:
    if (b"\\" in body and _ESCAPED.search(body)) or _RARE_TIME.search(body) or b"\x7f" in body:
        return True
    # A noncharacter ends with BF BE or BF BF in UTF-8, or begins with EF B7; a handful of characters does too.
    return not body.isascii() and (
        b"\xbf\xbe" in body or b"\xbf\xbf" in body or b"\xef\xb7" in body or (b"\xc2" in body and bool(_C1.search(body)))
    )


def _in_time(event: Event) -> bool:
    return event.time is None or EARLIEST <= event.time < FURTHEST


def _json_bytes(payload: Struct) -> bytes:
    return _encoder.encode(payload)


@cache
def _struct_of(model: type[BaseModel]) -> type[Struct]:
    """Return a struct with the fields, constants and public methods of a model."""
    hints = get_type_hints(model, include_extras=True)
    fields: list[Any] = []
    for name, field in model.model_fields.items():
        if field.is_required():
            fields.append((name, _translated(hints[name])))
        elif field.default is None:
            fields.append((name, _translated(hints[name]), None))
        else:
            # A default from a factory is serialized even if it was not sent, as in Pydantic.
            fields.append((name, _translated(hints[name]), msgspec.field(default_factory=_constant(field.default))))
    inherited: dict[str, Any] = {}
    for base in reversed(model.__mro__[: model.__mro__.index(BaseModel)]):
        inherited |= {name: value for name, value in vars(base).items() if inspect.isfunction(value) and name[0] != "_"}
    if issubclass(model, Payload):
        inherited |= {"type": model.type, "person_fields": model.person_fields, "text_fields": model.text_fields}
    # No unknown field comes here; a name that were absent would cost the writer more than one that is None.
    inherited |= {"json_bytes": _json_bytes, "__pydantic_extra__": None}
    if "check" in inherited:
        inherited["__post_init__"] = inherited["check"]
    return msgspec.defstruct(
        model.__name__, fields, namespace=inherited, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
    )


def _constant(value: Any) -> Any:
    return lambda: value


def _translated(hint: Any) -> Any:
    """Return a type in which structs replace models."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return Annotated[(_translated(arguments[0]), *hint.__metadata__)]
    if origin in {Union, UnionType}:
        return Union[tuple(map(_translated, arguments))]  # noqa: UP007  # made at run time
    if origin is list:
        return list[_translated(arguments[0])]  # type: ignore[misc]  # made at run time
    if inspect.isclass(hint) and issubclass(hint, BaseModel):
        return _struct_of(hint)
    return hint


def _event_of(name: str, payload: type[Payload]) -> type[Struct]:
    struct = _struct_of(payload)
    data = ("data", struct) if any(f.is_required() for f in payload.model_fields.values()) else (
        "data", struct, msgspec.field(default_factory=struct),
    )  # fmt: skip
    return msgspec.defstruct(
        f"{payload.__name__}Event",
        [
            ("id", Text), ("source", LongText), ("subject", Name), data,
            ("time", Annotated[datetime, Meta(tz=True)] | None, None),
            ("specversion", Literal["1.0"]),
            # Other spellings are valid, and rare: the envelope decodes them.
            ("datacontenttype", Literal["application/json"] | NoneType, None),
        ],
        namespace={"attributes": None}, tag=name, tag_field="type", kw_only=True, gc=False, forbid_unknown_fields=True,
    )  # fmt: skip


_PARTS = msgspec.json.Decoder(list[msgspec.Raw])
_ANY: Any = Union[tuple(_event_of(name, payload) for name, payload in PAYLOADS.items())]  # noqa: UP007  # made at run time
_ONE: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder(_ANY)
_MANY: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder(list[_ANY])
