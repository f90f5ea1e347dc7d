"""The state of a session: its rows, read once for all languages and subscribers, and its documents.

In: a session, the present moment. Out: the documents of `DOCUMENTS`. Never here: HTTP, formulas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from app.kpis.audience.audience import CORE_FAN_LEVEL, audience_document
from app.kpis.comparison.target_reader import HistoryCache, read_targets
from app.kpis.comparison.targets import NO_HISTORY, NO_TARGETS, History, SessionTargets, targets_document
from app.kpis.documents.render import Document, kpi_document
from app.kpis.evaluation.evaluate import Evaluation, evaluate
from app.kpis.evaluation.metrics import RESPONSE_MS, RESPONSES
from app.kpis.products.product_reader import ProductRows, document_of, read_product_rows, table_of
from app.kpis.products.products import ProductResult
from app.kpis.products.showcases import second
from app.kpis.products.stock import DIRECT
from app.kpis.products.stock_reader import paid_windows
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import snapshot
from app.kpis.reading.status import session_end
from app.kpis.timeline.latest_marks import latest_marks, marks_document
from app.labels.catalogue import DEFAULT_LANGUAGE, LANGUAGES, Language
from app.live.alert_texts import NO_STATES, alerts_document
from app.live.alerts import (
    BEHIND_TARGET,
    RECENT,
    SUPPORT_RECENT,
    Alert,
    AlertThresholds,
    ProductState,
    SupportState,
    alerts_of,
    low_threshold,
    session_clock,
)
from app.live.target_alerts import behind_target
from app.storage.database import Connection, Database
from app.storage.kpis import product_reads, reads
from app.storage.kpis.marks import MarkRow
from app.storage.kpis.product_reads import PaidWindow, ProductWindow
from app.storage.kpis.reads import AFTER_ALL, BEFORE_ALL, ConcurrencyRow, SessionFigures, SessionHead
from app.storage.kpis.session_status import SessionStatus
from app.storage.live import alert_states, live_reads
from app.storage.live.alert_states import AlertState
from app.storage.live.live_reads import OpenRequests

DOCUMENTS = ("kpis", "products", "audience", "marks", "targets", "alerts")
"""The events of a stream, in the order in which the server sends them."""
_HISTORIES = HistoryCache()
_UNHEARD = SupportState(0, 0, None, OpenRequests(0, None))


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session at one moment."""

    figures: SessionFigures
    evaluation: Evaluation
    products: ProductRows
    arrivals: Mapping[str, int]
    """Arrivals by traffic source and fan level."""
    marks: Sequence[MarkRow]
    """The latest hosts and marks."""
    clock: datetime
    alerts: list[Alert]
    alert_states: Mapping[str, AlertState]
    """Who takes care of which alert, and until when it is snoozed."""
    targets: SessionTargets = NO_TARGETS
    history: History = NO_HISTORY

    @property
    def head(self) -> SessionHead:
        """Return the session."""
        return self.figures.head

    @property
    def live(self) -> bool:
        """True while the session is on air."""
        return self.evaluation.status is SessionStatus.LIVE

    @property
    def rows(self) -> int:
        """Return the number of rows that a document is computed from."""
        return len(self.products)

    def document(self, name: str, language: Language, *, client: bool = False) -> Document:
        """Return one of `DOCUMENTS`."""
        if name == "kpis":
            return kpi_document(self.evaluation, self.figures, language, client=client)
        if name == "products":
            return document_of(self.evaluation, self.figures, self.products, language)[0]
        if name == "audience":
            end = session_end(self.head, self.evaluation.status, self.evaluation.as_of)
            return audience_document(self.head, (self.head.started_at, end), self.arrivals, CORE_FAN_LEVEL)
        if name == "marks":
            return marks_document(self.head, self.marks, client=client)
        if name == "targets":
            return targets_document(self.evaluation, self.targets, self.history, client=client)
        # Who works on what, and what the agency aims at, is its own matter.
        alerts = [one for one in self.alerts if one.code != BEHIND_TARGET] if client else self.alerts
        states = NO_STATES if client else self.alert_states
        return alerts_document(self.head, self.clock, alerts, self.names(), language, states)

    def names(self) -> Mapping[str, Mapping[str, str]]:
        """Return the products' names by language."""
        # The line-up's own name of a product goes before the catalogue's, as in the products document.
        listed: dict[str, Mapping[str, str]] = {
            row.product: dict.fromkeys(LANGUAGES, row.name) for row in self.products.lineup if row.name
        }
        return {**self.products.names, **listed}


