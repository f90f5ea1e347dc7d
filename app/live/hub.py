"""The hub: the watched sessions of a process, their subscribers, and when a session's state is read again.

In: subscriptions. Out: frames for all subscribers. Never here: HTTP, formulas, one query per subscriber.

**Changes.** Four times per second, one query reads the fingerprints of all watched sessions that are due. A fingerprint is a
digest of a session's whole-session rows. The hub notices commits of every process, ingest does no work for it, and a session
without subscribers costs nothing. `NOTIFY` is not used in the flush transaction: it takes a global lock at commit, which would
serialize all flushes.

**Time.** The clock of a live session advances in steps of five seconds, which are the same in every process: its duration, the
figures that are derived from it, and the alert for missing telemetry.
"""

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextvars import Context
from datetime import UTC, datetime
from uuid import UUID

import structlog

from app.catalogue.access import Principal
from app.live.alerts import AlertThresholds
from app.live.session_state import read_session_state
from app.live.sse import View
from app.live.subscriber import StreamAccess, StreamLimits, Subscriber
from app.live.topic import Topic
from app.observability.metrics import DROPPED, STREAM_SECONDS, SUBSCRIBERS
from app.problems import ProblemError, not_found
from app.storage.database import Database
from app.storage.live import live_reads
from app.storage.live.live_reads import Fingerprint
from app.storage.transient_errors import is_transient

_log = structlog.get_logger()

PROBE_SECONDS = 0.25
SPACING_SECONDS = 1.0
"""The minimum time between two computations of a session."""
PAUSE_FACTOR = 1
"""After a computation the session pauses for at least this many times its duration, so an expensive session is read less often. A
longer pause would only add to the delay on a machine that is short of CPU."""
STEP_SECONDS = 5
"""A live session's clock moves in such steps."""
REST_SECONDS = 30
"""A session that is not live is read again after this time, for corrections of the past, which change no fingerprint."""
KEYS_SECONDS = 5.0
"""The maximum time between the revocation of a key or a device and the end of its streams."""
AT_A_TIME = 2
"""Sessions that are computed at the same time: ingest has priority for the pool's connections."""
SLICE = 25
"""Subscribers that are woken without a pause; between two slices other tasks run."""

ValidPrincipals = Callable[[Collection[str]], Awaitable[Mapping[str, Principal]]]
"""Returns the callers that are still valid, by `Principal.credential`."""


