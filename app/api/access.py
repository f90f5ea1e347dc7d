"""Authentication and authorization of routes: API keys, roles, and the session of a path.

In: the Authorization header. Out: a `Principal`, or 401 and 403. Never here: keys in logs or errors.
"""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.catalogue.access import Principal, Role
from app.problems import ProblemError, not_found
from app.service import Service

_bearer = HTTPBearer(auto_error=False, description="an API key `tl_<id>_<secret>`", scheme_name="ApiKey")


async def get_service(request: Request) -> Service:  # async, since FastAPI runs plain functions in a thread
    """Return the resources of the process: settings, database, writer, key store."""
    service: Service = request.app.state.service
    return service


AppService = Annotated[Service, Depends(get_service)]


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency that accepts keys of these roles."""

    roles: frozenset[Role]

    async def __call__(
        self,
        service: AppService,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> Principal:
        """Return the caller.

        Raises:
            ProblemError: 401 without a valid key, 403 with one of another role.
        """
        return await self.check(service, credentials.credentials if credentials else None)

    async def check(self, service: Service, key: str | None) -> Principal:
        """Return the principal of this key.

        Raises:
            ProblemError: as above.
        """
        principal = await service.keys.principal(key)
        if principal is None:
            raise ProblemError(401, "send a valid API key as a bearer token", headers={"WWW-Authenticate": "Bearer"})
        if principal.role not in self.roles:
            raise ProblemError(403, f"a key of role {principal.role} may not do this")
        return principal


SENDERS = Requires(frozenset({Role.INGEST, Role.ADMIN}))
READERS = Requires(frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN}))
HOT: dict[str, Any] = {"security": [{"ApiKey": []}]}
"""Security of a route that checks its caller itself: FastAPI's dependencies cost a hot route as much as its work."""


async def caller_of(request: Request, roles: Requires) -> tuple[Service, Principal]:
    """Return the service and the caller of a hot route.

    Raises:
        ProblemError: 401 and 403, as `Requires`.
    """
    service: Service = request.app.state.service
    return service, await roles.check(service, bearer(request.headers.get("authorization", "")))


def bearer(authorization: str) -> str | None:
    """Return the key of an Authorization header."""
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


AnyCaller = Annotated[Principal, Depends(Requires(frozenset(Role)))]
Ingester = Annotated[Principal, Depends(SENDERS)]
Viewer = Annotated[Principal, Depends(READERS)]
Operator = Annotated[Principal, Depends(Requires(frozenset({Role.OPERATOR, Role.ADMIN})))]
Admin = Annotated[Principal, Depends(Requires(frozenset({Role.ADMIN})))]


async def session_uuid(session: str) -> UUID:
    """Return the session's id. Text that is not an id names no session: 404."""
    try:
        return UUID(session)
    except ValueError:
        raise not_found("session") from None


SessionId = Annotated[UUID, Depends(session_uuid)]
"""The path parameter `{session}`. The query checks whether the session exists for the caller's brand."""
