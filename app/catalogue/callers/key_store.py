"""The keys of callers: verified, created, revoked.

In: a key's text. Out: a `Principal`. Never here: the text of a key, stored or logged.
"""

import asyncio
import hashlib
import hmac
import math
import re
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal, Role
from app.problems import not_found
from app.settings import API_KEY_FORMAT
from app.storage import audit
from app.storage.audit import Action, Actor
from app.storage.database import Database
from app.storage.tables import api_keys, brands

_log = structlog.get_logger()

TRUSTED_SECONDS = 2.0
"""How long a process trusts what it has read. A revocation reaches the other processes within this time."""
_LOAD_SPACING = 0.05
"""Seconds between two queries for keys that a process does not hold."""
USE_SECONDS = 60.0
"""A key's last use is written at most once in this time."""
_MAX_VERIFIED = 10_000
BOOTSTRAP = Actor("service", "TALLYLIGHT_BOOTSTRAP_ADMIN_KEY")
"""Who creates the admin key of the settings."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    role: Role
    brand: str | None
    name: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Row:
    """A valid key as a process holds it."""

    id: str
    secret_hash: bytes
    role: Role
    brand_id: UUID | None
    name: str | None
    expires_at: datetime | None

    def seconds_left(self, now: datetime) -> float:
        return math.inf if self.expires_at is None else (self.expires_at - now).total_seconds()


def _valid(now: datetime) -> ColumnElement[bool]:
    return api_keys.c.revoked_at.is_(None) & or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now)


def _hash(secret: str) -> bytes:
    # Secrets have 160 random bits or more, so their digests cannot be searched. A slow hash would slow down every request.
    return hashlib.sha256(secret.encode()).digest()


def _memory_digest(key: bytes) -> bytes:
    # For the memory of one process alone; it is the faster one.
    return hashlib.blake2b(key, digest_size=32).digest()


async def insert_key(
    connection: AsyncConnection, role: Role, brand_id: UUID | None, name: str | None, expires_at: datetime | None
) -> tuple[str, str]:
    """Store a new key and return its id and its text, which cannot be read again."""
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(24)
    row: dict[str, Any] = {"id": key_id, "secret_hash": _hash(secret), "role": role, "brand_id": brand_id}
    row |= {"name": name, "expires_at": expires_at}
    await connection.execute(insert(api_keys).values(row).returning(api_keys.c.id))
    audit.about(key_id, brand=brand_id)
    return key_id, f"tl_{key_id}_{secret}"


class ApiKeyStore:
    """Verifies, creates and revokes API keys.

    A process holds the rows of all valid keys, which are few, for at most two seconds. A key that is not among them is looked up
    once more, together with all others that were asked for meanwhile, so guessed keys cost no query each.
    """

    def __init__(self, database: Database) -> None:
        """Start with nothing loaded."""
        self._database = database
        self._verified: dict[bytes, tuple[float, Principal]] = {}
        """Digest of a whole key → until when it is trusted, and whose it is."""
        self._rows: Mapping[str, _Row] = {}
        self._loaded_at = -math.inf
        """When the query of `_rows` began."""
        self._loading: asyncio.Task[None] | None = None
        self._noted: dict[str, float] = {}
        """Key id → when its use was last written."""
        self._writes: set[asyncio.Task[None]] = set()

    def held(self, key: bytes) -> Principal | None:
        """Return the principal of a key that was verified within the last seconds; None for any other."""
        known = self._verified.get(_memory_digest(key))
        return known[1] if known is not None and known[0] > time.monotonic() else None

    async def principal(self, key: str | None, *, may_query: bool = True) -> Principal | None:
        """Return the principal of a key; None for a wrong, unknown, revoked or expired one.

        With `may_query` False a key that the process does not hold is unknown, and costs nothing.
        """
        if key is None:
            return None
        digest = _memory_digest(key.encode())
        known = self._verified.get(digest)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        row = await self._verify(key, may_query=may_query) if re.match(API_KEY_FORMAT, key) else None
        if row is None:
            self._verified.pop(digest, None)
            return None
        if len(self._verified) > _MAX_VERIFIED:
            self._verified.clear()
        self._note_use(row.id)
        principal = Principal("key", row.id, row.role, row.brand_id, row.name)
        self._verified[digest] = (time.monotonic() + min(TRUSTED_SECONDS, row.seconds_left(datetime.now(UTC))), principal)
        return principal

    async def _verify(self, key: str, *, may_query: bool) -> "_Row | None":
        _, key_id, secret = key.split("_", 2)
        now = time.monotonic()
        await self._load_since(now - TRUSTED_SECONDS)
        if key_id not in self._rows and may_query:
            await self._load_since(now)
        row = self._rows.get(key_id)
        if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)) or row.seconds_left(datetime.now(UTC)) <= 0:
            return None
        return row

    async def _load_since(self, moment: float) -> None:
        """Return once the rows come from a query that began after `moment`."""
        while self._loaded_at < moment:
            if self._loading is None:
                self._loading = asyncio.create_task(self._load())
            # Shielded: a caller that leaves must not cancel the query of the others.
            await asyncio.shield(self._loading)

    async def _load(self) -> None:
        try:
            await asyncio.sleep(max(0.0, self._loaded_at + _LOAD_SPACING - time.monotonic()))
            began = time.monotonic()
            query = select(
                api_keys.c.id,
                api_keys.c.secret_hash,
                api_keys.c.role,
                api_keys.c.brand_id,
                api_keys.c.name,
                api_keys.c.expires_at,
            ).where(_valid(datetime.now(UTC)))
            async with self._database.read() as connection:
                rows = (await connection.execute(query)).all()
            self._rows = {
                row.id: _Row(row.id, row.secret_hash, Role(row.role), row.brand_id, row.name, row.expires_at) for row in rows
            }
            self._loaded_at = began
        finally:
            self._loading = None

    def forget(self) -> None:
        """Read the keys again before the next one is verified: one was created or revoked."""
        self._verified.clear()
        self._loaded_at = -math.inf

    def _note_use(self, key_id: str) -> None:
        now = time.monotonic()
        if now - self._noted.get(key_id, -math.inf) < USE_SECONDS:
            return
        self._noted[key_id] = now
        task = asyncio.create_task(self._write_use(key_id, datetime.now(UTC)))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _write_use(self, key_id: str, now: datetime) -> None:
        """Write when a key was used, unless another process has done so within the last minute."""
        before = now - timedelta(seconds=USE_SECONDS)
        statement = (
            update(api_keys)
            .where(api_keys.c.id == key_id, or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < before))
            .values(last_used_at=now)
            .returning(api_keys.c.id)
        )
        try:
            async with self._database.write() as connection:
                (await connection.execute(statement)).one_or_none()
        except Exception as error:  # noqa: BLE001 - a request is not refused because its time cannot be written
            _log.warning("key use not saved", reason=type(error).__name__)

    async def close(self) -> None:
        """Finish the writes of last uses."""
        await asyncio.gather(*self._writes)

    async def of(self, key_ids: Collection[str]) -> Mapping[str, Principal]:
        """Return the principals of those keys that are valid now, by id."""
        query = select(api_keys.c.id, api_keys.c.role, api_keys.c.brand_id, api_keys.c.name)
        query = query.where(api_keys.c.id.in_(key_ids), _valid(datetime.now(UTC)))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {row.id: Principal("key", row.id, Role(row.role), row.brand_id, row.name) for row in rows}

    async def bootstrap(self, key: str) -> None:
        """Make sure that this admin key exists, also if several processes start at once. A revoked key stays revoked."""
        _, key_id, secret = key.split("_", 2)
        row = {"id": key_id, "secret_hash": _hash(secret), "role": Role.ADMIN, "name": "bootstrap"}
        statement = insert(api_keys).values(row)
        statement = statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"secret_hash": statement.excluded.secret_hash},
            where=api_keys.c.revoked_at.is_(None) & (api_keys.c.secret_hash != statement.excluded.secret_hash),
        )
        async with self._database.write() as connection:
            if (await connection.execute(statement.returning(api_keys.c.id))).one_or_none() is not None:
                await audit.record(connection, Action("key.create", BOOTSTRAP, datetime.now(UTC), key_id))
            elif await connection.scalar(select(api_keys.c.revoked_at).where(api_keys.c.id == key_id)) is not None:
                _log.warning("bootstrap key is revoked", key_id=key_id)

    async def create(
        self, role: Role, brand_id: UUID | None, name: str | None, expires_at: datetime | None = None
    ) -> tuple[str, str]:
        """Store a new key and return its id and its text, which cannot be read again."""
        async with self._database.write() as connection:
            made = await insert_key(connection, role, brand_id, name, expires_at)
        self.forget()
        return made

    async def revoke(self, key_id: str) -> None:
        """Revoke a key, at once in this process and within two seconds in others.

        Raises:
            ProblemError: 404 for a key that does not exist or is revoked already.
        """
        statement = (
            update(api_keys)
            .where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
            .values(revoked_at=func.now())
            .returning(api_keys.c.brand_id)
        )
        try:
            async with self._database.write() as connection:
                revoked = (await connection.execute(statement)).one_or_none()
                if revoked is None:
                    raise not_found("key")
                audit.about(brand=revoked.brand_id)
        finally:
            self.forget()

    async def listing(self) -> list[ApiKey]:
        """Return all keys, the newest first."""
        query = (
            select(api_keys, brands.c.slug)
            .outerjoin(brands, brands.c.id == api_keys.c.brand_id)
            .order_by(api_keys.c.created_at.desc(), api_keys.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [
            ApiKey(r.id, Role(r.role), r.slug, r.name, r.created_at, r.expires_at, r.last_used_at, r.revoked_at) for r in rows
        ]
