"""Loose values of platform documents, read strictly.

In: values of parsed JSON or XML: numbers as numbers or texts, absent fields, nulls. Out: ids, counts, money, moments; None if
absent or unusable. Never here: floats for money, guesses.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from app.events.characters import clean_text
from app.events.fields import EARLIEST, LATEST, MAX_COMMENT, MAX_COUNT

T = TypeVar("T")

_EMPTY: Mapping[str, object] = {}
_MAX_ID = 10**64
_WHOLE = re.compile(r"\d{1,19}(\.0+)?", re.ASCII)


def as_map(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else _EMPTY


def as_list(value: object) -> Sequence[object]:
    """Return a JSON array. A single value is an array of one, as XML writes it; an absent value is an empty one."""
    if isinstance(value, list):
        return value
    return () if value is None or value == "" else (value,)


def first(found: Mapping[str, object], *names: str) -> object:
    """Return the first of these fields that is there and not null."""
    return next((found[name] for name in names if found.get(name) is not None), None)


def first_value(*values: T | None) -> T | None:
    """Return the first value that is not None; 0 is a value."""
    return next((value for value in values if value is not None), None)


def identifier(value: object) -> str | None:
    """Return an id, sent as a number or a text, as text with all its digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if 0 <= value < _MAX_ID else None
    return value.strip() or None if isinstance(value, str) else None


def integer(value: object) -> int | None:
    """Return a non-negative integer, sent as a number or a text, up to the largest count that an event may carry."""
    if isinstance(value, str):
        found = _WHOLE.fullmatch(value.strip())
        number = int(found[0].partition(".")[0]) if found else None
    elif isinstance(value, float):
        number = int(value) if math.isfinite(value) and value.is_integer() else None
    else:
        number = value if isinstance(value, int) and not isinstance(value, bool) else None
    return number if number is not None and 0 <= number <= MAX_COUNT else None


class Unreadable(ValueError):
    """A field is there, and its value is none that the field can have; the text names the field."""


def stated_integer(found: Mapping[str, object], name: str) -> int | None:
    """Return the non-negative integer of a field; None if it is absent or empty.

    Raises:
        Unreadable: it is there and is no such number; to go on without it would make a wrong figure.
    """
    return _stated(found, name, integer, f"is no whole number from 0 to {MAX_COUNT}")


def stated_amount(found: Mapping[str, object], name: str) -> int | None:
    """Return the amount of a field in fen, which may be negative; None if it is absent or empty.

    Raises:
        Unreadable: it is there and is no amount.
    """
    return _stated(found, name, signed_integer, f"is no whole number of at most {MAX_COUNT}")


def stated_time(found: Mapping[str, object], name: str) -> datetime | None:
    """Return the time of a field, in seconds or milliseconds since 1970; None if it is absent, empty or 0.

    Raises:
        Unreadable: it is there and is no time; another time would date the event wrongly.
    """
    if integer(found.get(name)) == 0:
        return None
    return _stated(found, name, any_timestamp, f"is no time from {EARLIEST.year} to {LATEST.year}")


def _stated(found: Mapping[str, object], name: str, read: Callable[[object], T | None], fault: str) -> T | None:
    value = found.get(name)
    if value is None or value == "":
        return None
    result = read(value)
    if result is None:
        raise Unreadable(f"{name} {fault}")
    return result


def count_of(value: object) -> object:
    """Return a count for a field of an event; None if it is absent or empty.

    What is no count stays as it was sent: the envelope then refuses the event by the name of the field.
    """
    if value is None or value == "":
        return None
    number = integer(value)
    return value if number is None else number


def signed_integer(value: object) -> int | None:
    """Return an integer that may be negative, such as an amount in fen."""
    if isinstance(value, str) and value.strip().startswith("-"):
        number = integer(value.strip()[1:])
        return None if number is None else -number
    if isinstance(value, int) and not isinstance(value, bool) and -MAX_COUNT <= value < 0:
        return value
    return integer(value)


def is_set(value: object) -> bool:
    """Return a flag, sent as a boolean, a number or a text."""
    return str(value).strip().lower() in {"true", "1"}


def duration(value: object) -> float | None:
    """Return a non-negative number of seconds."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 10**8 else None


def yuan(fen: int) -> str:
    """Return an amount in fen (hundredths of CNY) as a decimal string.

    >>> yuan(10500)
    '105.00'
    >>> yuan(-5)
    '-0.05'
    """
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def timestamp(value: object, *, per_second: int = 1) -> datetime | None:
    """Return a Unix time as an aware datetime; None if it is absent, 0 or outside 2000 to 2100.

    `per_second` is 1000 for times in milliseconds.
    """
    number = value if isinstance(value, int) and not isinstance(value, bool) else integer(value)
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 20:
        # Milliseconds are more than the largest count.
        number = int(value)
    if number is None or not EARLIEST.timestamp() * per_second <= number < LATEST.timestamp() * per_second:
        return None
    seconds, rest = divmod(number, per_second)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1_000_000 // per_second)


def any_timestamp(value: object) -> datetime | None:
    """Return a time: an RFC 3339 text with an offset, or a Unix time in seconds or milliseconds, distinguished by its size."""
    if isinstance(value, str) and not value.strip().isdigit():
        try:
            found = datetime.fromisoformat(value.strip())
            found = found.astimezone(UTC) if found.tzinfo else found
        except (ValueError, OverflowError):
            return None
        return found if found.tzinfo and EARLIEST <= found < LATEST else None
    return timestamp(value) or timestamp(value, per_second=1000)


def comment_text(value: object) -> str | None:
    """Return what a person typed, cleaned, and cut to the longest comment that is kept."""
    return clean_text(value)[:MAX_COMMENT] if isinstance(value, str) else None
