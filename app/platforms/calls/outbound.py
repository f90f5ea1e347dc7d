"""Which servers a connection's `options.api_base` may reach, and how much of an answer is read.

In: a host as an operator spelled it, the allow-list. Out: an HTTP client that connects to permitted addresses only. Never here: a
platform's API.

The address decides, not the spelling: `127.1`, `2130706433`, `[::ffff:7f00:1]` and a name that resolves to loopback are one
host. It is checked when the connection is made, and the connection goes to the address that was checked, so a name that
resolves otherwise a moment later gains nothing. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import httpcore
import httpx

from app.ingest.receiving.decompression import Decompressor
from app.platforms.calls.traced_calls import traced
from app.problems import ProblemError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_RESOLVE_SECONDS = 5.0
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All that IANA has allocated of IPv6 for public addresses."""
_SPECIAL: tuple[Network, ...] = (
    *map(IPv4Network, (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    )),
    # Azure's host services, which also serve its metadata.
    IPv4Network("168.63.129.16/32"),
    *map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")),
)  # fmt: skip
"""Blocks of IANA's special-purpose registries that hold no server of a platform, and a public address that leads to the machine's
own cloud. The interpreter's `is_global` is not asked: it has fewer blocks and differs between patch versions. 192.0.0.0/24 is
one block, although the registry has some public services in it: clouds serve metadata there."""
_MAX_CONNECTIONS = 50
_MAX_PORT = 65_535


class ForbiddenHostError(httpx.HTTPError):
    """The host has an address that connections may not reach; the text names no address."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("the host is not a public one; TALLYLIGHT_API_BASE_ALLOW names the others that connections may reach")


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address embeds, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


@dataclass(frozen=True, slots=True)
class AllowList:
    """Hosts and networks that may be reached besides the public ones."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> "AllowList":
        """Read entries: an address, a network, or else a host's name."""
        hosts, networks = set(), []
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                hosts.add(_plain(entry))
        return cls(frozenset(hosts), tuple(networks))

    def lists(self, host: str) -> bool:
        """Return whether an entry names this host, or the address that it spells."""
        address = _literal(host)
        return _plain(host) in self.hosts or (address is not None and any(address in network for network in self.networks))

    def permits(self, host: str, address: Address) -> bool:
        """Return whether connections may reach an address under this name."""
        inner = _inner(address)
        if _plain(host) in self.hosts or any(inner in network or address in network for network in self.networks):
            return True
        if isinstance(inner, IPv6Address) and inner not in _GLOBAL_UNICAST:
            return False
        return not any(inner in network for network in _SPECIAL)


def _plain(host: str) -> str:
    return host.rstrip(".").lower()


async def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, however it is spelled.

    Raises:
        OSError: it has none, or the resolver does not answer.
    """
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (UnicodeError, OverflowError):
        raise OSError("the host's name or port is not valid") from None
    return [_address(entry) for entry in found]


def _address(entry: Sequence[object]) -> Address:
    place = entry[4]
    assert isinstance(place, tuple)
    # A scope such as fe80::1%eth0 is no part of the address.
    return ipaddress.ip_address(str(place[0]).partition("%")[0])


async def permitted(allow: AllowList, host: str, port: int) -> list[Address]:
    """Return the addresses of a host.

    Raises:
        ForbiddenHostError: connections may not reach one of them.
        OSError: it has none.
    """
    addresses = await resolve(host, port)
    if not all(allow.permits(host, address) for address in addresses):
        raise ForbiddenHostError
    return addresses


def objection(allow: AllowList, url: str) -> str | None:
    """Return why connections may not have a base URL, as far as it is known without resolving a name; None if it is not."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return "is not a valid address"
    host = parts.raw_host.decode("ascii")
    # A zone of an IPv6 address (RFC 6874) names an interface of this machine.
    if not host or "%" in host or (parts.port or 0) > _MAX_PORT:
        return "is not a valid address"
    address = _literal(host)
    return str(ForbiddenHostError()) if address is not None and not allow.permits(host, address) else None


def _literal(host: str) -> Address | None:
    """Return the address that a host spells, in any notation that the resolver reads; None for a name."""
    plain = _plain(host)
    if plain.split(".")[-1] == "localhost":
        # RFC 6761: always loopback.
        return IPv4Address("127.0.0.1")
    try:
        found = socket.getaddrinfo(plain, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return _address(found[0])


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that it has checked."""

    def __init__(self, allow: AllowList) -> None:
        self._allow = allow
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's signature)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection to the first address of the host that takes one."""
        try:
            addresses: Sequence[Address] = await permitted(self._allow, host, port)
        except OSError as error:
            raise httpcore.ConnectError(type(error).__name__) from None
        failure: Exception = httpcore.ConnectError("the host has no address")
        for address in addresses:
            try:
                return await self._backend.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)


@cache
def _tls() -> ssl.SSLContext:
    """Return the context of all clients: reading the certificates takes tens of milliseconds."""
    return httpx.create_ssl_context()


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport on the guarded backend."""

    def __init__(self, allow: AllowList) -> None:
        context = _tls()
        super().__init__(verify=context)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=_GuardedBackend(allow),
        )


def guarded_client(allow: AllowList, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """Return a client that reaches permitted hosts only.

    It follows no redirect, takes no proxy from the environment, and keeps no cookie: all connections share it.
    """
    return httpx.AsyncClient(
        timeout=timeout,
        transport=traced(_GuardedTransport(allow)),
        follow_redirects=False,
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


async def read_bounded(answer: httpx.Response, limit: int) -> bytes | None:
    """Return the body of a streamed answer, decompressed; None once it is larger than `limit` bytes, before or after.

    Raises:
        httpx.DecodingError: its Content-Encoding is unknown, or the body does not have it.
    """
    parts: list[bytes] = []
    size = 0
    try:
        # httpx would decompress a whole piece at once, which may become a thousand times as large.
        decompressor = Decompressor(answer.headers.get("content-encoding"), limit)
        async for part in answer.aiter_raw():
            size += len(part)
            if size > limit:
                return None
            parts.extend(decompressor.feed(part))
        decompressor.finish()
    except ProblemError as error:
        if error.status == 413:
            return None
        raise httpx.DecodingError("the answer cannot be decompressed") from None
    return b"".join(parts)
