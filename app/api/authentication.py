"""Authentication of a request: its API key, its limits, before anything reads its body.

In: an ASGI scope. Out: a `Principal`, or 401 and 429. Never here: roles, keys in logs or errors.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.errors import response_to
from app.api.rate_limits import RateLimits, network_of
from app.catalogue.access import Principal
from app.observability.requests import EXTRA_HEADERS
from app.problems import ProblemError
from app.service import Service
from app.storage import audit

_PRINCIPAL = "tallylight.principal"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PUBLIC = ("/v1/webhooks/",)
"""Paths below /v1 that take a body without an API key."""


def bearer(authorization: str) -> str | None:
    """Return the key of an Authorization header."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def key_of(scope: Scope) -> str | None:
    """Return the API key of a request."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return bearer(value.decode("latin-1"))
    return None


def address_of(scope: Scope) -> str:
    """Return the address that the limits of a request without a valid key are counted by."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return network_of(scope["app"].state.proxies.client_address(scope, headers))


async def authenticate(scope: Scope) -> Principal:
    """Return the principal of a request; within one request the key is verified and counted once.

    Raises:
        ProblemError: 401 without a valid key, 429 past the limit of the key or of the address.
    """
    known: Principal | None = scope.get(_PRINCIPAL)
    if known is not None:
        return known
    state: Any = scope["app"].state
    service: Service = state.service
    limits: RateLimits = state.rate_limits
    key = key_of(scope)
    principal = await service.keys.principal(key, may_query=False)
    if principal is None:
        principal = await _verify(service, limits, key, address_of(scope))
    headers = limits.keys.take(principal.reference, time.monotonic())
    if headers is not None:
        scope[EXTRA_HEADERS].extend(headers)
    scope[_PRINCIPAL] = principal
    return principal


async def _verify(service: Service, limits: RateLimits, key: str | None, address: str) -> Principal:
    """Look up a key that the process does not hold; past the limit of its address it is refused without a query."""
    limits.addresses.take(address, time.monotonic())
    principal = await service.keys.principal(key)
    if principal is None:
        raise ProblemError(401, "send a valid API key as a bearer token", headers={"WWW-Authenticate": "Bearer"})
    limits.addresses.give_back(address)
    return principal


class KeyBeforeBody:
    """ASGI middleware: authenticates requests that may have a body, and bounds their action of the audit log.

    FastAPI reads a body before it calls a dependency.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if its key is valid or its path is public."""
        if scope["type"] == "http" and scope["method"] in _WITH_BODY:
            path = get_route_path(scope)
            if path.startswith("/v1/") and not path.startswith(_PUBLIC):
                try:
                    await authenticate(scope)
                except Exception as error:  # noqa: BLE001 - raised again if it is a fault of the server
                    await response_to(error)(scope, receive, send)
                    return
            with audit.one_action():
                await self._app(scope, receive, send)
            return
        await self._app(scope, receive, send)
