"""Pollers: figures that a platform never pushes, read while they matter.

In: the moment. Out: samples of live dashboards, counts of promoted posts; the ids of connections that are due. Never here:
differences between two readings, the clock that calls this (`worker`).

A dashboard is read only while a session of the brand is on air and a little after; nothing has to stop it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
from pydantic_core import from_json, to_json

from app.adapters import wechat_api, wechat_live, weibo_counts
from app.adapters.protocol import Parsed
from app.adapters.reading import as_map
from app.adapters.wechat_api import Call
from app.kpis.status import is_on_air
from app.platforms.calls import send
from app.platforms.directory import Directory, LiveConnection
from app.platforms.submit import Desk
from app.platforms.wechat import RestingError, Wechat
from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries
from app.storage.reads import Broadcast

_SQL = queries("platforms")
RECONCILE, LIVE, COUNTS, STREAM = "reconcile", "poll_live", "poll_counts", "weibo_stream"
"""The queue's names of these jobs; each takes a connection's id."""
_JOBS = {"wechat_shop": RECONCILE, "wechat_live": LIVE, "weibo_counts": COUNTS, "weibo_live": STREAM}
_PLATFORMS = {"wechat_live": "wechat", "weibo_live": "weibo"}
_CHINA = ZoneInfo("Asia/Shanghai")
_EXPORT = "export/"
_LONGEST_LIVE = timedelta(hours=36)
"""A session whose end nobody told is believed to be live for so long."""
_PROMOTED_FOR = timedelta(days=7)
"""Posts are counted until so long after their session."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that is on air, or was a moment ago, with its rooms on one platform."""

    id: UUID
    rooms: tuple[str, ...]
    started_at: datetime


