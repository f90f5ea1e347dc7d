"""Authentication of a request: its API key or cookie, its limits, before anything reads its body.

In: an ASGI scope. Out: a `Principal`, or 401, 403 and 429. Never here: roles, secrets in logs or errors.
"""

import time
from collections.abc import Mapping
from typing import Any

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.access.cookies import SignInCookie
from app.api.access.guests import not_shared
from app.api.access.rate_limits import RateLimits, network_of
from app.api.conventions.errors import response_to
from app.catalogue.access import Principal
from app.observability.requests import EXTRA_HEADERS
from app.problems import ProblemError
from app.service import Service
from app.storage import audit

_PRINCIPAL = "tallylight.principal"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_PUBLIC = ("/v1/webhooks/",)
"""Paths below /v1 that take a body without an API key."""
_SIGN_IN, _SIGN_OUT = "/v1/sign-in", "/v1/sign-out"
_BEARER = b"Bearer "
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def bearer(authorization: str) -> str | None:
    """Return the key of an Authorization header."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def authorization_of(scope: Scope) -> bytes | None:
    """Return the Authorization header of a request."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return bytes(value)
    return None


def _has_cookie(scope: Scope) -> bool:
    return any(name == b"cookie" for name, _ in scope["headers"])


def address_of(scope: Scope) -> str:
    """Return the address that the limits of a request without a valid key are counted by."""
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    return network_of(scope["app"].state.proxies.client_address(scope, headers))


async def authenticate(scope: Scope) -> Principal:
    """Return the principal of a request; within one request the key or cookie is verified and counted once.

    A key that is sent itself wins over a cookie, also if it is wrong.

    Raises:
        ProblemError: 401 without a valid key or cookie, 403 for a write by cookie that another site may have caused, 429 past the
            limit of the caller or of the address.
    """
    known: Principal | None = scope.get(_PRINCIPAL)
    if known is not None:
        return known
    state: Any = scope["app"].state
    service: Service = state.service
    limits: RateLimits = state.rate_limits
    authorization = authorization_of(scope)
    principal = None
    if authorization is not None and authorization.startswith(_BEARER):
        principal = service.keys.held(authorization[len(_BEARER) :])
    if principal is None:
        principal = await _look_up(scope, authorization)
    headers = limits.keys.take(principal.reference, time.monotonic())
    if headers is not None:
        scope[EXTRA_HEADERS].extend(headers)
    scope[_PRINCIPAL] = principal
    return principal


async def _look_up(scope: Scope, authorization: bytes | None) -> Principal:
    """Return the principal of a key that was not verified lately, or of a cookie."""
    state: Any = scope["app"].state
    service: Service = state.service
    key = None if authorization is None else bearer(authorization.decode("latin-1"))
    principal = await service.keys.principal(key, may_query=False)
    if principal is not None:
        return principal
    if key is None and _has_cookie(scope):
        return await cookie_principal(scope)
    return await _verify(service, state.rate_limits, key, address_of(scope))


async def _verify(service: Service, limits: RateLimits, key: str | None, address: str) -> Principal:
    """Look up a key that the process does not hold; past the limit of its address it is refused without a query."""
    limits.addresses.take(address, time.monotonic())
    principal = await service.keys.principal(key)
    if principal is None:
        raise ProblemError(401, "send a valid API key as a bearer token, or sign in", headers=_CHALLENGE)
    limits.addresses.give_back(address)
    return principal


async def cookie_principal(scope: Scope) -> Principal:
    """Return whom the cookie of a request names.

    Raises:
        ProblemError: as `authenticate`.
    """
    state: Any = scope["app"].state
    service: Service = state.service
    limits: RateLimits = state.rate_limits
    cookie: SignInCookie = state.cookie
    secret = cookie.secret_of(scope)
    if secret is not None and scope["method"] in _WITH_BODY and not cookie.is_same_origin(scope):
        raise ProblemError(403, "the request comes from another site", code="cross_site")
    principal = await service.devices.principal(secret, may_query=False)
    if principal is None:
        address = address_of(scope)
        limits.addresses.take(address, time.monotonic())
        principal = await service.devices.principal(secret)
        if principal is None:
            raise ProblemError(401, "sign in, or send a valid API key as a bearer token", headers=_CHALLENGE)
        limits.addresses.give_back(address)
    return principal


async def _admit(scope: Scope, path: str) -> None:
    """Return if the body of a request may be read.

    Raises:
        ProblemError: as `authenticate`; 404 for a guest, who writes nothing.
    """
    if path == _SIGN_IN:
        limits: RateLimits = scope["app"].state.rate_limits
        limits.addresses.take(address_of(scope), time.monotonic())
    elif (await authenticate(scope)).kind == "guest" and path != _SIGN_OUT:
        raise not_shared()


class KeyBeforeBody:
    """ASGI middleware: authenticates requests that may have a body, and bounds their action of the audit log.

    FastAPI reads a body before it calls a dependency.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if its caller is known or its path is public."""
        if scope["type"] == "http" and scope["method"] in _WITH_BODY:
            path = get_route_path(scope)
            if path.startswith("/v1/") and not path.startswith(_PUBLIC):
                try:
                    await _admit(scope, path)
                except Exception as error:  # noqa: BLE001 - raised again if it is a fault of the server
                    await response_to(error)(scope, receive, send)
                    return
            with audit.one_action():
                await self._app(scope, receive, send)
            return
        await self._app(scope, receive, send)
