"""Readers that do not read: they miss updates, the server disconnects them in the end, and other clients are not affected."""

import asyncio
import os
import re
import socket
import time

import httpx
import pytest

from app.cli.serve import Server
from app.live import hub as hub_module, subscriber
from app.observability.metrics import DROPPED, SUBSCRIBERS
from app.service import Service
from tests.live.conftest import Open, make_session, send
from tests.live.reading import Reader

LIKES = re.compile(rb'"likes":\{"value":(\d+)')


def idle_reader(service: Service, session: str, authorization: str) -> socket.socket:
    """Open a stream on a raw socket with a small buffer, and read nothing."""
    stream = socket.socket()
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stream.connect(("127.0.0.1", service.settings.port))
    request = f"GET /v1/sessions/{session}/stream HTTP/1.1\r\nHost: t\r\nAuthorization: {authorization}\r\n\r\n"
    stream.sendall(request.encode())
    return stream


@pytest.fixture
async def wide(client: httpx.AsyncClient, server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A session whose documents are so large, and computed so often, that a connection's small buffers are full in a moment."""
    with socket.socket(fileno=os.dup(server._server.servers[0].sockets[0].fileno())) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # accepted sockets inherit it
    monkeypatch.setattr(hub_module, "SPACING_SECONDS", 0.02)
    monkeypatch.setattr(hub_module, "PAUSE_FACTOR", 0)
    lineup = [{"product": f"p-{number}", "name": "名" * 100, "stock": 1} for number in range(150)]
    return await make_session(client, lineup=lineup)


async def change(client: httpx.AsyncClient, session: str, quick: Reader, updates: int) -> int:
    """Change the documents again and again until a quick reader has so many more updates; return how often."""
    count, wanted = 0, quick.kinds().count("products") + updates
    while quick.kinds().count("products") < wanted:
        count += 1
        await send(client, session, "like.sent", count=1)
        await send(client, session, "product.clicked", product="p-0")
    return count


async def test_a_slow_reader_gets_the_newest_state_and_not_what_lies_between(
    client: httpx.AsyncClient, service: Service, wide: str, watch: Open
) -> None:
    """When it reads at last, its last state is that of a quick reader, and it has seen fewer."""
    quick = await (await watch(wide)).snapshot()
    slow = idle_reader(service, wide, client.headers["Authorization"])
    count = await change(client, wide, quick, 20)
    await quick.until(lambda reader: reader.last("kpis")["kpis"]["likes"]["value"] == count)
    slow.settimeout(5)
    received = b""
    while not (found := LIKES.findall(received)) or int(found[-1]) < count:
        received += await asyncio.to_thread(slow.recv, 1 << 20)
    slow.close()
    updates = received.count(b"event: kpis")
    assert 1 < updates < quick.kinds().count("kpis") - 10


async def test_a_reader_that_never_reads_is_cut_off_and_others_go_on(
    client: httpx.AsyncClient, service: Service, wide: str, watch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place is free again, its connection is gone, the metric counts it, and the quick reader missed nothing."""
    monkeypatch.setattr(subscriber, "SLOW_SECONDS", 1.0)
    before = DROPPED._value.get()
    quick = await (await watch(wide)).snapshot()
    slow = idle_reader(service, wide, client.headers["Authorization"])
    await asyncio.sleep(0.3)
    assert 2 == SUBSCRIBERS._value.get()
    end = time.monotonic() + 20
    while DROPPED._value.get() == before:
        assert time.monotonic() < end, "the reader was never cut off"
        await change(client, wide, quick, 1)
    slow.settimeout(5)
    rest = last = await asyncio.to_thread(slow.recv, 1 << 20)
    while last:
        last = await asyncio.to_thread(slow.recv, 1 << 20)
        rest = (rest + last)[-100:]
    slow.close()
    assert not rest.endswith(b"0\r\n\r\n"), "the stream was cut off, so it has no proper end"
    assert 1 == SUBSCRIBERS._value.get()
    await send(client, wide, "share.sent")
    await quick.until(lambda reader: reader.last("kpis")["kpis"]["shares"]["value"] == 1)
    assert not quick.ended
