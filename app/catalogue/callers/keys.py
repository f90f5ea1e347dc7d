"""Administration of API keys.

In: requests. Out: records; the text of a key once, at its creation. Never here: a way to read a key again.
"""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from app.catalogue.access import Principal, Role
from app.catalogue.brands import brands
from app.catalogue.callers.key_store import ApiKeyStore, insert_key
from app.catalogue.models import RequestModel, ResponseModel, Slug, Text
from app.catalogue.pages import Page, page_of
from app.events.fields import Timestamp
from app.problems import ProblemError, invalid, not_found
from app.storage.database import Database

_EXAMPLE: dict[str, Any] = {"role": "operator", "brand": "maison-k", "name": "Maison K, studio", "expires_at": None}


class NewKey(RequestModel):
    """A key to create."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    role: Role
    brand: Slug | None = Field(default=None, description="binds the key to one brand, which is created if missing")
    name: Text | None = Field(default=None, description="who or what uses it")
    expires_at: Timestamp | None = Field(default=None, description="the key is refused from then on; absent: never")


class StoredKey(ResponseModel):
    """A key without its secret."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "5f5e1a2b3c4d",
                **_EXAMPLE,
                "created_at": "2021-09-20T01:00:00Z",
                "last_used_at": None,
                "revoked_at": None,
            }
        }
    )

    id: str
    role: Role
    brand: str | None
    name: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="last use, to the minute; null before the first")
    revoked_at: datetime | None


class CreatedKey(StoredKey):
    """A new key; `key` is returned only in this response."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "5f5e1a2b3c4d",
                **_EXAMPLE,
                "created_at": "2021-09-20T01:00:00Z",
                "last_used_at": None,
                "revoked_at": None,
                "key": "tl_5f5e1a2b3c4d_…",
            }
        }
    )

    key: str


async def create(database: Database, keys: ApiKeyStore, principal: Principal, form: NewKey, now: datetime) -> CreatedKey:
    """Create a key.

    Raises:
        ProblemError: 422 for an admin key that is bound to a brand, and for an expiry that is not in the future.
    """
    if form.expires_at is not None and form.expires_at <= now:
        raise invalid("/expires_at", "must be in the future", "in_future")
    if form.role is Role.ADMIN and form.brand is not None:
        # An admin can create keys of every brand, so a binding would have no effect.
        raise invalid("/brand", "an admin key cannot be bound to a brand", "admin_brand")
    async with database.write() as connection:
        brand_id = None if form.brand is None else await brands.find_or_create(connection, principal, form.brand)
        key_id, key = await insert_key(connection, form.role, brand_id, form.name, form.expires_at)
    keys.forget()
    stored = next(stored for stored in await _all(keys) if stored.id == key_id)
    return CreatedKey(**stored.model_dump(), key=key)


async def listing(keys: ApiKeyStore, *, after: tuple[datetime, str] | None, limit: int) -> Page[StoredKey]:
    """Return keys, the newest first, including revoked ones. Keys are few: all are read to return one page."""
    found = await _all(keys)
    if after is not None:
        created_at, key_id = after
        found = [key for key in found if key.created_at < created_at or (key.created_at == created_at and key.id > key_id)]
    return page_of(found, limit, lambda key: (key.created_at, key.id))


async def current(keys: ApiKeyStore, principal: Principal) -> StoredKey:
    """Return the caller's own key.

    Raises:
        ProblemError: 404 for a caller without a key; 401 for a key that was revoked since it was checked.
    """
    if principal.kind != "key":
        raise not_found("key")
    for key in await _all(keys):
        if key.id == principal.id:
            return key
    raise ProblemError(401, "the key is no longer valid", headers={"WWW-Authenticate": "Bearer"})


async def revoke(keys: ApiKeyStore, key_id: str) -> None:
    """Revoke a key.

    Raises:
        ProblemError: 404 for a key that does not exist or is revoked already.
    """
    await keys.revoke(key_id)


async def _all(keys: ApiKeyStore) -> list[StoredKey]:
    return [StoredKey.model_validate(key, from_attributes=True) for key in await keys.listing()]
