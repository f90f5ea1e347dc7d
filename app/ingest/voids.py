"""Voids: an operator takes events out of a session's figures, and can put them back.

In: a session, an event or an import, who and why. Out: figures as if the events had never been sent. Never here: HTTP; changes
of the log, which keeps what was received.

The event log keeps a voided event, so the same event sent again stays a duplicate. The fold leaves voided events out. What an
event added to sums is subtracted, and the samples that it took part in are computed again from the few events that sample. If the
event owns a claim, or belongs to a span or an order, or if there are many, the session is rebuilt.

A void locks the session: no flush runs in it meanwhile, so sums and samples change in one commit. While a rebuild of the session
is pending, its tables do not follow from its log, so nothing is subtracted from them or added: the rebuild does it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from app.events.contributions import CUSTOMER, Contributions
from app.events.envelope import event_key
from app.events.registry import PAYLOADS
from app.ingest.folding import fold
from app.ingest.folding.moments import moment, moment_or_none
from app.ingest.folding.tally import Tally
from app.ingest.rebuilding import rebuild_requests
from app.problems import invalid, not_found
from app.settings import Settings
from app.storage import audit
from app.storage.database import Connection, Database
from app.storage.event_log import log_state
from app.storage.ingest import rebuilds, voids
from app.storage.ingest.distributed_writes import writes_of
from app.storage.ingest.rebuilds import RebuildRow
from app.storage.ingest.voids import SessionRow, VoidReason, VoidRow
from app.storage.ingest.writes import WriteQueries
from app.storage.kpis import marks
from app.storage.transient_errors import retry_conflicts


class Scope(NamedTuple):
    """Which session, and the brand that the caller is bound to; None sees all."""

    session: UUID
    brand: UUID | None


class Voided(NamedTuple):
    """A void, and the rebuild that its figures wait for; None if they include it."""

    row: VoidRow
    rebuild: RebuildRow | None


_SUBTRACT_AT_MOST = 1_000
"""Events. Above it the session is rebuilt: that reads a page of the log at a time and does not hold them all in memory."""
_PAGE = 1_000
_REASON = "void"

NEVER_SAMPLED = tuple(name for name, payload in PAYLOADS.items() if not payload.samples)
"""Event types that contribute no sample and no start or end: most events of a session. The others are read again for a void."""


async def void_event(database: Database, settings: Settings, scope: Scope, source: str, event: str, reason: VoidReason) -> Voided:
    """Take one event out of a session's figures; return its void, the existing one if the event is void already.

    Raises:
        ProblemError: 404 without such a session, 410 without its log, 422 without such an event in it.
    """
    session = scope.session

    async def marked(connection: Connection) -> tuple[UUID, list[bytes]]:
        key = event_key(source, event)
        if not await voids.is_logged(connection, session, key):
            raise invalid("/event", "the session has no event with this source and id", "event_unknown")
        known = await voids.event_void(connection, session, source, event)
        if known is not None:
            return known, []
        void = uuid4()
        await voids.add_void(connection, session, void, (source, event, None), reason)
        return void, await voids.mark_events(connection, session, [key], void)

    return await _void(database, settings, scope, marked)


async def void_import(database: Database, settings: Settings, scope: Scope, import_id: UUID, reason: VoidReason) -> Voided:
    """Take everything that only this import brought out of a session's figures; return its void.

    An event that another valid import brought too stays: the figures are as if this import had not been sent.

    Raises:
        ProblemError: 404 without such a session, 410 without its log, 422 without such an import in it.
    """
    session = scope.session

    async def marked(connection: Connection) -> tuple[UUID, list[bytes]]:
        if not await voids.has_import(connection, session, import_id):
            raise invalid("/import", "the session has no event of this import", "import_unknown")
        known = await voids.import_void(connection, session, import_id)
        if known is None:
            known = uuid4()
            await voids.add_void(connection, session, known, (None, None, import_id), reason)
        keys = await voids.import_keys(connection, session, import_id)
        return known, await voids.mark_events(connection, session, keys, known)

    return await _void(database, settings, scope, marked)


async def take_back(database: Database, settings: Settings, scope: Scope, void: UUID) -> RebuildRow | None:
    """Remove a void: its events count again, as if they arrived now.

    Returns the rebuild that the figures wait for; None if they include the events.

    Raises:
        ProblemError: 404 without such a session or void, 410 without its log.
    """

    async def transaction() -> None:
        async with database.transaction() as connection:
            session = await voids.lock_session(connection, *scope)
            if session is None:
                raise not_found("session")
            await log_state.require(connection, session.id)
            audit.about(session=session.id)
            keys = await voids.remove_void(connection, session.id, void)
            if keys is None:
                raise not_found("void")
            if await rebuilds.request_again(connection, [session.id]):
                return
            if len(keys) > _SUBTRACT_AT_MOST:
                await rebuild_requests.request(connection, session.id, _REASON)
            elif keys:
                # An event that counts again may replace what another one states of the same order: that requests a rebuild.
                await _restore(writes_of(database)(connection), settings, session, keys)

    await retry_conflicts(transaction)
    return await rebuild_requests.rebuild_or_enqueue(database, settings, scope.session)


async def list_voids(database: Database, scope: Scope, after: tuple[datetime, UUID] | None, limit: int) -> list[VoidRow]:
    """Return a session's voids after (at, id), the newest first.

    Raises:
        ProblemError: 404 without such a session.
    """
    async with database.acquire() as connection:
        if not await voids.exists(connection, *scope):
            raise not_found("session")
        return await voids.page(connection, scope.session, after, limit)


async def _restore(writes: WriteQueries, settings: Settings, session: SessionRow, keys: Sequence[bytes]) -> None:
    """Fold events of the log that are no longer void, inside the caller's transaction, which holds the session."""
    slow_after_ms = round(settings.slow_response_seconds * 1000)
    context = await fold.context_of(writes, session.id, session.brand_id, session.currency, slow_after_ms)
    folded = [fold.fold_logged(event, context) for event in await writes.logged_events([(session.id, key) for key in keys])]
    await fold.apply(writes, folded, {session.id: context}, slow_after_ms)


