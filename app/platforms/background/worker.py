"""The worker: background jobs of one process, on PgQueuer.

In: jobs that the inbox and the schedules have enqueued. Out: calls of the job functions. Never here: a job's work, a secret in
the queue's tables or its log.

The worker runs in the server's event loop on its own connection. Several processes may run one each: the queue gives every job
to one of them. If a process is killed, another process picks up its jobs after the heartbeat timeout. Schedules are the
queue's, so each fires in one process.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.models import Job, Schedule

from app.catalogue.products.pending_rebuilds import request_pending
from app.ingest.rebuilding import rebuild_requests
from app.platforms.background.job_metrics import measured
from app.platforms.background.job_runner import JobRunner
from app.platforms.deliveries.bulk_runner import BulkRunner
from app.platforms.inbox import PULL
from app.platforms.pulls.funds import FundsLister
from app.platforms.pulls.jobs import Puller
from app.platforms.pulls.pollers import COUNTS, FUNDS, LIVE, RECONCILE, STREAM, Pollers
from app.platforms.pulls.weibo_stream import WeiboStreams
from app.settings import Settings
from app.storage.database import Database
from app.storage.ingest.rebuilds import JOB as REBUILD
from app.storage.platforms.bulk_jobs import JOB as BULK
from app.storage.transient_errors import UNREACHABLE

_log = structlog.get_logger()

_HEARTBEAT = timedelta(seconds=10)
"""After this long without a heartbeat, another process takes a job over."""
_LOOKS_EVERY = timedelta(seconds=5)
_BATCH = 10
_AT_ONCE = 50
_REBUILDS = 2
"""Rebuilds that the processes run at a time, so that they leave room for ingest."""
_TICK = "* * * * * */5"
_NIGHTLY = "17 3 * * *"
_STOPS_WITHIN = 6.0
_CANCELS_WITHIN = 3.0
"""Seconds that running jobs have to end by themselves, and then to be cancelled."""
_CHECK_SECONDS = 5.0
_SILENT_SECONDS = 30.0
"""Time without an answer from the queue's database after which the worker is reported as failed."""


class Recurring(NamedTuple):
    """Work of another package that runs by a schedule, in one process at a time."""

    name: str
    cron: str
    work: Callable[[datetime], Awaitable[object]]


class Queued(NamedTuple):
    """Work of another package that is queued: what a job of this name does with its payload. A retry is its own work."""

    name: str
    at_once: int
    """Jobs of this name that the processes run at a time."""
    work: Callable[[bytes], Awaitable[object]]


