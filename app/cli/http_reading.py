"""How requests are read: in turns, so that no client holds up the others, and no further than they are answered.

In: bytes of a connection. Out: uvicorn's parser callbacks. Never here: answers, times.

uvicorn parses all that a read returns, 256 KiB, which may be ten thousand pipelined requests or forty thousand chunks, and reads
on after each answer although requests wait: one connection of a stranger stopped all others for seconds and filled the memory. It
also adds the fields behind a body (trailers) to the headers, without a limit.
"""

import asyncio
import re
from collections import deque
from functools import lru_cache

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.cli.http_answers import WriteCoalescing

_TURN_BYTES = 8192
"""What is parsed of a connection in one iteration of the event loop: some 200 pipelined requests, or 1,300 chunks of a byte. A
body of announced length is one callback, whatever its size, and is not counted."""
_SMALL_BYTES = 4096
"""What arrives in one read and may take a turn: a request with one event. More is a batch, most of which is one callback."""
_MOST_DIGITS = 18
_AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~%!$&'()*+,;=-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


@lru_cache(maxsize=256)
def is_authority(host: bytes) -> bool:
    """Return whether the value of a `Host` header is a host and perhaps a port (RFC 3986, 3.2)."""
    return len(host) <= 512 and _AUTHORITY.fullmatch(host) is not None


class ReadFlow(FlowControl):
    """Flow control with two reasons to read nothing: a full body or another request, and received bytes that wait."""

    def __init__(self, transport: asyncio.Transport) -> None:
        """Read."""
        super().__init__(transport)
        self.held = False
        self._full = False

    def hold(self) -> None:
        """Read nothing until `release`."""
        self.held = True
        self._apply()

    def release(self) -> None:
        """Read again, unless the application does not read."""
        self.held = False
        self._apply()

    def pause_reading(self) -> None:
        """Read nothing until `resume_reading`."""
        self._full = True
        self._apply()

    def resume_reading(self) -> None:
        """Read again, unless bytes wait."""
        self._full = False
        self._apply()

    def _apply(self) -> None:
        pause = self.held or self._full
        if pause == self.read_paused or self._transport.is_closing():
            return
        self.read_paused = pause
        if pause:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()


class RequestTurns:
    """Connections of a server whose single events wait to be parsed, first come, first served, one in an iteration of the loop.

    The events before them wait for answers of the database, which would be read behind all requests that have arrived. What a
    task answers need not take turns: its work begins in a later iteration.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: deque[HttpReading] = deque()

    def add(self, connection: "HttpReading") -> None:
        """Let a connection wait; it goes on when its turn comes."""
        self._waiting.append(connection)
        if len(self._waiting) == 1:
            connection.loop.call_soon(self._next)

    def _next(self) -> None:
        connection = self._waiting.popleft()
        if self._waiting:
            connection.loop.call_soon(self._next)
        connection.go_on()


class HttpReading(HttpToolsProtocol):
    """One connection, as far as it is read. Subclasses name the turns that it shares with the other connections of its server."""

    turns: RequestTurns
    in_turns: tuple[bytes, ...]
    """The first bytes of the requests that take turns."""
    flow: ReadFlow

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Prepare to read."""
        super().connection_made(transport)
        self.transport = WriteCoalescing(transport, self.loop)  # type: ignore[assignment]
        self.flow = ReadFlow(transport)
        self._waiting = memoryview(b"")
        """What was received and is not parsed yet."""
        self._in_turn = False
        """Whether it waits for its turn."""
        self._received = 0
        """Bytes since the last request."""
        self._framed = 0
        """How many of them had been received when the head, or a part of the body, was complete."""
        self._body_left = 0
        """Bytes of a body of announced length that have not arrived."""
        self._in_head = True
        self._hosts: list[bytes] = []

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what waits."""
        self._waiting = memoryview(b"")
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Begin no further request; one that waits for its turn has begun."""
        if self._in_turn:
            self.go_on()
        super().shutdown()

    def eof_received(self) -> None:
        """Take what waits: a sender may leave without reading its answer."""
        if self._in_turn:
            self.go_on()
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, or let it wait."""
        if self._in_turn or self.flow.held:
            self._waiting = memoryview(bytes(self._waiting) + data)
            if len(self._waiting) > _SMALL_BYTES:
                self.flow.hold()
        elif len(data) <= _SMALL_BYTES and not self._body_left and data.startswith(self.in_turns):
            self._waiting, self._in_turn = memoryview(data), True
            self.turns.add(self)
        else:
            self._take(data)

    def _take(self, data: "bytes | memoryview") -> None:
        turn = max(_TURN_BYTES, self._body_left)
        if len(data) > turn:
            view = memoryview(data)
            data, self._waiting = view[:turn], view[turn:]
        self._received += len(data)
        self.parse(data)
        if self._waiting or self.pipeline:
            self.flow.hold()
            if not self.pipeline:
                self.loop.call_soon(self.go_on)

    def parse(self, data: "bytes | memoryview") -> None:
        """Give bytes to the parser."""
        raise NotImplementedError

    def go_on(self) -> None:
        """Parse what waits."""
        self._in_turn = False
        data, self._waiting = self._waiting, memoryview(b"")
        self.flow.held = False
        if data and not self.transport.is_closing():
            self._take(data)
        if not self.flow.held:
            self.flow.release()

    def next_request(self) -> bool:
        """Begin the next pipelined request; False if none waits."""
        if not self.pipeline:
            return False
        self._start_asgi_task(*self.pipeline.pop())
        if not self.pipeline:
            self.loop.call_soon(self.go_on)
        return True

    def excess(self) -> int:
        """Return how many bytes of headers, trailers or chunk extensions arrived since the last part of the head or body."""
        return self._received - self._framed

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head, self._body_left, self._hosts = True, 0, []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; fields behind the body are not merged into the headers (RFC 9110, 6.5.1)."""
        if not self._in_head:
            return
        super().on_header(name, value)
        name = self.headers[-1][0]
        if name == b"host":
            self._hosts.append(value)
        elif name == b"content-length" and value.isdigit() and len(value) <= _MOST_DIGITS:
            self._body_left = int(value)

    def wrong_host(self) -> bool:
        """Return whether a head lacks the one valid `Host` header that HTTP/1.1 demands (RFC 9112, 3.2)."""
        hosts = self._hosts
        if not hosts:
            return bool(self.parser.get_http_version() != "1.0")
        return len(hosts) > 1 or not is_authority(hosts[0])

    def head_complete(self) -> None:
        """Note the end of a head."""
        self._in_head, self._framed = False, self._received

    def body_arrived(self, size: int) -> None:
        """Note a part of a body."""
        self._framed = self._received
        self._body_left -= size

    def request_complete(self) -> None:
        """Note the end of a request."""
        self._received = self._framed = self._body_left = 0
