"""Which servers a connection may reach: the resolved address decides, answers have an end, and none is quoted."""

import asyncio
import gzip
import ipaddress
import re
import socket
import tracemalloc
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from app.adapters.wechat.api import Call
from app.platforms.calls import calls
from app.platforms.calls.outbound import AllowList, ForbiddenHostError, guarded_client, objection, permitted, read_bounded
from app.settings import Settings

NO_EXCEPTIONS = AllowList()
LOOPBACK = AllowList.of(["127.0.0.0/8", "::1"])
INSIDE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[ff02::1]",
    "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
async def test_an_inside_address_is_forbidden_however_it_is_spelled(host: str) -> None:
    """Loopback, link-local, private, shared, multicast, and IPv6 addresses that embed them: when it is saved and when it is used."""
    assert objection(NO_EXCEPTIONS, f"http://{host}:8080/path") is not None
    with pytest.raises(ForbiddenHostError):
        await permitted(NO_EXCEPTIONS, host.strip("[]"), 8080)


def test_a_zone_is_no_part_of_an_address() -> None:
    """It names an interface of this machine."""
    assert objection(NO_EXCEPTIONS, "https://[fe80::1%25lo]/") == "is not a valid address"


SPECIAL = (
    # IANA IPv4 special-purpose address registry, multicast, and what clouds use of their own.
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29",
    "192.0.0.8/32", "192.0.0.9/32", "192.0.0.10/32", "192.0.0.170/31", "192.0.0.192/32", "192.0.2.0/24", "192.88.99.0/24", "192.88.99.2/32",
    "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
    "168.63.129.16/32",
    # IANA IPv6 special-purpose address registry, multicast, former site-local and IPv4-compatible addresses, unallocated space.
    "::1/128", "::/128", "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32", "2001:1::1/128",
    "2001:1::2/128", "2001:1::3/128", "2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28",
    "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "4000::/3", "8000::/1",
    # Private IPv4 addresses inside 6to4, NAT64 and mapped ones.
    "2002:a00::/24", "2002:7f00::/24", "2002:a9fe::/32", "2002:c0a8::/32", "2002:c000::/40", "2002:6440::/26", "64:ff9b::a00:0/104",
    "64:ff9b::c000:c0/128", "::ffff:10.0.0.0/104", "::ffff:192.0.0.0/120", "::ffff:168.63.129.16/128",
)  # fmt: skip
PUBLIC = (
    "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "168.63.129.15", "168.63.129.17", "172.15.255.255", "172.32.0.0",
    "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
    "198.51.101.0", "203.0.114.0", "223.255.255.255", "192.31.196.1", "192.52.193.1", "192.175.48.1", "2000::", "2001:200::", "2001:db7::",
    "2001:db9::", "2002:808:808::1", "2620:4f:8000::1", "3ffe::", "3fff:1000::", "::ffff:8.8.8.8", "64:ff9b::808:808",
)  # fmt: skip


def test_special_purpose_blocks_are_forbidden_and_their_neighbours_are_not() -> None:
    """Both ends of each block of IANA's registries, whatever blocks the interpreter knows."""
    for block in map(ipaddress.ip_network, SPECIAL):
        for address in (block[0], block[-1]):
            assert not NO_EXCEPTIONS.permits("h", address), (block, address)
            assert AllowList.of([str(block)]).permits("h", address), (block, address)
    for public in PUBLIC:
        assert NO_EXCEPTIONS.permits("h", ipaddress.ip_address(public)), public


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700:4700::1111]", "134744072"])
async def test_a_public_address_is_permitted(host: str) -> None:
    """Nothing is asked of it."""
    assert objection(NO_EXCEPTIONS, f"https://{host}/") is None
    assert await permitted(NO_EXCEPTIONS, host.strip("[]"), 443)


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://:80/", "http://h:99999/", "http://\uff11\uff12\uff17.0.0.1/", "http://[v1.x]/"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """What the client could not read is not saved."""
    assert "is not a valid address" == objection(NO_EXCEPTIONS, url)


def test_a_name_is_not_resolved_when_it_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the answer would tell which names the network inside knows."""

    def numeric_only(*place: Any, flags: int = 0, **_: Any) -> list[Any]:
        assert flags & socket.AI_NUMERICHOST, place
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", numeric_only)
    assert objection(NO_EXCEPTIONS, "http://database.internal/") is None


async def test_the_allow_list_names_networks_addresses_and_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry permits what it names, and its neighbour stays forbidden."""
    allow = AllowList.of(["10.1.0.0/16", "192.168.7.7", "proxy.internal"])
    for host, allowed in (
        ("10.1.2.3", True), ("10.2.0.1", False), ("[::ffff:10.1.2.3]", True), ("192.168.7.7", True), ("192.168.7.8", False),
    ):  # fmt: skip
        assert allowed is (objection(allow, f"http://{host}/") is None), host
    _resolve_to(monkeypatch, "10.9.9.9")
    assert await permitted(allow, "Proxy.Internal.", 80)
    with pytest.raises(ForbiddenHostError):
        await permitted(allow, "other.internal", 80)


