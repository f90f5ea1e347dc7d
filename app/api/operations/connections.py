"""Routes of connections.

In: requests of administrators. Out: records without secrets. Never here: rules, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel

from app.api.access.authorization import Admin, AppService, external_url
from app.api.conventions.paging import Paging, encode
from app.platforms.administration import connection_forms, connections, diagnostics
from app.platforms.administration.connection_forms import ConnectionKinds
from app.platforms.administration.connections import ConnectionAdmin
from app.platforms.administration.models import (
    Connection,
    ConnectionPatch,
    NewConnection,
    Preview,
    PreviewRequest,
    RecentDeliveries,
    TestResult,
)
from app.problems import not_found, responses

router = APIRouter(prefix="/v1/connections", tags=["connections"])


async def _connection_admin(request: Request, service: AppService) -> ConnectionAdmin:
    return ConnectionAdmin(service.database, service.platforms, external_url(request), datetime.now(UTC))


async def _connection_id(
    connection: Annotated[str, Path(description="the connection's id", examples=["0192f1a0-b3c4-7d06-8000-5f5e1a2b3c4d"])],
) -> UUID:
    try:
        return UUID(connection)
    except ValueError:
        raise not_found("connection") from None


AppConnectionAdmin = Annotated[ConnectionAdmin, Depends(_connection_admin)]
ConnectionId = Annotated[UUID, Depends(_connection_id)]


class ConnectionList(BaseModel):
    """A page of connections."""

    connections: list[Connection]
    next_cursor: str | None


@router.get("", operation_id="list_connections", summary="List connections", responses=responses(401, 403, 422))
async def list_connections(admin: AppConnectionAdmin, caller: Admin, paging: Paging) -> ConnectionList:
    """Return the connections with their counts, the newest first."""
    del caller
    page = await connections.listing(admin, after=paging.after(datetime, UUID), limit=paging.limit)
    return ConnectionList(connections=page.items, next_cursor=encode(page.next))


@router.post(
    "",
    status_code=201,
    operation_id="create_connection",
    summary="Connect a platform",
    responses=responses(401, 403, 404, 422),
)
async def create_connection(admin: AppConnectionAdmin, caller: Admin, form: NewConnection) -> Connection:
    """Create a connection. Enter `webhook_url` in the platform's console."""
    return await connections.create(admin, caller, form)


@router.get("/kinds", operation_id="list_connection_kinds", summary="List kinds of connections", responses=responses(401, 403))
async def list_kinds(caller: Admin) -> ConnectionKinds:
    """Return the kinds of connections with the fields of their forms, as JSON schemas.

    `GET /v1/labels` has names and help: `connection_kind.<kind>`, `connection_field.<field>`, `connection_help.<field>`.
    """
    del caller
    return connection_forms.kinds()


@router.get("/{connection}", operation_id="get_connection", summary="Get a connection", responses=responses(401, 403, 404))
async def get_connection(admin: AppConnectionAdmin, caller: Admin, connection: ConnectionId) -> Connection:
    """Return the connection with its last delivery, last error and counts."""
    del caller
    return await connections.get(admin, connection)


@router.patch(
    "/{connection}",
    operation_id="update_connection",
    summary="Change a connection",
    responses=responses(401, 403, 404, 409, 422),
)
async def patch_connection(
    admin: AppConnectionAdmin, caller: Admin, connection: ConnectionId, form: ConnectionPatch
) -> Connection:
    """Change name, options or secrets, disable the connection, or give it a new URL token."""
    del caller
    return await connections.patch(admin, connection, form)


@router.delete(
    "/{connection}",
    status_code=204,
    operation_id="delete_connection",
    summary="Delete a connection",
    responses=responses(401, 403, 404),
)
async def delete_connection(admin: AppConnectionAdmin, caller: Admin, connection: ConnectionId) -> None:
    """Delete the connection and its secrets. Events that it delivered are kept."""
    del caller
    await connections.remove(admin, connection)


@router.get(
    "/{connection}/deliveries",
    operation_id="list_connection_deliveries",
    summary="List the last deliveries",
    responses=responses(401, 403, 404),
)
async def list_deliveries(admin: AppConnectionAdmin, caller: Admin, connection: ConnectionId) -> RecentDeliveries:
    """Return what became of the last 50 deliveries, the newest first."""
    del caller
    return await diagnostics.recent(admin, connection)


@router.post(
    "/{connection}/test",
    operation_id="test_connection",
    summary="Test a connection's credentials",
    responses=responses(401, 403, 404),
)
async def test_connection(admin: AppConnectionAdmin, caller: Admin, connection: ConnectionId) -> TestResult:
    """Call the platform's API with the saved credentials and return its answers."""
    del caller
    return await diagnostics.test(admin, connection)


@router.post(
    "/{connection}/preview",
    operation_id="preview_mapping",
    summary="Preview a mapping",
    responses=responses(401, 403, 404, 409, 422, 503),
)
async def preview_connection(admin: AppConnectionAdmin, caller: Admin, connection: ConnectionId, form: PreviewRequest) -> Preview:
    """Return the events that the mapping creates from a sample body, and what ingestion would do with each. Nothing is stored."""
    del caller
    return await diagnostics.preview(admin, connection, form)
