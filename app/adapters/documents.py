"""Body formats: JSON, XML, forms.

In: the bytes of a body. Out: plain Python values, or Refused (400). Never here: the meaning of the values.
"""

import json
import math
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic_core import from_json

from app.adapters.protocol import Refused

_MAX_DEPTH = 32
_MAX_FIELDS = 200
_HUGE_EXPONENT = re.compile(rb"[eE]\+?\d{3}")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def read_json(body: bytes, *, keep: bool = True) -> object:
    """Return the value of a JSON text. Integers keep all their digits; NaN, infinities and lone surrogates are refused.

    Raises:
        Refused: 400, the text is not JSON in UTF-8.
    """
    body = body.removeprefix(BOM_UTF8)
    try:
        if _HUGE_EXPONENT.search(body):
            # The fast parser reads 1e999 as infinity, which JSON cannot represent.
            json.loads(body, parse_float=_finite)
        return from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON in UTF-8", keep=keep) from None


def _plain(element: Element, depth: int) -> object:
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    children = list(element)
    if not children:
        return (element.text or "").strip()
    found: dict[str, object] = {}
    for child in children:
        value = _plain(child, depth + 1)
        before = found.get(child.tag)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(before, list):
            before.append(value)
        else:
            found[child.tag] = [before, value]
    return found


def read_xml(body: bytes, *, keep: bool = True) -> Mapping[str, object]:
    """Return an XML document as a mapping of its root's children; a repeated tag becomes a list, every leaf is a text.

    Raises:
        Refused: 400, the document is not XML in UTF-8, or has a DTD or entities (defusedxml).
    """
    try:
        found = _plain(fromstring(body.decode("utf-8-sig"), forbid_dtd=True), 0)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Refused(400, "the body is not plain XML in UTF-8", keep=keep) from None
    return found if isinstance(found, dict) else {}


def read_message(body: bytes, *, keep: bool = True) -> Mapping[str, object]:
    """Return a message in JSON or XML. The first character decides which, since platforms do not state a content type.

    Raises:
        Refused: 400, the message is neither, or is not an object.
    """
    if body.removeprefix(BOM_UTF8).lstrip()[:1] == b"<":
        return read_xml(body, keep=keep)
    found = read_json(body, keep=keep)
    if not isinstance(found, dict):
        raise Refused(400, "the body is not a JSON object", keep=keep)
    return found


def read_form(body: bytes, *, keep: bool = False) -> dict[str, str]:
    """Return the fields of a URL-encoded form.

    Raises:
        Refused: 400, the body is not a form in UTF-8, or names a field twice.
    """
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Refused(400, "the body is not a form in UTF-8", keep=keep) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        # With two values for one name, the signed value and the used value could differ.
        raise Refused(400, "a form field appears twice", keep=keep)
    return form
