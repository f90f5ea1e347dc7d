"""Spans of group commit: the wait of a request, and the flush that ends it, which names the waits of all its requests.

In: a flusher and a writer. Out: the same, traced. Never here: events.
"""

from collections.abc import Iterable

from app.ingest.flushing.flush import Flusher
from app.ingest.flushing.isolation import Isolation
from app.ingest.flushing.turn import Turn
from app.ingest.group_commit.writer import Writer
from app.ingest.receiving.privacy import PrivacyKeys
from app.ingest.receiving.submission import Submission, SubmittedEvent
from app.observability import tracing
from app.settings import Settings
from app.storage.database import Database
from app.storage.pool.persistent_connection import PersistentConnection

_MOST_LINKS = 64
"""Waits that a flush names: a flush may have the events of two thousand requests."""


def writer_of(database: Database, settings: Settings, privacy_keys: PrivacyKeys) -> Writer:
    """Return the writer of a process; its flushes and waits have spans where these are recorded."""
    if not tracing.is_on():
        return Writer(Flusher(database, settings, privacy_keys), settings)
    waits: dict[int, object | None] = {}
    return _TracedWriter(_TracedFlusher(database, settings, privacy_keys, waits), settings, waits)


class _TracedFlusher(Flusher):
    def __init__(
        self, database: Database, settings: Settings, privacy_keys: PrivacyKeys, waits: dict[int, object | None]
    ) -> None:
        super().__init__(database, settings, privacy_keys)
        self._waits = waits

    async def flush(
        self,
        persistent: PersistentConnection,
        items: list[SubmittedEvent],
        rejected_only: Iterable[Submission],
        turn: Turn,
    ) -> Isolation:
        submissions = dict.fromkeys(id(item.submission) for item in items)
        links = [self._waits.get(one) for one in list(submissions)[:_MOST_LINKS]]
        with tracing.span("flush", attributes={"events": len(items), "requests": len(submissions)}, links=links):
            return await super().flush(persistent, items, rejected_only, turn)


class _TracedWriter(Writer):
    def __init__(self, flusher: Flusher, settings: Settings, waits: dict[int, object | None]) -> None:
        super().__init__(flusher, settings)
        self._waits = waits

    async def submit(self, submission: Submission) -> None:
        with tracing.span("wait for commit", attributes={"events": len(submission.items)}) as span:
            self._waits[id(submission)] = span.link()
            try:
                await super().submit(submission)
            finally:
                del self._waits[id(submission)]
