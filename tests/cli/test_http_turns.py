"""Single events take turns: between two of them the loop reads what else has arrived, and none is lost while it waits."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from app.cli.http_protocol import HttpProtocol
from tests.cli.served import served, until

CONNECTIONS = 6
BODY = b"x" * 300
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
REQUEST = POST % len(BODY) + BODY
TURNS = (b"POST / ",)


class Iterations:
    """Counts the iterations of the loop while it is entered."""

    def __init__(self) -> None:
        self.number = 0
        self._counts = True

    @contextmanager
    def counted(self) -> Iterator["Iterations"]:
        """Count."""
        self._next()
        try:
            yield self
        finally:
            self._counts = False

    def _next(self) -> None:
        self.number += 1
        if self._counts:
            asyncio.get_running_loop().call_soon(self._next)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the number of bytes of the body."""
    size, more = 0, True
    while more:
        part = await receive()
        size, more = size + len(part.get("body", b"")), part.get("more_body", False)
    text = b"%s %d" % (scope["method"].encode(), size)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})


async def connected(server: uvicorn.Server, count: int = CONNECTIONS) -> list[socket.socket]:
    """Return sockets whose connections the server has; what they send arrives before the loop goes on."""
    loop, clients = asyncio.get_running_loop(), []
    for _ in range(count):
        client = socket.socket()
        client.setblocking(False)
        await loop.sock_connect(client, server.servers[0].sockets[0].getsockname())
        clients.append(client)
    await until(lambda: len(server.server_state.connections) == count)
    return clients


def ends(server: uvicorn.Server) -> list[HttpProtocol]:
    """Return the server's ends of its connections."""
    return [one for one in server.server_state.connections if isinstance(one, HttpProtocol)]


async def answer(client: socket.socket) -> bytes:
    """Return all that is answered until the text of one answer has arrived."""
    received = b""
    while b"\r\n\r\n" not in received or received.endswith(b"\r\n\r\n"):
        more = await asyncio.get_running_loop().sock_recv(client, 65_536)
        assert more, received
        received += more
    client.close()
    return received.rpartition(b"\r\n\r\n")[2]


def heads(server: uvicorn.Server, iterations: Iterations) -> list[int]:
    """Return a list that gets the iteration in which each request is parsed."""
    found: list[int] = []
    for connection in ends(server):
        _note(connection, found, iterations)
    return found


def _note(connection: HttpProtocol, found: list[int], iterations: Iterations) -> None:
    parse = connection.parse

    def noted(data: bytes | memoryview) -> None:
        found.append(iterations.number)
        parse(data)

    connection.parse = noted  # type: ignore[method-assign]


async def test_each_post_is_parsed_in_an_iteration_of_its_own() -> None:
    """All have arrived, so that the loop finds them at once; an answer of the database would be read between any two of them."""
    async with served(application, TURNS) as server, asyncio.timeout(10):
        clients = await connected(server)
        with Iterations().counted() as iterations:
            parsed = heads(server, iterations)
            for client in clients:
                client.send(REQUEST)
            assert [b"POST 300"] * CONNECTIONS == [await answer(client) for client in clients]
    assert CONNECTIONS == len(set(parsed)) == len(parsed)


async def test_a_question_and_a_batch_do_not_wait() -> None:
    """Questions are answered in tasks, which take turns already; of a batch the flushes are fuller if it comes at once."""
    async with served(application, TURNS) as server, asyncio.timeout(10):
        clients = await connected(server, 4)
        with Iterations().counted() as iterations:
            parsed = heads(server, iterations)
            for client, method in zip(clients[:2], (b"GET /", b"POST /other"), strict=True):
                client.send(b"%b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" % method)
            for client in clients[2:]:
                client.send(POST % 5_000 + b"x" * 5_000)
            expected = [b"GET 0", b"POST 0", b"POST 5000", b"POST 5000"]
            assert expected == [await answer(client) for client in clients]
    assert 1 == len(set(parsed))


async def test_what_follows_while_a_post_waits_belongs_to_it() -> None:
    """The body after the head, or a second request, may arrive before the turn has come; so may more than is kept."""
    async with served(application, TURNS) as server, asyncio.timeout(10):
        clients = await connected(server)
        for client in clients:
            client.send(POST % 100_000)
        await until(lambda: any(one._in_turn for one in ends(server)))
        for client in clients:
            client.send(b"x" * 60_000)
        await asyncio.sleep(0)
        for client in clients:
            await asyncio.get_running_loop().sock_sendall(client, b"x" * 40_000)
        assert [b"POST 100000"] * CONNECTIONS == [await answer(client) for client in clients]


async def test_a_stop_answers_the_posts_that_wait() -> None:
    """They have been read: their senders would not know whether they were taken."""
    async with served(application, TURNS) as server, asyncio.timeout(10):
        clients = await connected(server)
        for client in clients:
            client.send(REQUEST)
        await until(lambda: all(one._in_turn or one.cycle for one in ends(server)))
        assert any(one._in_turn for one in ends(server))
        stopping = asyncio.create_task(server.shutdown())
        assert [b"POST 300"] * CONNECTIONS == [await answer(client) for client in clients]
        await stopping


async def test_what_a_sender_sent_before_it_left_is_taken() -> None:
    """It does not read the answer, but its event has arrived; the others have theirs."""
    async with served(application, TURNS) as server, asyncio.timeout(10):
        clients = await connected(server)
        with Iterations().counted() as iterations:
            parsed = heads(server, iterations)
            for client in clients:
                client.send(REQUEST)
            for client in clients[::2]:
                client.close()
            assert [b"POST 300"] * (CONNECTIONS // 2) == [await answer(client) for client in clients[1::2]]
    assert CONNECTIONS == len(parsed)