@dataclass(slots=True)
class _Health:
    """What readiness asks of a worker."""

    started: bool = False
    answered_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Runs jobs until it is stopped."""

    database: Database
    settings: Settings
    runner: JobRunner
    puller: Puller
    pollers: Pollers
    streams: WeiboStreams
    funds: FundsLister
    bulk: BulkRunner
    recurring: Sequence[Recurring] = ()
    queued: Sequence[Queued] = ()
    health: _Health = field(default_factory=_Health)

    @property
    def status(self) -> str:
        """Return `running` or `not started`."""
        return "running" if self.health.started else "not started"

    def fault(self) -> str | None:
        """Return why no job runs in this process although it should; None if all is well."""
        if self.health.started and time.monotonic() - self.health.answered_at > _SILENT_SECONDS:
            return "the worker has no connection to its queue"
        return None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs while the block runs."""
        stopping = asyncio.Event()
        self.health.started, self.health.answered_at = True, time.monotonic()
        task = asyncio.create_task(self._run(stopping), name="worker")
        try:
            yield
        finally:
            stopping.set()
            # Jobs that are cut off here are picked up by another process after the heartbeat timeout.
            await _end(task)
            self.health.started = False

    async def _run(self, stopping: asyncio.Event) -> None:
        pause = 1.0
        while not stopping.is_set():
            worked = asyncio.Event()
            try:
                await self._work(stopping, worked)
            except Exception as error:  # noqa: BLE001 - the worker must restart after any error
                _log.warning("worker restarted", reason=type(error).__name__)
            if worked.is_set():
                pause = 1.0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
            pause = min(pause * 2, 30.0)
            if not stopping.is_set():
                with contextlib.suppress(Exception):
                    await self.database.restart_embedded()

    async def _work(self, stopping: asyncio.Event, worked: asyncio.Event) -> None:
        # Its own connection, since it listens, with cached plans, since the queue repeats the same queries.
        async with self.database.listener() as connection:
            queue = PgQueuer.from_asyncpg_connection(connection)
            self._register(queue, stopping, worked)
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
            check = asyncio.create_task(self._check(queue))
            try:
                await asyncio.wait({run, stop, check}, return_when=asyncio.FIRST_COMPLETED)
                queue.shutdown.set()
                if check.done():
                    # The connection is lost or silent: jobs that end now cannot be marked as done.
                    connection.terminate()
                else:
                    await asyncio.wait({run}, timeout=_STOPS_WITHIN)
            finally:
                for task in (stop, check):
                    task.cancel()
                await _end(run, seconds=0)
            if not run.cancelled() and (error := run.exception()) is not None:
                raise error

    async def _check(self, queue: PgQueuer) -> None:
        """Ask the queue's connection regularly; return when it does not answer."""
        while True:
            try:
                await queue.qm.queries.driver.fetch("SELECT 1")
            except (*UNREACHABLE, asyncpg.PostgresError):
                return
            self.health.answered_at = time.monotonic()
            await asyncio.sleep(_CHECK_SECONDS)

    def _register(self, queue: PgQueuer, stopping: asyncio.Event, worked: asyncio.Event) -> None:
        @queue.entrypoint(PULL)
        @measured(PULL)
        async def pull(job: Job) -> None:
            worked.set()
            await self.runner.pull(job)

        @queue.entrypoint(REBUILD, concurrency_limit=_REBUILDS)
        @measured(REBUILD)
        async def rebuild(job: Job) -> None:
            worked.set()
            await rebuild_requests.work(self.database, self.settings, UUID((job.payload or b"").decode()))

        @queue.entrypoint(BULK, concurrency_limit=1)
        @measured(BULK)
        async def bulk(job: Job) -> None:
            worked.set()
            await self.bulk.work(UUID((job.payload or b"").decode()))

        async def follow(connection_id: UUID, now: datetime) -> object:
            del now
            await self.streams.follow(connection_id, stopping)
            return None

        for name, work in (
            (RECONCILE, self.puller.reconcile),
            (FUNDS, self.funds.poll),
            (LIVE, self.pollers.poll_live),
            (COUNTS, self.pollers.poll_counts),
            (STREAM, follow),
        ):
            queue.entrypoint(name)(measured(name)(self.runner.periodic(name, work)))

        self._schedule(queue, worked)

    def _schedule(self, queue: PgQueuer, worked: asyncio.Event) -> None:
        @queue.schedule("platforms_tick", _TICK, clean_old=True)
        async def tick(schedule: Schedule) -> None:
            del schedule
            due = await self.pollers.due(datetime.now(UTC))
            worked.set()
            for name, connection_id in due:
                key = f"{name}/{connection_id}"
                # A poll that is still running is not started a second time.
                await queue.qm.queries.enqueue(name, str(connection_id).encode(), dedupe_key=key, on_conflict="skip")

        @queue.schedule("platforms_nightly", _NIGHTLY, clean_old=True)
        async def nightly(schedule: Schedule) -> None:
            del schedule
            await self.runner.delete_expired(datetime.now(UTC))

        @queue.schedule("refolds", _TICK, clean_old=True)
        async def refolds(schedule: Schedule) -> None:
            del schedule
            await request_pending(self.database)
            await rebuild_requests.enqueue_due(self.database)
            await self.bulk.enqueue_due()

        self._register_others(queue, worked)

    def _register_others(self, queue: PgQueuer, worked: asyncio.Event) -> None:
        """Register the work of other packages."""
        for job in self.queued:
            queue.entrypoint(job.name, concurrency_limit=job.at_once)(measured(job.name)(_queued(job.work, worked)))
        for one in self.recurring:
            queue.schedule(one.name, one.cron, clean_old=True)(_scheduled(one.work))


def _queued(work: Callable[[bytes], Awaitable[object]], worked: asyncio.Event) -> Callable[[Job], Awaitable[None]]:
    async def run(job: Job) -> None:
        worked.set()
        await work(job.payload or b"")

    return run


def _scheduled(work: Callable[[datetime], Awaitable[object]]) -> Callable[[Schedule], Awaitable[None]]:
    async def run(schedule: Schedule) -> None:
        del schedule
        await work(datetime.now(UTC))

    return run


async def _end(task: asyncio.Task[None], seconds: float = _STOPS_WITHIN) -> None:
    """Wait for a task, then cancel it, then leave it: whatever it waits for must not hold up the process."""
    if seconds:
        await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCELS_WITHIN)
    if task.done() and not task.cancelled():
        task.exception()
