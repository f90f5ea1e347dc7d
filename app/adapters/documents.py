"""Body formats: JSON, XML, forms.

In: the bytes of a body. Out: plain Python values, or Refused (400). Never here: the meaning of the values.

Platforms send nothing twice that was refused. So a character that is none, or bytes that are not UTF-8, spoil the one text that
they stand in and not the delivery: they become lone surrogates, which `comment_text` cleans and no identifier may hold. How much
work a body may cause is known from its bytes, before it is parsed.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydantic_core import from_json, to_json

from app.adapters.protocol import Refused
from app.events import json_text

_MAX_DEPTH = 32
_MAX_JSON_DEPTH = 200
_MAX_FIELDS = 200
_MAX_VALUES = 100_000
"""Members and items of a JSON text: ten times what a megabyte of a platform's messages holds."""
_MAX_TAGS = 10_000
_MAX_TEXT = 256 * 1024
"""Bytes of XML and of a form, which take longer to parse than JSON; the platforms' messages in them have some kilobytes."""
_HUGE_EXPONENT = re.compile(rb"[eE]\+?\d{3}")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}));")


def read_json(body: bytes, *, keep: bool = True) -> object:
    """Return the value of a JSON text. Integers keep all their digits; a number without a finite value becomes a text.

    Raises:
        Refused: 400, it is not JSON, or holds more values or levels than any platform sends.
    """
    body = body.removeprefix(BOM_UTF8)
    if body.count(b",") + body.count(b"{") + body.count(b"[") > _MAX_VALUES:
        raise Refused(400, f"the body holds more than {_MAX_VALUES} values", keep=keep)
    try:
        # The fast parser lets 1e999 pass as infinity, which no JSON document can say again.
        if not _HUGE_EXPONENT.search(body):
            return from_json(body, allow_inf_nan=False)
    except ValueError:
        pass
    try:
        found = json_text.parse(body, errors="surrogateescape")
    except ValueError:
        raise Refused(400, "the body is not JSON in UTF-8", keep=keep) from None
    if _depth(found) > _MAX_JSON_DEPTH:
        raise Refused(400, "the body is nested too deeply", keep=keep)
    return found


def embedded_json(text: str) -> object:
    """Return the value of a JSON text that stands in a document; None if it is none."""
    try:
        return read_json(text.encode(errors="surrogatepass"))
    except Refused:
        return None


def _depth(value: object) -> int:
    depth, level = 0, [value]
    while level := [value for value in level if isinstance(value, dict | list)]:
        depth += 1
        level = [item for value in level for item in (value.values() if isinstance(value, dict) else value)]
    return depth


def json_bytes(value: object) -> bytes:
    """Return a value of `read_json` as JSON again; lone surrogates as the escapes that they came as."""
    try:
        return to_json(value)
    except ValueError:
        return json.dumps(value, separators=(",", ":")).encode()


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
        Refused: 400, it is not XML, has a DTD or entities (defusedxml), or no elements inside its root.
    """
    _require_size(body, keep=keep)
    if body.count(b"<") > _MAX_TAGS:
        raise Refused(400, f"the body has more than {_MAX_TAGS} tags", keep=keep)
    # What XML cannot hold is replaced first: one such character would make the parser refuse all of the document.
    text = _NO_XML.sub("\ufffd", body.decode("utf-8-sig", "surrogateescape"))
    try:
        found = _plain(fromstring(_REFERENCE.sub(_reference, text), forbid_dtd=True), 0)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise Refused(400, "the body is not plain XML in UTF-8", keep=keep) from None
    if not isinstance(found, dict):
        raise Refused(400, "the body is an XML element without elements", keep=keep)
    return found


def _require_size(body: bytes, *, keep: bool) -> None:
    if len(body) > _MAX_TEXT:
        raise Refused(413, f"a body that is not JSON may have at most {_MAX_TEXT} bytes", keep=keep)


def _reference(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    return "\ufffd" if number > 0x10FFFF or _NO_XML.match(chr(number)) else found[0]


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
    _require_size(body, keep=keep)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="surrogateescape", max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        raise Refused(400, "the body is not a form in UTF-8", keep=keep) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        # With two values for one name, the signed value and the used value could differ.
        raise Refused(400, "a form field appears twice", keep=keep)
    return form
