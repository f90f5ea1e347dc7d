"""Requests that are answered without ASGI: what the HTTP protocol keeps of them in the place of uvicorn's cycle.

In: a body, then an answer. Out: bytes on a transport. Never here: which requests they are, what they mean.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.cli.http_answers import WriteCoalescing

Header = tuple[bytes, bytes]


class Request(Protocol):
    """A request whose body is arriving."""

    def take(self, body: bytes, reply: Callable[[int, Sequence[Header], bytes], None]) -> bool:
        """Begin to answer by `reply`; False if the ASGI application must answer."""


class NoEvent:
    """An event for which no task waits."""

    def set(self) -> None:
        """Do nothing."""


class DirectCycle:
    """A request from its head to its answer, with the attributes that uvicorn reads of a cycle."""

    message_event = NoEvent()
    response_started = False

    def __init__(
        self, request: Request, transport: WriteCoalescing, default_headers: Sequence[Header], on_response: Callable[[], None]
    ) -> None:
        """Wait for the body."""
        self.body = bytearray()
        self.request: Request | None = request
        """None once the body is complete."""
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False
        self._transport = transport
        self._default_headers = default_headers
        self._on_response = on_response

    def reply(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Write the answer as a whole."""
        self.response_complete = True
        if self.disconnected:
            return
        lines = [STATUS_LINE[status]]
        for name, value in (*self._default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        lines += (b"\r\n", body)
        self._transport.write_whole(b"".join(lines))
        if not self.keep_alive:
            self._transport.close()
        self._on_response()
