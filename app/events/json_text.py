"""JSON of which single values may be wrong: each event is validated separately.

In: bytes. Out: plain Python values; or ValueError, if there is no JSON to speak of. Never here: what the values mean.

A lone surrogate stays in its string, so that the field's own rule can tell of it. A number that no double holds, a literal that
is not JSON, and an integer of a hundred digits become texts: they fail their own field and no other.
"""

import json
import math
from typing import Any


def parse(body: bytes | str, *, errors: str = "strict") -> Any:
    """Return the value of a JSON text; with `errors="surrogateescape"` bytes that are not UTF-8 become lone surrogates.

    Raises:
        ValueError: it is not JSON; the text says where, and quotes nothing.
    """
    try:
        text = body if isinstance(body, str) else body.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise ValueError(f"the body is not UTF-8 at byte {error.start + 1}") from None
    try:
        return json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=_constant)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    except ValueError as error:
        where = f" at line {error.lineno} column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"the body is not JSON{where}") from None


def _integer(digits: str) -> int | str:
    # Python refuses to parse thousands of digits.
    return int(digits) if len(digits) < 100 else digits


def _float(literal: str) -> float | str:
    number = float(literal)
    return number if math.isfinite(number) else literal


def _constant(name: str) -> str:
    return f"{name} is not JSON"
