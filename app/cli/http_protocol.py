"""The HTTP/1.1 protocol of the server: uvicorn's, with coalesced writes and a limit for everything that a client can prolong.

In: bytes of a connection. Out: ASGI requests, bytes of answers. Never here: routes, authentication.

uvicorn limits neither the size of a request head nor the time in which a head or a body must arrive. One sweep per second over
the open connections applies the time limits, so that a request costs no timer of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httptools
from pydantic_core import to_json
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from app.api.ingest.direct_events import DirectEvents
from app.api.live.stream import ABORT
from app.cli.http_answers import Cycle, Http10Cycle
from app.cli.http_direct import DirectCycle, Request
from app.cli.http_reading import HttpReading, RequestTurns
from app.cli.http_upgrade import read_on
from app.observability.requests import RequestMeasures
from app.problems import MEDIA_TYPE, ProblemError

_SWEEP_SECONDS = 1.0
_DISCARD_SECONDS = 5.0
"""How long the rest of a body is read and discarded after its answer. Closing at once would reset the connection, and the client
could lose the answer."""
_BODY_RATE = 65_536
"""Bytes of a body that prolong its time by a second."""
_DISCARD_BYTES = 1 << 20
"""How much of a refused head is read and discarded."""
_TOO_LARGE = 431
_measures = RequestMeasures()


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a client may use of a connection; times in seconds."""

    head_bytes: int
    """Request line and headers."""
    head_seconds: float
    """From the first byte of a request, or from the connection, to the end of its head."""
    body_seconds: float
    """From the end of the head to the end of the body, without the time in which the server does not read;
    one second more per 64 KiB."""
    write_seconds: float
    """How long a client may read nothing of an answer that does not fit the buffers."""


