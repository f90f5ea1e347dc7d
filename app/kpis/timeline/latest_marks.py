"""The hosts and marks of the present: who presents now, and what was marked last.

In: a session, its latest marks. Out: the marks document, whole or for a client. Never here: SQL, figures, the whole list (the
timeline has it).
"""

from collections.abc import Sequence

from app.kpis.documents.render import Document, local
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.timeline.marks import FOR_CLIENTS
from app.storage.database import Connection, Database
from app.storage.kpis import marks
from app.storage.kpis.marks import MarkRow
from app.storage.kpis.reads import SessionHead

LATEST = 50
"""Hosts and marks of the document."""


async def latest_marks(connection: Connection, head: SessionHead) -> list[MarkRow]:
    """Return the rows that the document needs, for readers inside and outside the agency, in order of time."""
    return await marks.latest(connection, head.id, FOR_CLIENTS, LATEST + 1)


def marks_document(head: SessionHead, rows: Sequence[MarkRow], *, client: bool) -> Document:
    """Return the document (`MarksDocument`). A client finds neither texts nor marks of which the audience does not know."""
    shown = [row for row in rows if not client or row.kind == "host" or row.name in FOR_CLIENTS]
    change = next((row for row in reversed(rows) if row.kind == "host"), None)
    return {
        "session": str(head.id),
        "host": head.host if change is None else change.name,
        "since": None if change is None else local(change.at, head.time_zone),
        "marks": [_mark(row, head.time_zone, client=client) for row in shown[-LATEST:]],
        "more": len(shown) > LATEST,
    }


def _mark(row: MarkRow, time_zone: str, *, client: bool) -> Document:
    return {
        "at": local(row.at, time_zone),
        "kind": row.kind,
        "platform": row.platform,
        "host": row.name if row.kind == "host" else None,
        "label": row.name if row.kind == "mark" else None,
        "text": None if client else row.text,
        "until": local(row.until, time_zone) if row.until is not None and row.until > row.at else None,
    }


async def read_marks(database: Database, asked: SessionQuery) -> Document:
    """Return the marks document.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with snapshot(database, asked.brand) as connection:
        head = await read_head(connection, asked)
        rows = await latest_marks(connection, head)
    return marks_document(head, rows, client=asked.client)
