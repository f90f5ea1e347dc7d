"""API keys: roles and brands of callers.

In: a key's text. Out: a `Principal`. Never here: the text of a key, stored or logged.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.settings import API_KEY_FORMAT
from app.storage.database import Database
from app.storage.tables import api_keys, brands

_TRUSTED_SECONDS = 2.0
"""The time that a process caches a key: the longest time until a revocation takes effect in other processes."""


class Role(StrEnum):
    """The role of a key: send events, read, write, or everything."""

    INGEST = "ingest"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. A key bound to a brand sees this brand's rows and no others."""

    key_id: str
    role: Role
    brand_id: UUID | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    role: Role
    brand: str | None
    name: str | None
    created_at: datetime
    revoked_at: datetime | None


def _hash(secret: str) -> bytes:
    # Secrets have 160 random bits or more, so their digests cannot be searched. A slow hash would slow down every request.
    return hashlib.sha256(secret.encode()).digest()


class ApiKeyStore:
    """Looks up keys with a cache of two seconds, creates and revokes them."""

    def __init__(self, database: Database) -> None:
        """Start with an empty cache."""
        self._database = database
        self._known: dict[bytes, tuple[float, Principal]] = {}
        self._asked: dict[bytes, asyncio.Task[Principal | None]] = {}

    async def principal(self, key: str | None) -> Principal | None:
        """Return the principal of a key; None if it is invalid, unknown or revoked."""
        if key is None:
            return None
        digest = hashlib.blake2b(key.encode(), digest_size=32).digest()  # the key of this cache only: faster than SHA-256
        known = self._known.get(digest)
        now = time.monotonic()
        if known is not None and known[0] > now:
            return known[1]
        found = await self._look_up_once(key, digest) if re.match(API_KEY_FORMAT, key) else None
        if found is None:
            self._known.pop(digest, None)
            return None
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[digest] = (now + _TRUSTED_SECONDS, found)
        return found

    async def _look_up_once(self, key: str, digest: bytes) -> Principal | None:
        # When the cache entry of a busy key expires, one request reads it for all.
        asked = self._asked.get(digest)
        if asked is None:
            asked = self._asked[digest] = asyncio.create_task(self._look_up(key))
            asked.add_done_callback(lambda _: self._asked.pop(digest, None))
        return await asyncio.shield(asked)

    async def _look_up(self, key: str) -> Principal | None:
        _, key_id, secret = key.split("_", 2)
        query = select(api_keys.c.secret_hash, api_keys.c.role, api_keys.c.brand_id).where(
            api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)):
            return None
        return Principal(key_id, Role(row.role), row.brand_id)

    async def valid(self, key_ids: Collection[str]) -> set[str]:
        """Return the keys among these that exist and are not revoked."""
        query = select(api_keys.c.id).where(api_keys.c.id.in_(key_ids), api_keys.c.revoked_at.is_(None))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def bootstrap(self, key: str) -> None:
        """Make sure that this admin key exists, also when several processes start at once."""
        _, key_id, secret = key.split("_", 2)
        row = {"id": key_id, "secret_hash": _hash(secret), "role": Role.ADMIN, "name": "bootstrap"}
        statement = insert(api_keys).values(row)
        async with self._database.write() as connection:
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["id"], set_={"secret_hash": statement.excluded.secret_hash, "revoked_at": None}
                ).returning(api_keys.c.id)
            )

    async def create(self, role: Role, brand_id: UUID | None, name: str | None) -> tuple[str, str]:
        """Store a new key and return its id and its text, which cannot be read again."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(24)
        row = {"id": key_id, "secret_hash": _hash(secret), "role": role, "brand_id": brand_id, "name": name}
        async with self._database.write() as connection:
            await connection.execute(insert(api_keys).values(row).returning(api_keys.c.id))
        return key_id, f"tl_{key_id}_{secret}"

    async def revoke(self, key_id: str) -> bool:
        """Revoke a key, at once in this process and within two seconds in others; False if there is none."""
        statement = (
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=func.now())
            .returning(api_keys.c.id)
        )
        async with self._database.write() as connection:
            found = (await connection.execute(statement)).one_or_none()
        self._known.clear()
        return found is not None

    async def listing(self) -> list[ApiKey]:
        """Return all keys, the newest first."""
        query = (
            select(api_keys, brands.c.slug)
            .outerjoin(brands, brands.c.id == api_keys.c.brand_id)
            .order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [ApiKey(r.id, Role(r.role), r.slug, r.name, r.created_at, r.revoked_at) for r in rows]
