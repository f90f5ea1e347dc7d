"""The worker: background jobs of one process, on PgQueuer.

In: jobs that the inbox and the clock have enqueued. Out: calls to what does the work. Never here: the work, a secret in the
queue's tables or its log.

It runs in the server's own event loop on a connection of its own. Several processes may run one each: the queue gives every job
to one of them, and takes back what a killed process held as soon as its heartbeat is missing. The clock is a schedule of the
queue, so one process at a time hears it.
"""

import asyncio
import contextlib
import random
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from pgqueuer import PgQueuer
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job, Schedule

from app.adapters.wechat_api import Busy, TokenRefused, WechatError
from app.adapters.weibo_counts import WeiboError
from app.catalogue.pending_rebuilds import run_pending
from app.ingest.rebuild import NoSuchSessionError, replace
from app.ingest.retention import retire
from app.ingest.writer import NotCommittedError, QueueFullError
from app.platforms.calls import UnavailableError
from app.platforms.inbox import PULL, Inbox
from app.platforms.jobs import Pull, Puller
from app.platforms.pollers import COUNTS, LIVE, RECONCILE, STREAM, Pollers
from app.platforms.wechat import NoCredentialsError, QuotaBackoffError
from app.platforms.weibo_stream import WeiboStreams
from app.settings import Settings
from app.storage.database import UNREACHABLE, Database
from app.storage.queries import queries

_SQL = queries("platforms")
_log = structlog.get_logger()

_HEARTBEAT = timedelta(seconds=10)
"""A job whose process has been silent for so long is another's."""
_LOOKS_EVERY = timedelta(seconds=5)
_BATCH = 10
_AT_ONCE = 50
_TICK = "* * * * * */5"
_NIGHTLY = "17 3 * * *"
_PATIENCE = timedelta(days=3)
"""How long a pull is tried again while the platform is away; WeChat itself pushes an event for less than four hours."""
_HARD_TRIES = 5
"""How often a pull is tried again that the platform refuses for good, as far as its code says."""
_LONGEST_PAUSE = 300.0
_STOPS_WITHIN = 10.0

_TRANSIENT = (Busy, TokenRefused, UnavailableError, QueueFullError, NotCommittedError, *UNREACHABLE)


