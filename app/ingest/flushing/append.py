"""Appends a batch to the log, and adds what its new events contribute to the tables of the fold.

In: a batch of events of known sessions. Out: the outcome of each event, in the caller's transaction. Never here: commits,
events without a session.
"""

from collections.abc import Collection, Set as AbstractSet
from datetime import datetime
from uuid import UUID

from app.ingest.flushing import imported_events
from app.ingest.flushing.cardinality import Cardinality
from app.ingest.flushing.flush_result import FlushResult
from app.ingest.flushing.movements import packed
from app.ingest.flushing.write_batch import WriteBatch
from app.ingest.folding import fold
from app.ingest.folding.statements import NO_STATEMENTS, ranks_of
from app.storage.ingest import rebuilds
from app.storage.ingest.writes import WriteQueries


async def append(
    queries: WriteQueries, batch: WriteBatch, cardinality: Cardinality, now: datetime, slow_after_ms: int
) -> FlushResult | None:
    """Write the batch; None, and nothing is written, if a session is locked or was folded by another version than it has.

    Raises:
        RefusedItemsError: a session does not take in some of the events; nothing is written.
    """
    batch.refuse_dropped()
    if batch.imported:
        await imported_events.refuse_void(queries, batch)
    batch, values, new_values = await cardinality.within(queries, batch)
    result = FlushResult(rejections=batch.rejections, values=values)
    if not batch.items:
        return result
    contexts = {session: resolved.context for session, resolved in batch.resolved_sessions.items()}
    claims = fold.claims_of(batch.tally, contexts)
    appended = await queries.append_events(sorted(batch.versions), batch.new, ranks_of(batch.statements), claims, now)
    if appended is None:
        return None
    new = batch.items.keys() if appended.new is None else appended.new
    await _note_for_rebuilds(queries, batch, new)
    # Before the sums, whose rows all flushes of a session wait for.
    others_void = bool(batch.imported) and await imported_events.record(queries, batch)
    outcome = NO_STATEMENTS
    if appended.claimed is None:
        stated = [one for one in batch.statements if one[1] + one[0].bytes in new]
        outcome = await fold.rank(queries, stated, appended.ranked)
        result.replacements = [(session, batch.items[key + session.bytes]) for session, key in outcome.corrections]
    if appended.new is None and not outcome.outdated:
        result.accepted, result.accepted_by_type = list(batch.items.values()), batch.new.by_type()
        result.compare(batch.repeated, {key: batch.items[key].digest for key, _ in batch.repeated})
        batch.tally.movements = packed(batch.new, batch.items)
        await fold.finish(queries, batch.tally, appended.claimed or await queries.claim(claims), contexts)
    else:
        result.accepted = [batch.items[key] for key in new]
        await _compare_known(queries, batch, result, new)
        await _add_some(queries, batch, new, outcome.outdated, contexts, slow_after_ms)
    if others_void:
        await imported_events.validate(queries, batch, result, contexts, slow_after_ms)
    if new_values:
        # Last: another flush that names the same minute waits for these rows.
        await queries.add_session_values(new_values)
    return result


async def _note_for_rebuilds(queries: WriteQueries, batch: WriteBatch, new: AbstractSet[bytes]) -> None:
    """Note the new events of sessions that are being rebuilt; a session's version changes when its rebuild begins or ends."""
    rebuilding = {session.bytes for session, resolved in batch.resolved_sessions.items() if resolved.row.rebuilding}
    if rebuilding and (noted := [(UUID(bytes=key[16:]), key[:16]) for key in new if key[16:] in rebuilding]):
        await rebuilds.note_events(queries.connection, noted)


async def _compare_known(queries: WriteQueries, batch: WriteBatch, result: FlushResult, new: AbstractSet[bytes]) -> None:
    """Add the outcomes of events that were stored before, or whose key stands twice in the batch."""
    known = sorted(batch.items.keys() - new)
    digests = {key: batch.items[key].digest for key in new}
    if known:
        digests |= await queries.logged_digests([(UUID(bytes=key[16:]), key[:16]) for key in known])
    result.compare([*((key, batch.items[key]) for key in known), *batch.repeated], digests)


async def _add_some(
    queries: WriteQueries,
    batch: WriteBatch,
    new: AbstractSet[bytes],
    outdated: Collection[tuple[UUID, bytes]],
    contexts: dict[UUID, fold.SessionContext],
    slow_after_ms: int,
) -> None:
    """Add the movements of new events, and what those contribute that no newer statement keeps out."""
    if moved := packed(batch.new, batch.items, new):
        await queries.add_movements(moved)
    counted = [one for one in batch.folded(new) if (one.session, one.key) not in outdated]
    if counted:
        await fold.add(queries, counted, contexts, slow_after_ms)
