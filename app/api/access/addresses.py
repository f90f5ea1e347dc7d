"""Where a request came from, and under which URL the client reached the server.

In: an ASGI scope, the proxies that the operator trusts. Out: a client address, a base URL. Never here: limits, routes.

Headers of a client are not evidence: `Host`, `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` count only if the
peer of the TCP connection is a trusted proxy.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

Network = IPv4Network | IPv6Network
Scope = MutableMapping[str, Any]

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def networks(proxies: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of addresses and CIDR ranges.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(proxy, strict=False) for proxy in proxies)


class TrustedProxies:
    """The peers whose forwarding headers are believed."""

    def __init__(self, proxies: Iterable[str]) -> None:
        """Trust these addresses and networks."""
        self._networks = networks(proxies)
        self._trusts = lru_cache(maxsize=1024)(self._contains)

    def _contains(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(parsed, "ipv4_mapped", None)
        return any((mapped or parsed) in network for network in self._networks)

    def _peer(self, scope: Scope) -> str | None:
        client = scope.get("client")
        return client[0] if client else None

    def trusts_peer(self, scope: Scope) -> bool:
        """Return whether the request comes from a trusted proxy; a Unix socket has no address and is trusted."""
        peer = self._peer(scope)
        return peer is None or not peer or self._trusts(peer)

    def client_address(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Return the address of the client: the peer, or the nearest untrusted address of X-Forwarded-For."""
        peer = self._peer(scope) or ""
        forwarded = headers.get(b"x-forwarded-for")
        if forwarded is None or not self.trusts_peer(scope):
            return peer
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            address = hop.strip()[:64]
            if address and not self._trusts(address):
                return address
        return peer

    def is_https(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        """Return whether the client uses https, by the connection or by a trusted X-Forwarded-Proto."""
        if scope.get("scheme") == "https":
            return True
        forwarded = headers.get(b"x-forwarded-proto")
        return forwarded is not None and self.trusts_peer(scope) and forwarded.split(b",")[0].strip().lower() == b"https"

    def base_url(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Return scheme and authority that clients should use, without a path.

        From a trusted peer: X-Forwarded-Host, else Host. From any other: the server's own address, since a stranger's Host header
        would otherwise choose the host of the URLs that the server hands out.
        """
        scheme = "https" if self.is_https(scope, headers) else "http"
        if self.trusts_peer(scope):
            named = headers.get(b"x-forwarded-host", headers.get(b"host", b"")).decode("latin-1").split(",")[0].strip()
            if _HOST.fullmatch(named):
                return f"{scheme}://{named}"
        host, port = scope.get("server") or ("localhost", None)
        authority = f"[{host}]" if ":" in host else host
        return f"{scheme}://{authority}" if port is None else f"{scheme}://{authority}:{port}"
