"""Request limits: per API key, and per client address for requests without a valid key.

In: a key's id or an address, and the time. Out: the state of its limit, or a 429 problem. Never here: keys, storage.

The algorithm is the generic cell rate algorithm (GCRA): one number per client, the time at which its allowance is full again.
A client may send the allowance of one minute at once and then continue at the steady rate. Limits are counted per process.
"""

import math
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from app.problems import ProblemError

_WINDOW = 60.0
"""Seconds over which a limit is counted."""
_MAX_CLIENTS = 20_000
"""Clients that one limit remembers. A client whose allowance is full again is forgotten first."""
_IPV6_NETWORK = 64
"""Bits of an IPv6 address that identify a subscriber's network; one host may use all addresses of it."""


Headers = list[tuple[bytes, bytes]]
"""`RateLimit-Policy` and `RateLimit` (IETF draft ietf-httpapi-ratelimit-headers)."""


class RateLimit:
    """One limit with the state of every client that used it lately."""

    def __init__(self, name: str, per_minute: int) -> None:
        """Allow `per_minute` requests per client and minute; 0 allows any number."""
        self.name = name
        self.per_minute = per_minute
        self._cost = _WINDOW / per_minute if per_minute else 0.0
        self._full_at: dict[str, float] = {}
        self._policy = (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (name.encode(), per_minute, int(_WINDOW)))
        self._state = b'"%s";r=%%d;t=%%d' % name.encode()

    def take(self, client: str, now: float) -> Headers | None:
        """Count a request and return the headers that say what the client may still send; None if there is no limit.

        `now` is a monotonic time in seconds.

        Raises:
            ProblemError: 429 if the allowance is used up. The request is not counted.
        """
        cost = self._cost
        if not cost:
            return None
        known = self._full_at.get(client)
        full_at = (now if known is None or known < now else known) + cost
        if full_at - now > _WINDOW:
            raise self._exceeded(full_at - now - _WINDOW)
        if known is None and len(self._full_at) >= _MAX_CLIENTS:
            self._forget(now)
        self._full_at[client] = full_at
        return self._headers(int((_WINDOW - full_at + now) / cost + 1e-6), full_at - now)

    def give_back(self, client: str) -> None:
        """Take a counted request back."""
        if client in self._full_at:
            self._full_at[client] -= self._cost

    def _headers(self, remaining: int, full_in: float) -> Headers:
        """Return the headers for so many remaining requests, and the seconds until the whole allowance is available again."""
        return [self._policy, (b"ratelimit", self._state % (remaining, math.ceil(full_in)))]

    def _exceeded(self, wait: float) -> ProblemError:
        seconds = max(1, math.ceil(wait))
        headers = {name.decode(): value.decode() for name, value in self._headers(0, wait + _WINDOW)}
        headers["Retry-After"] = str(seconds)
        return ProblemError(429, f"more than {self.per_minute} requests in a minute; send again in {seconds} s", headers=headers)

    def _forget(self, now: float) -> None:
        """Forget the clients whose allowance is full again; if all are active, the half that was seen first."""
        active = {client: full_at for client, full_at in self._full_at.items() if full_at > now}
        if len(active) >= _MAX_CLIENTS:
            active = dict(list(active.items())[_MAX_CLIENTS // 2 :])
        self._full_at = active


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of one process."""

    keys: RateLimit
    addresses: RateLimit


def network_of(address: str) -> str:
    """Return what a limit counts an address by: the address itself, of IPv6 its /64 network.

    >>> network_of("2001:db8:1:2:3::4")
    '2001:db8:1:2::'
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    host_bits = 128 - _IPV6_NETWORK
    return str(IPv6Address(int(parsed) >> host_bits << host_bits))
