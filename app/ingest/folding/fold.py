"""Applies events that are new in the log to the tables of the fold, inside the caller's transaction.

In: logged events and their sessions' contexts. Out: changed rows. Never here: commits, writes to the log.

Ingest and rebuild share this module, so a rebuild runs the same fold over the same log.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from app.currency import digits_of
from app.events.audience import person
from app.events.contributions import CUSTOMER, NONE_FORGOTTEN, Contributions, FoldContext, ForgottenBuyers, clock_correction
from app.events.fields import LOGGED
from app.events.registry import PAYLOADS
from app.ingest.folding import order_facts
from app.ingest.folding.batch_rows import Gauge, PendingClaim, Span
from app.ingest.folding.moments import microseconds, moment, moment_or_none
from app.ingest.folding.statements import NO_STATEMENTS, Stated, Statement, StatementOutcome, rank_statements, statement_of
from app.ingest.folding.tally import GaugeKey, Tally
from app.ingest.turns import give_way
from app.storage.ingest import rebuilds
from app.storage.ingest.claim_writes import Claimed, ClaimOutcome, Claims, CustomerClaim, MergedSpan, Ranked
from app.storage.ingest.writes import LoggedEvent, WriteQueries
from app.storage.kpis import marks

_SLICE_OF_CLAIMS = 2_000
"""Claims after which other flushes have their turn, three to five milliseconds. Other flushes of a session wait for one that has
claimed, so it makes no pause unless it is large."""
_Lost = dict[tuple[UUID, bytes], list[tuple[str, bytes, UUID]]]
"""Session and key of an event → set, member and session of the claims that it lost."""
_MANY_ORDERS = 100
"""Orders of a batch above which other flushes have their turn between the steps of its last write."""


class Folded(NamedTuple):
    """An event of the log with its contributions."""

    session: UUID
    platform: str
    at: int
    """Microseconds since 1970."""
    key: bytes
    contributions: Contributions
    statement: Statement | None = None


class SessionContext(NamedTuple):
    """The facts of one session that the fold needs; `of` returns the context of an event."""

    brand_id: UUID
    currency: str
    digits: int
    products: Mapping[str, str]
    slow_after_ms: int
    streams: dict[tuple[str, str], FoldContext]
    forgotten: Mapping[tuple[str, str], ForgottenBuyers] = NONE_FORGOTTEN

    def of(self, platform: str, room: str) -> FoldContext:
        """Return the context of an event of this stream."""
        found = self.streams.get((platform, room))
        if found is None:
            found = self.streams[platform, room] = self._context(platform, room)
        return found

    def _context(self, platform: str, room: str) -> FoldContext:
        return FoldContext(platform, room, self.currency, self.digits, self.products, self.slow_after_ms, self.forgotten)


async def context_of(
    queries: WriteQueries, session_id: UUID, brand_id: UUID, currency: str, slow_after_ms: int
) -> SessionContext:
    """Return the context of a session, with the brand's aliases and forgotten orders as they are now."""
    aliases = await queries.brand_aliases(brand_id)
    forgotten = (await queries.forgotten_orders(brand_id)).get(session_id, NONE_FORGOTTEN)
    return SessionContext(brand_id, currency, digits_of(currency), aliases, slow_after_ms, {}, forgotten)


def with_correction(contributions: Contributions, source: str) -> Contributions:
    """Return the contributions of an event whose time was wrong."""
    return replace(contributions, counts=(*contributions.counts, clock_correction(source)))


def fold_logged(event: LoggedEvent, context: SessionContext) -> Folded:
    """Fold an event of the log again."""
    payload = PAYLOADS[event.type].model_validate_json(event.data, context=LOGGED)
    contributions = payload.fold(context.of(event.platform, event.room))
    if event.sent_time is not None:
        contributions = with_correction(contributions, event.source)
    return Folded(
        event.session_id, event.platform, microseconds(event.occurred_at), event.event_key, contributions,
        statement_of(event.source, event.platform, payload),
    )  # fmt: skip


def stated(events: Iterable[LoggedEvent]) -> Iterator[Stated]:
    """Yield session, key and statement of those events of the log that a newer one may replace."""
    for event in events:
        statement = statement_of(event.source, event.platform, PAYLOADS[event.type].model_validate_json(event.data))
        if statement is not None:
            yield event.session_id, event.event_key, statement


