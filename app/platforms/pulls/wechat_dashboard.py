"""WeChat's live dashboard, which pushes nothing: broadcasts are found when they begin and polled until they end.

In: a `wechat_live` connection, the moment. Out: `live.session.started` and `.ended` with the platform's own times, samples.
Never here: differences between two readings, the format of an answer (`adapters.wechat.live`), the clock (`worker`).

Two polls of the same start or end give the same event: its id is made of the broadcast and the time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from app.adapters.protocol import Parsed, Unknown
from app.adapters.wechat import api as wechat_api, broadcasts as wechat_broadcasts, live as wechat_live
from app.adapters.wechat.api import Busy, Call, QuotaExceeded, TokenRefused, WechatError
from app.adapters.wechat.broadcasts import Broadcast
from app.adapters.wechat.live import BroadcastChange, LiveReading
from app.platforms.calls.parsing_thread import beside
from app.platforms.calls.wechat import Wechat
from app.platforms.credentials.connection_cache import LoadedConnection
from app.platforms.event_submitter import EventSubmitter
from app.platforms.pulls.active_sessions import LATE, LONGEST_LIVE, ExpectedSession, LiveSession, expected_sessions, live_sessions
from app.platforms.pulls.job_errors import require_all_read
from app.settings import Settings
from app.storage.database import Database
from app.storage.queries import queries

_SQL = queries("platforms/platforms")
_CHINA = ZoneInfo("Asia/Shanghai")
_EXPORT = "export/"
_DRIFT = timedelta(minutes=10)
"""Tolerance for a platform clock that is ahead."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Polls the dashboard of a connection's broadcasts."""

    database: Database
    settings: Settings
    wechat: Wechat
    submitter: EventSubmitter

    async def read(self, connection: LoadedConnection, now: datetime) -> int:
        """Poll every broadcast of a session that is on air or expected; return how many were polled.

        Raises:
            QuotaBackoffError, NoCredentialsError, UnavailableError: what was not read is read at the next turn.
            WechatError: the platform refuses every one of the broadcasts, or the list of them.
            PartlyReadError: the rest is stored.
        """
        unknown: list[Unknown] = []
        after = timedelta(seconds=self.settings.poll_after_seconds)
        tied = connection.context.session
        live = await live_sessions(self.database, connection.brand_id, tied, "wechat", now, after)
        on_air = {session.id for session in live}
        expected = await expected_sessions(self.database, connection.brand_id, tied, "wechat", now)
        expected = [session for session in expected if session.id not in on_air]
        rooms = await self._rooms(connection, live, now, unknown) if live else set()
        rooms |= await self._begun(connection, expected, now, unknown) if expected else set()
        await self.submitter.take(connection, Parsed(unknown=tuple(unknown)), now)
        known = {room for session in live for room in (*session.rooms, "") if session.rooms_with_status & {room, ""}}
        over = {room: datetime.fromisoformat(at) for room, at in connection.rooms.items()}
        due = sorted(room for room in rooms if room not in over or now - over[room] <= after)
        read, refusal = 0, None
        for room in due:
            try:
                answer = await self.wechat.call(connection, _asking_for(room), wechat_api.checked)
            except (Busy, TokenRefused, QuotaExceeded):
                raise
            except WechatError as error:
                # A broadcast that the platform does not know (any more) must not prevent the others from being polled.
                refusal = error
                self.submitter.counters.failed(connection.id, now, "poll_failed", f"getlivedata: {error}")
                continue
            moment = max(now, datetime.now(UTC))
            reading = await beside(wechat_live.read_live_data, answer, room, connection.context, moment)
            marks = _marks(reading, over, room, moment, known=(room if tied is None else "") in known)
            began_or_ended = wechat_live.session_events(room, connection.context, marks)
            await self.submitter.take(connection, replace(reading.parsed, events=began_or_ended + reading.parsed.events), now)
            unknown += reading.parsed.unknown
            read += 1
        if refusal is not None and not read:
            raise refusal
        await self._remember(connection, over, now)
        require_all_read(unknown)
        return read

    async def _remember(self, connection: LoadedConnection, over: dict[str, datetime], now: datetime) -> None:
        kept = {room: at.isoformat() for room, at in over.items() if now - at < LONGEST_LIVE}
        if kept != connection.rooms:
            async with self.database.acquire() as lent:
                await lent.execute(_SQL["remember_rooms"], connection.id, to_json(kept).decode())

    async def _rooms(
        self, connection: LoadedConnection, sessions: list[LiveSession], now: datetime, unknown: list[Unknown]
    ) -> set[str]:
        """Return the registered rooms of sessions on air that the dashboard knows.

        A connection that is tied to a session reads the broadcasts that began with it, registered or not.
        """
        registered = {room for session in sessions for room in session.rooms}
        known = {room for room in registered if room.startswith(_EXPORT)}
        if registered and known == registered:
            return known
        # A room without that prefix may be another tool's id, which the dashboard does not know.
        began = min(session.started_at for session in sessions)
        listed, _ = await self._listed(connection, began, now, unknown)
        if connection.context.session is not None and not known:
            early = began - timedelta(hours=1)
            return {live.export_id for live in listed if live.created_at is None or live.created_at >= early}
        return known | (registered & {live.export_id for live in listed})

    async def _begun(
        self, connection: LoadedConnection, sessions: list[ExpectedSession], now: datetime, unknown: list[Unknown]
    ) -> set[str]:
        """Return the rooms of expected sessions that the platform lists."""
        listed, cut_off = await self._listed(connection, min(session.since for session in sessions), now, unknown)
        names = {live.export_id for live in listed}
        found: set[str] = set()
        for session in sessions:
            if session.rooms:
                # The list has no cursor, so the remaining broadcasts are requested one by one.
                found |= {room for room in session.rooms if room in names or (cut_off and room.startswith(_EXPORT))}
            else:
                until = session.since + timedelta(hours=1) + LATE
                found |= {live.export_id for live in listed if live.created_at and session.since <= live.created_at < until}
        return found

    async def _listed(
        self, connection: LoadedConnection, since: datetime, now: datetime, unknown: list[Unknown]
    ) -> tuple[list[Broadcast], bool]:
        """Return the broadcasts of at most two days from `since`, and whether the platform has more; add what cannot be read."""
        today = now.astimezone(_CHINA).date()
        listed: list[Broadcast] = []
        cut_off = False
        for day in sorted({max(since.astimezone(_CHINA).date(), today - timedelta(days=1)), today}):
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=_CHINA)
            read = partial(wechat_broadcasts.read_broadcasts, context=connection.context)
            found = await self.wechat.call(connection, _listing(noon), read)
            listed += found.listed
            cut_off |= found.has_more
            unknown += found.parsed.unknown
        return listed, cut_off


