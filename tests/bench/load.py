"""A closed-loop HTTP load: so many connections, each sends the next request when it has its answer.

In: prepared request bytes. Out: latencies. Never here: HTTP libraries, whose own cost would hide the server's.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What a load saw."""

    requests: int
    seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        """Return answers per second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Return a latency in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], latencies: list[float], done: asyncio.Event, until: float) -> None:
        self._requests = requests
        self._latencies = latencies
        self.done = done
        self._until = until
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        self._sent = time.perf_counter()
        if request is None or self._sent > self._until:
            self._transport.close()
            self.done.set()
            return
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode() + body[:300].decode())
        self._buffer = b""
        self._latencies.append(time.perf_counter() - self._sent)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self.done.set()


async def drive(port: int, requests: Iterator[bytes], connections: int, seconds: float = 3600.0) -> Load:
    """Send requests until there are no more or the time is up."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    began = time.perf_counter()
    waits = []
    for _ in range(connections):
        connection = _Connection(requests, latencies, asyncio.Event(), began + seconds)
        await loop.create_connection(lambda: connection, "127.0.0.1", port)  # noqa: B023 - called before the next turn
        waits.append(connection.done.wait())
    await asyncio.gather(*waits)
    return Load(len(latencies), time.perf_counter() - began, latencies)


def post(path: str, body: bytes, key: str, media_type: str = "application/json") -> bytes:
    """Return the bytes of a POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str, key: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