class Hub:
    """All watched sessions of a process."""

    def __init__(self, database: Database, valid: ValidPrincipals, limits: AlertThresholds, pace: StreamLimits) -> None:
        """Watch nothing yet."""
        self.limits = limits
        self._database = database
        self._valid = valid
        self._pace = pace
        self._topics: dict[UUID, Topic] = {}
        self._count = 0
        self._by_principal: Counter[str] = Counter()
        self._closing = False
        self._work: dict[Callable[[], Coroutine[None, None, None]], asyncio.Task[None]] = {}
        self._keys_due = 0.0
        self._gate = asyncio.Semaphore(AT_A_TIME)

    async def join(self, session: UUID, watcher: StreamAccess, last_id: str | None) -> Subscriber:
        """Return a new subscriber, who must `leave` in the end.

        It is subscribed before the session is looked at, so nothing that happens meanwhile can pass it by.

        Raises:
            ProblemError: 404, also for another brand's session; 503 when the process stops or has no room.
        """
        if self._closing or self._count >= self._pace.subscribers:
            raise ProblemError(503, "no room for another stream; try again", headers={"Retry-After": "2"})
        if self._by_principal[watcher.principal.reference] >= self._pace.subscribers_per_key:
            raise ProblemError(429, "this caller has too many open event streams", headers={"Retry-After": "30"})
        topic = self._topics.get(session)
        if topic is None:
            topic = self._topics[session] = Topic(session, self._left)
        subscriber = Subscriber(topic, watcher, self._pace, last_id)
        topic.subscribers.add(subscriber)
        self._count += 1
        self._by_principal[watcher.principal.reference] += 1
        SUBSCRIBERS.set(self._count)
        try:
            await self._admit(topic, watcher)
            await topic.prepare(watcher.view)
        except BaseException:
            subscriber.leave()
            raise
        # Each ends once no session is watched: one may have ended while the other sees this subscriber and goes on.
        for work in (self._send_heartbeats, self._watch):
            if work not in self._work or self._work[work].done():
                self._work[work] = _task(work())
        return subscriber

    async def _admit(self, topic: Topic, watcher: StreamAccess) -> None:
        if topic.state is None:
            if topic.working is None:
                topic.working = _task(self._load_first_state(topic))
            # Shielded: the cancellation of one caller must not cancel the read that the others wait for.
            await asyncio.shield(topic.working)
        if topic.state is None or topic.gone or watcher.principal.brand_id not in (None, topic.state.head.brand_id):
            raise not_found("session")

    def _left(self, topic: Topic, subscriber: Subscriber) -> None:
        """Count a subscriber less."""
        self._count -= 1
        reference = subscriber.watcher.principal.reference
        self._by_principal[reference] -= 1
        if not self._by_principal[reference]:
            del self._by_principal[reference]
        SUBSCRIBERS.set(self._count)
        if not topic.subscribers and self._topics.get(topic.session) is topic:
            del self._topics[topic.session]

    def close(self) -> None:
        """Take no more subscribers and end all streams."""
        self._closing = True
        for topic in self._topics.values():
            topic.end()

    async def stop(self) -> None:
        """Stop all work."""
        self.close()
        for task in [*self._work.values(), *(topic.working for topic in self._topics.values())]:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task

    async def _load_first_state(self, topic: Topic) -> None:
        """Read a topic's first state; None if there is no such session."""
        try:
            async with self._database.acquire() as connection:
                found = await live_reads.fingerprints(connection, [topic.session])
            if topic.session in found:
                await self._compute(topic, found[topic.session])
        finally:
            topic.working = None

    async def _send_heartbeats(self) -> None:
        while self._topics:
            await asyncio.sleep(PROBE_SECONDS)
            now = time.monotonic()
            for topic in list(self._topics.values()):
                DROPPED.inc(sum(subscriber.tick(now) for subscriber in list(topic.subscribers)))

    async def _watch(self) -> None:
        while self._topics:
            # To the moment, where a session is due sooner: what is late here is late for everybody.
            soonest = min((topic.due for topic in self._ready()), default=math.inf) - time.monotonic()
            await asyncio.sleep(max(0.01, min(soonest, PROBE_SECONDS)))
            try:
                await self._check_for_changes()
            except Exception as error:  # noqa: BLE001 - streams stay open, and the next look may succeed
                _log.warning("change check failed", reason=type(error).__name__, exc_info=not is_transient(error))
                await asyncio.sleep(SPACING_SECONDS)

    def _ready(self) -> list[Topic]:
        return [topic for topic in self._topics.values() if topic.state and topic.working is None and not topic.gone]

    async def _check_for_changes(self) -> None:
        now = time.monotonic()
        if now >= self._keys_due:
            self._keys_due = now + KEYS_SECONDS
            await self._end_revoked()
        due = [topic for topic in self._ready() if topic.due <= now]
        if not due:
            return
        async with self._database.acquire() as connection:
            fingerprints = await live_reads.fingerprints(connection, [topic.session for topic in due])
        for topic in due:
            fingerprint = fingerprints.get(topic.session)
            if fingerprint is None:
                topic.gone = True
                topic.end()
            elif fingerprint != topic.fingerprint or _tick(live=topic.state is not None and topic.state.live) != topic.tick:
                topic.working = _task(self._refresh(topic, fingerprint))
            topic.due = max(topic.due, now + PROBE_SECONDS)

    async def _refresh(self, topic: Topic, fingerprint: Fingerprint) -> None:
        try:
            changed = await self._compute(topic, fingerprint)
            woken = 0
            for subscriber in list(topic.subscribers):
                if subscriber.watcher.view in changed:
                    subscriber.wake()
                    woken += 1
                    if woken % SLICE == 0:
                        await asyncio.sleep(0)
        except Exception as error:  # noqa: BLE001 - the streams keep what they have; the next look tries again
            topic.due = time.monotonic() + SPACING_SECONDS
            _log.warning("a live update failed", reason=type(error).__name__, exc_info=not is_transient(error))
        finally:
            topic.working = None

    async def _compute(self, topic: Topic, fingerprint: Fingerprint) -> set[View]:
        """Take a new state; return the views whose subscribers have news.

        The fingerprint was read before the state: a commit between the two is in the state, and makes the session be read once
        more.
        """
        async with self._gate:
            began = time.monotonic()
            moment = datetime.fromtimestamp(time.time() // STEP_SECONDS * STEP_SECONDS, UTC)
            state = await read_session_state(self._database, topic.session, None, moment, self.limits)
            if state is None:
                return set()  # deleted a moment ago: the next look ends its streams
            changed = await topic.show(state)
        spent = time.monotonic() - began
        STREAM_SECONDS.observe(spent)
        topic.fingerprint = fingerprint
        topic.tick = _tick(live=state.live)
        topic.due = max(began + SPACING_SECONDS, began + spent * (1 + PAUSE_FACTOR))
        return changed

    async def _end_revoked(self) -> None:
        """End the streams whose caller is no longer valid, or may read something else than when the stream began."""
        watching = [subscriber for topic in self._topics.values() for subscriber in topic.subscribers]
        valid = await self._valid({subscriber.watcher.principal.credential for subscriber in watching})
        for subscriber in watching:
            principal = subscriber.watcher.principal
            if valid.get(principal.credential) != principal:
                subscriber.end()


def _task(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    # A context of its own: the task serves all subscribers, so its log lines must not carry the id of one request.
    task = asyncio.create_task(work, context=Context())
    task.add_done_callback(_consume_error)
    return task


def _consume_error(task: asyncio.Task[None]) -> None:
    # Without a waiting caller the exception has to be retrieved here, or asyncio logs it as unhandled.
    if not task.cancelled():
        task.exception()


def _tick(*, live: bool) -> int:
    return int(time.time() // (STEP_SECONDS if live else REST_SECONDS))
