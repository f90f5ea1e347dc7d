"""The watcher: looks at the sessions on air every few seconds, without an open page.

In: the present moment. Out: starts and ends of sessions, alerts that are raised and cleared: states and messages, in one
transaction each. Never here: conditions of alerts (`live`), requests to receivers.

It runs by a schedule of the job queue, in one process at a time. If two processes look at one session at the same time (the first
was taken for dead), the lock on its row makes each change noticed once. One look takes two queries while nothing is on air.
Alerts are computed only of sessions whose brand has a channel for them, or of which an alert is stored (taken, snoozed).
"""

import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from app.channels.transitions import News, look, off_air
from app.kpis.documents.headline import headline_figures
from app.kpis.reading.status import is_on_air
from app.live.alerts import AlertThresholds
from app.live.session_state import SessionState, read_session_state
from app.storage.channels import channel_outbox, channel_queue
from app.storage.channels.channel_outbox import Message
from app.storage.database import Connection, Database
from app.storage.live import alert_states
from app.storage.live.alert_states import Candidate
from app.storage.transient_errors import is_transient

_log = structlog.get_logger()

WATCHED_FOR = timedelta(hours=36)
"""A session that started and was created before that lost its end, and is no longer watched."""
MOST = 100
"""Sessions whose alerts one look computes; of more sessions those that were looked at longest ago."""
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_SECONDS = 4.0
"""After this time a look computes no further alerts; the next look begins with the sessions that are left."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Looks at the sessions on air."""

    database: Database
    limits: AlertThresholds

    async def tick(self, now: datetime) -> int:
        """Look at all sessions once; return how many are on air."""
        async with self.database.acquire() as connection:
            await channel_queue.enqueue_due(connection, now)
            found = await alert_states.candidates(connection, now - WATCHED_FOR)
        on_air = [one for one in found if one.recent and is_on_air(one.broadcasts)]
        seen = {one.id for one in on_air}
        for one in found:
            if one.was_on_air and one.id not in seen:
                await self._guarded(one, self._ended(one, now))
        for one in on_air:
            if not one.was_on_air:
                await self._guarded(one, self._started(one, now))
        await self._look(on_air, now)
        return len(on_air)

    async def _guarded(self, one: Candidate, work: Awaitable[None]) -> None:
        """Run one session's part; a failure must not keep the others from theirs."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the next look does it again
            _log.warning(
                "session not watched", session=str(one.id), reason=type(error).__name__, exc_info=not is_transient(error)
            )

    async def _started(self, one: Candidate, now: datetime) -> None:
        async with self.database.acquire() as connection, connection.transaction():
            if await alert_states.lock(connection, one.id):
                return
            await alert_states.set_on_air(connection, one.id, on_air=True)
            await channel_outbox.emit(connection, [Message("session.started", one.brand_id, one.id, {})], now)

    async def _ended(self, one: Candidate, now: datetime) -> None:
        state = await read_session_state(self.database, one.id, None, now, self.limits)
        async with self.database.acquire() as connection, connection.transaction():
            if not await alert_states.lock(connection, one.id):
                return
            known = await alert_states.states(connection, one.id)
            await alert_states.set_on_air(connection, one.id, on_air=False)
            await alert_states.drop(connection, one.id, [state.alert for state in known])
            if state is None or not one.recent:
                # Its end was never reported.
                return
            figures = {"currency": state.head.currency, "figures": headline_figures(state.evaluation)}
            messages = [*_messages(one, off_air(known, now)), Message("session.ended", one.brand_id, one.id, figures)]
            await channel_outbox.emit(connection, messages, now)

    async def _look(self, on_air: Sequence[Candidate], now: datetime) -> None:
        if not on_air:
            return
        async with self.database.acquire() as connection:
            brands = await channel_queue.wanted(connection)
        wanted = [one for one in on_air if one.has_alerts or None in brands or one.brand_id in brands]
        wanted.sort(key=lambda one: (one.looked_at or _NEVER, one.id))
        end = time.monotonic() + _LOOK_SECONDS
        for one in wanted[:MOST]:
            if time.monotonic() > end:
                break
            await self._guarded(one, self._alerts(one, now))

    async def _alerts(self, one: Candidate, now: datetime) -> None:
        state = await read_session_state(self.database, one.id, None, now, self.limits)
        if state is None or not state.live:
            return
        async with self.database.acquire() as connection, connection.transaction():
            await self._compare(connection, one, state, now)

    async def _compare(self, connection: Connection, one: Candidate, state: SessionState, now: datetime) -> None:
        if not await alert_states.lock(connection, one.id):
            return
        await alert_states.looked(connection, one.id, now)
        changes = look(state.alerts, state.names(), await alert_states.states(connection, one.id), now)
        await alert_states.store(connection, one.id, changes.changed)
        await alert_states.drop(connection, one.id, changes.over)
        await channel_outbox.emit(connection, _messages(one, changes.news), now)


def _messages(one: Candidate, news: Sequence[News]) -> list[Message]:
    return [Message(new.event, one.brand_id, one.id, new.content) for new in news]