def _marks(reading: LiveReading, over: dict[str, datetime], room: str, now: datetime, *, known: bool) -> list[BroadcastChange]:
    """Return the start and the end that an answer reports, and keep in `over` when a broadcast ended.

    Where the platform gives no time, or one too long ago to be this broadcast's, an unreported start is the moment at which
    the broadcast was first seen on air.
    """
    began = reading.started_at
    dated = began if began is not None and now - LONGEST_LIVE <= began <= now + _DRIFT else None
    marks = [] if dated is None else [BroadcastChange("started", str(int(dated.timestamp())), min(dated, now))]
    if reading.is_living:
        if dated is None and not known:
            marks.append(BroadcastChange("started", "seen", now))
        last = over.pop(room, None)
        if last is not None:
            # The signal was lost and restored; the platform keeps the first start.
            marks.append(BroadcastChange("started", f"after-{int(last.timestamp())}", now))
    elif reading.is_living is False and room not in over and began is not None and began <= now:
        end = now if dated is None else dated + timedelta(seconds=reading.duration_seconds or 0)
        over[room] = ended = end if dated is not None and dated < end <= now else now
        if dated is not None or known:
            marks.append(BroadcastChange("ended", str(int(ended.timestamp())), ended))
    return marks


def _asking_for(room: str) -> Callable[[str], Call]:
    return lambda token: wechat_api.live_data(token, room)


def _listing(day: datetime) -> Callable[[str], Call]:
    return lambda token: wechat_broadcasts.broadcast_list(token, day)
