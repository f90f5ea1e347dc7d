"""Reads what a chart shows, and completes its specification.

In: a session, a chart, a theme. Out: a Vega-Lite specification. Never here: rows of a chart, SQL, HTTP.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from app.charts.specification import NEEDS, Chart, Specification, Theme, specification
from app.kpis.audience.audience import audience_on
from app.kpis.audience.funnel import steps_of
from app.kpis.documents.kpi_reader import kpis_on
from app.kpis.documents.render import Document
from app.kpis.products import product_reader
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.kpis.timeline.timeline_reader import TimelineQuery, timeline_on
from app.storage.database import Connection, Database

SERIES = ("concurrent_viewers", "viewers", "comments", "product_clicks", "orders", "units_sold", "gmv")
"""What the report tells minute by minute, in the order of the workbook; the chart draws GMV and the concurrent viewers."""
TIMELINE = TimelineQuery(",".join(SERIES))


async def _timeline(connection: Connection, asked: SessionQuery) -> Document:
    return await timeline_on(connection, asked, TIMELINE)


async def _products(connection: Connection, asked: SessionQuery) -> Document:
    return (await product_reader.products_on(connection, asked))[0]


async def _showcases(connection: Connection, asked: SessionQuery) -> Document:
    return (await product_reader.showcases_on(connection, asked))[0]


_READERS: Mapping[str, Callable[[Connection, SessionQuery], Awaitable[Document]]] = {
    "timeline": _timeline,
    "showcases": _showcases,
    "products": _products,
    "kpis": kpis_on,
    "audience": audience_on,
}


async def read_documents(connection: Connection, asked: SessionQuery, names: Iterable[str]) -> dict[str, Document]:
    """Return documents of a session by name.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    return {name: await _READERS[name](connection, asked) for name in sorted(names)}


def with_funnel(documents: Mapping[str, Document]) -> Mapping[str, Document]:
    """Return the documents, and the steps of the funnel that follow from the KPIs, also from those of an earlier version."""
    if "kpis" not in documents:
        return documents
    return {**documents, "funnel": {"steps": steps_of(documents["kpis"]["kpis"])}}


async def read_chart(database: Database, asked: SessionQuery, chart: Chart, theme: Theme) -> Specification:
    """Return a chart's specification.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        documents = await read_documents(connection, asked, NEEDS[chart])
    return specification(chart, with_funnel(documents), asked.language, theme)