async def _void(
    database: Database,
    settings: Settings,
    scope: Scope,
    marked: Callable[[Connection], Awaitable[tuple[UUID, list[bytes]]]],
) -> Voided:
    """Mark events as void and take them out of the figures, in one transaction or by a rebuild after it."""

    async def transaction() -> VoidRow:
        async with database.transaction() as connection:
            session = await voids.lock_session(connection, *scope)
            if session is None:
                raise not_found("session")
            await log_state.require(connection, session.id)
            void_id, keys = await marked(connection)
            audit.about(void_id, session=session.id)
            if keys:
                await _exclude(connection, settings, session, keys)
            row = await voids.void(connection, session.id, void_id)
            assert row is not None, "it was recorded above"
            return row

    row = await retry_conflicts(transaction)
    return Voided(row, await rebuild_requests.rebuild_or_enqueue(database, settings, scope.session))


async def _exclude(connection: Connection, settings: Settings, session: SessionRow, keys: Sequence[bytes]) -> None:
    """Change the figures to what they are without these events, which are marked already, or request a rebuild."""
    if await rebuilds.request_again(connection, [session.id]):
        return
    if len(keys) > _SUBTRACT_AT_MOST or not await _subtract(connection, settings, session, keys):
        await rebuild_requests.request(connection, session.id, _REASON)


async def _subtract(connection: Connection, settings: Settings, session: SessionRow, keys: Sequence[bytes]) -> bool:
    """Take out sums, samples, start and end; return False, with nothing changed, if claims, spans or orders depend on them."""
    slow_after_ms = round(settings.slow_response_seconds * 1000)
    writes = WriteQueries(connection)
    context = await fold.context_of(writes, session.id, session.brand_id, session.currency, slow_after_ms)
    events = [fold.fold_logged(event, context) for event in await writes.logged_events([(session.id, key) for key in keys])]
    claims = []
    for event in events:
        added = event.contributions
        if event.statement is not None or added.spans or added.order is not None or added.refund is not None:
            return False
        claims += [(claim.set, claim.member) for claim in added.claims if claim.set != CUSTOMER]
    if claims and await voids.owned_members(connection, session.id, claims, keys):
        return False
    await fold.subtract_counts(writes, events, slow_after_ms)
    if marked := [(event.session, event.at, event.key) for event in events if event.contributions.mark is not None]:
        await marks.delete(connection, marked)
    if any(event.contributions.samples or event.contributions.broadcast for event in events):
        await _sample_again(connection, writes, context, events)
    return True


async def _sample_again(
    connection: Connection, writes: WriteQueries, context: fold.SessionContext, events: Sequence[fold.Folded]
) -> None:
    """Compute the samples that the events took part in, and the session's start and end, from the other events of the log."""
    session = events[0].session
    without, others = Tally(context.slow_after_ms), Tally(context.slow_after_ms)
    for event in events:
        _add_samples(without, event)
    after = b""
    while page := await voids.sampling_events(connection, session, NEVER_SAMPLED, after, _PAGE):
        for logged in page:
            _add_samples(others, fold.fold_logged(logged, context))
        after = page[-1].event_key
    await voids.delete_samples(connection, [(*key[:3], moment(key[3]), *key[4:]) for key in sorted(without.gauges)])
    await fold.write_samples(writes, {row: gauge for row, gauge in others.gauges.items() if row in without.gauges})
    if session in without.clocks:
        started, ended = others.clocks.get(session, (None, None))
        await voids.set_clock(connection, session, moment_or_none(started), moment_or_none(ended))


def _add_samples(tally: Tally, event: fold.Folded) -> None:
    added = event.contributions
    samples = Contributions(samples=added.samples, broadcast=added.broadcast)
    tally.add(event.session, event.platform, event.at, event.key, samples)
