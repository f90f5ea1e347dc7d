"""Authorization of routes: roles, what guests may read, and the session of a path.

In: a request. Out: a `Principal`, or 401 and 403. Never here: keys in logs or errors.
"""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope

from app.api.access.addresses import TrustedProxies
from app.api.access.audit_actions import action_of
from app.api.access.authentication import authenticate
from app.api.access.guests import require_shared
from app.catalogue.access import Principal, Role
from app.problems import ProblemError, not_found
from app.service import Service
from app.settings import Settings
from app.storage import audit

_bearer = HTTPBearer(auto_error=False, description="an API key `tl_<id>_<secret>`", scheme_name="ApiKey")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def get_service(request: Request) -> Service:  # async, since FastAPI runs plain functions in a thread
    """Return the resources of the process: settings, database, writer, key store."""
    service: Service = request.app.state.service
    return service


AppService = Annotated[Service, Depends(get_service)]


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency that accepts callers of these roles, and guests where their link shows the route."""

    roles: frozenset[Role]

    async def __call__(
        self, request: Request, documented: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
    ) -> Principal:
        """Return the caller.

        Raises:
            ProblemError: 401 without a valid key or cookie, 403 for another role, 404 for a guest, 429 past a limit.
        """
        del documented  # for the OpenAPI document
        principal = await self.check(request.scope)
        if request.method not in _SAFE and (action := action_of(request, principal)) is not None:
            audit.begin(action)
        return principal

    async def check(self, scope: Scope) -> Principal:
        """Return the caller of a request.

        Raises:
            ProblemError: as above.
        """
        principal = await authenticate(scope)
        if principal.kind == "guest":
            require_shared(scope, principal)
        elif principal.role not in self.roles:
            raise ProblemError(403, f"a caller of role {principal.role} may not do this")
        return principal


SENDERS = Requires(frozenset({Role.INGEST, Role.ADMIN}))
READERS = Requires(frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN}))
ADMINS = Requires(frozenset({Role.ADMIN}))
HOT: dict[str, Any] = {"security": [{"ApiKey": []}]}
"""Security of a route that checks its caller itself: FastAPI's dependencies cost a hot route as much as its work."""


async def caller_of(request: Request, roles: Requires) -> tuple[Service, Principal]:
    """Return the service and the caller of a hot route.

    Raises:
        ProblemError: as `Requires`.
    """
    service: Service = request.app.state.service
    return service, await roles.check(request.scope)


def external_url(request: Request) -> str:
    """Return the URL under which clients reach the server, without a slash at the end.

    It is the public URL of the settings, else it is taken from the request, by the rules of `TrustedProxies`.
    """
    settings: Settings = request.app.state.service.settings
    if settings.public_url is None:
        proxies: TrustedProxies = request.app.state.proxies
        return proxies.base_url(request.scope, dict(request.scope["headers"])) + settings.root_path
    base = str(settings.public_url).rstrip("/")
    return base if base.endswith(settings.root_path) else base + settings.root_path


AnyCaller = Annotated[Principal, Depends(Requires(frozenset(Role)))]
Ingester = Annotated[Principal, Depends(SENDERS)]
Viewer = Annotated[Principal, Depends(READERS)]
Reader = Annotated[Principal, Depends(READERS)]
"""A caller that is no tool: a viewer or more. As `Viewer`, for routes about the caller."""
Operator = Annotated[Principal, Depends(Requires(frozenset({Role.OPERATOR, Role.ADMIN})))]
Admin = Annotated[Principal, Depends(ADMINS)]


async def require_internal(principal: Viewer) -> Principal:
    """Return a caller who may read what the agency keeps to itself.

    Raises:
        ProblemError: 403 for a viewer that is bound to a brand.
    """
    if principal.is_client:
        raise ProblemError(403, "a viewer that is bound to a brand may not read this", code="internal_only")
    return principal


InternalViewer = Annotated[Principal, Depends(require_internal)]


async def session_uuid(session: str) -> UUID:
    """Return the session's id. Text that is not an id names no session: 404."""
    try:
        return UUID(session)
    except ValueError:
        raise not_found("session") from None


SessionId = Annotated[UUID, Depends(session_uuid)]
"""The path parameter `{session}`. The query checks whether the session exists for the caller's brand."""
