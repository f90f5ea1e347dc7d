"""Content negotiation of answers: compression, entity tags, conditional requests.

In: request headers, an answer's bytes. Out: the coding to use, a tag, whether the client has the answer already.
Never here: routes, documents.
"""

import re
from hashlib import blake2b

COMPRESS_FROM = 1024
"""Bytes of a JSON body from which on it is compressed; below, the header costs what compression saves."""
_GZIP = frozenset({"gzip", "x-gzip"})
_QUALITY = re.compile(r"q\s*=\s*([0-9.]+)", re.IGNORECASE)


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a client accepts gzip (RFC 9110, section 12.5.3); `q=0` refuses a coding, also by `*`.

    >>> [accepts_gzip(header) for header in ("br, gzip", "gzip;q=0", "*", "*;q=0.5, gzip;q=0", "identity", "")]
    [True, False, True, False, False, False]
    """
    by_wildcard = False
    for part in accept_encoding.lower().split(","):
        coding, _, parameters = part.partition(";")
        coding = coding.strip()
        if coding in _GZIP:
            return _quality(parameters) > 0
        if coding == "*":
            by_wildcard = _quality(parameters) > 0
    return by_wildcard


def _quality(parameters: str) -> float:
    found = _QUALITY.search(parameters)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0


def matches(if_none_match: str, tag: str) -> bool:
    """Return whether a client holds the answer with this tag, by weak comparison (RFC 9110, section 13.1.2)."""
    wanted = tag.removeprefix("W/")
    return any(known.strip().removeprefix("W/") in {wanted, "*"} for known in if_none_match.split(","))


def tag_of(body: bytes, language: str) -> str:
    """Return the weak entity tag of a JSON document, without regard to the time at which it was computed (`as_of`)."""
    begin = body.find(b'"as_of":"')
    end = body.find(b'"', begin + 9)
    digest = blake2b(body if begin < 0 else body[:begin] + body[end:], digest_size=12, key=language.encode())
    return f'W/"{digest.hexdigest()}"'
