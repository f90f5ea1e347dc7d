"""Webhook inbox: stores raw deliveries and enqueues their jobs in one statement, with many deliveries per commit.

In: authentic deliveries that need a job. Out: rows of `deliveries`, jobs; the platform is answered after the commit. Never here:
the job's work.

If a process is killed after the answer, another process runs the job. If it is killed before the commit, the platform got no
answer and sends the delivery again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from pydantic_core import to_json

from app.adapters.protocol import FollowUp
from app.ingest.group_commit.writer import NotCommittedError, QueueFullError
from app.ingest.receiving.privacy import PrivacyKeys
from app.storage.database import Connection, Database
from app.storage.queries import queries, statement

_SQL = queries("platforms/platforms")
_KEEP = statement("platforms/platforms", "keep_deliveries")
_log = structlog.get_logger()
PULL = "pull"
"""The queue's name of a job that pulls one thing from a platform's API."""
_AT_ONCE = 500
_STOPS_WITHIN = 4.0
_LIMIT = 20_000
_MANY = 4
"""Deliveries in one commit from which the inbox counts as busy."""
_IDLE_AFTER = 0.1
_PATIENCE = 50


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A delivery to store and to process once by its key."""

    connection_id: UUID
    key: str
    received_at: datetime
    body: bytes = field(repr=False)
    """The body after decryption of the platform's encryption; it is encrypted before it is stored."""
    follow_ups: tuple[FollowUp, ...]


async def enqueue_pulls(connection: Connection, privacy_keys: PrivacyKeys, arrived: Sequence[InboxItem]) -> set[tuple[UUID, str]]:
    """Store deliveries and enqueue their jobs, in the caller's transaction if it has one; return the new ones."""
    # Sorted by key: two transactions that lock rows in different orders can deadlock.
    by_key = {(item.connection_id, item.key): item for item in arrived}
    ordered = [by_key[key] for key in sorted(by_key)]
    jobs = [(item, follow_up) for item in ordered for follow_up in item.follow_ups]
    kept = _KEEP(
        connections=[item.connection_id for item in ordered],
        keys=[item.key for item in ordered],
        received_at=[item.received_at for item in ordered],
        bodies=[privacy_keys.encrypt(item.body) for item in ordered],
        # A delivery without jobs is complete.
        settled_at=[None if item.follow_ups else item.received_at for item in ordered],
        entrypoint=PULL,
        job_connections=[item.connection_id for item, _ in jobs],
        job_keys=[item.key for item, _ in jobs],
        payloads=[_payload(item, follow_up) for item, follow_up in jobs],
    )
    rows = await connection.fetch(*kept)
    return {(row["connection_id"], row["key"]) for row in rows}


def _payload(item: InboxItem, follow_up: FollowUp) -> bytes:
    return to_json(
        {
            "connection": item.connection_id,
            "delivery": item.key,
            "received_at": item.received_at,
            "kind": follow_up.kind,
            "fields": dict(follow_up.fields),
        }
    )


class Inbox:
    """Commits deliveries in groups: one transaction for all that wait."""

    def __init__(self, database: Database, privacy_keys: PrivacyKeys) -> None:
        """Prepare; `start` begins to commit."""
        self._database = database
        self._privacy_keys = privacy_keys
        self._waiting: deque[tuple[InboxItem, asyncio.Future[bool]]] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._busy_at = -_IDLE_AFTER
        self._task: asyncio.Task[None] | None = None

    async def keep(self, item: InboxItem) -> bool:
        """Return, once it is durable, whether the delivery was new.

        Raises:
            QueueFullError, NotCommittedError: the delivery may not have been stored; the sender should retry.
        """
        if self._closing or len(self._waiting) >= _LIMIT:
            raise QueueFullError
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        self._wake.set()
        return await done

    async def wait_until_idle(self) -> None:
        """Return once the inbox is not busy, or after five seconds.

        Pulls can wait; platforms time out after a few seconds without an answer.
        """
        for _ in range(_PATIENCE):
            if time.monotonic() - self._busy_at > _IDLE_AFTER:
                return
            await asyncio.sleep(_IDLE_AFTER)

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self._run(), name="inbox")

    async def stop(self) -> None:
        """Accept nothing more and commit what waits."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=_STOPS_WITHIN)
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=_STOPS_WITHIN)
        for _, done in self._waiting:
            if not done.done():
                done.set_exception(NotCommittedError())

    async def _run(self) -> None:
        while True:
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
            if len(taken) >= _MANY:
                self._busy_at = time.monotonic()
            await self._commit(taken)

    async def _commit(self, taken: list[tuple[InboxItem, asyncio.Future[bool]]]) -> None:
        try:
            async with self._database.acquire() as connection:
                new = await enqueue_pulls(connection, self._privacy_keys, [item for item, _ in taken])
        except BaseException as error:
            # The outcome is unknown: every sender must send again.
            _log.error("deliveries not committed", reason=type(error).__name__, deliveries=len(taken))
            for _, done in taken:
                if not done.done():
                    done.set_exception(NotCommittedError())
            if not isinstance(error, Exception):
                raise
            return
        for item, done in taken:
            key = (item.connection_id, item.key)
            if not done.done():
                done.set_result(key in new)
            # The same delivery twice in one commit: the second is the duplicate.
            new.discard(key)
