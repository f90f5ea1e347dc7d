"""How answers are written: whole where their length is announced, and never with a header that a value smuggles in."""

import asyncio
import time
from typing import Any

import pytest

from app.cli import http_protocol
from tests.cli.served import connect, connection_of, served

PATHS = {
    "/plain": [(b"content-type", b"text/plain"), (b"content-length", b"5")],
    "/chunked": [(b"content-type", b"text/plain")],
    "/smuggled": [(b"content-type", b"text/plain\r\nset-cookie: a=b"), (b"content-length", b"5")],
    "/closing": [(b"content-length", b"5"), (b"connection", b"close")],
    "/short": [(b"content-length", b"6")],
    "/long": [(b"content-length", b"4")],
}


async def _answers(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"] == "/echo":
        body, more = b"", True
        while more:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": PATHS[scope["path"]]})
        if scope["path"] == "/plain" and scope["query_string"] == b"parts":
            await send({"type": "http.response.body", "body": b"he", "more_body": True})
            await send({"type": "http.response.body", "body": b"llo"})
        else:
            await send({"type": "http.response.body", "body": b"hello"})


async def _exchange(*requests: str) -> str:
    """Send requests at once on one connection, the last of which closes it; return all that is answered."""
    async with served(_answers) as server, asyncio.timeout(10):
        reader, writer = await connect(server)
        writer.write("".join(requests).encode())
        answer = await reader.read()
        writer.close()
        return answer.decode()


def _request(path: str, method: str = "GET", version: str = "1.1", **headers: str) -> str:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/{version}\r\nHost: x\r\n{lines}\r\n"


LAST = _request("/plain", Connection="close")


@pytest.mark.parametrize("path", ["/plain", "/plain?parts", "/chunked"])
async def test_an_answer_arrives_whole_and_the_connection_stays(path: str) -> None:
    """One body in one piece, in parts, or without a length; the next request on the connection is answered too."""
    answer = await _exchange(_request(path), LAST)
    assert 2 == answer.count("HTTP/1.1 200 OK\r\n")
    assert 2 == answer.count("hello")
    assert 1 == answer.count("connection: close")


async def test_pipelined_requests_are_answered_in_their_order() -> None:
    """Kinds of answers in turn."""
    answer = await _exchange(*(_request(path) for path in ("/plain", "/chunked", "/plain", "/plain?parts")), LAST)
    assert 5 == answer.count("HTTP/1.1 200 OK\r\n")
    assert ["5", "chunked", "5", "5", "5"] == [
        line.partition(": ")[2] for line in answer.split("\r\n") if line.startswith(("content-length", "transfer-encoding"))
    ]


async def test_a_value_adds_no_header() -> None:
    """The check of uvicorn refuses it: nothing is sent, and the connection ends."""
    assert "" == await _exchange(_request("/smuggled"))


@pytest.mark.parametrize(
    ("method", "version", "path"), [("HEAD", "1.1", "/plain"), ("GET", "1.0", "/plain"), ("GET", "1.1", "/closing")]
)
async def test_an_answer_that_ends_the_connection_or_has_no_body(method: str, version: str, path: str) -> None:
    """HEAD has no body; HTTP/1.0 and an answer that says so close the connection."""
    closing = {"Connection": "close"} if method == "HEAD" else {}
    answer = await _exchange(_request(path, method, version, **closing))
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert answer.endswith("\r\n\r\n" if method == "HEAD" else "hello")


@pytest.mark.parametrize("path", ["/short", "/long"])
async def test_a_body_of_another_length_than_announced_breaks_the_connection(path: str) -> None:
    """The client sees that the answer is not whole."""
    answer = await _exchange(_request(path))
    head, _, body = answer.partition("\r\n\r\n")
    assert f"content-length: {len(body)}" not in head


async def test_a_stop_between_head_and_body_closes_the_connection() -> None:
    """The answer arrives whole; an idle connection would hold up the end of the process."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": PATHS["/plain"]})
        for connection in server.server_state.connections:
            connection.shutdown()
        await send({"type": "http.response.body", "body": b"hello"})

    async with served(app) as server, asyncio.timeout(10):
        reader, writer = await connect(server)
        writer.write(_request("/plain").encode())
        answer = await reader.read()
        writer.close()
    assert answer.endswith(b"hello")


@pytest.mark.parametrize("offer", ["h2c", "websocket"])
async def test_a_request_that_offers_another_protocol_is_read_whole(offer: str) -> None:
    """Bodies by length and in chunks, and none, each with the next request right behind it."""
    upgrade = {"Upgrade": offer, "Connection": "Upgrade"}
    answer = await _exchange(
        _request("/echo", "POST", **upgrade, **{"Content-Length": "5"}) + "first",
        _request("/plain", **upgrade),
        _request("/echo", "POST", **upgrade, **{"Transfer-Encoding": "chunked"}) + "3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n",
        LAST,
    )
    assert ["first", "hello", "second", "hello"] == [part.split("HTTP/1.1")[0] for part in answer.split("\r\n\r\n")[1:]]


@pytest.mark.parametrize("upgrade", [{}, {"Upgrade": "h2c", "Connection": "Upgrade"}])
async def test_a_pipelined_request_has_time_for_its_body(upgrade: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer before it does not begin the time in which the rest of an answered request is discarded."""
    monkeypatch.setattr(http_protocol, "_DISCARD_SECONDS", 1.0)
    async with served(_answers) as server, asyncio.timeout(10):
        reader, writer = await connect(server)
        head = _request("/echo", "POST", **upgrade, **{"Content-Length": "5"})
        writer.write((_request("/plain") + head).encode())
        await reader.readuntil(b"hello")
        connection_of(server).sweep(time.monotonic() + 2)
        writer.write(b"later")
        assert (await reader.readuntil(b"later")).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()
