"""Closed-loop HTTP load: each connection sends its next request after the response.

In: prepared request bytes. Out: latencies. Never here: HTTP libraries and event loops, whose cost would hide the server's:
load and server share the machine.
"""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

_SEND_BUFFER = 1 << 20
"""A whole batch fits, so that sending on one connection does not delay another."""


@dataclass(frozen=True, slots=True)
class Load:
    """Latencies and duration of a load."""

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


def drive(port: int, requests: Iterator[bytes], connections: int, seconds: float = 3600.0) -> Load:
    """Send requests until none is left or the time is over."""
    latencies: list[float] = []
    sent: dict[socket.socket, float] = {}
    clock = time.perf_counter
    began = clock()
    until = began + seconds
    with selectors.DefaultSelector() as selector:

        def send_next(connection: socket.socket, now: float) -> None:
            request = next(requests, None) if now < until else None
            if request is None:
                selector.unregister(connection)
                connection.close()
                return
            sent[connection] = now
            connection.sendall(request)

        for _ in range(connections):
            connection = socket.create_connection(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            selector.register(connection, selectors.EVENT_READ)
            send_next(connection, clock())
        while selector.get_map():
            for key, _ in selector.select():
                connection = key.fileobj  # type: ignore[assignment]  # only sockets were registered
                _read_answer(connection)
                now = clock()
                latencies.append(now - sent[connection])
                send_next(connection, now)
    return Load(len(latencies), clock() - began, latencies)


def _read_answer(connection: socket.socket) -> None:
    """Read one response to its last byte; it usually arrives in one piece."""
    answer = connection.recv(65536)
    head, found, body = answer.partition(b"\r\n\r\n")
    while not found or len(body) < _length(head):
        more = connection.recv(65536)
        if not more:
            raise RuntimeError(f"cut off: {answer[:300].decode()}")
        answer += more
        head, found, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer[:600].decode())


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def post(path: str, body: bytes, key: str, media_type: str = "application/json") -> bytes:
    """Return the bytes of a POST."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str, key: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
