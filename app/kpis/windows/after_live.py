"""After the show: what was paid within 24 hours and 7 days after the end, apart from the show's own orders.

In: a session, its paid orders by time. Out: the document. Never here: SQL.

The show, the seven days after it and the remainder add up to the session to the cent.
"""

from app.kpis.documents.kpi_reader import read_evaluation
from app.kpis.documents.render import Document, local, plain
from app.kpis.evaluation.metrics import BY_SLUG, DAY, WEEK
from app.kpis.evaluation.rounding import digits_of
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.kpis.reading.status import session_end
from app.kpis.windows.effects import sold_document
from app.storage.database import Connection, Database
from app.storage.kpis import windows
from app.storage.kpis.reads import BEFORE_ALL
from app.storage.kpis.session_status import SessionStatus


async def read_after_live(database: Database, asked: SessionQuery) -> Document:
    """Return the document (`AfterLiveDocument`).

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        return await after_live_on(connection, asked)


async def after_live_on(connection: Connection, asked: SessionQuery) -> Document:
    """Return the document, read on this connection; before the end all figures of its windows are null."""
    _, evaluation = await read_evaluation(connection, asked)
    head = evaluation.head
    digits = digits_of(head.currency)
    on_air = evaluation.status is SessionStatus.LIVE
    end = None if on_air else session_end(head, evaluation.status, evaluation.as_of)
    moments = [] if end is None else [BEFORE_ALL, end, end + DAY, end + WEEK]
    sales = await windows.sales(connection, head.id, moments)
    known = sales.known and end is not None
    replays = evaluation.total["replay_views"]
    document: Document = {
        "session": str(head.id),
        "status": evaluation.status.value,
        "as_of": local(evaluation.as_of, head.time_zone),
        "currency": head.currency,
        "ended_at": local(end, head.time_zone),
    }
    if end is None:
        parts = [windows.Sold()] * 4
    else:
        show, week = sales.between(BEFORE_ALL, end), sales.between(end, end + WEEK)
        parts = [show, sales.between(end, end + DAY), week, sales.total - show - week]
    shown = [sold_document(part, digits, known=known) for part in parts]
    for name, part, length in (("within_24_hours", shown[1], DAY), ("within_7_days", shown[2], WEEK)):
        until = None if end is None else end + length
        document[name] = {
            "until": local(until, head.time_zone),
            "complete": until is not None and until <= evaluation.as_of,
            **part,
        }
    return document | {
        "show": shown[0],
        "remainder": shown[3],
        "total": sold_document(sales.total, digits, known=sales.known),
        "replay_views": {"value": plain(replays, BY_SLUG["replay_views"].unit, digits), "basis": replays[2]},
    }
