"""WeChat's access tokens: one per app, shared by all processes.

In: an app's id and secret. Out: a token that is valid for a while. Never here: a token in clear at rest or in a log.

One process requests the token and the others wait for it. A token is renewed before it expires. A token that the platform
refuses is replaced; a refresh is forced only if the platform returns the same token, and at most every 30 s (its rule).
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx

from app.adapters.wechat.api import Busy, Token, read_token, stable_token
from app.platforms.calls.calls import send
from app.platforms.credentials.encryption import SecretCipher, UnreadableError
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")
_EARLY = timedelta(minutes=5)
_FORCE_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class App:
    """A WeChat app, and the address of its API."""

    api_base: str
    appid: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Held:
    token: str = field(repr=False)
    fresh_until: datetime


class AccessTokens:
    """Provides tokens."""

    def __init__(self, database: Database, cipher: SecretCipher, client: httpx.AsyncClient) -> None:
        """Start empty."""
        self._database = database
        self._cipher = cipher
        self._client = client
        self._held: dict[str, _Held] = {}
        self._asking: dict[tuple[str, str | None], asyncio.Task[_Held]] = {}

    async def get(self, app: App, refused: str | None = None) -> str:
        """Return a token of the app other than the one that the platform has just refused.

        Raises:
            WechatError: the platform issues none: a wrong secret, a quota.
            UnavailableError: the platform does not answer.
        """
        # The secret is part of the key: a connection with a wrong secret must not use the token of another.
        key = self._cipher.digest(app.api_base, app.appid, app.secret)
        held = self._held.get(key)
        if held is not None and held.fresh_until > datetime.now(UTC) and held.token != refused:
            return held.token
        asking = self._asking.get((key, refused))
        if asking is None:
            asking = self._asking[key, refused] = asyncio.create_task(self._shared(key, app, refused), name="access-token")
            asking.add_done_callback(lambda _: self._asking.pop((key, refused), None))
        # Shielded: a caller that is cancelled must not end the request of the others.
        found = await asyncio.shield(asking)
        self._held[key] = found
        return found.token

    async def ask(self, app: App, *, force: bool = False) -> Token:
        """Request a token from the platform, whatever is stored.

        Raises:
            WechatError, UnavailableError: as above.
        """
        return read_token(await send(self._client, app.api_base, stable_token(app.appid, app.secret, force_refresh=force)))

    async def _shared(self, key: str, app: App, refused: str | None) -> _Held:
        """Return the stored token, or request one. No database connection is held during the request."""
        async with self._database.acquire() as connection:
            row = await connection.fetchrow(_SQL["token"], key)
            if row is None:
                await connection.execute(_SQL["add_token_row"], key)
        now = datetime.now(UTC)
        kept = self._kept(row, refused, now)
        if kept is not None:
            return kept
        token = await self.ask(app)
        if token.access_token == refused:
            async with self._database.acquire() as connection:
                claimed = await connection.fetchval(_SQL["claim_forced_token"], key, now, now - _FORCE_EVERY)
            if claimed is None:
                raise Busy(-1, "the token is refused, and another cannot be forced yet")
            token = await self.ask(app, force=True)
        life = timedelta(seconds=token.expires_in)
        # Renewed five minutes before it expires, or a fifth of its life if that is shorter.
        held = _Held(token.access_token, now + life - min(_EARLY, life / 5))
        sealed = self._cipher.encrypt(token.access_token.encode())
        async with self._database.acquire() as connection:
            await connection.execute(_SQL["store_token"], key, sealed, held.fresh_until)
        return held

    def _kept(self, row: object, refused: str | None, now: datetime) -> _Held | None:
        sealed, fresh_until = (row["sealed"], row["fresh_until"]) if row else (None, None)  # type: ignore[index]
        if sealed is None or fresh_until is None or fresh_until <= now:
            return None
        try:
            token = self._cipher.decrypt(sealed).decode()
        except UnreadableError:
            return None
        return _Held(token, fresh_until) if token != refused else None