async def read_session_state(
    database: Database, session: UUID, brand: UUID | None, now: datetime, limits: AlertThresholds
) -> SessionState | None:
    """Return the current state; None if the brand has no such session. All queries see the same commits."""
    async with snapshot(database, brand) as connection:
        figures = await reads.session_figures(connection, session, brand)
        if figures is None:
            return None
        minutes = await reads.concurrency(connection, session)
        evaluation = await compute(len(minutes), evaluate, figures, now, minutes)
        products = await read_product_rows(connection, figures.head, now, every_stock=True)
        arrivals = await reads.arrivals(connection, session, None)
        marks = await latest_marks(connection, figures.head)
        targets = await read_targets(connection, session)
        history = await _HISTORIES.of(connection, evaluation, targets) if targets.values else NO_HISTORY
        clock, alerts, states = now, list[Alert](), NO_STATES
        if evaluation.status is SessionStatus.LIVE:
            clock = session_clock(figures.head, now)
            table = await compute(len(products), table_of, evaluation, figures, products, DEFAULT_LANGUAGE)
            behind = behind_target(evaluation, targets, history)
            results = [*table.products, *table.others]
            alerts = await _alerts(connection, evaluation, products, results, minutes, clock, limits, behind)
        if alerts:
            states = {state.alert: _unexpired(state, now) for state in await alert_states.states(connection, session)}
    return SessionState(figures, evaluation, products, arrivals, marks, clock, alerts, states, targets, history)


def _unexpired(state: AlertState, now: datetime) -> AlertState:
    over = state.snoozed_until is not None and state.snoozed_until <= now
    return replace(state, snoozed_until=None) if over else state


async def _alerts(
    connection: Connection,
    evaluation: Evaluation,
    products: ProductRows,
    results: Sequence[ProductResult],
    minutes: list[ConcurrencyRow],
    clock: datetime,
    limits: AlertThresholds,
    behind: Sequence[Alert],
) -> list[Alert]:
    session = evaluation.head.id
    states = await _states(connection, evaluation, products, results, clock, limits.low_stock)
    support = _UNHEARD
    if evaluation.total["support_requests"][1] or evaluation.total["slow_responses"][1]:
        support = await _support(connection, session, clock, limits.slow_seconds)
    return await compute(len(states) + len(minutes), alerts_of, evaluation, states, support, minutes, limits, behind)


async def _support(connection: Connection, session: UUID, clock: datetime, limit: float) -> SupportState:
    late = clock - timedelta(seconds=limit)
    waiting = await live_reads.open_requests(connection, session, late - SUPPORT_RECENT, late)
    begin = (clock - SUPPORT_RECENT).replace(second=0, microsecond=0)
    sums = await reads.timeline_counts(connection, session, "", [RESPONSES, RESPONSE_MS], begin, AFTER_ALL, 60, None)
    answered, spent = sums.get(RESPONSES, {}), sums.get(RESPONSE_MS, {})
    slow = [minute for minute, count in answered.items() if spent.get(minute, 0) > 1000 * limit * count]
    since = begin + timedelta(minutes=min(slow)) if slow else None
    return SupportState(sum(answered.values()), sum(spent.values()), since, waiting)


async def _states(
    connection: Connection,
    evaluation: Evaluation,
    products: ProductRows,
    results: Sequence[ProductResult],
    clock: datetime,
    limit: int,
) -> dict[str, ProductState]:
    """Return the state of each product whose stock is known or estimated."""
    session = evaluation.head.id
    recent = second(clock - RECENT)
    known = {one.code: one for one in results if one.figures["stock"][1]}
    windows = []
    for code in known:
        sell_out = products.sell_outs.get(code)
        last = sell_out.stretches[-1] if sell_out else None
        since = second(last.since) if last and last.until is None else AFTER_ALL
        windows += [ProductWindow(code, recent, AFTER_ALL), ProductWindow(code, max(recent, since), AFTER_ALL)]
    sums = iter(await product_reads.window_sums(connection, session, windows))
    states = {}
    for code, result in known.items():
        sold, clicked = next(sums), next(sums)
        units = sold.get("units_sold", 0)
        active = units > 0 or any(one.on_air or one.end > clock - RECENT for one in result.showcases)
        levels = products.levels.get(code, ())
        states[code] = ProductState(levels, units, clicked.get("product_clicks", 0), result.figures["stock"][0], active)
    return await _with_moments(connection, evaluation.head, products, known, states, limit)


async def _with_moments(
    connection: Connection,
    head: SessionHead,
    products: ProductRows,
    results: Mapping[str, ProductResult],
    states: dict[str, ProductState],
    limit: int,
) -> dict[str, ProductState]:
    """Add since when a stock is low to the products whose paid units brought it down."""
    low: list[tuple[str, PaidWindow]] = []
    for code, state in states.items():
        threshold = low_threshold(state.units, limit)
        if not state.active or not 0 < state.left <= threshold:
            continue
        pools, planned = products.stock.latest.get(code, ()), results[code].planned
        if len(pools) == 1 and pools[0].pieces > threshold:
            low.append((code, paid_windows(head, pools, [pools[0].pieces - threshold])[0]))
        elif not pools and planned is not None:
            amount = max(0, planned - threshold)
            low.append((code, PaidWindow(code, sorted({*head.platforms, DIRECT}), amount, BEFORE_ALL, AFTER_ALL)))
    paid = await product_reads.paid_units(connection, head.id, [window for _, window in low])
    for (code, _), (_, reached_at) in zip(low, paid, strict=True):
        states[code] = replace(states[code], fell_at=reached_at or head.started_at)
    return states
