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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

import httpcore
import httpx

_RESOLVE_SECONDS = 5.0
_NAT64 = IPv6Network("64:ff9b::/96")
_MAX_CONNECTIONS = 50

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


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
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


@dataclass(frozen=True, slots=True)
class AllowList:
    """Hosts and networks that may be reached besides the public ones."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> "AllowList":
        """Read entries, each an address, a network or a host's name.

        Raises:
            ValueError: an entry is none of these.
        """
        hosts, networks = set(), []
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                if not entry or not all(part.replace("-", "a").isalnum() for part in entry.rstrip(".").split(".")):
                    raise ValueError(f"{entry!r} is no address, network or host name") from None
                hosts.add(_plain(entry))
        return cls(frozenset(hosts), tuple(networks))

    def permits(self, host: str, address: Address) -> bool:
        """Return whether connections may reach an address under this name."""
        inner = _inner(address)
        if _plain(host) in self.hosts or any(inner in network or address in network for network in self.networks):
            return True
        return inner.is_global and not inner.is_multicast and not inner.is_reserved


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
    except UnicodeError:
        raise OSError("the host's name is not valid") from None
    # A scope such as fe80::1%eth0 is no part of the address.
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


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


async def is_forbidden(allow: AllowList, url: str) -> bool:
    """Return whether a URL leads to where connections may not go. A host without an address now is decided at its use."""
    parts = urlsplit(url)
    try:
        await permitted(allow, parts.hostname or "", parts.port or 443)
    except ForbiddenHostError:
        return True
    except (OSError, ValueError):
        return False
    return False


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


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport on the guarded backend."""

    def __init__(self, allow: AllowList) -> None:
        super().__init__()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=_GuardedBackend(allow),
        )


def guarded_client(allow: AllowList, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """Return a client that reaches permitted hosts only, follows no redirect, and takes no proxy from the environment."""
    return httpx.AsyncClient(timeout=timeout, transport=_GuardedTransport(allow), follow_redirects=False, trust_env=False)


async def read_bounded(answer: httpx.Response, limit: int) -> bytes | None:
    """Return the body of a streamed answer, or None once it is larger than `limit` bytes, decompressed."""
    parts, size = [], 0
    async for part in answer.aiter_bytes(64 * 1024):
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)
