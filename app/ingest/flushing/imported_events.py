"""Events that an import brings: which import brought them, and which of them count again after their import was voided.

In: a write batch whose events are in the log. Out: rows that say which import brought an event. Never here: voids themselves.
"""

from collections.abc import Mapping
from uuid import UUID

import asyncpg

from app.ingest.flushing.flush_result import FlushResult
from app.ingest.flushing.write_batch import RefusedItemsError, WriteBatch
from app.ingest.folding import fold
from app.ingest.receiving.submission import SubmittedEvent
from app.problems import FieldError
from app.storage.ingest import rebuilds
from app.storage.ingest.writes import WriteQueries

_VOID = FieldError(pointer="", detail="the import that brings this event is void")


class _VoidMeanwhileError(asyncpg.SerializationError):
    """An import of this batch was voided between the two questions: the transaction is tried again, as after a conflict."""


async def refuse_void(queries: WriteQueries, batch: WriteBatch) -> None:
    """Refuse events of void imports.

    Raises:
        RefusedItemsError: with these events.
    """
    void = await queries.void_imports(sorted({session for session, _, _ in batch.imported}))
    refused = [item for session, import_id, item in batch.imported if (session, import_id) in void]
    if refused:
        raise RefusedItemsError(refused, _VOID)


async def record(queries: WriteQueries, batch: WriteBatch) -> bool:
    """Record which import brought which event; return whether other imports of their sessions are void.

    Raises:
        asyncpg.SerializationError: an import of the batch was voided meanwhile.
    """
    # Its answer tells of voids again, now that the sessions are held against them.
    void = await queries.record_imports(sorted(_brought(batch)))
    if any((session, import_id) in void for session, import_id, _ in batch.imported):
        raise _VoidMeanwhileError
    return bool(void)


async def validate(
    queries: WriteQueries,
    batch: WriteBatch,
    result: FlushResult,
    contexts: Mapping[UUID, fold.SessionContext],
    slow_after_ms: int,
) -> None:
    """Count events again that so far only voided imports brought."""
    rows = _brought(batch)
    valid_again = set(await queries.validate_imported(sorted(rows)))
    if not valid_again:
        return
    # What a pending rebuild has not taken out yet must not be added a second time; the rebuild adds it.
    pending = await rebuilds.request_again(queries.connection, {session for session, _ in valid_again})
    again = sorted((session, key) for session, key in valid_again if session not in pending)
    folded = [fold.fold_logged(event, contexts[event.session_id]) for event in await queries.logged_events(again)]
    replacing = await fold.apply(queries, folded, contexts, slow_after_ms)
    for (session, _, key), item in rows.items():
        if (session, key) in replacing:
            result.replacements.append((session, item))
        if (session, key) in valid_again and item in result.duplicates:
            valid_again.remove((session, key))
            result.duplicates.remove(item)
            result.accepted.append(item)


def _brought(batch: WriteBatch) -> Mapping[tuple[UUID, UUID, bytes], SubmittedEvent]:
    """Return the events of imports by session, import and key."""
    return {(session, import_id, item.key): item for session, import_id, item in batch.imported}
