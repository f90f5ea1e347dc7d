"""Devices: browsers that are signed in by a cookie, as a person, as an API key, or as a guest of a share link.

In: a cookie's secret. Out: a `Principal`. Never here: the secret itself, stored or logged; HTTP.
"""

import asyncio
import hashlib
import math
import secrets
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from app.catalogue.access import Principal, Role
from app.catalogue.callers.key_store import TRUSTED_SECONDS, USE_SECONDS
from app.storage.database import Database
from app.storage.queries import queries

_log = structlog.get_logger()
_SQL = queries("catalogue/devices")

UNUSED = timedelta(days=30)
"""A device that was not used for this time is signed out."""
LONGEST = 100
"""Characters that a secret may have at most."""
_MAX_VERIFIED = 10_000


def new_secret(prefix: str) -> str:
    """Return a secret of 256 random bits; the logs mask it by its prefix `tli_`, `tlg_` or `tlc_`."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """Return what is stored of a secret, which has too many random bits for a search."""
    return hashlib.sha256(secret.encode()).digest()


class DeviceStore:
    """Verifies cookies.

    A process trusts what it has read for at most two seconds, so a revocation, another role or a deactivation reaches the other
    processes within this time.
    """

    def __init__(self, database: Database) -> None:
        """Start with nothing read."""
        self._database = database
        self._verified: dict[bytes, tuple[float, Principal]] = {}
        """Hash of a secret → until when it is trusted, and whose it is."""
        self._forgotten = 0
        """How often everything was forgotten: what a query read before is not trusted after."""
        self._noted: dict[UUID, float] = {}
        """Device → when its use was last written."""
        self._writes: set[asyncio.Task[None]] = set()

    async def principal(self, secret: str | None, *, may_query: bool = True) -> Principal | None:
        """Return whom a cookie names; None for an unknown one, and for one whose device or owner is no longer valid.

        With `may_query` False a cookie that the process has not seen before is unknown, and costs nothing.
        """
        if secret is None or len(secret) > LONGEST:
            return None
        digest = hash_of(secret)
        known = self._verified.get(digest)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        if known is None and not may_query:
            return None
        return await self._verify(digest)

    async def _verify(self, digest: bytes) -> Principal | None:
        before, began, now = self._forgotten, time.monotonic(), datetime.now(UTC)
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(_SQL["principals"], [digest], [], now, now - UNUSED)
        if row is None:
            self._verified.pop(digest, None)
            return None
        principal = _principal(row)
        left = math.inf if row["expires_at"] is None else (row["expires_at"] - now).total_seconds()
        if before == self._forgotten:
            if len(self._verified) > _MAX_VERIFIED:
                self._verified.clear()
            self._verified[digest] = (began + min(TRUSTED_SECONDS, left), principal)
        self._note_use(row["device"], now)
        return principal

    def forget(self) -> None:
        """Read each device again before it is trusted: a person, a key, a link or a device has changed."""
        self._forgotten += 1
        self._verified = {digest: (-math.inf, principal) for digest, (_, principal) in self._verified.items()}

    async def of(self, devices: Collection[UUID]) -> Mapping[UUID, Principal]:
        """Return whom devices are signed in as now; without those that are no longer."""
        now = datetime.now(UTC)
        async with self._database.acquire() as connection:
            rows = await connection.fetch(_SQL["principals"], [], list(devices), now, now - UNUSED)
        return {row["device"]: _principal(row) for row in rows}

    def _note_use(self, device: UUID, now: datetime) -> None:
        moment = time.monotonic()
        if moment - self._noted.get(device, -math.inf) < USE_SECONDS:
            return
        if len(self._noted) > _MAX_VERIFIED:
            self._noted.clear()
        self._noted[device] = moment
        task = asyncio.create_task(self._write_use(device, now))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _write_use(self, device: UUID, now: datetime) -> None:
        try:
            async with self._database.acquire() as connection, connection.transaction():
                before = now - timedelta(seconds=USE_SECONDS)
                owner = await connection.fetchrow(_SQL["note_use"], device, now, before)
                if owner is not None:
                    for column, query in (("person_id", "person"), ("key_id", "key"), ("share_link_id", "share_link")):
                        if owner[column] is not None:
                            await connection.execute(_SQL[f"note_{query}"], owner[column], now)
        except Exception as error:  # noqa: BLE001 - a request is not refused because its time cannot be written
            _log.warning("device use not saved", reason=type(error).__name__)

    async def close(self) -> None:
        """Finish the writes of last uses."""
        await asyncio.gather(*self._writes)


def _principal(row: asyncpg.Record) -> Principal:
    role, brand, device = Role(row["role"]), row["brand_id"], row["device"]
    if row["person"] is not None:
        return Principal("person", str(row["person"]), role, brand, row["name"], device=device)
    if row["key"] is not None:
        return Principal("key", row["key"], role, brand, row["name"], device=device)
    return Principal(
        "guest", str(row["share_link"]), role, brand, None,
        session_id=row["session_id"], device=device, shows_live=row["live"], language=row["lang"],
    )  # fmt: skip