async def live_sessions(
    database: Database, brand_id: UUID | None, tied: str | None, platform: str, now: datetime, after: timedelta
) -> list[LiveSession]:
    """Return the sessions on air, or ended less than `after` ago, that a connection may speak of."""
    session = _uuid(tied)
    if tied is not None and session is None:
        return []
    async with database.acquire() as lent:
        rows = await lent.fetch(_SQL["recent_sessions"], brand_id, session, platform, now - _LONGEST_LIVE)
    found = []
    for row in rows:
        told = [Broadcast(p, room, on, datetime.fromisoformat(at)) for p, room, on, at in from_json(row["broadcasts"] or "[]")]
        last_end = max([broadcast.at for broadcast in told if not broadcast.on], default=row["ended_at"])
        if is_on_air(told) or (last_end is not None and now - after <= last_end):
            found.append(LiveSession(row["id"], tuple(row["rooms"]), row["started_at"]))
    return found


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Pollers:
    """Says what is due, and reads it."""

    database: Database
    settings: Settings
    directory: Directory
    wechat: Wechat
    client: httpx.AsyncClient
    desk: Desk

    async def due(self, now: datetime) -> list[tuple[str, UUID]]:
        """Return job and connection of all that is due, and take the turn: no other process gets the same."""
        settings = self.settings
        every = {
            "wechat_shop": settings.reconcile_seconds,
            "wechat_live": settings.poll_seconds,
            "weibo_counts": settings.counts_seconds,
            "weibo_live": settings.poll_seconds,
        }
        async with self.database.acquire() as lent:
            rows = await lent.fetch(_SQL["polled_connections"], list(every))
        found = []
        for row in rows:
            # Half a second of grace, or a clock that ticks every five seconds would skip every other turn.
            before = now - timedelta(seconds=every[row["kind"]] - 0.5)
            if (row["polled_at"] is not None and row["polled_at"] > before) or (row["quiet_until"] or now) > now:
                continue
            if not await self._wanted(row["kind"], row["brand_id"], from_json(row["options"]), row["id"], now):
                continue
            async with self.database.acquire() as lent:
                if await lent.fetchval(_SQL["claim_poll"], row["id"], now, before):
                    found.append((_JOBS[row["kind"]], row["id"]))
        return found

    async def _wanted(self, kind: str, brand_id: UUID | None, options: Mapping[str, object], key: UUID, now: datetime) -> bool:
        if kind in _PLATFORMS:
            tied = options.get("session")
            after = timedelta(seconds=self.settings.poll_after_seconds)
            tied = tied if isinstance(tied, str) and tied else None
            if not await live_sessions(self.database, brand_id, tied, _PLATFORMS[kind], now, after):
                return False
        if kind == "weibo_counts":
            return bool(options.get("posts"))
        if kind == "wechat_live":
            return True
        connection = await self.directory.find(key)
        needed = "app_secret" if kind == "wechat_shop" else "access_token"
        return connection is not None and bool(connection.secrets.values.get(needed))

    # --- WeChat's dashboard ---------------------------------------------------------------------------------------

    async def poll_live(self, connection_id: UUID, now: datetime) -> int:
        """Read the dashboard of every live room of a connection; return how many.

        Raises:
            RestingError, NoCredentialsError, WechatError, UnavailableError: nothing was read; the next turn comes anyway.
        """
        connection = await self.directory.fresh(connection_id)
        if connection is None or not connection.enabled:
            return 0
        after = timedelta(seconds=self.settings.poll_after_seconds)
        tied = connection.context.session
        sessions = await live_sessions(self.database, connection.brand_id, tied, "wechat", now, after)
        if not sessions:
            return 0
        rooms = await self._rooms(connection, sessions, now)
        finished = dict(connection.rooms)
        read = 0
        for room in sorted(rooms):
            over = finished.get(room)
            if over is not None and now - datetime.fromisoformat(over) > after:
                continue
            answer = await self.wechat.call(connection, _asking_for(room), wechat_api.checked)
            reading = wechat_live.read_live_data(answer, room, connection.context, datetime.now(UTC))
            await self.desk.take(connection, reading.parsed, now)
            read += 1
            if reading.is_living is False and over is None:
                finished[room] = now.isoformat()
            elif reading.is_living:
                finished.pop(room, None)
        kept = {room: at for room, at in finished.items() if now - datetime.fromisoformat(at) < _LONGEST_LIVE}
        if kept != connection.rooms:
            async with self.database.acquire() as lent:
                await lent.execute(_SQL["remember_rooms"], connection.id, to_json(kept).decode())
        return read

    async def _rooms(self, connection: LiveConnection, sessions: list[LiveSession], now: datetime) -> set[str]:
        """Return the rooms to read: those that a session registered, as far as they are lives of the dashboard.

        A connection that is tied to a session reads the lives that began with it, registered or not.
        """
        registered = {room for session in sessions for room in session.rooms}
        known = {room for room in registered if room.startswith(_EXPORT)}
        if registered and known == registered:
            return known
        # A room without that prefix may be another tool's number for it, which the dashboard does not know.
        listed: list[wechat_api.Live] = []
        began = min(session.started_at for session in sessions).astimezone(_CHINA)
        for day in {began.date(), now.astimezone(_CHINA).date()}:
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=_CHINA)
            listed += await self.wechat.call(connection, _listing(noon), wechat_api.read_lives)
        names = {live.export_id for live in listed}
        if connection.context.session is not None and not known:
            early = began - timedelta(hours=1)
            return {live.export_id for live in listed if live.created_at is None or live.created_at >= early}
        return known | (registered & names)

    # --- Weibo's counts -------------------------------------------------------------------------------------------

    async def poll_counts(self, connection_id: UUID, now: datetime) -> int:
        """Read the counts of promoted posts; return how many posts were asked for.

        Raises:
            RestingError, WeiboError, UnavailableError: as far as it came, it is stored; the next turn comes anyway.
        """
        connection = await self.directory.fresh(connection_id)
        if connection is None or not connection.enabled:
            return 0
        by_session = await self._posts(connection, now)
        asked = 0
        for subject, posts in by_session.items():
            for start in range(0, len(posts), weibo_counts.MAX_IDS):
                ids = posts[start : start + weibo_counts.MAX_IDS]
                parsed = await self.read_counts(connection, ids, subject)
                await self.desk.take(connection, parsed, now)
                asked += len(ids)
        return asked

    async def read_counts(self, connection: LiveConnection, ids: list[str], subject: str | None) -> Parsed:
        """Ask for the counts of posts.

        Raises:
            RestingError, WeiboError, UnavailableError: nothing came of it.
        """
        call = weibo_counts.counts(connection.secrets.values["access_token"], ids, connection.context)
        answer = await send(self.client, call.base, Call("GET", call.path, call.query))
        try:
            return weibo_counts.read_counts(answer, connection.context, datetime.now(UTC), subject)
        except weibo_counts.WeiboError as error:
            if error.quota_exceeded:
                # Weibo's quotas are by the hour.
                rest = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
                raise RestingError(rest) from None
            raise

    async def _posts(self, connection: LiveConnection, now: datetime) -> dict[str, list[str]]:
        """Return session → posts, for the sessions that are not over for good."""
        posts = {post: str(promotion) for post, promotion in as_map(connection.context.options.get("posts")).items()}
        since = now - _PROMOTED_FOR
        async with self.database.acquire() as lent:
            rows = await lent.fetch(_SQL["promoted_sessions"], connection.brand_id, sorted(set(posts.values())), since)
            tied = _uuid(connection.context.session)
            tied_counts = tied is not None and await lent.fetchval(_SQL["session_is_recent"], tied, since)
        sessions = {row["promotion"]: row["session"] for row in rows}
        found: dict[str, list[str]] = {}
        for post, promotion in posts.items():
            session = sessions.get(promotion) or (str(tied) if tied_counts else None)
            if session is not None:
                found.setdefault(session, []).append(post)
        return found


def _asking_for(room: str) -> Callable[[str], Call]:
    return lambda token: wechat_api.live_data(token, room)


def _listing(day: datetime) -> Callable[[str], Call]:
    return lambda token: wechat_api.live_list(token, day)
