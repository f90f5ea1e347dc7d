"""Answers that are written to a temporary file before they are sent, since they may be larger than memory should hold.

In: work that writes to a file. Out: an answer, in parts if it is large. Never here: what is written.
"""

import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from hashlib import blake2b
from typing import IO, Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.api.conventions.cancellation import while_connected

_PIECE = 256 * 1024
_WHOLE = 1024 * 1024
"""Bytes up to which a document stays in memory and is sent at once, and so compressed."""


async def spooled(
    request: Request, write: Callable[[IO[bytes]], Coroutine[Any, Any, Mapping[str, str]]], media_type: str
) -> Response:
    """Return what `write` writes to a file, with the headers that it returns and an entity tag.

    The work ends if the client disconnects.
    """
    file = tempfile.SpooledTemporaryFile(_WHOLE)  # noqa: SIM115 - it is closed once it has been sent
    try:
        headers = await while_connected(request, write(file))
        length = file.tell()
        headers = {**headers, "Content-Length": str(length), "ETag": _tag_of(file, headers.get("Content-Language", ""))}
        if length > _WHOLE:
            return StreamingResponse(_parts(file), media_type=media_type, headers=headers)
        answer = Response(file.read(), media_type=media_type, headers=headers)
    except BaseException:
        file.close()
        raise
    file.close()
    return answer


async def _parts(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _tag_of(file: IO[bytes], language: str) -> str:
    digest = blake2b(digest_size=12, key=language.encode())
    file.seek(0)
    while piece := file.read(_PIECE):
        digest.update(piece)
    file.seek(0)
    return f'W/"{digest.hexdigest()}"'
