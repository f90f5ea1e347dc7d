"""Bodies of requests that a route reads itself.

In: a request, a limit. Out: its bytes. Never here: decompression, a format.
"""

from fastapi import Request

from app.ingest.receiving.decompression import too_large
from app.problems import ProblemError


async def read_body(request: Request, limit: int) -> bytes:
    """Return the request's body.

    Raises:
        ProblemError: 413 as soon as more than `limit` bytes arrive, 400 if the client disconnects.
    """
    parts: list[bytes] = []
    size = 0
    more = True
    # Reads ASGI messages directly: for a small body the framework's stream costs more than the validation.
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(400, "the body is cut off")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)
