"""The document that a revision freezes: the report in every language, and all figures and series behind it.

In: a connection with a snapshot of the session, the revision's number, author and moment. Out: the document and its KPI values.
Never here: commits, canonical JSON, editions.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.charts.data import product_names
from app.insights.reader import InsightSettings
from app.kpis.documents.final import frozen_values
from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.documents.render import Document
from app.kpis.evaluation.evaluate import Evaluation
from app.kpis.products import product_reader
from app.kpis.products.product_reader import ProductPage
from app.kpis.reading.session_reader import SessionQuery
from app.kpis.reading.status import session_end
from app.kpis.windows.retention import retention_of_report_on
from app.labels.catalogue import LANGUAGES
from app.problems import ProblemError
from app.reports.charts import read_documents
from app.reports.document import report_on
from app.storage.database import Connection
from app.storage.kpis import product_reads
from app.storage.kpis.session_status import SessionStatus

SERIES = ("timeline", "showcases", "kpis", "audience")
"""Documents behind the report's charts that are the same in every language."""
EVERY_PRODUCT = ProductPage(None, 1 << 31)


class Author(NamedTuple):
    """Who releases, and with which note."""

    by: str
    note: str | None


class Frozen(NamedTuple):
    """A revision's content, before it is stored."""

    document: Document
    kpis: dict[str, Any]
    """The values of its KPI document."""
    evaluation: Evaluation
    ended_at: datetime


async def freeze(connection: Connection, asked: SessionQuery, author: Author, insights: InsightSettings) -> Frozen:
    """Return the content of the revision `asked.revision`, all of it read on this connection's snapshot.

    Raises:
        ProblemError: 404, also for another brand's session; 409 while it is on air or before anything was counted.
    """
    _, evaluation = await read_evaluation(connection, asked)
    ended_at = _end(evaluation)
    retention = await retention_of_report_on(connection, asked)
    reports, names, products = {}, {}, dict[str, Any]()
    for language in LANGUAGES:
        query = SessionQuery(asked.session, asked.brand, asked.now, language, asked.revision)
        reports[language] = await report_on(connection, query, insights, retention)
        products, _ = await product_reader.products_on(connection, query, EVERY_PRODUCT)
        names[language] = product_names(products)
    series = await read_documents(connection, asked, SERIES)
    kpis = series["kpis"]
    values = frozen_values(kpis["duration_seconds"], kpis["kpis"], kpis["by_platform"])
    head = evaluation.head
    document = {
        "session": str(head.id),
        "number": asked.revision,
        "created_at": utc(asked.now),
        "by": author.by,
        "note": author.note,
        "as_of": reports["en"]["as_of"],
        "currency": head.currency,
        "time_zone": head.time_zone,
        "ended_at": utc(ended_at),
        "report": reports,
        "notes": [note._asdict() for note in await product_reads.notes(connection, head.id)],
        "promotions": [promotion_document(row) for row in await product_reads.promotions(connection, head.id)],
        "product_names": names,
        # The warnings of the report say the same in each language.
        "documents": {**series, "kpis": kpis | {"warnings": [], "final": None}, "products": products | {"notes": []}},
    }
    return Frozen(document, values, evaluation, ended_at)


def _end(evaluation: Evaluation) -> datetime:
    """Return when the session ended: its last end, else its last event."""
    if evaluation.status is SessionStatus.LIVE:
        raise ProblemError(409, "the session is on air; release it after its end", code="session_on_air")
    head = evaluation.head
    end = session_end(head, evaluation.status, evaluation.as_of) or head.last_telemetry
    if end is None:
        raise ProblemError(409, "the session has no figures yet; there is nothing to release", code="nothing_to_release")
    return end


def promotion_document(row: product_reads.PromotionRow) -> Document:
    """Return a promotion's figures."""
    return {
        "promotion": None if row.id is None else str(row.id),
        "url": row.url,
        "views": row.views,
        "engagements": row.engagements,
        "clicks": row.clicks,
    }


def utc(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
