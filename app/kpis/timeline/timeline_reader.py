"""Reads the timeline of a session: which buckets it has, their sums, samples and marks.

In: the database, a session, metrics, a window, the present moment. Out: the timeline document, or 404 if the caller may not see
the session. Never here: formulas, SQL, HTTP.
"""

from dataclasses import dataclass
from datetime import datetime

from app.kpis.documents.render import Document
from app.kpis.products.stock_reader import read_stock
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.reading.status import session_end, status_of
from app.kpis.timeline import timeline
from app.kpis.timeline.marks import MOST, SetMarks
from app.problems import invalid
from app.storage.database import Connection, Database
from app.storage.kpis import marks, product_reads, reads
from app.storage.kpis.reads import SessionHead


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
