"""Field types that the payloads share.

In: JSON values of senders. Out: validated Python values. Never here: I/O, clocks, secrets.

Each type states its limits twice: for Pydantic, which documents them and produces error messages, and as `Meta` for msgspec.
"""

import inspect
import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, get_args

from msgspec import Meta
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from app.events.characters import REPLACEMENT, clean_text, forbidden
from app.events.timestamps import rfc3339

MAX_COUNT = 10**12
"""Largest count, quantity or cumulative figure that an event may carry; the API document states it too."""
MAX_LABEL = 256
MAX_COMMENT = 4096
"""Characters of a comment that are kept."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Stored events lie between these times. The writer treats a later time as a wrong clock."""
FURTHEST = datetime(9999, 1, 1, tzinfo=UTC)
"""Later times are invalid: converted to UTC they may exceed the calendar."""

LOGGED = {"logged": True}
"""Validation context of what the log holds already: it was validated by the rules of its time."""


def _identifier(value: object, info: ValidationInfo) -> object:
    reason = forbidden(value) if isinstance(value, str) and info.context is not LOGGED else None
    if reason is not None:
        raise PydanticCustomError("identifier", "{reason}", {"reason": reason})
    return value


def _text(value: object) -> object:
    # A text of nothing but control characters was not empty: it stays a text.
    return clean_text(value) or (value and REPLACEMENT) if isinstance(value, str) else value


def _label(value: object) -> object:
    found = _text(value)
    return found[:MAX_LABEL] if isinstance(found, str) else found


def _comment(value: object) -> object:
    return clean_text(value)[:MAX_COMMENT] if isinstance(value, str) else value


def _whole_number(value: object) -> object:
    # JSON knows one type of number: 1.0 is the integer that some serialisers write so.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _timestamp(value: object) -> object:
    if isinstance(value, datetime):
        return value
    found = rfc3339(value) if isinstance(value, str) else None
    if found is None:
        raise PydanticCustomError("timestamp", "must be an RFC 3339 timestamp with an offset, such as 2021-09-25T14:31:07+09:00")
    return found


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


@lru_cache(8192)
def canonical_code(code: str) -> str:
    """Return a product code in the form in which codes are compared: NFC, without white space at its ends.

    >>> canonical_code(" cafe\u0301\u3000")
    'café'
    """
    return unicodedata.normalize("NFC", code.strip())


def _money(amount: str) -> str:
    if not re.fullmatch(r"\d{1,13}(\.\d{1,6})?", amount, re.ASCII):
        raise PydanticCustomError(
            "decimal_string", 'must be a non-negative decimal string such as "1099.00", at most 13 digits before the point'
        )
    return amount


_Identifier = BeforeValidator(_identifier)
Text = Annotated[str, _Identifier, StringConstraints(min_length=1, max_length=256), Meta(min_length=1, max_length=256)]
"""An identifier: a viewer, an order."""
ProductCode = Annotated[
    str,
    _Identifier,
    StringConstraints(min_length=1, max_length=256),
    AfterValidator(_not_blank),
    Meta(min_length=1, max_length=256, pattern=r"\S"),
]
"""A product's code or alias as a sender writes it; `canonical_code` is the form in which it is compared."""
LongText = Annotated[str, _Identifier, StringConstraints(min_length=1, max_length=2048), Meta(min_length=1, max_length=2048)]
Name = Annotated[str, _Identifier, StringConstraints(min_length=1, max_length=512), Meta(min_length=1, max_length=512)]
"""A room or a promotion: part of a table's key, and an index row is limited to about 2,700 bytes."""
CleanText = Annotated[str, BeforeValidator(_text)]
"""A text that identifies nothing, and that a person can correct: characters that cannot be stored or shown are removed."""
Label = Annotated[str, BeforeValidator(_label), StringConstraints(min_length=1), Meta(min_length=1, max_length=MAX_LABEL)]
"""The same in an event, whose sender corrects nothing any more: it is cut at its limit as well."""
Comment = Annotated[str, BeforeValidator(_comment), Meta(max_length=MAX_COMMENT)]
"""What a person wrote in the room: cleaned and cut as a label."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$"), Meta(pattern=r"\A[a-z0-9][a-z0-9_.-]{0,63}\Z")]
Count = Annotated[int, BeforeValidator(_whole_number), Field(strict=True, ge=0, le=MAX_COUNT), Meta(ge=0, le=MAX_COUNT)]
Seconds = Annotated[float, Field(ge=0, le=10**8, allow_inf_nan=False), Meta(ge=0, le=10**8)]
FanLevel = Annotated[int, BeforeValidator(_whole_number), Field(strict=True, ge=0, le=1000), Meta(ge=0, le=1000)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Meta(pattern=r"\A[A-Z]{3}\Z")]
Money = Annotated[str, AfterValidator(_money), Meta(pattern=r"\A[0-9]{1,13}(\.[0-9]{1,6})?\Z")]
"""An exact amount in major units, as a decimal string."""
Timestamp = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=FURTHEST)]
EventTime = Annotated[AwareDatetime, BeforeValidator(_timestamp), Field(ge=EARLIEST, lt=FURTHEST)]
"""A timestamp in RFC 3339 and in no other form."""


def fields_of(model: type[BaseModel], *types: Any) -> tuple[str, ...]:
    """Return the fields of a model that are declared with one of these types, or with one of them or None, in their order.

    >>> class Sold(BaseModel):
    ...     amount: Money | None
    ...     count: Count
    >>> fields_of(Sold, Money)
    ('amount',)
    """
    declared: dict[str, Any] = {}
    for owner in reversed(model.__mro__):
        declared |= inspect.get_annotations(owner)
    return tuple(
        name for name in model.model_fields if any(part in types for part in (declared[name], *get_args(declared[name])))
    )
