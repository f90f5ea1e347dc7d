"""Field types that the payloads share.

In: JSON values of senders. Out: validated Python values. Never here: I/O, clocks, secrets.

Each type states its limits twice: for Pydantic, which documents them and produces error messages, and as `Meta` for msgspec.
"""

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from msgspec import Meta
from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from pydantic_core import PydanticCustomError

MAX_COUNT = 10**12
"""Largest count, quantity or cumulative figure that an event may carry (api.md)."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Stored events lie between these times. The writer treats a later time as a wrong clock."""
FURTHEST = datetime(9999, 1, 1, tzinfo=UTC)
"""Later times are invalid: converted to UTC they may exceed the calendar."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _printable(text: str) -> str:
    # PostgreSQL cannot store NUL, and no identifier needs another control character.
    if not text.isprintable() and _CONTROL.search(text):  # isprintable is much faster, the pattern is exact
        raise PydanticCustomError("control_character", "must not contain control characters")
    return text


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


Text = Annotated[
    str, StringConstraints(min_length=1, max_length=256), AfterValidator(_printable), Meta(min_length=1, max_length=256)
]
ProductCode = Annotated[
    str,
    StringConstraints(min_length=1, max_length=256),
    AfterValidator(_printable),
    AfterValidator(_not_blank),
    Meta(min_length=1, max_length=256, pattern=r"\S"),
]
"""A product's code or alias as a sender writes it; `canonical_code` is the form in which it is compared."""
LongText = Annotated[
    str, StringConstraints(min_length=1, max_length=2048), AfterValidator(_printable), Meta(min_length=1, max_length=2048)
]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=512), AfterValidator(_printable), Meta(min_length=1, max_length=512)
]
"""A room or a promotion: part of a table's key, and an index row is limited to about 2,700 bytes."""
Comment = Annotated[str, StringConstraints(max_length=4096), AfterValidator(_printable), Meta(max_length=4096)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$"), Meta(pattern=r"\A[a-z0-9][a-z0-9_.-]{0,63}\Z")]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_COUNT), Meta(ge=0, le=MAX_COUNT)]
Seconds = Annotated[float, Field(ge=0, le=10**8, allow_inf_nan=False), Meta(ge=0, le=10**8)]
FanLevel = Annotated[int, Field(strict=True, ge=0, le=1000), Meta(ge=0, le=1000)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Meta(pattern=r"\A[A-Z]{3}\Z")]
Money = Annotated[str, AfterValidator(_money), Meta(pattern=r"\A[0-9]{1,13}(\.[0-9]{1,6})?\Z")]
"""An exact amount in major units, as a decimal string."""
Timestamp = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=FURTHEST)]