class HttpProtocol(HttpReading):
    """One connection. Subclasses name the limits, since uvicorn creates the protocol itself."""

    limits: ConnectionLimits
    direct_events: DirectEvents | None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request head."""
        super().connection_made(transport)
        self._extensions: dict[str, dict[object, object]] = {ABORT: {"abort": transport.abort}}
        self._head_since: float | None = time.monotonic()
        self._idle_since = self._head_since
        """When the last request was answered."""
        self._body_since: float | None = None
        self._answered_since: float | None = None
        """When a request was answered whose body is still arriving."""
        self._blocked_since: float | None = None
        self._blocked_bytes = 0
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """Take what arrived; of a connection that was refused nothing more is parsed."""
        if not self._refused:
            super().data_received(data)
            return
        self._received += len(data)
        if self._received > self.limits.head_bytes + _DISCARD_BYTES:
            self.transport.abort()

    def parse(self, data: bytes | memoryview) -> None:
        """Parse; refuse a head that exceeds its limit, and as much behind a body or between its chunks."""
        if self._refused:
            return
        try:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                self._read_on(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400, "the request is not valid HTTP/1.1")
        if self.excess() > self.limits.head_bytes:
            self._refuse(431, f"a request head may have at most {self.limits.head_bytes} bytes")

    def _read_on(self, rest: bytes | memoryview) -> None:
        # Unless the head is too long: `data_received` refuses it then.
        while self._head_since is None:
            try:
                read_on(self, rest)
            except httptools.HttpParserUpgrade as offer:
                rest = rest[offer.args[0] :]
            else:
                break

    def on_message_begin(self) -> None:
        """Give the request the means to cut its connection off."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._head_since = time.monotonic()

    def on_headers_complete(self) -> None:
        """Start the request, unless its head is too long: `data_received` refuses it then."""
        if self._refused or (self._received > self.limits.head_bytes and self._head_size() > self.limits.head_bytes):
            return
        self._head_since = None
        self._body_since = time.monotonic()
        self.head_complete()
        if self.wrong_host():
            self._refuse(400, "HTTP/1.1 requires one Host header with a host and perhaps a port")
            return
        if (request := self._direct_request()) is None:
            self._start()
            return
        cycle = DirectCycle(request, self.transport, self.server_state.default_headers, self.on_response_complete)  # type: ignore[arg-type]
        self.cycle = cycle  # type: ignore[assignment]

    def _direct_request(self) -> Request | None:
        parser = self.parser
        if self.direct_events is None or not self._between_requests() or parser.get_method() != b"POST":
            return None
        if parser.get_http_version() != "1.1" or not parser.should_keep_alive() or self.transport.is_closing():
            return None
        if self.flow.write_paused:
            # The client does not read its answers: ASGI's wait until it does, and hold up its further requests.
            return None
        return self.direct_events.begin(self.url, self.scope, self.headers)  # type: ignore[arg-type]  # uvicorn's type is narrower

    def _start(self) -> None:
        """Give the request to the ASGI application."""
        super().on_headers_complete()
        self.cycle.__class__ = Http10Cycle if self.scope["http_version"] == "1.0" else Cycle

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if self._refused or self._head_since is not None:
            return
        self.body_arrived(len(body))
        if isinstance(self.cycle, DirectCycle):
            self.cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Note the end of a request; that of a head that offers another protocol is none, its body follows (`read_on`)."""
        if self._refused or self._head_since is not None or self.parser.should_upgrade():
            return
        self.request_complete()
        self._body_since = None
        if isinstance(self.cycle, DirectCycle):
            self._take_direct(self.cycle)
        else:
            super().on_message_complete()
        if self._answered_since is not None:
            self._answered_since = None
            self._idle_since = time.monotonic()

    def _take_direct(self, cycle: DirectCycle) -> None:
        request, cycle.request = cycle.request, None
        # The cycle stays until the next request, its body would too.
        body, cycle.body = bytes(cycle.body), bytearray()
        if request is None or request.take(body, cycle.reply):
            return
        cycle.response_complete = True
        self._start()
        # The server may have begun to stop since the head.
        self.cycle.keep_alive = self.cycle.keep_alive and cycle.keep_alive
        super().on_body(body)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin the next pipelined request, or wait for one; note an answer whose request body is not at its end.

        As uvicorn, but that the sweep and not a timer of each request closes an idle connection.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        now = time.monotonic()
        if self.next_request():
            return
        self._idle_since = now
        # Only the last request may have a body that is still arriving: it was this one.
        if self._body_since is not None:
            self._answered_since = now

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        self._blocked_since, self._blocked_bytes = time.monotonic(), self.transport.get_write_buffer_size()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        self._blocked_since = None
        super().resume_writing()

    def sweep(self, now: float) -> None:
        """Apply the time limits."""
        if self._blocked_since is not None:
            self._sweep_writing(self._blocked_since, now)
        elif self.transport.is_closing():
            return
        elif self._answered_since is not None:
            if now - self._answered_since > _DISCARD_SECONDS:
                self.transport.close()
        elif self._body_since is not None:
            self._sweep_body(self._body_since, now)
        elif self._between_requests():
            self._sweep_head(now)

    def _sweep_writing(self, since: float, now: float) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting < self._blocked_bytes:
            self._blocked_since, self._blocked_bytes = now, waiting
        elif now - since > self.limits.write_seconds:
            self.transport.abort()

    def _sweep_body(self, since: float, now: float) -> None:
        if self.flow.read_paused:
            self._body_since = min(now, since + _SWEEP_SECONDS)
        elif now - since > self.limits.body_seconds + self._received / _BODY_RATE:
            self._refuse(408, "the request body did not arrive in time")

    def _sweep_head(self, now: float) -> None:
        if self._head_since is None:
            if now - self._idle_since > self.timeout_keep_alive:
                self.transport.close()
        elif now - self._head_since > self.limits.head_seconds:
            if self._received:
                self._refuse(408, f"a request head must arrive within {self.limits.head_seconds:g} s")
            else:
                self.transport.close()

    def _between_requests(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self, status: int, detail: str) -> None:
        """Answer without the application, and close the connection."""
        if self._refused or self.transport.is_closing():
            return
        _measures.add_unread(status)
        if self._between_requests() or not self.cycle.response_started:
            body = to_json(ProblemError(status, detail).document(None))
            head = b"%scontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(head % (STATUS_LINE[status], MEDIA_TYPE.encode(), len(body)) + body)
        self._refused = True
        if status == _TOO_LARGE:
            self._answered_since = time.monotonic()
            self.transport.write_eof()
        else:
            self.transport.close()
        if not self._between_requests():
            # The application waits for the body. It learns that the client is gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()


def protocol_with(limits: ConnectionLimits, direct_events: DirectEvents | None = None) -> type[HttpProtocol]:
    """Return the protocol with these limits, as uvicorn's configuration takes it."""
    in_turns = () if direct_events is None else direct_events.request_lines
    members = {"limits": limits, "direct_events": direct_events, "turns": RequestTurns(), "in_turns": in_turns}
    return type("LimitedHttpProtocol", (HttpProtocol,), members)


@asynccontextmanager
async def sweeping(connections: Iterable[object]) -> AsyncIterator[None]:
    """Apply the time limits to a server's connections once a second while the block runs."""

    async def sweep() -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = time.monotonic()
            for connection in [each for each in connections if isinstance(each, HttpProtocol)]:
                connection.sweep(now)

    task = asyncio.create_task(sweep(), name="connection limits")
    try:
        yield
    finally:
        task.cancel()
