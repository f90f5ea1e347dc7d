"""Pollers: figures that a platform does not push, fetched while a session needs them.

In: the moment. Out: the ids of connections that are due; counts of promoted posts. Never here: differences between two readings,
the clock that calls this (`worker`).

A dashboard is polled only while a session of the brand is on air or expected, and for a while after its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from pydantic_core import from_json

from app.adapters.parsing import as_map
from app.adapters.protocol import Parsed, Unknown
from app.adapters.wechat.api import Call
from app.adapters.weibo import counts as weibo_counts
from app.platforms.calls.calls import send
from app.platforms.calls.circuit_breaker import CircuitBreaker
from app.platforms.calls.parsing_thread import beside
from app.platforms.calls.wechat import QuotaBackoffError
from app.platforms.credentials.connection_cache import ConnectionCache, LoadedConnection
from app.platforms.event_submitter import EventSubmitter
from app.platforms.pulls.active_sessions import as_uuid, expected_sessions, live_sessions
from app.platforms.pulls.job_errors import require_all_read
from app.platforms.pulls.wechat_dashboard import Dashboard
from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")
RECONCILE, FUNDS, LIVE, COUNTS, STREAM = "reconcile", "poll_funds", "poll_live", "poll_counts", "weibo_stream"
"""The queue's names of these jobs; each takes a connection's id."""
_JOBS = {"wechat_shop": (RECONCILE, FUNDS), "wechat_live": (LIVE,), "weibo_counts": (COUNTS,), "weibo_live": (STREAM,)}
_PLATFORMS = {"wechat_live": "wechat", "weibo_live": "weibo"}
_PROMOTED_FOR = timedelta(days=7)
"""Posts are counted until this long after their session."""


@dataclass(frozen=True, slots=True)
class Pollers:
    """Determines which polls are due, and runs them."""

    database: Database
    settings: Settings
    connection_cache: ConnectionCache
    dashboard: Dashboard
    client: httpx.AsyncClient
    submitter: EventSubmitter
    breaker: CircuitBreaker

    async def due(self, now: datetime) -> list[tuple[str, UUID]]:
        """Return job and connection of the polls that are due, and claim them: no other process gets the same ones."""
        settings = self.settings
        every = {
            "wechat_shop": settings.reconcile_seconds,
            "wechat_live": settings.poll_seconds,
            "weibo_counts": settings.counts_seconds,
            "weibo_live": settings.poll_seconds,
        }
        async with self.database.acquire() as lent:
            rows = await lent.fetch(_SQL["polled_connections"], list(every))
        found: list[tuple[str, UUID]] = []
        for row in rows:
            # Half a second of tolerance: otherwise a schedule of five seconds would skip every second poll.
            before = now - timedelta(seconds=every[row["kind"]] - 0.5)
            if (row["polled_at"] is not None and row["polled_at"] > before) or (row["quiet_until"] or now) > now:
                continue
            if not await self._wanted(row["kind"], row["brand_id"], from_json(row["options"]), row["id"], now):
                continue
            async with self.database.acquire() as lent:
                if await lent.fetchval(_SQL["claim_poll"], row["id"], now, before):
                    found.extend((job, row["id"]) for job in _JOBS[row["kind"]])
        return found

    async def _wanted(self, kind: str, brand_id: UUID | None, options: Mapping[str, object], key: UUID, now: datetime) -> bool:
        if kind in _PLATFORMS:
            tied = options.get("session")
            tied = tied if isinstance(tied, str) and tied else None
            if not await self._on_air_or_expected(brand_id, tied, _PLATFORMS[kind], now):
                return False
        if kind == "weibo_counts":
            return bool(options.get("posts"))
        if kind == "wechat_live":
            return True
        connection = await self.connection_cache.find(key)
        needed = "app_secret" if kind == "wechat_shop" else "access_token"
        return connection is not None and bool(connection.secrets.values.get(needed))

    async def _on_air_or_expected(self, brand_id: UUID | None, tied: str | None, platform: str, now: datetime) -> bool:
        after = timedelta(seconds=self.settings.poll_after_seconds)
        if await live_sessions(self.database, brand_id, tied, platform, now, after):
            return True
        return bool(await expected_sessions(self.database, brand_id, tied, platform, now))

    async def poll_live(self, connection_id: UUID, now: datetime) -> int:
        """Find and poll the broadcasts of a connection; return how many were polled.

        Raises:
            QuotaBackoffError, NoCredentialsError, WechatError, UnavailableError: the next poll tries again.
            PartlyReadError: the rest is stored.
        """
        connection = await self.connection_cache.reload(connection_id)
        if connection is None or not connection.enabled:
            return 0
        return await self.dashboard.read(connection, now)

    # --- Weibo's counts -------------------------------------------------------------------------------------------

    async def poll_counts(self, connection_id: UUID, now: datetime) -> int:
        """Poll the counts of promoted posts; return how many posts were requested.

        Raises:
            QuotaBackoffError, WeiboError, UnavailableError: what was received is stored; the next poll continues.
            PartlyReadError: the rest is stored.
        """
        connection = await self.connection_cache.reload(connection_id)
        if connection is None or not connection.enabled:
            return 0
        by_session = await self._posts(connection, now)
        asked, unknown = 0, list[Unknown]()
        for subject, posts in by_session.items():
            for start in range(0, len(posts), weibo_counts.MAX_IDS):
                ids = posts[start : start + weibo_counts.MAX_IDS]
                parsed = await self.read_counts(connection, ids, subject)
                await self.submitter.take(connection, parsed, now)
                unknown += parsed.unknown
                asked += len(ids)
        require_all_read(unknown)
        return asked

    async def read_counts(self, connection: LoadedConnection, ids: list[str], subject: str | None) -> Parsed:
        """Request the counts of posts.

        Raises:
            QuotaBackoffError, WeiboError, UnavailableError: the call failed.
        """
        call = weibo_counts.counts(connection.secrets.values["access_token"], ids, connection.context)
        async with self.breaker.call(connection.id):
            answer = await send(self.client, call.base, Call("GET", call.path, call.query))
        try:
            return await beside(weibo_counts.read_counts, answer, connection.context, datetime.now(UTC), subject)
        except weibo_counts.WeiboError as error:
            if error.quota_exceeded:
                # Weibo's quotas are per hour.
                rest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
                raise QuotaBackoffError(rest) from None
            raise

    async def _posts(self, connection: LoadedConnection, now: datetime) -> dict[str, list[str]]:
        """Return session → posts, for the sessions whose posts are still counted."""
        posts = {post: str(promotion) for post, promotion in as_map(connection.context.options.get("posts")).items()}
        since = now - _PROMOTED_FOR
        async with self.database.acquire() as lent:
            rows = await lent.fetch(_SQL["promoted_sessions"], connection.brand_id, sorted(set(posts.values())), since)
            tied = as_uuid(connection.context.session)
            tied_counts = tied is not None and await lent.fetchval(_SQL["session_is_recent"], tied, since)
        sessions: dict[str, list[str]] = {}
        for row in rows:
            sessions.setdefault(row["promotion"], []).append(row["session"])
        found: dict[str, list[str]] = {}
        for post, promotion in posts.items():
            for session in sessions.get(promotion) or ([str(tied)] if tied_counts else []):
                found.setdefault(session, []).append(post)
        return found
