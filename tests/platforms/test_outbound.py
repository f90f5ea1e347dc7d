"""Which servers a connection may reach: the resolved address decides, and answers have an end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn

from app.platforms.outbound import AllowList, ForbiddenHostError, guarded_client, is_forbidden, read_bounded

NO_EXCEPTIONS = AllowList()
LOOPBACK = AllowList.of(["127.0.0.0/8", "::1"])
INSIDE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff02::1]",
    "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
async def test_an_inside_address_is_forbidden_however_it_is_spelled(host: str) -> None:
    """Loopback, link-local, private, shared, multicast, and IPv6 addresses that embed them."""
    assert await is_forbidden(NO_EXCEPTIONS, f"http://{host}:8080/path")


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700:4700::1111]", "134744072"])
async def test_a_public_address_is_permitted(host: str) -> None:
    """Nothing is asked of it."""
    assert not await is_forbidden(NO_EXCEPTIONS, f"https://{host}/")


async def test_the_allow_list_names_networks_addresses_and_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry permits what it names, and its neighbour stays forbidden."""
    allow = AllowList.of(["10.1.0.0/16", "192.168.7.7", "proxy.internal"])
    assert not await is_forbidden(allow, "http://10.1.2.3/")
    assert await is_forbidden(allow, "http://10.2.0.1/")
    assert not await is_forbidden(allow, "http://[::ffff:10.1.2.3]/")
    assert not await is_forbidden(allow, "http://192.168.7.7/")
    assert await is_forbidden(allow, "http://192.168.7.8/")
    _resolve_to(monkeypatch, "10.9.9.9")
    assert not await is_forbidden(allow, "http://Proxy.Internal./")
    assert await is_forbidden(allow, "http://other.internal/")


@pytest.mark.parametrize("entry", ["", "http://proxy", "10.0.0.0/33", "a b", "proxy:8080"])
def test_an_allow_list_that_says_nothing_is_refused(entry: str) -> None:
    """The setting is checked when the server starts."""
    with pytest.raises(ValueError, match="no address, network or host name"):
        AllowList.of([entry])


async def test_one_inside_address_among_several_forbids_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and an inside address leads to either."""
    _resolve_to(monkeypatch, "8.8.8.8", "127.0.0.1")
    assert await is_forbidden(NO_EXCEPTIONS, "http://two.example/")


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


Asked = list[str]


@pytest.fixture
async def served() -> AsyncIterator[tuple[int, Asked]]:
    """A server on loopback that redirects, and answers without end; its port, and the paths that were asked for."""
    asked: Asked = []

    async def app(scope: Any, _: Any, send: Any) -> None:
        asked.append(scope["path"])
        status, headers = (302, [(b"location", b"/endless")]) if scope["path"] == "/redirect" else (200, [])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for _ in range(1000 if scope["path"] == "/endless" else 0):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b"{}"})

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1], asked
    server.should_exit = server.force_exit = True
    await task


async def test_a_forbidden_host_is_never_connected_to(served: tuple[int, Asked]) -> None:
    """The check is part of connecting: a URL that was not checked before is refused as well."""
    port, asked = served
    async with guarded_client(NO_EXCEPTIONS, httpx.Timeout(5)) as client:
        for host in ("127.0.0.1", "127.1", "localhost", "[::ffff:127.0.0.1]"):
            with pytest.raises(ForbiddenHostError):
                await client.get(f"http://{host}:{port}/")
    assert [] == asked


async def test_a_name_that_changes_its_address_gains_nothing(served: tuple[int, Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was checked; the second look at the name is the one that counts."""
    port, asked = served
    _resolve_to(monkeypatch, "8.8.8.8")
    assert not await is_forbidden(NO_EXCEPTIONS, f"http://rebinding.example:{port}/")
    _resolve_to(monkeypatch, "127.0.0.1")
    async with guarded_client(NO_EXCEPTIONS, httpx.Timeout(5)) as client:
        with pytest.raises(ForbiddenHostError):
            await client.get(f"http://rebinding.example:{port}/")
    assert [] == asked


async def test_a_redirect_is_not_followed(served: tuple[int, Asked]) -> None:
    """It could lead inside."""
    port, asked = served
    async with guarded_client(LOOPBACK, httpx.Timeout(5)) as client:
        assert 302 == (await client.get(f"http://127.0.0.1:{port}/redirect")).status_code
    assert ["/redirect"] == asked


async def test_an_answer_is_read_up_to_its_limit(served: tuple[int, Asked]) -> None:
    """Of 64 MB no more than a little over the limit is read."""
    port, _ = served
    async with guarded_client(LOOPBACK, httpx.Timeout(5)) as client:
        async with client.stream("GET", f"http://127.0.0.1:{port}/endless") as answer:
            assert await read_bounded(answer, 1 << 20) is None
            assert answer.num_bytes_downloaded < 2 << 20
        async with client.stream("GET", f"http://127.0.0.1:{port}/") as answer:
            assert b"{}" == await read_bounded(answer, 1 << 20)
