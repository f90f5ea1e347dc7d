"""Bodies as they were before their Content-Encoding, piece by piece.

In: pieces of a compressed body. Out: pieces of the plain one. Never here: more than one piece in memory, a body over its limit.

A gzip body may have several members (RFC 1952, section 2.2), as `cat a.gz b.gz` and some loggers write it: all of them are the
body. Anything behind the last member is an error, since it can be a part of the body that would be lost.
"""

import zlib
from collections.abc import Iterator

from app.problems import ProblemError

_PIECE = 256 * 1024
_FED = 64 * 1024
_MOST_MEMBERS = 1_000
"""Each costs some microseconds, however empty it is."""


class Decompressor:
    """Turns pieces of a compressed body into pieces of the plain one."""

    def __init__(self, encoding: str | None, limit: int) -> None:
        """Read a Content-Encoding; the plain body may have `limit` bytes.

        Raises:
            ProblemError: 415 for an encoding other than gzip, deflate and identity.
        """
        self._limit = limit
        self._size = 0
        name = (encoding or "identity").strip().lower()
        if name not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise ProblemError(415, "Content-Encoding may be gzip, deflate or identity")
        self._members = name in {"gzip", "x-gzip"}
        self._stream = self._begin() if self._members or name == "deflate" else None
        self._first = True
        self._count = 0

    def _begin(self) -> "zlib._Decompress":
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if self._members else zlib.decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Return what a piece of the body holds.

        Raises:
            ProblemError: 413 past the limit, 400 for data that is not valid.
        """
        if self._stream is None:
            yield self._counted(data)
            return
        pending = False
        while data or pending:
            if self._stream.eof:
                if not self._members:
                    raise ProblemError(400, "the compressed body is followed by other bytes")
                self._count += 1
                if self._count == _MOST_MEMBERS:
                    raise ProblemError(400, f"the gzip body has more than {_MOST_MEMBERS} members")
                self._stream, self._first = self._begin(), False
            try:
                plain = self._stream.decompress(data, _PIECE)
            except zlib.error:
                broken = "the body is not valid compressed data"
                raise ProblemError(400, broken if self._first else "the gzip body is followed by other bytes") from None
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
            # A full piece can leave output behind although all input is consumed.
            pending = len(plain) == _PIECE and not self._stream.eof
            if plain:
                yield self._counted(plain)

    def finish(self) -> None:
        """Accept the end of the body.

        Raises:
            ProblemError: 400 if it is cut off.
        """
        if self._stream is not None and not self._stream.eof:
            raise ProblemError(400, "the compressed body is cut off")

    def _counted(self, plain: bytes) -> bytes:
        self._size += len(plain)
        if self._size > self._limit:
            raise too_large(self._limit)
        return plain


def decompress(body: bytes, encoding: str | None, limit: int) -> bytes:
    """Return a whole body as it was before its Content-Encoding.

    Raises:
        ProblemError: 413 for more than `limit` bytes, before or after; 400 for data that is not valid, cut off, or followed by
            other bytes; 415 for another encoding.
    """
    if len(body) > limit:
        raise too_large(limit)
    if not encoding:
        return body
    decompressor = Decompressor(encoding, limit)
    # In slices: what follows a member is copied at its end.
    plain = b"".join(piece for start in range(0, len(body), _FED) for piece in decompressor.feed(body[start : start + _FED]))
    decompressor.finish()
    return plain


def too_large(limit: int) -> ProblemError:
    """Return the 413."""
    return ProblemError(413, f"a body may have at most {limit} bytes, also after decompression")
