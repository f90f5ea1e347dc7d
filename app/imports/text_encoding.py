"""Encodings of text files.

In: the first bytes of a file, what the operator says of it. Out: the encodings that it may have, their codecs. Never here: rows.
"""

import codecs
from collections.abc import Sequence

from app.imports.table_heading import Hints

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_GUESSED = ("utf-8", "gb18030", "shift_jis", "utf-16-le", "utf-16-be")
_CODECS = {"shift_jis": "cp932", "euc-kr": "cp949"}
"""What spreadsheets write under that name: a superset."""
_LOST = "\udfff"
"""Marks what no byte of UTF-16 can be escaped to."""
_LOST_UTF16 = "tallylight-lost"


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError), "only used to decode"
    return _LOST, error.end


codecs.register_error(_LOST_UTF16, _mark)


def errors_of(encoding: str) -> str:
    """Return how bytes that are no character are decoded."""
    return _LOST_UTF16 if encoding.startswith("utf-16") else "surrogateescape"


def codec_of(encoding: str) -> str:
    """Return the name of the codec that reads what spreadsheets write under an encoding's name."""
    return "utf-8-sig" if encoding == "utf-8" else _CODECS.get(encoding, encoding)


def encodings_of(head: bytes, hints: Hints) -> Sequence[str]:
    """Return the encodings that a text may have, the likeliest first."""
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    if hints.encoding is not None:
        return [marked or "utf-16-le"] if hints.encoding == "utf-16" else [hints.encoding]
    if marked is not None:
        return [marked]
    return [encoding for encoding in _GUESSED if b"\0" in head or not encoding.startswith("utf-16")]
