"""Compression of answers: JSON and text of 1 KiB or more, for clients that accept gzip.

In: ASGI messages of an answer. Out: the same, compressed. Never here: event streams and files, which are sent in parts or are
compressed already.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from app.negotiation import COMPRESS_FROM

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_LEVEL = 4
"""JSON of figures shrinks to a seventh at this level. Level 6 saves two percent more and takes half as long again."""
_THREAD_FROM = 256 * 1024
"""Bytes from which on compression takes more than a few milliseconds and leaves the event loop."""
_MEDIA_TYPES = ("application/json", "application/problem+json", "text/html", "text/plain", "text/csv")


def compressing(send: Send, *, accepted: bool) -> Send:
    """Return a `send` that compresses an answer if the client accepts gzip.

    An answer that depends on `Accept-Encoding` says so in `Vary`, whether it is compressed or not.
    """
    start: Message | None = None

    async def send_compressed(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start" and _may_compress(message):
            start = message
            return
        if start is not None:
            begin, start = start, None
            body = message.get("body", b"")
            if not message.get("more_body") and len(body) >= COMPRESS_FROM:
                headers = [*begin["headers"], (b"vary", b"Accept-Encoding")]
                if accepted:
                    body = await _compress(body)
                    headers = [(name, value) for name, value in headers if name != b"content-length"]
                    headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]
                    message = {**message, "body": body}
                begin = {**begin, "headers": headers}
            await send(begin)
        await send(message)

    return send_compressed


def _may_compress(start: Message) -> bool:
    headers = dict(start.get("headers", ()))
    media_type = headers.get(b"content-type", b"").partition(b";")[0].decode("latin-1")
    return media_type in _MEDIA_TYPES and b"content-encoding" not in headers


async def _compress(body: bytes) -> bytes:
    if len(body) >= _THREAD_FROM:
        return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
    return gzip.compress(body, _LEVEL, mtime=0)
