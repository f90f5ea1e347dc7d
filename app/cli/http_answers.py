"""How answers are written: few system calls, and HTTP/1.0 as its clients understand it.

In: ASGI messages of an answer. Out: bytes on a transport. Never here: requests, limits.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_FORBIDDEN = bytes([*range(9), *range(10, 32), 127])
"""What no value of a header may hold, as uvicorn has it."""
_PLAIN_NAMES = frozenset(
    (
        b"cache-control", b"content-encoding", b"content-language", b"content-type", b"date", b"etag", b"ratelimit",
        b"ratelimit-policy", b"retry-after", b"strict-transport-security", b"vary", b"x-content-type-options", b"x-frame-options",
        b"x-request-id",
    )
)  # fmt: skip
"""Headers that say nothing about how an answer is sent."""


class WriteCoalescing:
    """A transport that sends the writes of one event loop iteration together: an answer's head and body in one system call."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Wrap a transport."""
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        # Each request needs it: `__getattr__` would cost more than the method.
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        """Pass on what is not changed here."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep the data until the end of this iteration."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def write_whole(self, data: bytes) -> None:
        """Write an answer that nothing follows, without waiting for the end of the iteration."""
        if self._parts:
            self._parts.append(data)
            self._send()
        elif not self.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Send what is kept, then close."""
        self._send()
        self._transport.close()

    def write_eof(self) -> None:
        """Send what is kept, then end the writing half of the connection."""
        self._send()
        self._transport.write_eof()

    def _send(self) -> None:
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            # The client may have closed the connection since.
            if not self.is_closing():
                self._transport.write(data)


class Cycle(RequestResponseCycle):
    """A request of HTTP/1.1: an answer of announced length is written as a whole, head and body in one piece.

    uvicorn searches each name and value of a head by two regular expressions, and writes head and body apart.
    """

    _head: bytes | None = None

    async def send(self, message: Any) -> None:
        """Send an answer's head, or a part of its body."""
        if self.response_started:
            head, self._head = self._head, None
            if head is None:
                await super().send(message)
                return
            body: bytes = message.get("body", b"")
            if len(body) == self.expected_content_length and not self.flow.write_paused and not message.get("more_body", False):
                self._finish(head + body)
                return
            self.transport.write(head)
            await super().send(message)
        elif message["type"] != "http.response.start" or self.scope["method"] == "HEAD" or not self._take_head(message):
            await super().send(message)

    def _take_head(self, message: Any) -> bool:
        """Keep the head until its body comes; False if uvicorn must judge it: it announces no length, or decides more."""
        lines = [STATUS_LINE[message["status"]]]
        length, values = b"", b""
        for name, value in (*self.default_headers, *message.get("headers", ())):
            if name == b"content-length":
                length = value
            elif name not in _PLAIN_NAMES:
                return False
            values += value
            lines += (name, b": ", value, b"\r\n")
        if not length.isdigit() or not self.keep_alive or len(values.translate(None, _FORBIDDEN)) != len(values):
            return False
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        self.response_started, self.waiting_for_100_continue = True, False
        self.expected_content_length, self.chunked_encoding = int(length), False
        return True

    def _finish(self, data: bytes) -> None:
        """Write the whole answer, and end the request as uvicorn does."""
        if self.disconnected:
            return
        self.transport.write_whole(data)  # type: ignore[attr-defined]
        self.expected_content_length, self.response_complete = 0, True
        self.message_event.set()
        if not self.keep_alive:
            # The server has begun to stop since the head was taken.
            self.transport.close()
        self.on_response()


class Http10Cycle(RequestResponseCycle):
    """A request of HTTP/1.0: an answer without a length ends with the connection, since HTTP/1.0 knows no chunks."""

    async def send(self, message: Any) -> None:
        """Send an answer's head, or a part of its body."""
        if message["type"] == "http.response.start" and not self.response_started:
            names = {name.lower() for name, _ in message.get("headers", ())}
            self.chunked_encoding = None if b"content-length" in names else False
        if self.chunked_encoding is False and message["type"] == "http.response.body" and self.scope["method"] != "HEAD":
            # uvicorn compares the body with the announced length; here nothing is announced.
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
