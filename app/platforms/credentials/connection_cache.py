"""Cache of connections with their decrypted secrets, for deliveries and jobs.

In: a connection's id. Out: a `LoadedConnection`, or None. Never here: secrets in a log or in a repr, changes.
"""

import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import structlog
from pydantic_core import from_json

from app.adapters.protocol import Adapter, Context, Options
from app.adapters.registry import ADAPTERS
from app.platforms.credentials.encryption import SecretCipher, UnreadableError
from app.platforms.credentials.secret_rotation import without_expired
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")
_log = structlog.get_logger()

_TRUSTED_SECONDS = 2.0
"""Maximum age of an entry, and so the maximum delay until a change reaches the other processes."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The encrypted part of a connection."""

    # No repr: secrets must not reach a log.
    values: dict[str, str] = field(repr=False)
    url_token: str = field(repr=False)
    """Last segment of the webhook URL, where the URL has one."""
    token_in_url: bool = False
    """Whether the URL must have it although the platform signs: its signature does not cover all of a delivery."""


@dataclass(frozen=True, slots=True)
class LoadedConnection:
    """A connection with everything that verification and parsing need."""

    id: UUID
    brand_id: UUID | None
    kind: str
    adapter: Adapter
    secrets: Secrets
    context: Context
    created_at: datetime
    enabled: bool
    reconciled_to: datetime | None
    quiet_until: datetime | None
    rooms: dict[str, str]

    @property
    def needs_url_token(self) -> bool:
        """Whether the URL must have the token."""
        return token_required(self.adapter, self.secrets, self.context.options)

    @property
    def platform(self) -> str | None:
        """The platform of events that are addressed to a session."""
        return self.adapter.PLATFORM or self.context.text("platform")

    @property
    def origin(self) -> str:
        """The sender, as dead letters name it."""
        return f"connection:{self.id}"


def token_required(adapter: Adapter, secrets: Secrets, options: Options) -> bool:
    """Return whether the webhook URL of a connection must have its token."""
    return secrets.token_in_url or adapter.signature_covers(secrets.values, options) == "nothing"


def decrypt_secrets(cipher: SecretCipher, sealed: bytes) -> Secrets:
    """Decrypt the secrets of a connection.

    Raises:
        UnreadableError: they were encrypted with another secret key.
    """
    found = from_json(cipher.decrypt(sealed))
    # Connections that were made before this member existed keep their URLs.
    return Secrets(found["secrets"], found["url_token"], found.get("token_in_url", False))


class ConnectionCache:
    """Loads connections and keeps them for two seconds."""

    def __init__(self, database: Database, cipher: SecretCipher) -> None:
        """Start empty."""
        self._database = database
        self._cipher = cipher
        self._known: dict[UUID, tuple[float, LoadedConnection | None]] = {}

    def knows(self, connection_id: UUID) -> bool:
        """Return whether the connection existed when it was last read."""
        known = self._known.get(connection_id)
        return known is not None and known[1] is not None

    async def find(self, connection_id: UUID) -> LoadedConnection | None:
        """Return the connection; None if it does not exist or its secrets cannot be decrypted."""
        known = self._known.get(connection_id)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = await self.reload(connection_id)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[connection_id] = (time.monotonic() + _TRUSTED_SECONDS, found)
        return found

    async def reload(self, connection_id: UUID) -> LoadedConnection | None:
        """Return the connection as the database holds it now."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(_SQL["connection"], connection_id)
        adapter = ADAPTERS.get(row["kind"]) if row else None
        if row is None or adapter is None:
            return None
        try:
            secrets = decrypt_secrets(self._cipher, row["sealed"])
            valid = without_expired(secrets.values, row["previous_secret_until"], datetime.now(UTC))
        except UnreadableError:
            _log.error("a connection's secrets are encrypted with another secret key", connection=str(connection_id))
            return None
        return LoadedConnection(
            row["id"],
            row["brand_id"],
            row["kind"],
            adapter,
            replace(secrets, values=valid),
            Context(f"//tallylight/connections/{row['id']}", from_json(row["options"])),
            row["created_at"],
            row["enabled"],
            row["reconciled_to"],
            row["quiet_until"],
            from_json(row["rooms"]),
        )

    def invalidate(self, connection_id: UUID) -> None:
        """Reload the connection at its next use."""
        self._known.pop(connection_id, None)
