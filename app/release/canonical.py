"""Canonical JSON (RFC 8785): one text for one document, so that a hash of it identifies the document.

In: plain values. Out: text. Never here: values that JSON does not have.
"""

import json
import math
from decimal import Decimal
from hashlib import sha256
from typing import Any


def canonical(value: Any) -> str:
    """Return the canonical JSON of a document: sorted members, no spaces, numbers as ECMAScript writes them.

    >>> canonical({"b": [1.0, 0.00002, "é"], "a": None})
    '{"a":null,"b":[1,0.00002,"é"]}'

    Raises:
        ValueError: for a number that is not finite.
        TypeError: for a value that JSON does not have.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 bytes in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(json.dumps(value, ensure_ascii=False))
    elif value is None or isinstance(value, bool):
        parts.append({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int):
        parts.append(str(value))
    elif isinstance(value, float):
        parts.append(_number(value))
    elif isinstance(value, dict):
        # RFC 8785 sorts by UTF-16 code units.
        for place, name in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be"))):
            parts.append(("," if place else "{") + json.dumps(name, ensure_ascii=False) + ":")
            _write(value[name], parts)
        parts.append("}" if value else "{}")
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            parts.append("," if place else "[")
            _write(item, parts)
        parts.append("]" if value else "[]")
    else:
        raise TypeError(f"{type(value).__name__} is not JSON")


def _number(value: float) -> str:
    """Return the shortest text of a double as ECMAScript's Number.prototype.toString writes it."""
    if not math.isfinite(value):
        raise ValueError("a number that is not finite is not JSON")
    if value == 0:
        return "0"
    if not 1e-6 <= abs(value) < 1e21:
        mantissa, _, exponent = repr(value).partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
    return format(Decimal(repr(value)), "f").removesuffix(".0")
