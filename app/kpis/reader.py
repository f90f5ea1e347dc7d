"""Reads KPIs, audience and timeline: fetches rows on one connection and computes the documents.

In: the database, a session, the caller's brand, the present moment. Out: documents, or 404 if the caller may
not see the session. Never here: formulas, SQL, HTTP.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.kpis import timeline
from app.kpis.audience import CORE_FAN_LEVEL, audience_document
from app.kpis.computation import compute
from app.kpis.evaluate import Evaluation, evaluate, several_sampled
from app.kpis.marks import MOST, SetMarks
from app.kpis.render import Document, kpi_document
from app.kpis.showcases import second
from app.kpis.status import session_end, status_of
from app.kpis.stock_reader import read_stock
from app.labels.catalogue import Language
from app.problems import invalid, not_found
from app.storage.database import Connection, Database
from app.storage.kpis import marks, product_reads, reads
from app.storage.kpis.reads import SessionFigures, SessionHead


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """The session, the caller's brand, the present moment, and the language."""

    session: UUID
    brand: UUID | None
    """The brand that the caller is bound to; None for all brands."""
    now: datetime
    language: Language
    revision: int | None = None
    """Read the figures as those of this revision, which is about to be released."""
    client: bool = False
    """For a reader outside the agency: no contradictions of figures."""


@asynccontextmanager
async def snapshot(database: Database, brand: UUID | None, *, many: bool = False) -> AsyncIterator[Connection]:
    """Lend a connection with one snapshot for all queries, so that sums and their parts agree to the cent.

    The queries are about one session unless the caller says `many`.

    For a caller that is bound to a brand, row-level security hides all other brands from the queries.
    """
    lent = database.acquire() if many else database.acquire_for_figures()
    async with (
        lent as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if brand is not None:
            await reads.restrict_to_brand(connection, brand)
        yield connection


async def read_head(connection: Connection, asked: SessionQuery) -> SessionHead:
    """Return the session.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    head = await reads.session_head(connection, asked.session, asked.brand)
    if head is None:
        raise not_found("session")
    return head


async def read_evaluation(connection: Connection, asked: SessionQuery) -> tuple[SessionFigures, Evaluation]:
    """Return the session's rows and figures: one round trip, two where several platforms sampled their viewers.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    figures = await reads.session_figures(connection, asked.session, asked.brand)
    if figures is None:
        raise not_found("session")
    if asked.revision is not None:
        figures = replace(figures, head=replace(figures.head, revision=asked.revision), released=None)
    minutes = await reads.concurrency(connection, asked.session) if several_sampled(figures) else ()
    return figures, await compute(len(minutes), evaluate, figures, asked.now, minutes)


async def read_kpis(database: Database, asked: SessionQuery) -> Document:
    """Return the KPI document."""
    async with database.acquire_for_figures() as connection:
        return await kpis_on(connection, asked)


async def kpis_on(connection: Connection, asked: SessionQuery) -> Document:
    """Return the KPI document, read on this connection."""
    figures, evaluation = await read_evaluation(connection, asked)
    return kpi_document(evaluation, figures, asked.language, client=asked.client)


async def read_audience(
    database: Database, asked: SessionQuery, begin: datetime | None, end: datetime | None, min_level: int
) -> Document:
    """Return the audience document of a half-open window, by default of the whole session.

    Raises:
        ProblemError: 422 if the window ends before it begins.
    """
    async with snapshot(database, asked.brand) as connection:
        return await audience_on(connection, asked, begin, end, min_level)


async def audience_on(
    connection: Connection,
    asked: SessionQuery,
    begin: datetime | None = None,
    end: datetime | None = None,
    min_level: int = CORE_FAN_LEVEL,
) -> Document:
    """Return the audience document, read on this connection."""
    head = await read_head(connection, asked)
    whole = (begin or head.started_at, end or session_end(head, status_of(head), asked.now))
    if begin is not None and end is not None and end < begin:
        raise invalid("/to", "lies before from", "before_from")
    window = None
    if begin is not None or end is not None:
        window = (second(begin or reads.BEFORE_ALL), second(end or reads.AFTER_ALL))
    arrivals = await reads.arrivals(connection, head.id, window)
    return await compute(len(arrivals), audience_document, head, whole, arrivals, min_level)


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """The parameters of a timeline; None selects the default."""

    metrics: str | None = None
    step: str | None = None
    product: str | None = None
    platform: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


async def read_timeline(database: Database, asked: SessionQuery, question: TimelineQuery) -> Document:
    """Return the timeline document.

    Raises:
        ProblemError: 422 for an unknown metric, a window that ends before it begins, or too many buckets.
    """
    async with snapshot(database, asked.brand) as connection:
        return await timeline_on(connection, asked, question)


async def timeline_on(connection: Connection, asked: SessionQuery, question: TimelineQuery) -> Document:
    """Return the timeline document, read on this connection."""
    series = timeline.series_of(question.metrics, question.product)
    key = question.product or ""
    head = await read_head(connection, asked)
    window = await _window(connection, head, asked.now, question)
    counted = sorted({one.metric for one in series.values() if not one.sampled})
    sampled = sorted({one.metric for one in series.values() if one.sampled})
    counts = await reads.timeline_counts(
        connection, head.id, key, counted, window.begin, window.end, window.seconds, question.platform
    )
    samples = await reads.timeline_samples(connection, head.id, key, sampled, window.begin, window.end, question.platform)
    sold = await product_reads.units_sold(connection, head.id)
    changes = (await read_stock(connection, head, question.product, sold)).changes
    rows, total = await marks.of_session(connection, head.id, window.begin, window.end, MOST)
    set_marks = SetMarks(rows, total - len(rows), asked.client)
    return await compute(
        len(samples) + len(changes) + len(rows) + window.buckets(),
        timeline.timeline_document, head, window, question.product, series, counts, samples, changes, set_marks,
    )  # fmt: skip


async def _window(connection: Connection, head: SessionHead, now: datetime, question: TimelineQuery) -> timeline.Window:
    """Return the buckets: by default those of the broadcast and of the events up to an hour around it."""
    begin, end, step = question.begin, question.end, question.step
    if begin is not None and end is not None:
        if end < begin:
            raise invalid("/to", "lies before from", "before_from")
        return timeline.aligned(begin, end, step)
    status = status_of(head)
    clock_end = session_end(head, status, now)
    extent = await reads.timeline_extent(connection, head.id, "")
    if extent is None and question.product:
        extent = await reads.timeline_extent(connection, head.id, question.product)
    if begin is None:
        begin = head.started_at or (extent[0] if extent else None) or head.scheduled_at or now
        if head.started_at is not None:
            early = await reads.timeline_first_after(connection, head.id, "", head.started_at - timeline.SLACK)
            begin = min(begin, early or begin)
    if end is None:
        end = clock_end
        if end is None:
            end = max(begin, extent[1] + timeline.MINUTE) if extent else begin
        elif extent is not None and extent[1] >= end:
            late = await reads.timeline_last_before(connection, head.id, "", end + timeline.SLACK)
            end = max(end, late + timeline.MINUTE) if late else end
        if head.started_at is None:
            end = min(end, timeline.latest_end(begin, step or timeline.LONGEST))
    return timeline.aligned(begin, max(begin, end), step)
