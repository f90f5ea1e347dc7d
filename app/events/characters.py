"""Characters that may not stand in an identifier, how a text is cleaned of them, and those that begin a spreadsheet's formula.

In: strings as senders, operators and files write them. Out: the reason why an identifier is refused; a text that every later
step can store and display. Never here: the limits of a field's length.

Source of the set: CloudEvents 1.0.2, type system, `String`: no control characters (U+0000-U+001F, U+007F-U+009F), no
noncharacters, no unpaired surrogates. PostgreSQL stores no NUL, XML and the chart renderer accept no noncharacter.
"""

import re
import unicodedata
from typing import Any

_PLANE_ENDS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_NO_CHARACTER = f"\ufdd0-\ufdef{_PLANE_ENDS}\ud800-\udfff"
_FORBIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f{_NO_CHARACTER}]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_REPLACED = re.compile(f"[{_NO_CHARACTER}]")
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
REPLACEMENT = "\ufffd"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that begins with one can become a formula if a spreadsheet opens it in CSV, or if its cell is edited."""
MAX_DEPTH = 64
"""Maximum nesting of an unknown value that is kept."""


def forbidden(text: str) -> str | None:
    """Return why a text cannot be an identifier, or None. The reason names the first wrong character, never the text."""
    # ASCII without control characters is nearly every identifier, and the fastest to recognise.
    if text.isascii() and text.isprintable():
        return None
    found = _FORBIDDEN.search(text)
    if found is None:
        return None
    character = found[0]
    place = f"at character {found.start() + 1}"
    if "\udc80" <= character <= "\udcff":
        return f"holds a byte that is not UTF-8 {place}"
    if "\ud800" <= character <= "\udfff":
        return f"holds half of a surrogate pair (U+{ord(character):04X}) {place}: the text was cut inside a character"
    kind = "a control character" if unicodedata.category(character) == "Cc" else "no Unicode character"
    return f"holds U+{ord(character):04X} {place}, which is {kind}"


def clean_text(text: str) -> str:
    """Return a text without control characters; what is no character becomes U+FFFD. Tabs and line breaks stay."""
    if text.isprintable():
        return text
    # Two halves that stand side by side are one character, however the sender wrote them.
    text = _SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _CONTROL.sub("", _REPLACED.sub(REPLACEMENT, text))


def clean_values(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a JSON value whose texts, names of members included, are clean.

    Raises:
        ValueError: it is nested deeper than `depth`.
    """
    if isinstance(value, str):
        return clean_text(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if not depth:
        raise ValueError(f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {clean_text(name): clean_values(item, depth - 1) for name, item in value.items()}
    return [clean_values(item, depth - 1) for item in value]
