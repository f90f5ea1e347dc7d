"""The read replica: a streaming standby of the database, from which reports and exports are read.

In: the database, the replica's connection string, work that reads. Out: what the work returns. Never here: SQL of the domain, an
answer from before the request, a change of the database without a log line.

Whatever was committed before the work was asked for is in what it reads: the work goes to the replica once that has replayed the
log up to the position that the database had then, and to the database itself if this takes too long, or if the replica fails.
Each way is counted; one that leads past the replica is logged.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

import asyncpg
import structlog

from app.observability.metrics import REPLICA_READS
from app.settings import Settings
from app.storage.database import Connection, Database, DatabaseUnreachableError, PoolSizes, database_on
from app.storage.pool.connector import Connector, limits_of
from app.storage.pool.pools import named, open_pool
from app.storage.queries import queries
from app.storage.transient_errors import is_transient

_log = structlog.get_logger()
_SQL = queries("operations/replica")
_ASK_SECONDS = 2.0
"""Time that a replica has to answer where it stands, beyond the wait itself."""
_REST_SECONDS = 5.0
"""Time for which a replica that did not answer is not asked again: each attempt would cost its caller a wait."""
_POLL_SECONDS = 0.02
_LOOK_SECONDS = 1.0
"""Wait of a look at it: a replica under load always lacks what was committed in the last milliseconds."""
_CACHE_SECONDS = 1.0

T = TypeVar("T")


class ReplicaState(Enum):
    """How a replica stands to its database."""

    FOLLOWS = "follows"
    BEHIND = "behind"
    """It lacks what was committed before it was asked."""
    UNREACHABLE = "unreachable"
    OTHER = "other"
    """It is no standby, or one of another database, or of the database before it was restored or another server took over."""


class Outcome(Enum):
    """Where work was done, and why."""

    REPLICA = "replica"
    WAITED = "waited"
    """By the replica, after a wait."""
    BEHIND = "behind"
    UNREACHABLE = "unreachable"
    OTHER = "other"
    FAILED = "failed"
    """By the database, since the replica failed in the middle."""


_COUNTERS = {outcome: REPLICA_READS.labels(outcome.value) for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a replica stands, and how many bytes of the log it has yet to replay."""

    state: ReplicaState
    missing: int = 0


@dataclass(slots=True)
class _Memory:
    """What is remembered between calls."""

    silent_until: float = 0.0
    asked_at: float = 0.0
    asking: "asyncio.Task[Place] | None" = None


@dataclass(frozen=True, slots=True)
class ReadSide:
    """Where reports and exports are read: the replica if there is one, else the database."""

    database: Database
    replica: Database | None = None
    wait_seconds: float = 2.0
    memory: _Memory = field(default_factory=_Memory)

    def background(self) -> "ReadSide":
        """Return the same for background work, on pools that no request waits for."""
        replica = None if self.replica is None else self.replica.background()
        return ReadSide(self.database.background(), replica, self.wait_seconds, self.memory)

    async def run(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Return the result of work that only reads, and that may be begun again on the other server."""
        if self.replica is None:
            return await work(self.database)
        place = await self._reached(self.replica, self.wait_seconds)
        if place.state is ReplicaState.FOLLOWS:
            try:
                done = await work(self.replica)
            except Exception as error:
                # Also a query that the replay of the log has cancelled.
                if not is_transient(error):
                    raise
                self._passed_over(Outcome.FAILED, type(error).__name__)
            else:
                _COUNTERS[Outcome.WAITED if place.missing else Outcome.REPLICA].inc()
                return done
        else:
            self._passed_over(Outcome(place.state.value), f"{place.missing} bytes")
        return await work(self.database)

    async def place(self) -> Place | None:
        """Return where the replica stands, at most a second old; within some seconds. None if there is none."""
        if self.replica is None:
            return None
        memory = self.memory
        if memory.asking is None or (memory.asking.done() and time.monotonic() - memory.asked_at > _CACHE_SECONDS):
            memory.asking = asyncio.create_task(self._look(self.replica), name="replica")
        # Shielded: a caller that leaves must not end the look of the others.
        return await asyncio.shield(memory.asking)

    async def _look(self, replica: Database) -> Place:
        try:
            return await self._reached(replica, min(self.wait_seconds, _LOOK_SECONDS))
        finally:
            self.memory.asked_at = time.monotonic()

    def _passed_over(self, outcome: Outcome, detail: str) -> None:
        _COUNTERS[outcome].inc()
        _log.warning("replica passed over", outcome=outcome.value, detail=detail)

    async def _reached(self, replica: Database, wait: float) -> Place:
        """Return where the replica stands once it has replayed what is committed now, or after the wait.

        `missing` is what it lacked when it was asked, or what it lacks after the wait.
        """
        if time.monotonic() < self.memory.silent_until:
            return Place(ReplicaState.UNREACHABLE)
        async with self.database.acquire() as connection:
            [(position, *server)] = await connection.fetch(_SQL["committed"])
        try:
            async with asyncio.timeout(wait + _ASK_SECONDS), replica.acquire() as connection:
                return await _follow(connection, position, server, wait)
        except Exception as error:
            if not is_transient(error) and not isinstance(error, asyncpg.PostgresError):
                raise
            self.memory.silent_until = time.monotonic() + _REST_SECONDS
            return Place(ReplicaState.UNREACHABLE)


async def open_replica(settings: Settings, database: Database) -> Database | None:
    """Open the pools of the replica, which need not be there yet; None if the settings name none.

    Raises:
        DatabaseUnreachableError: the database is a coordinator of Citus.
    """
    if settings.read_url is None:
        return None
    if database.distributed:
        raise DatabaseUnreachableError("TALLYLIGHT_READ_URL is not for Citus: a standby of the coordinator has none of the rows")
    connector = Connector(settings.read_url.replace("+asyncpg://", "://", 1), limits_of(settings.database_timeout_seconds))
    size = settings.read_pool_size
    pool = await open_pool(connector, connector.limits, 0, size, named("replica-requests"))
    return await database_on(connector, pool, PoolSizes(size, size), "replica-")


async def _follow(connection: Connection, position: str, server: list[int], wait: float) -> Place:
    """Wait for a standby of a server, which is a cluster and its timeline."""
    end = time.monotonic() + wait
    lacked = 0
    while True:
        [(reached, missing, standby, *its_server)] = await connection.fetch(_SQL["replayed"], position)
        if not standby or its_server != server or reached is None:
            return Place(ReplicaState.OTHER)
        lacked = max(lacked, missing)
        if reached:
            return Place(ReplicaState.FOLLOWS, lacked)
        if time.monotonic() >= end:
            return Place(ReplicaState.BEHIND, missing)
        await asyncio.sleep(_POLL_SECONDS)
