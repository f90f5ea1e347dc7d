"""Fault isolation: finds the events that make a flush fail, so that all others are stored.

In: events, a transaction that stores them. Out: each event settled, deferred or failed. Never here: SQL, the queue.

Only what the database says of an event's data rejects the event. A fault of the server (a missing table, a raising trigger, an
error in this program) leaves the event unanswered: its sender must send it again, and operators are alarmed.
"""

import traceback
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from app.ingest.flushing.flush_result import FlushResult
from app.ingest.receiving.submission import Submission, SubmittedEvent
from app.storage.transient_errors import CONFLICTS, UNREACHABLE, retry_conflicts

_log = structlog.get_logger()

_TRANSIENT = (
    *UNREACHABLE,
    *CONFLICTS,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""Errors that no event caused: the same flush may succeed later."""

_MOST_FAULTS = 40
"""Failed transactions that a flush spends on finding the events that provoke a fault of the server."""


def _is_about_data(error: Exception) -> bool:
    """Tell whether the database refuses the values of an event; every other error is a fault of the server.

    SQLSTATE class 22 are data exceptions, 54000 is a value too long for an index. The driver's `DataError`, a `ValueError`, is
    a value that it cannot encode.
    """
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state.startswith("22") or state == "54000"
    return isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)


class Isolation:
    """Stores the events of one flush."""

    def __init__(
        self,
        transaction: Callable[[list[SubmittedEvent], list[Submission]], Awaitable[FlushResult]],
        reject: Callable[[SubmittedEvent, Exception], Awaitable[None]],
    ) -> None:
        """Store by `transaction`, which commits all or nothing; `reject` keeps a dead letter of one event."""
        self._transaction = transaction
        self._reject = reject
        self._faults = 0
        self.deferred: list[SubmittedEvent] = []
        """Events whose session is locked; they may be stored later."""
        self.failed: list[SubmittedEvent] = []
        """Events that a fault of the server concerns; they must be sent again."""

    async def store(self, items: list[SubmittedEvent], rejected_only: list[Submission]) -> None:
        """Settle the items; halve them if they fail together.

        Raises:
            OSError, asyncpg.PostgresError: the database is lost or unable.
        """
        if self._faults >= _MOST_FAULTS:
            self.failed.extend(items)
            items = []
        if not items and not rejected_only:
            return
        try:
            result = await retry_conflicts(lambda: self._transaction(items, rejected_only))
        except asyncpg.LockNotAvailableError:
            # A row or table of one of the sessions is locked. Nothing was written; each session is tried alone.
            if not items:
                raise
            self.deferred.extend(items)
            await self.store([], rejected_only)
        except Exception as error:  # noqa: BLE001 - an event that provokes a fault must not fail the other events
            await self._halve(items, rejected_only, error)
        else:
            result.report(items)
            for item in result.deferred:
                item.submission.waiting += 1
            self.deferred.extend(result.deferred)

    async def _halve(self, items: list[SubmittedEvent], rejected_only: list[Submission], error: Exception) -> None:
        about_data = _is_about_data(error)
        if not items or (isinstance(error, _TRANSIENT) and not about_data):
            raise error
        self._faults += not about_data
        if len(items) > 1:
            half = len(items) // 2
            await self.store(items[:half], rejected_only)
            await self.store(items[half:], [])
            return
        if about_data:
            _log.warning("event rejected by the database", reason=type(error).__name__)
            await self._reject(items[0], error)
        else:
            if not self.failed:
                # Once per flush; without values, which may be personal data.
                frames = traceback.extract_tb(error.__traceback__)
                where = f"{frames[-1].name}:{frames[-1].lineno}" if frames else ""
                _log.error("server fault: events not stored", reason=type(error).__name__, where=where)
            self.failed.append(items[0])
        await self.store([], rejected_only)