async def apply(
    queries: WriteQueries, events: Iterable[Folded], contexts: Mapping[UUID, SessionContext], slow_after_ms: int
) -> set[tuple[UUID, bytes]]:
    """Write all that new events contribute; return (session, key) of those that replace an earlier statement.

    Rebuilds of their sessions are requested in the same transaction.
    """
    events = list(events)
    outcome = await rank(queries, [(one.session, one.key, one.statement) for one in events if one.statement is not None])
    await add(queries, (one for one in events if (one.session, one.key) not in outcome.outdated), contexts, slow_after_ms)
    return outcome.corrections


async def rank(queries: WriteQueries, stated: Sequence[Stated], claimed: Ranked | None = None) -> StatementOutcome:
    """Rank the statements of new events, unless they are `claimed` already; note the sessions in which one replaces another."""
    if not stated:
        return NO_STATEMENTS
    outcome = await rank_statements(queries, stated, claimed)
    if outcome.corrections:
        await rebuilds.request(queries.connection, {session for session, _ in outcome.corrections}, "statement")
    return outcome


async def add(
    queries: WriteQueries, events: Iterable[Folded], contexts: Mapping[UUID, SessionContext], slow_after_ms: int
) -> None:
    """Write what new events contribute that no statement keeps out."""
    tally = Tally(slow_after_ms)
    for event in events:
        tally.add(*event[:5])
    await finish(queries, tally, await queries.claim(claims_of(tally, contexts)), contexts)


def claims_of(tally: Tally, contexts: Mapping[UUID, SessionContext]) -> Claims:
    """Return the claims and the durations of a batch."""
    spans = [(*key, *tally.spans[key].columns()) for key in sorted(tally.spans)]
    return Claims(tally.claims(), _first_purchases(tally, contexts), spans)


async def subtract_counts(queries: WriteQueries, events: Iterable[Folded], slow_after_ms: int) -> None:
    """Subtract the counts of events that depend on no claim."""
    tally = Tally(slow_after_ms)
    for event in events:
        tally.count(event.session, event.platform, event.at, event.contributions.counts, -1)
    await _write(queries, tally)


async def finish(queries: WriteQueries, tally: Tally, claimed: ClaimOutcome, contexts: Mapping[UUID, SessionContext]) -> None:
    """Write the contributions of a batch whose claims were written."""
    if tally.pending_claims:
        await _resolve_claims(queries, tally, claimed, contexts)
    _count_spans(tally, claimed.spans)
    if tally.refunds:
        await order_facts.merge_refunds(queries, tally)
    if tally.parcels:
        await order_facts.add_parcels(queries, tally)
    await _write(queries, tally)


async def _resolve_claims(
    queries: WriteQueries, tally: Tally, claimed: ClaimOutcome, contexts: Mapping[UUID, SessionContext]
) -> None:
    pending = tally.pending_claims
    lost: _Lost = {}
    # The driver creates a new object for each id. Dictionaries find the contexts' own objects by identity, which is fast.
    known = {session.bytes: session for session in contexts}
    for start in range(0, len(claimed.members), _SLICE_OF_CLAIMS):
        if start:
            await give_way()
        _count_claimed(tally, claimed.members[start : start + _SLICE_OF_CLAIMS], known, lost)
    for member, found, lost_session, superseded in claimed.customers:
        session = known[found.bytes]
        _add_claim(tally, session, pending[session, CUSTOMER, member], 1)
        if superseded is not None and lost_session is not None:
            lost.setdefault((lost_session, superseded), []).append((CUSTOMER, member, session))
    if lost:
        await _revert_superseded(queries, tally, lost, contexts)


def _count_claimed(tally: Tally, claimed: Iterable[Claimed], known: Mapping[bytes, UUID], lost: _Lost) -> None:
    """Count claims that succeeded; add to `lost` what events lost by them."""
    pending = tally.pending_claims
    named, session = None, None
    for found, name, member, superseded in claimed:
        if session is None or found is not named:
            named, session = found, known[found.bytes]
        at, key, platform, claim = pending[session, name, member]
        tally.count(session, platform, at, claim.counts)
        if claim.refund is not None:
            tally.single_refund(session, platform, claim.refund, 1)
        if name == "buyer":
            tally.counted_buyers.add((session, key))
        if superseded is not None:
            lost.setdefault((session, superseded), []).append((name, member, session))


