"""Who calls: API keys, roles, brand binding, and the session a route is about.

In: the Authorization header. Out: a `Principal`, or 401 and 403. Never here: keys in logs or errors.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.catalogue.access import Principal, Role
from app.problems import ProblemError, not_found
from app.service import Service

_bearer = HTTPBearer(auto_error=False, description="an API key `tl_<id>_<secret>`", scheme_name="ApiKey")


def get_service(request: Request) -> Service:
    """Return what the process has opened: settings, database, writer, key ring."""
    service: Service = request.app.state.service
    return service


AppService = Annotated[Service, Depends(get_service)]


@dataclass(frozen=True, slots=True)
class Requires:
    """A dependency that lets in keys of these roles; admin may do everything but pose as a sender by accident."""

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
        principal = await service.keys.principal(credentials.credentials if credentials else None)
        if principal is None:
            raise ProblemError(401, "send a valid API key as a bearer token", headers={"WWW-Authenticate": "Bearer"})
        if principal.role not in self.roles:
            raise ProblemError(403, f"a key of role {principal.role} may not do this")
        return principal


Ingester = Annotated[Principal, Depends(Requires(frozenset({Role.INGEST, Role.ADMIN})))]
Viewer = Annotated[Principal, Depends(Requires(frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN})))]
Operator = Annotated[Principal, Depends(Requires(frozenset({Role.OPERATOR, Role.ADMIN})))]
Admin = Annotated[Principal, Depends(Requires(frozenset({Role.ADMIN})))]


def session_uuid(session: str) -> UUID:
    """Return the session's id; text that is no id is a session that does not exist."""
    try:
        return UUID(session)
    except ValueError:
        raise not_found("session") from None


SessionId = Annotated[UUID, Depends(session_uuid)]
"""The path parameter `{session}`. Whether it exists for the caller's brand is the query's own condition."""
