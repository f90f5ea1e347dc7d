"""Reads the KPIs of a session: its rows on one connection, its figures, its document.

In: the database, a session, the caller's brand, the present moment. Out: figures, the KPI document, or 404 if the caller may not
see the session. Never here: formulas, SQL, HTTP.
"""

from dataclasses import replace

from app.kpis.documents.render import Document, kpi_document
from app.kpis.evaluation.evaluate import Evaluation, evaluate, several_sampled
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery
from app.problems import not_found
from app.storage.database import Connection, Database
from app.storage.kpis import reads
from app.storage.kpis.reads import SessionFigures


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