@pytest.mark.parametrize("entry", ["http://proxy", "10.0.0.0/33", "a b", "proxy:8080", "-x"])
def test_an_allow_list_that_says_nothing_is_refused(entry: str) -> None:
    """The setting is checked when the server starts."""
    with pytest.raises(ValueError, match="must be addresses, networks and host names"):
        Settings(api_base_allow=f"127.0.0.1,{entry}")


async def test_one_inside_address_among_several_forbids_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a public and an inside address leads to either."""
    _resolve_to(monkeypatch, "8.8.8.8", "127.0.0.1")
    with pytest.raises(ForbiddenHostError):
        await permitted(NO_EXCEPTIONS, "two.example", 80)


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    async def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)


Asked = list[str]


@cache
def bomb() -> bytes:
    """Return 64 MB in 64 kB; not made for the processes of a run that only import this file."""
    return gzip.compress(bytes(64_000_000), 9)


ANSWERS = {
    "/redirect": (302, [(b"location", b"/endless")]),
    "/bomb": (200, [(b"content-encoding", b"gzip")]),
    "/brotli": (200, [(b"content-encoding", b"br")]),
    "/cookie": (200, [(b"set-cookie", b"a=b")]),
}
"""Status and headers where they matter."""


@pytest.fixture
async def served() -> AsyncIterator[tuple[int, Asked]]:
    """A server on loopback with answers that harm; its port, and the paths that were asked for."""
    asked: Asked = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        status, headers = ANSWERS.get(scope["path"], (200, []))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if scope["path"] == "/bomb":
            await send({"type": "http.response.body", "body": bomb()})
            return
        await receive()
        left = asyncio.create_task(receive())
        while scope["path"] == "/trickle" and not left.done():
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.wait({left}, timeout=0.02)
        left.cancel()
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
    assert await permitted(NO_EXCEPTIONS, "rebinding.example", port)
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


async def test_a_compressed_answer_is_read_up_to_its_limit(served: tuple[int, Asked]) -> None:
    """64 MB in 64 kB are not unpacked; a compression that was not asked for is an error."""
    port, _ = served
    bomb()
    async with guarded_client(LOOPBACK, httpx.Timeout(5)) as client:
        tracemalloc.start()
        async with client.stream("GET", f"http://127.0.0.1:{port}/bomb") as answer:
            assert await read_bounded(answer, 1 << 20) is None
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
        tracemalloc.stop()
        async with client.stream("GET", f"http://127.0.0.1:{port}/brotli") as answer:
            with pytest.raises(httpx.DecodingError):
                await read_bounded(answer, 1 << 20)


async def test_an_answer_that_trickles_has_an_end(served: tuple[int, Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and the whole does not: three attempts, then an error."""
    port, asked = served
    monkeypatch.setattr(calls, "_ATTEMPT_SECONDS", 0.2)
    monkeypatch.setattr(calls, "_FIRST_PAUSE", 0.01)
    async with guarded_client(LOOPBACK, httpx.Timeout(5)) as client:
        with pytest.raises(calls.UnavailableError, match="TimeoutError"):
            await calls.send(client, f"http://127.0.0.1:{port}", Call("GET", "/trickle"))
        assert ["/trickle"] * 3 == asked
        monkeypatch.setattr(calls, "_ALL_SECONDS", 0.1)
        with pytest.raises(calls.UnavailableError, match="TimeoutError"):
            await calls.send(client, f"http://127.0.0.1:{port}", Call("GET", "/trickle"))
    assert asked[3:] in ([], ["/trickle"])


async def test_no_cookie_is_kept(served: tuple[int, Asked]) -> None:
    """Connections share the client: what one platform sets must not go out with another connection's calls."""
    port, _ = served
    async with guarded_client(LOOPBACK, httpx.Timeout(5)) as client:
        await client.get(f"http://127.0.0.1:{port}/cookie")
        assert "cookie" not in (await client.get(f"http://127.0.0.1:{port}/")).request.headers


def test_only_the_guarded_client_makes_requests() -> None:
    """Every other part of the server gets its client from here; the simulator calls its own server."""
    root = Path(__file__).parents[3] / "app"
    made = r"httpx\.(AsyncClient|Client|get|post|stream|request)\(|urlopen\(|aiohttp|websockets\.|import requests"
    found = {str(path.relative_to(root)) for path in root.rglob("*.py") if re.search(made, path.read_text("utf-8"))}
    assert {"platforms/calls/outbound.py", "simulate/sending/api_client.py"} == found
