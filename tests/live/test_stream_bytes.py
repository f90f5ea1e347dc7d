"""The stream as bytes: what a client of HTTP/1.0 reads, and that no block is an empty event."""

import asyncio

import httpx

from app.live.subscriber import StreamLimits
from app.service import Service
from tests.live.reading import SNAPSHOT, Reader


async def read_raw(service: Service, path: str, authorization: str, version: str, enough: int) -> tuple[bytes, bytes]:
    """Return the head of a stream's answer and its body until so many blocks came, as they are on the wire."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.settings.port)
    try:
        writer.write(f"GET {path} HTTP/{version}\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        body = b""
        async with asyncio.timeout(10):
            while body.count(b"\n\n") < enough:
                chunk = await reader.read(65536)
                assert chunk, "the stream ended"
                body += chunk
        return head, body
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_client_of_http_1_0_reads_the_stream(client: httpx.AsyncClient, service: Service, session: str) -> None:
    """The body is not chunked, and the end of the connection ends it."""
    service.hub._pace = StreamLimits(60, 0.3, 100, 100)
    path = f"/v1/sessions/{session}/stream"
    head, body = await read_raw(service, path, client.headers["Authorization"], "1.0", len(SNAPSHOT) + 2)
    assert b" 200 " in head.split(b"\r\n")[0]
    names = {line.split(b":")[0].lower(): line.split(b":", 1)[1].strip().lower() for line in head.split(b"\r\n")[1:] if line}
    assert b"transfer-encoding" not in names
    assert b"content-length" not in names
    assert b"close" == names[b"connection"]
    assert body.startswith(b"retry: ")
    reader = Reader(200, httpx.Headers())
    for block in body.decode().split("\n\n")[:-1]:
        reader.take(block)
    assert SNAPSHOT == reader.kinds()
    assert reader.comments >= 2


async def test_the_stream_sends_no_block_that_is_an_empty_event(
    client: httpx.AsyncClient, service: Service, session: str
) -> None:
    """Some clients dispatch a block with a field but without data as an empty `message`: there is none, `retry` included."""
    service.hub._pace = StreamLimits(60, 0.3, 100, 100)
    path = f"/v1/sessions/{session}/stream"
    _, body = await read_raw(service, path, client.headers["Authorization"], "1.0", len(SNAPSHOT) + 4)
    blocks = body.decode().split("\n\n")[:-1]
    comments = [block for block in blocks if all(line.startswith(":") for line in block.split("\n"))]
    events = [block for block in blocks if block not in comments]
    assert len(SNAPSHOT) == len(events)
    assert len(comments) >= 4
    for block in events:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        assert {"id", "event", "data"} <= set(fields)
        assert "message" != fields["event"]
        assert fields["data"]
