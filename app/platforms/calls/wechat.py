"""Calls to WeChat's API for a connection, with its token and its quota.

In: a connection and a call. Out: the answer. Never here: what an answer means, a token in an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import httpx

from app.adapters.wechat.api import API_BASE, Call, QuotaExceeded, TokenRefused
from app.platforms.calls.calls import send
from app.platforms.calls.circuit_breaker import CircuitBreaker
from app.platforms.calls.tokens import AccessTokens, App
from app.platforms.credentials.connection_cache import LoadedConnection
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")
_FIRST_REST = 2.0
_LONGEST_REST = 900.0
"""First and longest pause after a quota error, in seconds. With doubling, an exhausted daily quota costs about a hundred calls a
day."""

Answer = TypeVar("Answer")


class NoCredentialsError(Exception):
    """The connection has no appid and app_secret, so it cannot call the API."""


class QuotaBackoffError(Exception):
    """A quota is used up; the connection makes no calls until then."""

    def __init__(self, until: datetime) -> None:
        """Keep the end of the pause."""
        super().__init__("a quota of the platform is used up")
        self.until = until


def app_of(connection: LoadedConnection) -> App:
    """Return the app of a connection.

    Raises:
        NoCredentialsError: it has none.
    """
    appid, secret = (connection.secrets.values.get(name) for name in ("appid", "app_secret"))
    if not appid or not secret:
        raise NoCredentialsError
    return App(connection.context.text("api_base") or API_BASE, appid, secret)


@dataclass(frozen=True, slots=True)
class Wechat:
    """Calls the API for connections."""

    database: Database
    client: httpx.AsyncClient
    tokens: AccessTokens
    breaker: CircuitBreaker

    async def call(self, connection: LoadedConnection, make: Callable[[str], Call], read: Callable[[object], Answer]) -> Answer:
        """Return what `read` makes of the answer to `make(token)`; a refused token is replaced once.

        Raises:
            QuotaBackoffError: a quota is used up, or was used up shortly before.
            NoCredentialsError, WechatError, UnavailableError: the call failed.
        """
        app = app_of(connection)
        try:
            async with self.breaker.call(connection.id):
                token = await self.tokens.get(app)
                try:
                    answer = read(await send(self.client, app.api_base, make(token)))
                except TokenRefused:
                    token = await self.tokens.get(app, refused=token)
                    answer = read(await send(self.client, app.api_base, make(token)))
        except QuotaExceeded:
            raise QuotaBackoffError(await self._pause_calls(connection.id)) from None
        if connection.quiet_until is not None:
            async with self.database.acquire() as lent:
                await lent.execute(_SQL["resume_connection"], connection.id)
        return answer

    async def _pause_calls(self, connection_id: UUID) -> datetime:
        """Pause the connection's calls in all processes; return the end of the pause."""
        now = datetime.now(UTC)
        async with self.database.acquire() as lent:
            until = await lent.fetchval(_SQL["pause_connection"], connection_id, now, _FIRST_REST, _LONGEST_REST)
            if until is None:
                # Another process hit the quota at the same time and has already stored the pause.
                row = await lent.fetchrow(_SQL["connection"], connection_id)
                until = row["quiet_until"] if row else None
        return until or now
