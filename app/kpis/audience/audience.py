"""Arrivals by traffic source and fan level.

In: a session, a window, its arrivals by key `source|fan_level`. Out: the audience document. Never here: SQL.
"""

from collections.abc import Mapping
from datetime import datetime

from app.events.traffic import arrival_of
from app.kpis.documents.render import Document, local
from app.kpis.evaluation.rounding import number
from app.kpis.products.showcases import second
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, read_head, snapshot
from app.kpis.reading.status import session_end, status_of
from app.problems import invalid
from app.storage.database import Connection, Database
from app.storage.kpis import reads
from app.storage.kpis.reads import SessionHead

CORE_FAN_LEVEL = 4
"""The results sheet's core fans: fan level 4 and above."""


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


def audience_document(
    head: SessionHead, window: tuple[datetime | None, datetime | None], arrivals: Mapping[str, int], min_level: int
) -> Document:
    """Return the audience document (`AudienceDocument`); source and fan level are null where unknown."""
    by_source: dict[str | None, int] = {}
    by_level: dict[int | None, int] = {}
    total = 0
    for key, viewers in arrivals.items():
        source, level, _ = arrival_of(key)
        by_source[source] = by_source.get(source, 0) + viewers
        by_level[level] = by_level.get(level, 0) + viewers
        total += viewers
    levels = {level: viewers for level, viewers in by_level.items() if level is not None}
    core = sum(viewers for level, viewers in levels.items() if level >= min_level) if any(levels.values()) else None
    sources = sorted(by_source.items(), key=lambda entry: (-entry[1], entry[0] or ""))
    ordered = sorted(by_level.items(), key=lambda entry: (entry[0] is None, -(entry[0] or 0)))
    return {
        "session": str(head.id),
        "from": local(window[0], head.time_zone),
        "to": local(window[1], head.time_zone),
        "arrivals": total,
        "by_source": [
            {"source": source, "viewers": viewers, "share": number(viewers, total)} for source, viewers in sources if viewers
        ],
        "by_fan_level": [
            {"fan_level": level, "viewers": viewers, "share": number(viewers, total)} for level, viewers in ordered if viewers
        ],
        "core_fans": {
            "min_level": min_level,
            "viewers": core,
            "share": None if core is None else number(core, total),
        },
    }
