"""Routes of API keys.

In: requests of administrators. Out: keys without their secrets, except for a new key. Never here: rules, SQL.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from app.api.access.authorization import Admin, AnyCaller, AppService
from app.api.conventions.paging import Paging, encode
from app.catalogue.callers import keys
from app.catalogue.callers.keys import CreatedKey, NewKey, StoredKey
from app.catalogue.models import Text
from app.problems import responses

router = APIRouter(prefix="/v1/keys", tags=["keys"])


class KeyList(BaseModel):
    """A page of keys."""

    keys: list[StoredKey]
    next_cursor: str | None


@router.get("", operation_id="list_keys", summary="List API keys", responses=responses(401, 403, 422))
async def list_keys(service: AppService, caller: Admin, paging: Paging) -> KeyList:
    """Return all keys, revoked ones included, the newest first. Secrets cannot be read."""
    del caller
    page = await keys.listing(service.keys, after=paging.after(datetime, str), limit=paging.limit)
    return KeyList(keys=page.items, next_cursor=encode(page.next))


@router.get("/current", operation_id="get_current_key", summary="Get the key of this request", responses=responses(401))
async def current_key(service: AppService, caller: AnyCaller) -> StoredKey:
    """Return the key of the request with its role and brand. Keys of every role may call this."""
    return await keys.current(service.keys, caller)


@router.post("", status_code=201, operation_id="create_key", summary="Create an API key", responses=responses(400, 401, 403, 422))
async def create_key(service: AppService, caller: Admin, form: NewKey) -> CreatedKey:
    """Create a key. `key` is returned only here."""
    return await keys.create(service.database, service.keys, caller, form, datetime.now(UTC))


@router.delete(
    "/{key}",
    status_code=204,
    operation_id="revoke_key",
    summary="Revoke an API key",
    responses=responses(401, 403, 404, 422),
)
async def revoke_key(
    service: AppService, caller: Admin, key: Annotated[Text, Path(description="the key's id", examples=["5f5e1a2b3c4d"])]
) -> None:
    """Revoke a key. Other server processes refuse it within two seconds."""
    del caller
    try:
        await keys.revoke(service.keys, key)
    finally:
        service.devices.forget()
