"""Counters and last errors of connections, collected in memory and saved every second.

In: deliveries, errors. Out: columns of `connections`. Never here: figures of a session.

Deliveries do not update the connection's row themselves: they would wait for its lock. A crash loses one second of these
counters and nothing else.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Literal, get_args
from uuid import UUID

import structlog
from pydantic_core import to_json

from app.storage.channels import channel_outbox
from app.storage.channels.channel_outbox import Message
from app.storage.database import Database
from app.storage.queries import statement

_ADD = statement("platforms/platforms", "add_to_states")
_log = structlog.get_logger()
_EVERY_SECONDS = 1.0
_LAST_WRITE_SECONDS = 3.0
_LONGEST_ERROR = 500
RECENT = 50
"""Deliveries of a connection that are kept."""


ErrorCode = Literal[
    "delivery_refused", "dead_letter", "test_failed", "pull_failed", "poll_failed", "partly_read", "stream_failed"
]
"""What went wrong, for programs and for the words of the label catalogue (`connection_error.<code>`)."""


def coded_error(stored: str | None) -> tuple[ErrorCode | None, str | None]:
    """Return the code and the reason of a stored error; an error of an earlier version has no code.

    >>> coded_error("[poll_failed] getlivedata: 10021001")
    ('poll_failed', 'getlivedata: 10021001')
    >>> coded_error("[other] reason")
    (None, '[other] reason')
    """
    code, found, reason = (stored or "").removeprefix("[").partition("] ")
    known = next((known for known in get_args(ErrorCode) if found and known == code), None)
    return (known, reason) if known else (None, stored)


Outcome = Literal["accepted", "duplicate", "queued", "parked", "ignored", "dead_letter", "refused"]
"""What became of a delivery."""
_OF_CALLS = frozenset({"pull_failed", "poll_failed", "partly_read", "stream_failed"})
FAILURES = 3
"""Calls of a platform that fail in a row until the connection counts as failing, as many as open the circuit."""


def _message(connection_id: UUID, brand_id: UUID | None, name: str, kind: str, last_error: str | None) -> Message:
    code, reason = coded_error(last_error)
    content = {"id": str(connection_id), "name": name, "kind": kind, "code": code, "reason": reason}
    return Message("connection.failing", brand_id, None, {"connection": content})


@dataclass(slots=True)
class _Change:
    deliveries: int = 0
    duplicates: int = 0
    refused: int = 0
    events: int = 0
    letters: int = 0
    last_delivery_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    recent: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=RECENT))
    """The last deliveries, the newest last."""
    failures: int = 0
    """Failed calls since the latest success, or since the previous write."""
    succeeded: bool = False


_PLAIN = tuple(one.name for one in fields(_Change) if one.name != "recent")
"""Changes that are parameters of the statement as they are."""


class ConnectionCounters:
    """Collects changes and saves them."""

    def __init__(self, database: Database) -> None:
        """Prepare; `start` begins to save."""
        self._database = database
        self._changes: dict[UUID, _Change] = {}
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def _change(self, connection_id: UUID) -> _Change:
        return self._changes.setdefault(connection_id, _Change())

    def noted(self, connection_id: UUID, at: datetime, outcome: Outcome, reason: str | None = None, events: int = 0) -> None:
        """Keep what became of a delivery; `reason` names a rule and holds no personal data."""
        entry: dict[str, object] = {
            "at": at.isoformat(),
            "outcome": outcome,
            "reason": reason and reason[:_LONGEST_ERROR],
            "events": events,
        }
        self._change(connection_id).recent.append(entry)

    def delivered(self, connection_id: UUID, at: datetime, *, duplicate: bool = False) -> None:
        """Count an authentic delivery."""
        change = self._change(connection_id)
        change.deliveries += 1
        change.duplicates += duplicate
        change.last_delivery_at = at

    def taken(self, connection_id: UUID, events: int, letters: int) -> None:
        """Count the events of a connection, and its dead letters."""
        change = self._change(connection_id)
        change.events += events
        change.letters += letters

    def refused(self, connection_id: UUID, at: datetime, reason: str) -> None:
        """Count a delivery that was refused."""
        self._change(connection_id).refused += 1
        self.noted(connection_id, at, "refused", reason)
        self.failed(connection_id, at, "delivery_refused", reason)

    def failed(self, connection_id: UUID, at: datetime, code: ErrorCode, reason: str) -> None:
        """Record an error; `reason` names a rule or a code and holds no personal data."""
        change = self._change(connection_id)
        change.last_error, change.last_error_at = f"[{code}] {reason[:_LONGEST_ERROR]}", at
        change.failures += code in _OF_CALLS

    def succeeded(self, connection_id: UUID) -> None:
        """Record that a call of the platform succeeded, and that all of its answer was read."""
        change = self._change(connection_id)
        change.failures, change.succeeded = 0, True
        if coded_error(change.last_error)[0] == "partly_read":
            change.last_error = change.last_error_at = None

    async def write(self) -> None:
        """Save the collected changes; if the database is unavailable, they stay for the next attempt."""
        async with self._writing:
            changes, self._changes = self._changes, {}
            if not changes:
                return
            ids = sorted(changes)
            rows = [changes[key] for key in ids]
            try:
                async with self._database.acquire() as connection, connection.transaction():
                    now = datetime.now(UTC)
                    added = _ADD(
                        ids=ids,
                        recent=[to_json(list(reversed(row.recent))).decode() for row in rows],
                        **{name: [getattr(row, name) for row in rows] for name in _PLAIN},
                        most_recent=RECENT,
                        failing_from=FAILURES,
                        now=now,
                    )
                    failing = await connection.fetch(*added)
                    await channel_outbox.emit(connection, [_message(*row) for row in failing], now)
            except Exception as error:  # noqa: BLE001 - a failure must not end the task: the next attempt saves the same changes
                _log.warning("connection counters not saved", reason=type(error).__name__)
                self._put_back(changes)

    def _put_back(self, changes: dict[UUID, _Change]) -> None:
        for key, old in changes.items():
            new = self._change(key)
            for name in ("deliveries", "duplicates", "refused", "events", "letters"):
                setattr(new, name, getattr(new, name) + getattr(old, name))
            new.recent.extendleft(reversed(list(old.recent)[: RECENT - len(new.recent)]))
            new.last_delivery_at = new.last_delivery_at or old.last_delivery_at
            new.failures, new.succeeded = new.failures + (0 if new.succeeded else old.failures), new.succeeded or old.succeeded
            if new.last_error_at is None:
                new.last_error, new.last_error_at = old.last_error, old.last_error_at

    def start(self) -> None:
        """Begin to save."""
        self._task = asyncio.create_task(self._run(), name="connection-states")

    async def stop(self) -> None:
        """Save once more and stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WRITE_SECONDS):
                await self.write()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self.write()