def _first_purchases(tally: Tally, contexts: Mapping[UUID, SessionContext]) -> list[CustomerClaim]:
    """Return each buyer's earliest purchase of a batch: brand, member, session, moment, event."""
    found: dict[tuple[UUID, bytes], tuple[int, bytes, UUID]] = {}
    for (session, name, member), (at, key, _, _) in tally.pending_claims.items():
        if name == CUSTOMER:
            customer = (contexts[session].brand_id, member)
            candidate = (at, key, session)
            found[customer] = min(candidate, found.get(customer, candidate))
    return sorted((brand, member, session, at, key) for (brand, member), (at, key, session) in found.items())


def _add_claim(tally: Tally, session: UUID, pending: PendingClaim, sign: int) -> None:
    at, _, platform, claim = pending
    tally.count(session, platform, at, claim.counts, sign)
    if claim.refund is not None:
        tally.single_refund(session, platform, claim.refund, sign)


async def _revert_superseded(queries: WriteQueries, tally: Tally, lost: _Lost, contexts: Mapping[UUID, SessionContext]) -> None:
    """Fold the former owners again and subtract what they contributed for the members that they lost.

    A customer's first purchase may move between two sessions of a brand. They share the catalogue, but may differ in currency.
    """
    elsewhere = sorted({session for session, _ in lost if session not in contexts})
    currencies = await queries.lock_sessions(elsewhere) if elsewhere else {}
    for event in await queries.logged_events(sorted(lost)):
        losses = lost[event.session_id, event.event_key]
        context = contexts.get(event.session_id)
        if context is None:
            currency = currencies.get(event.session_id)
            if currency is None:
                continue  # It is being deleted, and its figures with it.
            digits = digits_of(currency)
            context = contexts[losses[0][2]]._replace(currency=currency, digits=digits, streams={})
        folded = fold_logged(event, context)
        claims = {(claim.set, claim.member): claim for claim in folded.contributions.claims}
        for name, member, _ in losses:
            claim = claims.get((name, member))
            if claim is not None:  # Else an alias changed meanwhile, and a rebuild is pending.
                _add_claim(tally, event.session_id, (folded.at, folded.key, folded.platform, claim), -1)


def _count_spans(tally: Tally, merged: Iterable[MergedSpan]) -> None:
    for session, kind, platform, started, ended, given, was_started, was_ended, was_given in merged:
        tally.span_changed(
            Span(session, kind, platform, was_started, was_ended, was_given),
            Span(session, kind, platform, started, ended, given),
        )


async def _write(queries: WriteQueries, tally: Tally) -> None:
    if tally.clocks:
        await queries.set_session_clocks(
            [
                (session, moment_or_none(started), moment_or_none(ended))
                for session, (started, ended) in sorted(tally.clocks.items())
            ]
        )
    if tally.marks:
        await marks.add(queries.connection, [(*key, *row) for key, row in sorted(tally.marks.items(), key=_by_key)])
    counters = tally.counters()
    large = len(tally.orders) > _MANY_ORDERS
    if large:
        await give_way()
    orders, samples = _order_rows(tally), _sample_rows(tally.gauges)
    if large:
        await give_way()
    await queries.merge(orders, samples, counters, tally.movements)
    if lowered := [row for row in counters if row[7] < 0]:
        await queries.drop_empty([(*row[:3], moment(row[3]), *row[4:6]) for row in lowered])


def _order_rows(tally: Tally) -> list[tuple[Any, ...]]:
    """Return the rows of orders, each with its buyer as a viewer is named, and whether the buyer is counted by it."""
    return [
        (
            *key, *row.columns(), None if row.buyer is None else person(row.buyer),
            (key[0], row.content_from[2]) in tally.counted_buyers,
        )
        for key, row in sorted(tally.orders.items(), key=_by_key)
    ]  # fmt: skip


async def write_samples(queries: WriteQueries, gauges: Mapping[GaugeKey, Gauge]) -> None:
    """Merge samples."""
    await queries.merge_samples(_sample_rows(gauges))


def _sample_rows(gauges: Mapping[GaugeKey, Gauge]) -> list[tuple[Any, ...]]:
    return [(*key[:3], moment(key[3]), *key[4:], *gauge.columns()) for key, gauge in sorted(gauges.items(), key=_by_key)]


def _by_key(entry: tuple[Any, ...]) -> Any:
    return entry[0]