def pause_after(attempts: int) -> timedelta:
    """Return how long a failed job waits: 1 s, doubling to five minutes, spread so that many do not return at once."""
    return timedelta(seconds=min(2.0 ** min(attempts, 20), _LONGEST_PAUSE) * random.uniform(0.75, 1.25))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Worker:
    """Runs jobs until it is told to stop."""

    database: Database
    settings: Settings
    inbox: Inbox
    puller: Puller
    pollers: Pollers
    streams: WeiboStreams

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work while the block runs."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self._run(stopping), name="worker")
        try:
            yield
        finally:
            stopping.set()
            done, _ = await asyncio.wait({task}, timeout=_STOPS_WITHIN)
            if not done:
                # What is cut off here is taken again when its heartbeat is missing.
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, stopping: asyncio.Event) -> None:
        pause = 1.0
        while not stopping.is_set():
            began = datetime.now(UTC)
            try:
                await self._work(stopping)
            except Exception as error:  # noqa: BLE001 - a worker that stopped for good would be noticed too late
                _log.warning("worker restarted", reason=type(error).__name__)
            if datetime.now(UTC) - began > timedelta(minutes=1):
                pause = 1.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
            pause = min(pause * 2, 30.0)
            if not stopping.is_set():
                with contextlib.suppress(Exception):
                    await self.database.restart_embedded()

    async def _work(self, stopping: asyncio.Event) -> None:
        # Its own connection, since it listens; and one that keeps its plans, since the queue asks the same all the time.
        async with self.database.listener() as connection:
            queue = PgQueuer.from_asyncpg_connection(connection)
            self._register(queue, stopping)
            run = asyncio.create_task(
                queue.run(
                    dequeue_timeout=_LOOKS_EVERY,
                    batch_size=_BATCH,
                    max_concurrent_tasks=_AT_ONCE,
                    shutdown_on_listener_failure=True,
                    heartbeat_timeout=_HEARTBEAT,
                )
            )
            stop = asyncio.create_task(stopping.wait())
            try:
                await asyncio.wait({run, stop}, return_when=asyncio.FIRST_COMPLETED)
                queue.shutdown.set()
                await run
            finally:
                stop.cancel()
                if not run.done():
                    run.cancel()
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await run

    def _register(self, queue: PgQueuer, stopping: asyncio.Event) -> None:
        @queue.entrypoint(PULL)
        async def pull(job: Job) -> None:
            await self.pull(job)

        async def follow(connection_id: UUID, now: datetime) -> object:
            del now
            await self.streams.follow(connection_id, stopping)
            return None

        for name, work in (
            (RECONCILE, self.puller.reconcile),
            (LIVE, self.pollers.poll_live),
            (COUNTS, self.pollers.poll_counts),
            (STREAM, follow),
        ):
            queue.entrypoint(name)(self._periodic(name, work))

        @queue.schedule("platforms_tick", _TICK, clean_old=True)
        async def tick(schedule: Schedule) -> None:
            del schedule
            for name, connection_id in await self.pollers.due(datetime.now(UTC)):
                key = f"{name}/{connection_id}"
                # A turn that still runs is not joined by a second one.
                await queue.qm.queries.enqueue(name, str(connection_id).encode(), dedupe_key=key, on_conflict="skip")

        @queue.schedule("platforms_nightly", _NIGHTLY, clean_old=True)
        async def nightly(schedule: Schedule) -> None:
            del schedule
            await self.delete_expired(datetime.now(UTC))

        @queue.schedule("refolds", _TICK, clean_old=True)
        async def refolds(schedule: Schedule) -> None:
            del schedule
            await run_pending(self.database, self.rebuild)

    async def pull(self, job: Job) -> None:
        """Do a pull; what fails is tried again later, or given up.

        Raises:
            RetryRequested: try again; it carries the name of the reason alone, since the queue writes it down.
        """
        work = Pull.model_validate_json(job.payload or b"")
        reason, delay = "", pause_after(job.attempts)
        lasting = False
        try:
            await self.inbox.wait_until_idle()
            await self.puller.pull(work)
            return
        except QuotaBackoffError as resting:
            self.puller.directory.invalidate(work.connection)
            reason = str(resting)
            delay = max(resting.until - datetime.now(UTC), timedelta(0)) + timedelta(seconds=random.uniform(0.1, 1))  # noqa: S311
        except NoCredentialsError:
            await self.puller.give_up(work, "the connection has no appid and app_secret, so nothing can be fetched")
            return
        except _TRANSIENT as error:
            reason = _safe_message(error)
        except WechatError as error:
            reason, lasting = _safe_message(error), True
        except Exception as error:  # noqa: BLE001 - the queue would write its text down, which may quote a person
            _log.error("pull failed", connection=str(work.connection), kind=work.kind, reason=_error_location(error))
            reason, lasting = type(error).__name__, True
        if datetime.now(UTC) - job.created > _PATIENCE or (lasting and job.attempts >= _HARD_TRIES):
            await self.puller.give_up(work, reason)
            return
        self.puller.submitter.states.failed(work.connection, datetime.now(UTC), f"{work.kind}: {reason}")
        raise RetryRequested(delay, reason)

    def _periodic(self, name: str, work: Callable[[UUID, datetime], Awaitable[object]]) -> Callable[[Job], Awaitable[None]]:
        async def turn(job: Job) -> None:
            connection_id = UUID((job.payload or b"").decode())
            try:
                await work(connection_id, datetime.now(UTC))
                return
            except QuotaBackoffError as resting:
                reason = str(resting)
            except NoCredentialsError:
                reason = "the connection has no appid and app_secret"
            except (*_TRANSIENT, WechatError, WeiboError) as error:
                reason = _safe_message(error)
            except Exception as error:  # noqa: BLE001 - the same
                _log.error("periodic job failed", job=name, connection=str(connection_id), reason=_error_location(error))
                reason = type(error).__name__
            # Not tried again: the next turn comes anyway.
            self.puller.submitter.states.failed(connection_id, datetime.now(UTC), f"{name}: {reason}")

        return turn

    async def rebuild(self, session: UUID) -> None:
        """Fold a session again whose products' aliases changed before a process died."""
        with contextlib.suppress(NoSuchSessionError):
            await replace(self.database, self.settings, session)

    async def delete_expired(self, now: datetime) -> None:
        """Remove what is older than the deployment keeps it: raw deliveries, the queue's log, letters, comments' texts."""
        before = now - timedelta(days=self.settings.delivery_days)
        await retire(self.database, self.settings, now)
        async with self.database.acquire() as connection:
            await connection.execute(_SQL["expire_deliveries"], before)
            await connection.execute(_SQL["expire_job_log"], before)


def _safe_message(error: BaseException) -> str:
    """Return what may be told of an error: texts of our own, and of the platform's error codes; of others the name alone."""
    return str(error) if isinstance(error, WechatError | WeiboError | UnavailableError) else type(error).__name__


def _error_location(error: Exception) -> str:
    """Return name and place of a fault of ours; its text may quote what somebody sent."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name}:{frames[-1].lineno}" if frames else type(error).__name__
